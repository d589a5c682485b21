# SPDX-License-Identifier: Apache-2.0
"""From contract logs to rows and effects: ranges up to the confirmed head, one database transaction a range.

The hash of every range's last block is kept. If the node no longer has it, the agent goes back to the last
block that both know: rows take their earlier images, events are marked as orphaned, and what the access log
already says of them is retracted.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from faircart.agent import effects, log
from faircart.agent.handlers import Outcome, chain
from faircart.agent.lag import Lag, believable, stands_still
from faircart.agent.missing import LogCheck, LogsMissing
from faircart.agent.steps import boundary
from faircart.agent.tools import Tools
from faircart.ethereum.errors import EthereumError, NodeRefused, NodeUnreachable
from faircart.ethereum.events import CONTRACT_OF, Completed, Event, Granted, Opened, Resolved
from faircart.ethereum.logs import LogDecoder, UnknownEvent
from faircart.ethereum.node import Head, Log
from faircart.store import Work, codec
from faircart.store import tables as t
from faircart.store.errors import StoreUnusable
from faircart.store.records import Consent, Document, Exchange, Order, Proposal, Withdrawal

SOURCE = "ethereum"
KEPT_BLOCKS = 512
"""How many blocks below the head can be taken back; after a deeper reorganisation nothing more is read."""
FLOOR = "ethereum/floor"
"""The cursor of the block down to which rows can be taken back."""
ANSWERS = ("deliver", "confirm", "settle", "concede", "proveFault", "abort", "cancel")
LONGEST_PUT_OFF = 300
"""Seconds that an effect which waits or has failed is put off, at most."""
DEADLINES = ("expireData", "expireOffer", "closeRequest", "forgetPad", "certify")
"""Effects that are not put off, but have their time: they keep it when the chain's clock goes back."""


class TooDeep(EthereumError):
    """A reorganisation deeper than what can be taken back, or a node that has another chain."""


