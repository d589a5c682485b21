# SPDX-License-Identifier: Apache-2.0
"""Everything that a story left behind, so that two tellings of it can be compared line by line.

Values stand as they are, keys and random ids too: they come from the seed. Masked is only what must differ:
transaction and block hashes, block numbers, nonces, HPKE ciphertexts, clock times and what follows from them
(`Names`). What is sealed, by HPKE or in the vault, is opened and compared by what it holds.
"""

import json
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from faircart import canonical, envelope, keys
from faircart.agent import offline, sealed
from faircart.agent.offline import Desk
from faircart.multichain import Item, StreamNode, names
from faircart.multichain.errors import PayloadNotHere
from faircart.sealing import container
from faircart.store import tables as t
from faircart.store.records import DataSet, Request

from tests.support.agents import PASSWORD, wait_for
from tests.support.forked import Company
from tests.torture.names import Names
from tests.torture.scenario import World

IGNORED = {"blocks", "undo", "pins", "alembic_version"}
"""Block hashes and images by block number; what the database is tied to."""


def of(world: World) -> dict[str, list[str]]:
    """The two databases, the streams, the chain and the balances, each as sorted lines."""
    told = Names(world)
    ledgers: dict[str, list[str]] = {}
    streams = _streams(told, world)  # first: here the names of commitments are found
    for company in (world.shop, world.consumer):
        role = "custodian" if company is world.shop else "consumer"
        desk = offline.open_desk(company.config, role)
        with desk.store:
            for table in t.metadata.sorted_tables:
                if table.name not in IGNORED:
                    ledgers[f"{company.name}: {table.name}"] = _table(told, desk, table)
            if company is world.consumer:
                ledgers["documents bought"] = _documents(told, desk)
    ledgers |= streams | _chain(told, world)
    return {name: sorted(lines) for name, lines in ledgers.items()}


# --- databases --------------------------------------------------------------------------------------------


def _table(told: Names, desk: Desk, table: sa.Table) -> list[str]:
    with desk.store.read() as work:
        rows = [dict(row) for row in work.connection.execute(sa.select(table)).mappings()]
        if table is t.vault:
            return [_secret(told, row, desk.secrets.get(work, row["kind"], row["name"])) for row in rows]
    return [str(_row(told, table, row)) for row in rows]


def _secret(told: Names, row: dict[str, Any], secret: bytes | None) -> str:
    held = "destroyed" if secret is None else f"holds {sha256(secret).hexdigest()}"
    return f"{row['kind']} {told(row['name'])} {held}"


