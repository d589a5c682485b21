# SPDX-License-Identifier: Apache-2.0
"""`agent reconcile`: builds the state anew from both ledgers, beside the database, and says what differs."""

import tempfile
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from faircart.agent.chain_reader import SOURCE, ChainReader
from faircart.agent.effects import STREAMS
from faircart.agent.stream_reader import PAGE, StreamReader
from faircart.agent.tools import Tools
from faircart.ethereum.errors import EthereumError
from faircart.ethereum.node import Head
from faircart.multichain.errors import NotFound
from faircart.store import Store, Work, codec
from faircart.store import tables as t
from faircart.store.records import CHAIN, Record

PUBLISHING = ("publish", "publishItem")


class NodeBehind(EthereumError):
    """The state cannot be compared: the node knows less than the agent."""


class _UpTo(ChainReader):
    """Reads the chain to one block and no further."""

    def __init__(self, tools: Tools, last: int) -> None:
        super().__init__(tools)
        self._last = last

    def _confirmed(self, _: Head | None) -> Head | None:
        return self._tools.ethereum.head(self._last)


def reconcile(tools: Tools) -> list[str]:
    """Every difference between the database and the two ledgers, in words; none if they agree.

    Changes nothing: the rows that follow from the chain are built anew in a database that is thrown away,
    up to the block that the agent has read, and what the agent says it has published is asked for.
    """
    with tools.store.read() as work:
        cursor = work.cursor(SOURCE)
    if cursor is None:
        return []
    with (
        tempfile.TemporaryDirectory(prefix="faircart-") as folder,
        Store(f"sqlite:///{Path(folder) / 'anew.db'}") as anew,
    ):
        reader = _UpTo(replace(tools, store=anew), cursor)
        while reader.step():
            pass
        with anew.read() as rebuilt:
            reached = rebuilt.cursor(SOURCE)
        if reached != cursor:
            raise NodeBehind(
                f"The Ethereum node does not have block {cursor}, up to which the agent has read: "
                "try again when it has caught up"
            )
        with tools.store.read() as held, anew.read() as rebuilt:
            differences = [line for kind in CHAIN for line in _compare(kind, held, rebuilt)]
    return differences + _missing_items(tools) + _unread_items(tools)


def _compare(kind: type[Record], held: Work, rebuilt: Work) -> list[str]:
    ours = {row.key: row for row in held.find(kind)}
    theirs = {row.key: row for row in rebuilt.find(kind)}
    lines = []
    for key in sorted(ours.keys() | theirs.keys()):
        mine, chain = ours.get(key), theirs.get(key)
        name = f"{kind.__name__} {codec.key_text(key)}"
        if mine is None:
            lines.append(f"{name}: on the chain, and not in the database")
        elif chain is None:
            lines.append(f"{name}: in the database, and not on the chain")
        elif mine != chain:
            fields = [part for part in codec.field_names(kind) if getattr(mine, part) != getattr(chain, part)]
            lines.append(f"{name}: {', '.join(fields)} differ")
    return lines


def _missing_items(tools: Tools) -> list[str]:
    lines = []
    with tools.store.read() as work:
        # Without the bodies, which hold the items themselves: a year of them has no place in memory.
        columns = t.effects.c
        query = sa.select(columns.effect_id, columns.result).where(
            columns.lane == STREAMS, columns.state == "done", columns.kind.in_(PUBLISHING)
        )
        done = [
            (name, result["stream"], result["txid"])
            for name, result in work.connection.execute(query)
            if "txid" in result
        ]
    for name, stream, txid in done:
        try:
            tools.streams.item(stream, txid)
        except NotFound:
            lines.append(f"{name}: published in {stream} as {txid}, and not there")
    return lines


def _unread_items(tools: Tools) -> list[str]:
    """Items of the streams that the agent follows, up to where it has read, which it knows nothing of, and
    such as it knows and the streams do not hold."""
    lines = []
    for stream in StreamReader(tools).followed:
        with tools.store.read() as work:
            position = work.cursor(f"stream/{stream}") or 0
            table = t.stream_items.c
            query = sa.select(table.txid, table.vout).where(table.stream == stream)
            known = {(row.txid, row.vout) for row in work.connection.execute(query)}
        if not position or not tools.streams.has_stream(stream):
            continue
        tools.streams.subscribe(stream)
        start = 0
        while start < position:
            page = tools.streams.arrivals(stream, count=min(PAGE, position - start), start=start)
            if not page:
                break
            start += len(page)
            for item in (item for transaction in page for item in transaction):
                if (item.txid, item.vout) not in known:
                    lines.append(f"{stream}: item {item.txid}:{item.vout} was never read")
                known.discard((item.txid, item.vout))
        lines += [f"{stream}: item {txid}:{vout} was read, and is not there" for txid, vout in sorted(known)]
    return lines