class ChainReader:
    """Reads the three contracts' events."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._decode = LogDecoder(tools.contracts)
        self._addresses = [found.address for found in tools.contracts.deployments.values()]
        self._timestamps: dict[int, int] = {}
        self._check = LogCheck(tools.ethereum, self._addresses)
        self._lag = Lag()
        self._orphans = False
        self._range = tools.config.ethereum.log_range

    def step(self) -> bool:
        """Reads at most one range; whether there may be more to read at once."""
        node, store = self._tools.ethereum, self._tools.store
        with store.read() as work:
            cursor = work.cursor(SOURCE)
            kept, timestamp = _kept_block(work, cursor)
        if timestamp is not None:
            self._tools.clock.saw(believable(self._tools.config, timestamp))
        if cursor is None:
            cursor = self._tools.contracts.first_block() - 1
        latest = node.head()
        head = self._confirmed(latest)
        behind = stands_still(self._tools.config, latest) or (head is not None and head.number < cursor)
        self._lag.note(behind, head=None if latest is None else latest.number, cursor=cursor)
        if head is None:
            return False
        self._retry()
        if kept is not None and self._is_orphaned(cursor, kept, head):
            self._rewind(cursor)
            return True
        if head.number <= cursor:
            return False
        last = min(head.number, cursor + self._range)
        end = head if last == head.number else node.head(last)
        if last < head.number and not _same(node.head(head.number), head):
            return False  # a nonsense head: how far below it a range lies decides what can be taken back
        try:
            is_read = end is not None and self._read(cursor + 1, end, head)
        except (NodeUnreachable, NodeRefused, LogsMissing):
            # Every call that a range takes has to succeed: one with fewer does, where the node often fails.
            self._range = max(1, (last - cursor) // 2)
            raise
        if not is_read:
            return True  # a reorganisation while we looked: what was read may be of two chains
        self._range = min(self._tools.config.ethereum.log_range, 2 * self._range)
        boundary("chain.applied")
        self._tools.nudge()
        return last < head.number

    def _read(self, first: int, end: Head, head: Head) -> bool:
        """Reads the blocks from `first` to `end`, and stores what they say if all are of one chain."""
        last = end.number
        logs = self._tools.ethereum.logs(first, last, self._addresses)
        again = self._tools.ethereum.head(last)
        if again is None or again.hash != end.hash:
            return False
        if again.timestamp != end.timestamp:
            raise NodeUnreachable(f"The Ethereum node tells two times of block {last}")
        if any(entry.block_number == last and entry.block_hash != end.hash for entry in logs):
            return False
        self._check.require_all(logs, first, end, head=head.number, twice=KEPT_BLOCKS)
        self._apply(end, logs, undo=head.number - last < KEPT_BLOCKS)
        return True

    def _confirmed(self, latest: Head | None) -> Head | None:
        wanted = self._tools.config.ethereum.confirmations
        if isinstance(wanted, str):
            return self._tools.ethereum.head(wanted)
        if latest is None or wanted == 1:
            return latest
        return self._tools.ethereum.head(latest.number - wanted + 1) if latest.number >= wanted - 1 else None

    def _is_orphaned(self, cursor: int, kept: bytes, head: Head) -> bool:
        if head.number < cursor:
            return False  # a node that lags: it may catch up to the same chain
        found = head if head.number == cursor else self._tools.ethereum.head(cursor)
        return found is not None and found.hash != kept

    # --- forwards -----------------------------------------------------------------------------------------

    def _apply(self, end: Head, logs: list[Log], *, undo: bool) -> None:
        events, broken = self._decoded(end, logs)
        try:
            self._store(end, logs, events, broken, undo=undo)
        except Exception as error:
            if is_the_databases(error):
                raise
            # One of them cannot be stored: which one shows when each is stored by itself.
            self._store(end, logs, events, broken, undo=undo, one_by_one=True)
        self._tools.clock.saw(believable(self._tools.config, end.timestamp))
        self._timestamps.clear()

    def _store(
        self,
        end: Head,
        logs: list[Log],
        events: list[Event],
        broken: list[dict[str, object]],
        *,
        undo: bool,
        one_by_one: bool = False,
    ) -> None:
        with self._tools.store.write() as work:
            self._orphans = _any_orphaned(work)
            if not one_by_one:
                _prefetch(work, events)
            rows = list(broken)
            for event in events:
                work.block = event.at.block_number if undo else None
                rows.append(self._alone(work, event) if one_by_one else self._one(work, event))
            work.block = None
            if rows:
                work.connection.execute(work.insert(t.events).on_conflict_do_nothing(), rows)
            hashes = {entry.block_number: entry for entry in logs}
            blocks = [
                {"number": number, "hash": entry.block_hash, "timestamp": self._timestamp(number, end)}
                for number, entry in hashes.items()
                if undo
            ]
            blocks.append({"number": end.number, "hash": end.hash, "timestamp": end.timestamp})
            work.upsert(t.blocks, list({block["number"]: block for block in blocks}.values()))
            self._raise_floor(work, end.number - KEPT_BLOCKS if undo else end.number)
            work.set_cursor(SOURCE, end.number)

    def _raise_floor(self, work: Work, wanted: int) -> None:
        """What lies below the newest known block up to `wanted` need not be taken back any more."""
        floor = work.connection.execute(
            sa.select(sa.func.max(t.blocks.c.number)).where(t.blocks.c.number <= wanted)
        ).scalar_one()
        if floor is not None:
            work.set_cursor(FLOOR, floor)
            work.connection.execute(sa.delete(t.blocks).where(t.blocks.c.number < floor))
            work.connection.execute(sa.delete(t.undo).where(t.undo.c.block_number <= floor))

    def _decoded(self, end: Head, logs: list[Log]) -> tuple[list[Event], list[dict[str, object]]]:
        events: list[Event] = []
        broken: list[dict[str, object]] = []
        for entry in logs:
            try:
                event = self._decode(entry, self._timestamp(entry.block_number, end, entry))
            except UnknownEvent as error:
                log.trouble(
                    "event.parked", block=entry.block_number, index=entry.log_index, reason=str(error)
                )
                broken.append(_broken_row(entry, str(error)))
                continue
            if event is not None:
                events.append(event)
        return events, broken

    def _timestamp(self, number: int, end: Head, entry: Log | None = None) -> int:
        if number == end.number:
            return end.timestamp
        if entry is not None and entry.timestamp is not None and entry.timestamp <= end.timestamp:
            self._timestamps[number] = entry.timestamp
        if number not in self._timestamps:
            head = self._tools.ethereum.head(number)
            if head is None:
                raise NodeUnreachable(f"The Ethereum node told logs of block {number}, and has no such block")
            if head.timestamp > end.timestamp:
                raise NodeUnreachable(f"The Ethereum node says that block {number} is newer than later ones")
            self._timestamps[number] = head.timestamp
        return self._timestamps[number]

    def _one(self, work: Work, event: Event) -> dict[str, object]:
        try:
            outcome = chain.handle(self._tools.ctx, work, event)
        except Exception as error:  # parked, counted and shown; the others go on
            if is_the_databases(error):
                raise
            return _parked_row(event, error)
        self._bring_about(work, event, outcome)
        return _row(event, "applied")

    def _alone(self, work: Work, event: Event) -> dict[str, object]:
        """The same, and what cannot be stored is parked, too, at the price of a flush an event."""
        try:
            with work.attempt() as part:
                self._bring_about(part, event, chain.handle(self._tools.ctx, part, event))
        except Exception as error:
            if is_the_databases(error):
                raise
            return _parked_row(event, error)
        return _row(event, "applied")

    def _bring_about(self, work: Work, event: Event, outcome: Outcome) -> None:
        apply(work, outcome)
        if outcome.changes and self._has_been_orphaned(work, event):
            work.add([effects.reinstatement(self._tools.ctx, event)])

    def _has_been_orphaned(self, work: Work, event: Event) -> bool:
        if not self._orphans:
            return False
        query = sa.select(sa.func.count()).where(
            t.events.c.subject == event.subject,
            t.events.c.name == type(event).__name__,
            t.events.c.state == "orphaned",
        )
        return bool(work.connection.execute(query).scalar_one())

    def _retry(self) -> None:
        """Handles again what an operator has given back (`agent parked retry`)."""
        with self._tools.store.read() as work:
            query = sa.select(t.events).where(t.events.c.state == "retry")
            query = query.order_by(t.events.c.block_number, t.events.c.log_index).limit(100)
            given = list(work.connection.execute(query))
        for row in given:
            logs = self._tools.ethereum.logs(row.block_number, row.block_number, self._addresses)
            found = [
                entry
                for entry in logs
                if entry.log_index == row.log_index and entry.block_hash == row.block_hash
            ]
            head = self._tools.ethereum.head(row.block_number)
            if not found or head is None:
                continue  # its block is gone: the next range finds that out
            events, broken = self._decoded(head, found)
            with self._tools.store.write() as work:
                rows = [*broken, *(self._alone(work, event) for event in events)]
                work.upsert(t.events, rows)
            self._tools.nudge()

    # --- backwards ----------------------------------------------------------------------------------------

    def _rewind(self, cursor: int) -> None:
        with self._tools.store.read() as work:
            query = sa.select(t.blocks).order_by(t.blocks.c.number.desc())
            known = list(work.connection.execute(query))
            floor = work.cursor(FLOOR) or 0
        # A node that serves another chain all of a sudden must not make us take everything back.
        self._tools.ethereum.check_chain(self._tools.config.ethereum.chain_id)
        fork = self._tools.contracts.first_block() - 1
        for number, kept, _ in known:
            found = self._tools.ethereum.head(number)
            if found is not None and found.hash == kept:
                fork = number
                break
        if fork < floor:
            raise TooDeep(
                f"The Ethereum node does not know our block {floor}, below which nothing can be taken back: "
                f"another chain, or a reorganisation deeper than {KEPT_BLOCKS} blocks. Nothing is read "
                "until it does; if it never will, start anew with a new database"
            )
        with self._tools.store.write() as work:
            _take_back(work, fork)
            orphaned = list(
                work.connection.execute(
                    sa.select(t.events).where(t.events.c.block_number > fork, t.events.c.state == "applied")
                ).mappings()
            )
            ctx = self._tools.ctx
            work.add(effects.retraction(ctx, dict(row)) for row in orphaned)
            # A delivery that was given up because of a withdrawal that is orphaned now is decided anew.
            for exchange in work.find(Exchange, custodian=ctx.address, state="Open"):
                work.add([effects.exchange_call(ctx, exchange.exchange_id, "deliver")])
            # So is every other answer that an orphaned event had made needless.
            for state in ("Open", "Delivered"):
                for exchange in work.find(Exchange, state=state):
                    work.outbox.revive(
                        effects.exchange_call(ctx, exchange.exchange_id, answer).effect_id
                        for answer in ANSWERS
                    )
            work.connection.execute(
                sa.update(t.events)
                .where(t.events.c.block_number > fork, t.events.c.state.in_(("applied", "parked", "retry")))
                .values(state="orphaned")
            )
            work.connection.execute(sa.delete(t.blocks).where(t.blocks.c.number > fork))
            # Our own transactions in those blocks are followed again, and broadcast again as they are.
            lost = sa.update(t.transactions).where(
                t.transactions.c.block > fork, t.transactions.c.state.in_(("mined", "failed"))
            )
            work.connection.execute(lost.values(state="sent", block=0))
            work.set_cursor(SOURCE, fork)
            before = self._tools.clock.now()
            _, timestamp = _kept_block(work, fork)
            self._tools.clock.saw(believable(self._tools.config, timestamp or 0))
            _put_off_no_longer(work, self._tools.clock.now(), before)
        log.trouble("ethereum.reorganised", depth=cursor - fork, fork=fork, orphaned=len(orphaned))
        boundary("chain.rewound")


def apply(work: Work, outcome: Outcome) -> None:
    """Writes a handler's outcome into a transaction."""
    for record in outcome.changes:
        work.put(record)
    work.add(outcome.effects)


