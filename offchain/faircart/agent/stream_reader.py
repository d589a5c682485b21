# SPDX-License-Identifier: Apache-2.0
"""From stream items to rows and effects: each followed stream in the order of arrival at our node.

An item is handled once (stream, txid, vout). What cannot be judged yet, because the payload or a binding is
missing, waits and is looked at again; what does not count is marked as ignored.
"""

from typing import Any

import sqlalchemy as sa

from faircart.agent import log
from faircart.agent.chain_reader import apply, is_the_databases
from faircart.agent.handlers import Ignore, Later, streams
from faircart.agent.handlers.streams import StreamItem
from faircart.agent.steps import boundary
from faircart.agent.tools import Tools
from faircart.multichain import Item, names
from faircart.multichain.errors import EntityNotFound, PayloadNotHere
from faircart.store import Work
from faircart.store import tables as t

PAGE = 100
LOOKED_AT = 25
"""How many items that could not be judged yet are looked at again at a time."""
NOT_HERE = "the payload is not here yet"


class StreamReader:
    """Reads `participants`, `requests`, and as consumer `catalog` and its own envelopes."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        ctx = tools.ctx
        self.followed = [names.PARTICIPANTS, names.REQUESTS, names.ERASURES]
        if ctx.is_consumer:
            self.followed += [names.CATALOG, names.envelopes_stream(ctx.address)]
        self._subscribed: set[str] = set()
        self._missing: set[str] = set()
        self._last = ("", "", 0)

    def step(self) -> bool:
        """Reads at most one page of each stream; whether there may be more to read at once."""
        more = False
        for stream in self.followed:
            if self._subscribe(stream):
                more |= self._page(stream)
        self._look_again()
        return more

    def _subscribe(self, stream: str) -> bool:
        if stream in self._subscribed:
            return True
        try:
            self._tools.streams.subscribe(stream)
        except EntityNotFound:
            if stream not in self._missing:
                log.trouble("stream.missing", stream=stream)
                self._missing.add(stream)
            return False
        self._subscribed.add(stream)
        return True

    def _page(self, stream: str) -> bool:
        source = f"stream/{stream}"
        with self._tools.store.read() as work:
            cursor = work.cursor(source) or 0
        # One item that is known is read again: if it is gone, the node was set up anew and is
        # read from its start.
        start = max(cursor - 1, 0)
        arrivals = self._tools.streams.arrivals(stream, count=PAGE, start=start)
        if not arrivals and cursor:
            start = 0
            arrivals = self._tools.streams.arrivals(stream, count=PAGE, start=0)
        if not arrivals or (start + len(arrivals) == cursor):
            return False
        items = [item for transaction in arrivals for item in transaction]
        values = [self._value(item) for item in items]
        with self._tools.store.write() as work:
            for item, value in zip(items, values, strict=True):
                if _state(work, item) is None:
                    self._one(work, item, value)
            work.set_cursor(source, start + len(arrivals))
        boundary("streams.applied")
        self._tools.nudge()
        return len(arrivals) == PAGE

    def _look_again(self) -> None:
        """Looks at some of what could not be judged, each time at the next ones: one that will never come
        must not keep the others waiting, and one whose publisher is still unknown needs no second look."""
        table = t.stream_items.c
        place = sa.tuple_(table.stream, table.txid, table.vout)
        bound = sa.select(t.participants.c.multichain_address)
        query = sa.select(t.stream_items).where(
            table.state == "awaiting",
            sa.or_(table.publisher.in_(bound), table.error.in_(("", NOT_HERE))),  # "": given back
        )
        query = query.order_by(table.stream, table.txid, table.vout).limit(LOOKED_AT)
        with self._tools.store.read() as work:
            waiting = list(work.connection.execute(query.where(place > sa.tuple_(*self._last))))
        self._last = ("", "", 0)
        if len(waiting) == LOOKED_AT:
            self._last = (waiting[-1].stream, waiting[-1].txid, waiting[-1].vout)
        for row in waiting:
            for item in self._tools.streams.transaction_items(row.stream, row.txid):
                if item.vout == row.vout:
                    value = self._value(item)
                    with self._tools.store.write() as work:
                        self._one(work, item, value)
                    self._tools.nudge()

    def _value(self, item: Item) -> Any:
        if item.format != "json":
            return None
        try:
            return self._tools.streams.data(item)
        except PayloadNotHere:
            return None

    def _one(self, work: Work, item: Item, value: Any) -> None:
        publisher = item.publishers[0] if len(item.publishers) == 1 else ""
        seen = StreamItem(item.stream, item.txid, item.vout, publisher, item.keys, value)
        state, reason = "applied", ""
        try:
            if item.format == "json" and value is None and not item.available:
                raise Later(NOT_HERE)
            with work.attempt() as part:
                apply(part, streams.handle(self._tools.ctx, part, seen, self._tools.clock.now()))
        except Ignore as error:
            state, reason = "ignored", str(error)
        except Later as error:
            state, reason = "awaiting", str(error)
        except Exception as error:  # parked, counted and shown; the others go on
            if is_the_databases(error):
                raise
            state, reason = "parked", f"{type(error).__name__}: {error}"
            log.trouble("item.parked", stream=item.stream, txid=item.txid, error=type(error).__name__)
        row = {
            "stream": item.stream,
            "txid": item.txid,
            "vout": item.vout,
            "publisher": publisher,
            "state": state,
            "error": storable(reason),
        }
        work.upsert(t.stream_items, [row])


def storable(text: str) -> str:
    """A text that any database takes: what a stranger wrote may hold half of a surrogate pair, or a NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def _state(work: Work, item: Item) -> str | None:
    table = t.stream_items
    query = sa.select(table.c.state).where(
        table.c.stream == item.stream, table.c.txid == item.txid, table.c.vout == item.vout
    )
    return work.connection.execute(query).scalar_one_or_none()
