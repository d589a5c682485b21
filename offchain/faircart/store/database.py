# SPDX-License-Identifier: Apache-2.0
"""Opening the database: migrations, the lock that keeps a second agent out, the pin, transactions."""

import fcntl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from faircart.store.errors import ForeignStore, StoreBusy, StoreInUse, StoreUnusable
from faircart.store.tables import pins
from faircart.store.work import Work

NEWEST = "0005"
"""The newest migration in `migrations/versions`."""
BUSY_SECONDS = 30
"""For so long a connection waits for others that keep the database."""
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Store:
    """An opened, migrated database. Threads may share it; writers take turns."""

    def __init__(self, url: str) -> None:
        """Opens `url` (SQLAlchemy form, `sqlite:///agent.db`) and brings it to the newest version.

        Raises StoreUnusable if it cannot be opened.
        """
        try:
            self.url = sa.make_url(url)
            name = self.url.get_backend_name()
        except (sa.exc.ArgumentError, ValueError):
            raise StoreUnusable("agent.database: this is no database address; use sqlite:///FILE") from None
        if name not in _INSERT:
            raise StoreUnusable(f"agent.database: {name} is not supported; use sqlite:///FILE")
        self._insert: Any = _INSERT[name]
        options = {"timeout": BUSY_SECONDS} if name == "sqlite" else {}
        try:
            # Values stand in errors otherwise, and errors in logs.
            self._engine = sa.create_engine(self.url, connect_args=options, hide_parameters=True)
        except (ImportError, sa.exc.ArgumentError) as error:
            raise StoreUnusable(
                f"agent.database: no driver for {self.url.drivername} is installed ({error}); "
                "use sqlite:///FILE"
            ) from None
        if name == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        self._writing = threading.RLock()
        self._lock_file: TextIO | None = None
        try:
            self._migrate()
        except sa.exc.OperationalError as error:
            raise StoreUnusable(
                f"The database {self.url.render_as_string()} cannot be opened: {error.orig}"
            ) from None
        except sa.exc.DatabaseError as error:
            raise StoreUnusable(
                f"{self.url.render_as_string()} is not an agent's database: {error.orig}"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the database back."""
        self._engine.dispose()
        if self._lock_file is not None:
            self._lock_file.close()

    def lock(self) -> None:
        """Keeps the database for this process, until it ends however it ends. Raises StoreInUse."""
        if self.url.database is None or self.url.get_backend_name() != "sqlite":
            return
        path = Path(self.url.database + ".lock")
        try:
            self._lock_file = path.open("w")
        except OSError as error:
            raise StoreUnusable(f"{path} cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreInUse(f"Another agent runs on {self.url.database}: stop it first") from None

    def pin(self, values: Mapping[str, str]) -> None:
        """Ties a new database to chain, contracts, streams and account.

        Raises ForeignStore if it is tied to others.
        """
        with self.write() as work:
            known = {row.name: row.value for row in work.connection.execute(sa.select(pins))}
            for name, value in values.items():
                if known.setdefault(name, value) != value:
                    raise ForeignStore(
                        f"The database {self.url.database} belongs to {name} {known[name]}, but the "
                        f"configuration says {value}: use the one it was made with, or a new database"
                    )
            work.upsert(pins, [{"name": name, "value": value} for name, value in known.items()])

    def pinned(self, name: str) -> str | None:
        """What a database is tied to, by the name that `pin` was given; None if it is new."""
        with self.read() as work:
            query = sa.select(pins.c.value).where(pins.c.name == name)
            value: str | None = work.connection.execute(query).scalar_one_or_none()
        return value

    def repin(self, name: str, value: str) -> None:
        """Ties the database to another `value`: for what may change, once it is known to have changed."""
        with self.write() as work:
            work.upsert(pins, [{"name": name, "value": value}])

    @contextmanager
    def write(self) -> Iterator[Work]:
        """One transaction: all of it is stored, or nothing."""
        with self._writing, self._usable(), self._engine.begin() as connection:
            work = Work(connection, self._insert)
            yield work
            work.flush()

    @contextmanager
    def read(self) -> Iterator[Work]:
        """A consistent view; it blocks no writer."""
        with self._usable(), self._engine.connect().execution_options(read_only=True) as connection:
            yield Work(connection, self._insert)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """A full disk, a lock that nobody gives back: the statement's values stay out of the message."""
        try:
            yield
        except sa.exc.OperationalError as error:
            raise StoreUnusable(
                f"The database {self.url.database} cannot be used now: {error.orig}"
            ) from None

    def scrub(self) -> None:
        """Nothing that was overwritten can be read from the database's files any more: SQLite's write-ahead
        log is emptied (`secure_delete` has overwritten the rest). Waits a little for readers; raises
        StoreBusy if one stays.
        """
        if self.url.get_backend_name() != "sqlite":
            return
        with self._writing, self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA busy_timeout=1000")  # writers wait for as long as this does
            try:
                busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        if busy:
            raise StoreBusy("The database's write-ahead log is still read: what was destroyed may be in it")

    def _migrate(self) -> None:
        if self._version() == NEWEST:
            return
        # Imported only when it has something to do: it takes longer than a command that only looks.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "faircart.store:migrations")
        with self._writing, self._engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    def _version(self) -> str | None:
        with self._engine.connect().execution_options(read_only=True) as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's `begin` below, not sqlite3's own idea of when to begin
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")  # a destroyed key leaves no copy in free pages


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer that begins as a reader can be refused half-way, which no timeout helps against.
    read_only = connection.get_execution_options().get("read_only")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