def _same(found: Head | None, head: Head) -> bool:
    return found is not None and found.hash == head.hash


def _kept_block(work: Work, number: int | None) -> tuple[bytes | None, int | None]:
    """Hash and timestamp of a block that was read and is kept."""
    query = sa.select(t.blocks.c.hash, t.blocks.c.timestamp).where(t.blocks.c.number == number)
    row = work.connection.execute(query).first()
    return (None, None) if row is None else (row.hash, row.timestamp)


def _put_off_no_longer(work: Work, now: int, before: int) -> None:
    """What was put off for seconds by a clock that went back is not put off for hours."""
    put_off = sa.update(t.effects).where(
        t.effects.c.state.in_(("waiting", "running")),
        t.effects.c.error != "",
        t.effects.c.kind.not_in(DEADLINES),
        t.effects.c.not_before > now,
        t.effects.c.not_before <= before + LONGEST_PUT_OFF,
    )
    work.connection.execute(put_off.values(not_before=now))


def _any_orphaned(work: Work) -> bool:
    query = sa.select(t.events.c.block_number).where(t.events.c.state == "orphaned").limit(1)
    return work.connection.execute(query).first() is not None


def _prefetch(work: Work, events: Sequence[Event]) -> None:
    ids: dict[str, list[bytes]] = {}
    for event in events:
        ids.setdefault(CONTRACT_OF[type(event)], []).append(event.subject)
    work.prefetch(Exchange, ids.get("DataExchange", ()))
    consents = [event.consent_id for event in events if isinstance(event, Opened)]
    work.prefetch(Consent, [*ids.get("ConsentRegistry", ()), *consents])
    work.prefetch(Withdrawal, consents)
    grants = [event.consent_id for event in events if isinstance(event, Granted)]
    work.prefetch_by(Proposal, "consent_id", grants)
    ends = [event.order_id for event in events if isinstance(event, Completed | Resolved)]
    work.prefetch_by(Document, "order_id", ends)
    work.prefetch(Order, ids.get("CheckoutEscrow", ()))


