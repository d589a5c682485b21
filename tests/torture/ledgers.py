# SPDX-License-Identifier: Apache-2.0
"""Everything that a story left behind, with names for ids, so that two tellings of it can be compared.

Masked is only what must differ: transaction and block hashes, block numbers, nonces, HPKE ciphertexts,
clock times and ids that follow from them. An id becomes the name of what it is the id of ("consent of
customer 7"), so that it still has to stand where it stands.
"""

import re
from functools import partial
from typing import Any

import sqlalchemy as sa
from faircart.multichain import Item, StreamNode, names
from faircart.multichain.errors import PayloadNotHere
from faircart.sealing import SealingError, container
from faircart.store import tables as t
from faircart.store.records import (
    AccessEntry,
    CatalogEntry,
    DataSet,
    Document,
    Offer,
    Paper,
    Proposal,
    Request,
)

from tests.support.agents import wait_for
from tests.support.forked import Company
from tests.torture.scenario import World

HEX = re.compile(r"(?:0x)?[0-9a-f]{40,}|0x[0-9a-fA-F]{40}\b")
CLOCK = re.compile(r"urn:uuid:[0-9a-f-]{36}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
YEAR_2020, YEAR_2100 = 1_577_836_800, 4_102_444_800
FOLLOWS_THE_CLOCK = {"block_number", "block_hash", "log_index", "logIndex", "nonce", "hash", "timestamp"}
IGNORED = {"blocks", "undo", "pins", "alembic_version"}
"""Block hashes and images by block number; what the database is tied to differs from market to market."""


class Names:
    """What each random or clock-born id is the id of."""

    def __init__(self, world: World) -> None:
        self._known: dict[str, str] = {}
        shop, consumer = world.shop, world.consumer
        for number, person in enumerate(world.people):
            self._name(person.address, f"customer {number}")
        for company in (shop, consumer):
            self._name(company.address, company.name)
            self._known[company.stream_address] = f"stream address of {company.name}"
        for plan in names.consumer_plans(consumer.address, ("orders",)):
            self._known[plan.name] = plan.name.split("-")[0] + " of the consumer"
        for name, contract in world.ethereum.contracts.items():
            self._name(contract.address, name)
        with consumer.store.read() as work:
            for request in work.find(Request):
                self._name(request.request_id, "request")
        with shop.store.read() as work:
            for document in work.find(Document):
                self._name(document.data_root, f"root of {self(document.customer)}")
            for proposal in work.find(Proposal):
                who = self(proposal.customer)
                self._name(proposal.proposal_id, f"proposal to {who}")
                self._name(proposal.consent_id, f"consent of {who}")
            for offer in work.find(Offer):
                what = f"{offer.ordinal} to {self(offer.customer)}"
                self._name(offer.exchange_id, f"exchange {what}")
                self._name(offer.item_key, f"item {what}")
            for paper in work.find(Paper):
                if paper.kind != "consent":
                    which = self(paper.body.get("salt", paper.signer))
                    self._name(paper.digest, f"{paper.kind} {which} of {self(paper.signer)}")
            for entry in work.find(AccessEntry):
                self._name(entry.entry_id, f"entry about {self(entry.effect_id)}")
        with consumer.store.read() as work:
            for known in work.find(CatalogEntry):
                self._name(known.entry_id, "catalogue entry")

    def _name(self, given: bytes | str, name: str) -> None:
        text = given.hex() if isinstance(given, bytes) else given.lower().removeprefix("0x")
        assert self._known.setdefault(text, name) == name, f"{name} is also {self._known[text]}"

    def __call__(self, value: Any, column: str = "") -> Any:
        """A value with names in it."""
        if isinstance(value, bytes):
            return self(value.hex()) if len(value) in (20, 32) else f"<{len(value)} bytes>"
        if isinstance(value, dict):
            return {self(key): self(entry, key) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [self(entry) for entry in value]
        if column in FOLLOWS_THE_CLOCK:
            return "<from the chain>"
        if isinstance(value, bool):
            return value
        if isinstance(value, int) and YEAR_2020 < value < YEAR_2100:
            return "<time>"
        if isinstance(value, str):
            if value.isdigit() and YEAR_2020 < int(value) < YEAR_2100:
                return "<time>"
            for plain in (name for name in self._known if not HEX.fullmatch(name)):
                value = value.replace(plain, self._known[plain])
            return HEX.sub(self._replaced, CLOCK.sub("<from the clock>", value))
        return value

    def _replaced(self, found: re.Match[str]) -> str:
        text = found.group(0).lower().removeprefix("0x")
        return f"<{self._known.get(text, f'{len(text) // 2} bytes')}>"


def of(world: World) -> dict[str, list[str]]:
    """The two databases, the streams, the chain and the balances, each as sorted lines."""
    told = Names(world)
    ledgers: dict[str, list[str]] = {}
    for company in (world.shop, world.consumer):
        for table in t.metadata.sorted_tables:
            if table.name not in IGNORED:
                ledgers[f"{company.name}: {table.name}"] = _table(told, company, table)
    ledgers |= _streams(told, world) | _chain(told, world)
    ledgers["documents bought"] = _documents(told, world)
    return {name: sorted(lines) for name, lines in ledgers.items()}


def _table(told: Names, company: Company, table: sa.Table) -> list[str]:
    with company.store.read() as work:
        rows = list(work.connection.execute(sa.select(table)).mappings())
    return [str(_row(told, table, dict(row))) for row in rows]


def _row(told: Names, table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    if table is t.transactions:  # what was sent, and what became of it
        return {"effect": told(row["effect_id"]), "state": row["state"], "hashes": len(row["hashes"])}
    if table is t.vault:
        kept = row["wrapped_key"] is not None
        return {"kind": row["kind"], "name": told(row["name"]), "kept": kept, "size": len(row["sealed"])}
    if table is t.cursors and row["source"] == "ethereum":
        return {"source": "ethereum"}
    if table is t.effects:
        row.pop("attempts")
        if row["moot"]:  # which of two reasons it met first is of the moment, too
            row["result"] = {}
        if row["state"] == "waiting":  # why it had to wait, and until when, is of the moment
            row.pop("error")
            row.pop("not_before")
        elif row["lane"] != "local" or not row["moot"]:
            row.pop("not_before")
    return {column: told(value, column) for column, value in row.items()}


def _streams(told: Names, world: World) -> dict[str, list[str]]:
    plans = [*names.SHARED, *names.consumer_plans(world.consumer.address, ("orders",))]
    node = world.streams.node(1)
    found = {}
    for plan in plans:
        lines = []
        for item in world.streams.items(plan.name, 1):
            data = item.data
            if not isinstance(data, dict):
                data = _payload(wait_for(partial(_fetched, node, item), f"a payload of {plan.name}", 120))
            lines.append(str((told(list(item.publishers)), told(list(item.keys)), told(data))))
        found[f"stream {told(plan.name)}"] = lines
    return found


def _fetched(node: StreamNode, item: Item) -> bytes | None:
    try:
        return node.payload(item)
    except PayloadNotHere:
        return None


def _payload(data: bytes) -> str:
    try:
        item = container.decode(data)
    except SealingError:
        return f"{len(data)} bytes"
    return f"an item of {len(item.data_leaves)} chunks"


def _chain(told: Names, world: World) -> dict[str, list[str]]:
    ethereum = world.ethereum
    exchange = ethereum.contracts["DataExchange"]
    lines = {
        f"events of {name}": [str((event, told(values))) for event, values in ethereum.events(name)]
        for name in ethereum.contracts
    }
    holders = [
        *(person.address for person in world.people),
        *(contract.address for contract in ethereum.contracts.values()),
        world.shop.address,
        world.consumer.address,
    ]
    lines["balances"] = [
        str(
            (
                told(holder),
                ethereum.w3.eth.get_balance(holder),
                exchange.functions.balanceOf(holder).call(),
                exchange.functions.creditOf(holder).call(),
            )
        )
        for holder in holders
    ]
    return lines


def _documents(told: Names, world: World) -> list[str]:
    from faircart.agent import offline

    desk = offline.open_desk(world.consumer.config, "consumer")
    with desk.store, desk.store.read() as work:
        return [
            f"{told(row.exchange_id)}: "
            f"{(desk.secrets.get(work, 'data', row.exchange_id.hex()) or b'gone').decode()}"
            for row in work.find(DataSet)
        ]


def differences(wanted: dict[str, list[str]], found: dict[str, list[str]]) -> str:
    """What is missing and what is too much, in words; empty if nothing."""
    lines = []
    for name in wanted.keys() | found.keys():
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
