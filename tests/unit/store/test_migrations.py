# SPDX-License-Identifier: Apache-2.0
"""A database of an earlier version is brought to the newest, and keeps what it holds."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from faircart.store import Store, Work, tables
from faircart.store.errors import StoreBusy
from faircart.store.records import Counter, Customer

NEWER = {"counters", "erasure_items", "troubles"}


def test_a_database_without_the_newer_tables_gets_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/agent.db"
    row = Customer("0x" + "00" * 20, b"key")
    with Store(url) as store, store.write() as work:
        work.put(row)
        work.flush()
        for name in NEWER:
            tables.metadata.tables[name].drop(work.connection)
        work.connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    with Store(url) as store, store.read() as work:
        assert set(sa.inspect(work.connection).get_table_names()) >= NEWER
        assert work.find(Customer) == [row]


def test_a_database_without_the_newer_indexes_gets_them(tmp_path: Path) -> None:
    def indexes(work: Work) -> set[str | None]:
        found = sa.inspect(work.connection)
        return {entry["name"] for name in ("offers", "exchanges") for entry in found.get_indexes(name)}

    url = f"sqlite:///{tmp_path}/agent.db"
    newer = {"ix_offers_customer", "ix_offers_state", "ix_exchanges_opened_at"}
    with Store(url) as store, store.write() as work:
        assert indexes(work) >= newer
        for name in newer:
            work.connection.execute(sa.text(f"DROP INDEX {name}"))
        work.connection.execute(sa.text("UPDATE alembic_version SET version_num = '0002'"))
    with Store(url) as store, store.read() as work:
        assert indexes(work) >= newer


def test_counter_proposals_without_a_reason_get_an_empty_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/agent.db"
    row = Counter("01" * 32, b"r" * 32, "02" * 32, "0x" + "00" * 20, "orders", 1, 3600, "Refused", "")
    with Store(url) as store, store.write() as work:
        work.put(row)
        work.flush()
        work.connection.execute(sa.text("ALTER TABLE counters DROP COLUMN reason"))
        work.connection.execute(sa.text("UPDATE alembic_version SET version_num = '0004'"))
    with Store(url) as store, store.read() as work:
        assert work.find(Counter) == [row]


def test_what_was_overwritten_is_in_no_file_after_scrubbing(tmp_path: Path) -> None:
    secret = b"a wrapped key of some length, to be found nowhere"
    with Store(f"sqlite:///{tmp_path}/agent.db") as store:
        with store.write() as work:
            work.put(Customer("0x" + "00" * 20, secret))
        with store.write() as work:
            work.put(Customer("0x" + "00" * 20, b""))
        assert any(secret in path.read_bytes() for path in tmp_path.iterdir())
        store.scrub()
        assert not any(secret in path.read_bytes() for path in tmp_path.iterdir())


def test_scrubbing_says_so_when_a_reader_keeps_the_old_pages(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/agent.db") as store:
        with store.read() as reader:
            assert reader.cursor("before") is None
            with store.write() as work:
                work.set_cursor("after", 1)
            with pytest.raises(StoreBusy, match="The database's write-ahead log is still read"):
                store.scrub()
        store.scrub()