def _row(told: Names, table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    if table is t.transactions:  # what was sent, and what became of it
        return {"effect": told(row["effect_id"]), "state": row["state"], "hashes": len(row["hashes"])}
    if table is t.cursors and row["source"] == "ethereum":
        return {"source": "ethereum"}
    if table is t.effects:
        if row["moot"]:  # which of two reasons it met first is of the moment
            row["result"] = {}
        if row["state"] == "waiting":  # why it had to wait, how often, and until when, too
            for column in ("error", "attempts", "not_before"):
                row.pop(column)
        elif row["lane"] != "local" or not row["moot"]:
            row.pop("not_before")
    return {column: told(value, column) for column, value in row.items()}


def _documents(told: Names, desk: Desk) -> list[str]:
    with desk.store.read() as work:
        return [
            f"{told(row.exchange_id)}: "
            f"{(desk.secrets.get(work, 'data', row.exchange_id.hex()) or b'gone').decode()}"
            for row in work.find(DataSet)
        ]


# --- streams ----------------------------------------------------------------------------------------------


class _Keys:
    """Every key that something in the streams is sealed to."""

    def __init__(self, world: World) -> None:
        self._companies = [self._hpke(company) for company in (world.shop, world.consumer)]
        self._people = {person.address.lower(): person.reading_key for person in world.people}
        desk = offline.open_desk(world.consumer.config, "consumer")
        with desk.store, desk.store.read() as work:
            (self.request,) = (row.request_id for row in work.find(Request))
            self.request_key = desk.secrets.get(work, "request", self.request.hex())

    def open(self, kind: bytes, item_id: str, copies: list[str]) -> Any:
        """What an item holds: each copy opens for one of its readers, and all hold the same."""
        found = sealed.open_any(kind, item_id, self._companies, copies)
        text = json.dumps(found).lower()
        readers = [*self._companies, *(key for address, key in self._people.items() if address in text)]
        assert all(sealed.open_any(kind, item_id, readers, [copy]) == found for copy in copies)
        return found

    @staticmethod
    def _hpke(company: Company) -> bytes:
        return keys.load_hpke_key(company.home / "hpke.json", PASSWORD).private


def _streams(told: Names, world: World) -> dict[str, list[str]]:
    node, private = world.streams.node(1), _Keys(world)
    found = {}
    for plan in [*names.SHARED, *names.consumer_plans(world.consumer.address, ("orders",))]:
        lines = []
        for item in world.streams.items(plan.name, 1):
            content = item.data
            if not isinstance(content, dict):
                content = wait_for(partial(_fetched, node, item), f"a payload of {plan.name}", 240)
            # Later items speak of earlier ones, so all are opened before any is told.
            lines.append((item.publishers, item.keys, _opened(told, private, plan.name, item, content)))
        found[f"stream {plan.name}"] = lines
    return {name: [str(told(line)) for line in lines] for name, lines in found.items()}


def _fetched(node: StreamNode, item: Item) -> bytes | None:
    try:
        return node.payload(item)
    except PayloadNotHere:
        return None


_KINDS = {
    names.ACCESSLOG: sealed.ACCESS_ENTRY,
    names.RECEIPTS: sealed.RECEIPT,
    names.ERASURES: sealed.ERASURE,
}


def _opened(told: Names, private: _Keys, stream: str, item: Item, content: Any) -> Any:
    """What an item holds, with what is sealed in it opened: every copy holds the same, as committed."""
    if stream in _KINDS:
        value = content if isinstance(content, dict) else json.loads(content)
        content = private.open(_KINDS[stream], item.keys[0], value["sealed"])
        assert canonical.commitment(content).hex() == value["commitment"]
        told.name(value["commitment"], f"commitment to {item.keys[0]}")
        return {"copies": len(value["sealed"]), "content": content}
    if stream.startswith("envelopes-"):
        assert private.request_key is not None
        return json.loads(envelope.open_envelope(private.request, private.request_key, content))
    if isinstance(content, bytes):
        item_root = container.decode(content).item_root.hex()
        return {"bytes": len(content), "sha256": sha256(content).hexdigest(), "itemRoot": item_root}
    return content


# --- the chain --------------------------------------------------------------------------------------------


def _chain(told: Names, world: World) -> dict[str, list[str]]:
    ethereum = world.ethereum
    exchange = ethereum.contracts["DataExchange"]
    lines = {
        f"events of {name}": [str((event, told(values))) for event, values in ethereum.events(name)]
        for name in ethereum.contracts
    }

    def of(function: str, holder: str) -> int:
        call = {"to": exchange.address, "data": exchange.encode_abi(function, [holder])}
        return int(ethereum.rpc("eth_call", call, "latest"), 16)

    lines["balances"] = [
        f"{told(holder)}: {ethereum.w3.eth.get_balance(holder)} wei, "
        f"{of('balanceOf', holder)} standing, {of('creditOf', holder)} credit"
        for holder in _holders(world)
    ]
    return lines


def _holders(world: World) -> Iterator[str]:
    yield from (person.address for person in world.people)
    yield from (contract.address for contract in world.ethereum.contracts.values())
    yield from (world.shop.address, world.consumer.address)


# --- comparing --------------------------------------------------------------------------------------------


def differences(wanted: dict[str, list[str]], found: dict[str, list[str]]) -> str:
    """What is missing and what is too much, in words; empty if nothing."""
    lines = []
    for name in sorted(wanted.keys() | found.keys()):
        missing, left = list(wanted.get(name, [])), []
        for line in found.get(name, []):
            if line in missing:
                missing.remove(line)
            else:
                left.append(line)
        lines += [f"{name}: missing {line}" for line in missing] + [
            f"{name}: too much {line}" for line in left
        ]
    return "\n".join(lines)
