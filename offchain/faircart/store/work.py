# SPDX-License-Identifier: Apache-2.0
"""One database transaction: rows read and written through an identity map, written in bulk when it ends."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from faircart.store import codec, records
from faircart.store.outbox import Effect, Outbox
from faircart.store.records import Record
from faircart.store.tables import TABLE, cursors, undo

R = TypeVar("R", bound=Record)


class Work:
    """Reads rows as of now, collects changes; `flush` writes them.

    Handed out by `Store.write` and `Store.read`.
    """

    def __init__(self, connection: sa.Connection, insert: Any) -> None:
        self.connection = connection
        self.insert = insert
        self.outbox = Outbox(connection, insert)
        self._seen: dict[type[Record], dict[tuple[Any, ...], Record | None]] = {}
        self._changed: dict[type[Record], set[tuple[Any, ...]]] = {}
        self._undo: dict[tuple[int, str, str], dict[str, Any] | None] = {}
        self._effects: list[Effect] = []
        self._index: dict[tuple[type[Record], str], dict[Any, set[tuple[Any, ...]]]] = {}
        self.block: int | None = None

    # --- rows ---------------------------------------------------------------------------------------------

    def get(self, kind: type[R], *key: Any) -> R | None:
        """The row with this primary key."""
        seen = self._seen.setdefault(kind, {})
        if key not in seen:
            table = TABLE[kind]
            where = [table.c[name] == part for name, part in zip(kind.KEY, key, strict=True)]
            row = self.connection.execute(sa.select(table).where(*where)).first()
            seen[key] = None if row is None else kind(*row)
        return seen[key]  # type: ignore[return-value]

    def prefetch(self, kind: type[R], keys: Iterable[Any]) -> None:
        """Loads many rows with a one-column key in few queries;

        a batch of events asks for them one by one then.
        """
        seen = self._seen.setdefault(kind, {})
        wanted = [key for key in dict.fromkeys(keys) if (key,) not in seen]
        table = TABLE[kind]
        column = table.c[kind.KEY[0]]
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            seen.update(dict.fromkeys(((key,) for key in part), None))
            for row in self.connection.execute(sa.select(table).where(column.in_(part))):
                record = kind(*row)
                seen[record.key] = record

    def prefetch_by(self, kind: type[R], column: str, values: Iterable[Any]) -> None:
        """Loads all rows with these values in a column, so that `find` by one of them asks nobody."""
        index = self._index.setdefault((kind, column), {})
        wanted = [value for value in dict.fromkeys(values) if value not in index]
        seen = self._seen.setdefault(kind, {})
        index.update((value, set()) for value in wanted)
        table = TABLE[kind]
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            for row in self.connection.execute(sa.select(table).where(table.c[column].in_(part))):
                record = kind(*row)
                seen.setdefault(record.key, record)
                index[getattr(record, column)].add(record.key)

    def find(self, kind: type[R], **equals: Any) -> list[R]:
        """All rows whose columns equal these values, by primary key."""
        if len(equals) == 1:
            ((column, value),) = equals.items()
            known = self._index.get((kind, column), {}).get(value)
            if known is not None:
                found = (self.get(kind, *key) for key in sorted(known))
                return [row for row in found if row is not None and getattr(row, column) == value]
        self._write(kind)
        table = TABLE[kind]
        query = sa.select(table).where(*(table.c[name] == value for name, value in equals.items()))
        query = query.order_by(*(table.c[name] for name in kind.KEY))
        return [kind(*row) for row in self.connection.execute(query)]

    def put(self, record: Record) -> None:
        """Adds or replaces a row.

        Inside a block (`self.block`) the first image of a chain row is kept for undo.
        """
        kind, key = type(record), record.key
        if self.block is not None and kind in records.CHAIN:
            mark = (self.block, TABLE[kind].name, codec.key_text(key))
            if mark not in self._undo:
                before = self.get(kind, *key)
                self._undo[mark] = None if before is None else codec.to_plain(before)
        self._seen.setdefault(kind, {})[key] = record
        self._changed.setdefault(kind, set()).add(key)
        for (indexed, column), index in self._index.items():
            if indexed is kind and (value := getattr(record, column)) in index:
                index[value].add(key)

    def remove(self, record: Record) -> None:
        """Deletes a row."""
        self.flush()
        kind, table = type(record), TABLE[type(record)]
        where = [table.c[name] == part for name, part in zip(kind.KEY, record.key, strict=True)]
        self.connection.execute(sa.delete(table).where(*where))
        self._seen.setdefault(kind, {})[record.key] = None

    # --- effects and cursors ------------------------------------------------------------------------------

    def add(self, effects: Iterable[Effect]) -> None:
        """Adds effects that are not known yet."""
        self._effects.extend(effects)

    def cursor(self, source: str) -> int | None:
        """How far a source was read."""
        return self.connection.execute(
            sa.select(cursors.c.position).where(cursors.c.source == source)
        ).scalar_one_or_none()

    def set_cursor(self, source: str, position: int) -> None:
        """Says how far a source was read."""
        self.upsert(cursors, [{"source": source, "position": position}])

    # --- writing ------------------------------------------------------------------------------------------

    def upsert(self, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        """Adds or replaces raw rows of a table."""
        if rows:
            self.connection.execute(_upsert(self.insert, table), rows)

    def _write(self, kind: type[Record]) -> None:
        keys, seen = self._changed.pop(kind, set()), self._seen.get(kind, {})
        self.upsert(TABLE[kind], [codec.values(record) for key in keys if (record := seen[key]) is not None])

    def flush(self) -> None:
        """Writes what was collected so far, in bulk."""
        for kind in list(self._changed):
            self._write(kind)
        if self._undo:
            rows = [
                {"block_number": number, "table_name": table, "row_key": key, "before": before}
                for (number, table, key), before in self._undo.items()
            ]
            self.connection.execute(self.insert(undo).on_conflict_do_nothing(), rows)
            self._undo.clear()
        effects, self._effects = self._effects, []
        self.outbox.add(effects)

    @contextmanager
    def attempt(self) -> Iterator["Work"]:
        """A part of this transaction that is stored as a whole, or not at all if its block raises:

        what one event or item brings cannot spoil what the others brought.
        """
        self.flush()
        with self.connection.begin_nested():
            part = Work(self.connection, self.insert)
            part.block = self.block
            yield part
            part.flush()
        # What we have seen before may have changed.
        self._seen.clear()
        self._index.clear()


@cache
def _upsert(insert: Any, table: sa.Table) -> Any:
    """The statement is built once: that takes longer than running it."""
    keys = [column.name for column in table.primary_key]
    statement = insert(table)
    rest = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)
