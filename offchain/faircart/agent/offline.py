# SPDX-License-Identifier: Apache-2.0
"""What an operator does to an agent's database beside the daemon, without either node:

import, request, export.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from faircart import envelope, keys
from faircart.agent import asking, effects, importing
from faircart.agent.asking import Wanted
from faircart.agent.config import Config, ConfigInvalid, account_password, key_password
from faircart.agent.context import Context
from faircart.agent.secrets import Secrets
from faircart.errors import FairCartError
from faircart.ethereum import deployments
from faircart.store import Store
from faircart.store.records import DataSet, Request


class NotThisRole(FairCartError):
    """The command is for another role than the configured ones."""


class UnknownRequest(FairCartError):
    """There is no such request of ours."""


@dataclass(frozen=True)
class Desk:
    """An agent's database and keys, opened beside the daemon."""

    ctx: Context
    store: Store
    secrets: Secrets = field(repr=False)


def open_desk(config: Config, role: str) -> Desk:
    """Opens database and vault for a command of `role`. Raises NotThisRole, ForeignStore."""
    if role not in config.agent.roles:
        raise NotThisRole(f"agent.roles: this is for a {role}, and {config.agent.name} is none")
    folder = config.ethereum.deployments
    found = deployments.load(config.ethereum.network, None if folder is None else config.path(folder))
    address = address_of(config.path(config.ethereum.keystore))
    ctx = Context(
        address=address,
        multichain_address="",
        hpke_key=b"",
        chain_name="",
        chain_id=config.ethereum.chain_id,
        contracts=tuple((name, one.address) for name, one in sorted(found.items())),
        is_custodian="custodian" in config.agent.roles,
        is_consumer="consumer" in config.agent.roles,
        custodian=config.custodian,
        consumer=config.consumer,
    )
    store = Store(config.database)
    store.pin({"chain id": str(ctx.chain_id), **dict(ctx.contracts), "account": address})
    vault_key = keys.load_vault_key(config.path(config.keys.vault_file), key_password(config))
    return Desk(ctx, store, Secrets(vault_key))


def address_of(keystore: Path) -> str:
    """The address that a keystore says it is of, without its password. Raises ConfigInvalid."""
    try:
        return str(to_checksum_address(json.loads(keystore.read_text(encoding="utf-8"))["address"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigInvalid(f"ethereum.keystore: {keystore} is no keystore with an address") from None


def import_documents(config: Config, path: Path, *, derive_preferences: bool = False) -> int:
    """Takes a file of customers' documents into a custodian's database; how many.

    With `derive_preferences` each document of category orders brings one of category preferences.
    """
    desk = open_desk(config, "custodian")
    with desk.store:
        return importing.import_file(
            desk.ctx, desk.store, desk.secrets, path, derive_preferences=derive_preferences
        )


def import_archive(config: Config, path: Path, attested_by: str | None) -> int:
    """Takes a portability archive of another shop into a custodian's database; how many documents.

    The documents stay byte for byte what they are. Raises ArchiveRefused, naming the check that failed.
    """
    desk = open_desk(config, "custodian")
    with desk.store:
        return importing.import_archive(desk.ctx, desk.store, desk.secrets, path, attested_by)


def export_documents(config: Config, folder: Path) -> int:
    """Writes what a consumer bought into a folder, each file readable by its owner only; how many."""
    desk = open_desk(config, "consumer")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    count = 0
    with desk.store, desk.store.read() as work:
        for row in work.find(DataSet):
            data = desk.secrets.get(work, "data", row.exchange_id.hex())
            if data is not None:
                path = folder / f"{row.exchange_id.hex()}.json"
                path.touch(mode=0o600)
                path.write_bytes(data)
                count += 1
    return count


def publish_request(config: Config, wanted: Wanted) -> bytes:
    """Signs a request and hands it to the daemon to be published; its id (32 bytes). Raises NotInPolicy."""
    desk = open_desk(config, "consumer")
    account = _account(config)
    private, public = envelope.new_request_key()
    request = asking.new_request(desk.ctx.address, wanted, public)
    asking.check_policy(wanted, config.consumer)
    item = asking.sign(request, bytes(account.key))
    with desk.store, desk.store.write() as work:
        work.put(request)
        desk.secrets.put(work, "request", request.request_id.hex(), private)
        work.add(
            [
                effects.publish_request(desk.ctx, request.request_id, item),
                effects.close_request(desk.ctx, request.request_id, request.expires_at),
            ]
        )
    return request.request_id


def close_request(config: Config, request_id: str) -> None:
    """Closes a request: its key is destroyed. Raises UnknownRequest."""
    desk = open_desk(config, "consumer")
    with desk.store, desk.store.write() as work:
        request = work.get(Request, _id(request_id))
        if request is None or not request.own:
            raise UnknownRequest(f"There is no request {request_id} of ours")
        work.add([effects.close_request_now(desk.ctx, request.request_id)])


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise UnknownRequest(f"{text} is no request id: 64 hex digits") from None


def _account(config: Config) -> LocalAccount:
    return keys.load_account(config.path(config.ethereum.keystore), account_password(config))
