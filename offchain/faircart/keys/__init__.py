# SPDX-License-Identifier: Apache-2.0
"""Keys: Ethereum keystores, HPKE key files, passwords, and the vault.

| file | what |
|---|---|
| `passwords.py` | a password from a file or a prompt |
| `keystore.py` | Ethereum accounts (keystore v3) |
| `secretfile.py` | HPKE keys and the vault key, encrypted with a password |
| `vault.py` | secrets under a key of their own each, so that one can be destroyed |
"""

from faircart.keys.errors import (
    KeyFileBroken,
    KeyFileExists,
    KeysError,
    PasswordMissing,
    PasswordWrong,
    VaultEntryDestroyed,
    VaultEntryExists,
    VaultEntryUnknown,
    VaultEntryUnreadable,
    VaultError,
)
from faircart.keys.keystore import create_account, load_account, save_account
from faircart.keys.passwords import PASSWORD_FILE_VARIABLE, read_password
from faircart.keys.secretfile import (
    HpkeKey,
    create_hpke_key,
    create_vault_key,
    load_former_hpke_keys,
    load_hpke_key,
    load_vault_key,
    read_public_key,
)
from faircart.keys.vault import Vault, VaultRow, VaultRows

__all__ = [
    "PASSWORD_FILE_VARIABLE",
    "HpkeKey",
    "KeyFileBroken",
    "KeyFileExists",
    "KeysError",
    "PasswordMissing",
    "PasswordWrong",
    "Vault",
    "VaultEntryDestroyed",
    "VaultEntryExists",
    "VaultEntryUnknown",
    "VaultEntryUnreadable",
    "VaultError",
    "VaultRow",
    "VaultRows",
    "create_account",
    "create_hpke_key",
    "create_vault_key",
    "load_account",
    "load_former_hpke_keys",
    "load_hpke_key",
    "load_vault_key",
    "read_password",
    "read_public_key",
    "save_account",
]
