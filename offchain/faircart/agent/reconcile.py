# SPDX-License-Identifier: Apache-2.0
"""`agent reconcile`: builds the state anew from both ledgers, beside the database, and says what differs."""

import tempfile
from dataclasses import replace
from pathlib import Path

from faircart.agent.chain_reader import SOURCE, ChainReader
from faircart.agent.tools import Tools
from faircart.ethereum.node import Head
from faircart.multichain.errors import NotFound
from faircart.store import Store, Work, codec
from faircart.store.records import CHAIN, Record

PUBLISHING = ("publish", "publishItem")


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
        with tools.store.read() as held, anew.read() as rebuilt:
            differences = [line for kind in CHAIN for line in _compare(kind, held, rebuilt)]
    return differences + _missing_items(tools)


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
        done = [
            row for row in work.outbox.by_state("done") if row.kind in PUBLISHING and "txid" in row.result
        ]
    for row in done:
        stream = row.result["stream"]
        try:
            tools.streams.item(stream, row.result["txid"])
        except NotFound:
            lines.append(f"{row.effect_id}: published in {stream} as {row.result['txid']}, and not there")
    return lines
