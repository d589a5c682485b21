# SPDX-License-Identifier: Apache-2.0
"""Ethereum accounts in keystore v3 files (Web3 Secret Storage), as geth, ape and others write them."""

import binascii
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from faircart.keys.errors import KeyFileBroken, PasswordWrong
from faircart.keys.files import read_json, write_json

SCRYPT_WORK = 2**18
"""scrypt's N, as geth's standard: about a second and 256 MiB for each guess at the password."""


def create_account(path: Path | str, password: str, *, work: int = SCRYPT_WORK) -> LocalAccount:
    """A fresh account, stored at `path`. Raises KeyFileExists, KeyFileBroken.

    `work` (scrypt's N, a power of two) may be lowered for accounts that are thrown away.
    """
    account: LocalAccount = Account.create()
    save_account(path, password, bytes(account.key), work=work)
    return account


def save_account(path: Path | str, password: str, private_key: bytes, *, work: int = SCRYPT_WORK) -> None:
    """Store an existing private key at `path`. Raises KeyFileExists, KeyFileBroken."""
    write_json(Path(path), dict(Account.encrypt(private_key, password, kdf="scrypt", iterations=work)))


def load_account(path: Path | str, password: str) -> LocalAccount:
    """The account in the keystore at `path`. Raises PasswordWrong, KeyFileBroken."""
    keystore = read_json(Path(path))
    if keystore.get("version") != 3 or not isinstance(keystore.get("crypto"), dict):
        raise KeyFileBroken(f"{path} is not an Ethereum keystore of version 3")
    try:
        private_key = Account.decrypt(keystore, password)
    except ValueError as error:
        if "MAC mismatch" in str(error):
            raise PasswordWrong(f"the password does not open the keystore {path}") from None
        raise KeyFileBroken(f"{path} is a damaged Ethereum keystore") from None
    except (KeyError, TypeError, AttributeError, NotImplementedError, binascii.Error):
        raise KeyFileBroken(f"{path} is a damaged Ethereum keystore") from None
    account: LocalAccount = Account.from_key(private_key)
    return account
