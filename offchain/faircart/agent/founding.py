# SPDX-License-Identifier: Apache-2.0
"""`faircart init`: writes the configuration and makes the keys; what is there already is kept."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from faircart import envelope, keys
from faircart.agent.config import clock_tolerance, confirmed_after, load, parse, read_secret
from faircart.agent.offline import address_of
from faircart.errors import FairCartError
from faircart.ethereum import deployments

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""How many private keys there are, and one more (secp256k1; SEC 2, 2.4.1)."""


class CannotFound(FairCartError):
    """The folder cannot be used, or an answer is not possible."""


def found(folder: Path, answers: dict[str, Any]) -> dict[str, str]:
    """Makes an enterprise's folder; its addresses and files.

    Raises CannotFound, UnknownNetwork, ConfigInvalid.
    """
    config_file = folder / "agent.toml"
    if config_file.exists():
        raise CannotFound(f"{config_file} is there already: edit it, or choose another folder")
    if answers["streams_password_file"] is not None:
        read_secret(answers["streams_password_file"], "--streams-password-file")
    chain_id = answers["chain_id"]
    if chain_id is None:
        records = deployments.load(answers["network"], answers["deployments"])
        chain_id = records["ConsentRegistry"].chain_id
    text = _configuration(folder, answers, chain_id)
    parse(text, config_file)  # before there is anything that a second attempt would stumble over
    given = private_key(answers["ethereum_key_file"])
    password = _password(folder, answers["password_file"])
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        account_file, hpke_file, vault_file = (
            folder / name for name in ("ethereum.json", "hpke.json", "vault.json")
        )
        if not account_file.exists():
            if given is None:
                keys.create_account(account_file, password)
            else:
                keys.save_account(account_file, password, given)
        if not hpke_file.exists():
            keys.create_hpke_key(hpke_file, password)
        if not vault_file.exists():
            keys.create_vault_key(vault_file, password)
        config_file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotFound(f"{folder} cannot be written: {error.strerror}") from None
    load(config_file)
    public = keys.read_public_key(hpke_file)
    return {
        "config": str(config_file),
        "ethereumAddress": address_of(account_file),
        "hpkeKey": "0x" + envelope.encode_public_key(public).hex(),
    }


def _configuration(folder: Path, answers: dict[str, Any], chain_id: int) -> str:
    template = (resources.files("faircart.agent") / "template.toml").read_text(encoding="utf-8")
    confirmations = answers["confirmations"]
    roles = ["custodian", "consumer"] if answers["role"] == "both" else [answers["role"]]
    values = {
        "name": json.dumps(answers["name"] or folder.resolve().name),
        "roles": json.dumps(roles),
        "ethereum_url": json.dumps(answers["ethereum_url"]),
        "network": json.dumps(answers["network"]),
        "chain_id": str(chain_id),
        "deployments": _optional("deployments", answers["deployments"], is_path=True),
        "confirmation_seconds": str(_seconds(confirmations)),
        "clock_tolerance": str(clock_tolerance(chain_id)),
        "confirmations": confirmations if _is_number(confirmations) else json.dumps(confirmations),
        "password_file": _optional("password_file", answers["password_file"], is_path=True),
        "streams_url": json.dumps(answers["streams_url"]),
        "streams_user": json.dumps(answers["streams_user"]),
        "streams_password_file": _optional("password_file", answers["streams_password_file"], is_path=True),
        "chain_name": _optional("chain_name", answers["chain_name"]),
        "streams_address": _optional("address", answers["streams_address"]),
        "listen": json.dumps(answers["listen"]),
    }
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


def _password(folder: Path, file: Path | None) -> str:
    if file is not None:
        return read_secret(file, "--password-file")
    return keys.read_password(f"the new keys in {folder}", confirm=True)


def _seconds(confirmations: str) -> int:
    if _is_number(confirmations):
        return confirmed_after(int(confirmations))
    return confirmed_after(confirmations) if confirmations in ("finalized", "safe") else 0


def _is_number(confirmations: str) -> bool:
    """Whether it is a number as TOML writes it; what it is else, the configuration's check judges."""
    return re.fullmatch(r"[1-9][0-9]{0,8}", confirmations) is not None


def _optional(key: str, value: Any, *, is_path: bool = False) -> str:
    if value is None:
        return f"# {key} = ..."
    return f"{key} = {_path(value) if is_path else json.dumps(value)}"


def _path(path: Path) -> str:
    return json.dumps(str(path.resolve()))


def private_key(path: Path | None) -> bytes | None:
    """The Ethereum private key in a file (hex), if there is one. Raises ConfigInvalid, CannotFound."""
    if path is None:
        return None
    try:
        key = bytes.fromhex(read_secret(path, "--ethereum-key-file").strip().removeprefix("0x"))
    except ValueError:
        raise CannotFound(f"--ethereum-key-file: {path} holds no hex key") from None
    if len(key) != 32 or not 0 < int.from_bytes(key, "big") < ORDER:
        raise CannotFound(f"--ethereum-key-file: {path} holds no Ethereum key of 32 bytes")
    return key