def _take_back(work: Work, fork: int) -> None:
    query = sa.select(t.undo).where(t.undo.c.block_number > fork).order_by(t.undo.c.block_number.desc())
    images: dict[tuple[str, str], object] = {}
    for row in work.connection.execute(query):
        images[row.table_name, row.row_key] = row.before  # the oldest image is met last and stays
    kinds = {t.TABLE[kind].name: kind for kind in (Consent, Exchange, Order)}
    for (table, key), before in images.items():
        kind = kinds[table]
        if before is None:
            column = t.TABLE[kind].c[kind.KEY[0]]
            work.connection.execute(sa.delete(t.TABLE[kind]).where(column == bytes.fromhex(key)))
        else:
            work.put(codec.from_plain(kind, before))  # type: ignore[arg-type]
    work.connection.execute(sa.delete(t.undo).where(t.undo.c.block_number > fork))


def is_the_databases(error: Exception) -> bool:
    """Whether a failure is the database's, and not that of what was to be stored: a value that it does not
    take (out of range, against a constraint) is the fault of whoever brought it.
    """
    if isinstance(error, sa.exc.DataError | sa.exc.IntegrityError):
        return False
    return isinstance(error, StoreUnusable | sa.exc.DBAPIError)


def _parked_row(event: Event, error: Exception) -> dict[str, object]:
    log.trouble("event.parked", kind=type(event).__name__, subject=log.short(event.subject))
    return _row(event, "parked", f"{type(error).__name__}: {error}")


def _row(event: Event, state: str, reason: str = "") -> dict[str, object]:
    return {
        "block_number": event.at.block_number,
        "log_index": event.at.log_index,
        "block_hash": event.at.block_hash,
        "transaction": event.at.transaction,
        "name": type(event).__name__,
        "subject": event.subject,
        "body": {},
        "state": state,
        "error": reason,
    }


def _broken_row(entry: Log, reason: str) -> dict[str, object]:
    return {
        "block_number": entry.block_number,
        "log_index": entry.log_index,
        "block_hash": entry.block_hash,
        "transaction": entry.transaction,
        "name": "?",
        "subject": bytes(32),
        "body": {"topics": [topic.hex() for topic in entry.topics], "data": entry.data.hex()},
        "state": "parked",
        "error": reason,
    }
