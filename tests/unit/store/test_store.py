# SPDX-License-Identifier: Apache-2.0
"""The database: all of a transaction or nothing, effects once under their id, pinned to what it is about."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from faircart.store import Effect, Store, codec, records, tables
from faircart.store.errors import ForeignStore, StoreInUse, StoreUnusable
from faircart.store.records import Consent, Withdrawal

PINS = {"chain id": "31337", "ConsentRegistry": "0xAA"}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/agent.db"


def consent(number: int, ended_at: int = 0) -> Consent:
    return Consent(
        number.to_bytes(32, "big"),
        "0xC",
        "0xD",
        "0xE",
        b"r" * 32,
        b"t" * 32,
        2**255,
        9,
        1,
        ended_at,
        b"x" * 32,
    )


def half_done(store: Store) -> None:
    with store.write() as work:
        work.put(consent(1))
        work.add([Effect("a", "ethereum", "open")])
        work.set_cursor("ethereum", 7)
        work.flush()
        raise RuntimeError


def test_every_row_class_has_a_table_with_its_columns_and_key() -> None:
    assert set(tables.TABLE) == set(records.CHAIN) | set(records.OWN)
    for kind, table in tables.TABLE.items():
        assert [column.name for column in table.c] == [field.name for field in fields(kind)]  # type: ignore[arg-type]
        assert tuple(column.name for column in table.primary_key) == kind.KEY


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(url: str) -> None:
    with Store(url) as store, store.read() as work:
        inspector = sa.inspect(work.connection)
        made = {
            name: {c["name"] for c in inspector.get_columns(name)} for name in inspector.get_table_names()
        }
    made.pop("alembic_version")
    assert made == {name: {c.name for c in table.c} for name, table in tables.metadata.tables.items()}


def test_what_was_put_is_found_again_after_reopening(url: str) -> None:
    with Store(url) as store, store.write() as work:
        work.put(consent(1))
    with Store(url) as store, store.read() as work:
        assert work.get(Consent, consent(1).consent_id) == consent(1)
        assert work.find(Consent, customer="0xC", ended_at=0) == [consent(1)]


def test_a_transaction_that_fails_leaves_nothing(url: str) -> None:
    with Store(url) as store:
        with pytest.raises(RuntimeError):
            half_done(store)
        with store.read() as work:
            assert work.find(Consent) == []
            assert work.outbox.counts() == {}
            assert work.cursor("ethereum") is None


def test_an_effect_is_added_once_whatever_became_of_it(url: str) -> None:
    effect = Effect("1/open", "ethereum", "open", {"exchange": "aa"})
    with Store(url) as store, store.write() as work:
        for decide in (None, work.outbox.begin, lambda name: work.outbox.finish(name, {"transaction": "bb"})):
            work.add([effect, effect])
            work.flush()
            if decide is not None:
                decide("1/open")
        work.add([effect])
        work.flush()
        row = work.outbox.get("1/open")
        assert row is not None
        assert (row.state, row.result) == ("done", {"transaction": "bb"})


def test_an_effect_that_came_to_nothing_is_decided_anew_when_its_event_comes_again(url: str) -> None:
    effect = Effect("1/openItem", "local", "openItem")
    with Store(url) as store, store.write() as work:
        work.add([effect])
        work.flush()
        work.outbox.finish("1/openItem", {"moot": "nothing is delivered"})
        work.add([effect])
        work.flush()
        assert work.outbox.get("1/openItem").state == "waiting"  # type: ignore[union-attr]


def test_due_effects_come_longest_due_first_and_none_before_its_time(url: str) -> None:
    with Store(url) as store, store.write() as work:
        work.add(
            [
                Effect(name, "streams", "publish", not_before=when)
                for name, when in (("a", 5), ("b", 3), ("c", 9))
            ]
        )
        work.flush()
        work.outbox.begin("a")
        assert [row.effect_id for row in work.outbox.due("streams", 8)] == ["b", "a"]
        assert work.outbox.due("ethereum", 8) == []


def test_a_parked_effect_is_out_of_the_way_until_the_operator_decides(url: str) -> None:
    with Store(url) as store, store.write() as work:
        work.add([Effect("a", "local", "propose"), Effect("b", "local", "propose")])
        work.flush()
        work.outbox.park("a", "broken")
        assert [row.effect_id for row in work.outbox.due("local", 1)] == ["b"]
        assert work.outbox.retry("a")
        assert not work.outbox.retry("b")
        assert [row.effect_id for row in work.outbox.due("local", 1)] == ["a", "b"]
        work.outbox.park("a", "broken")
        assert work.outbox.drop("a")
        assert work.outbox.counts() == {"dropped": 1, "waiting": 1}


def test_the_first_image_of_a_chain_row_is_kept_for_each_block_and_of_other_rows_none(url: str) -> None:
    with Store(url) as store, store.write() as work:
        work.put(consent(1))
        work.block = 5
        work.put(consent(1, ended_at=50))
        work.put(consent(1, ended_at=51))
        work.put(consent(2))
        work.put(Withdrawal(b"w" * 32, 1))
        work.block = None
        work.flush()
        images = work.connection.execute(sa.select(tables.undo).order_by(tables.undo.c.row_key)).all()
        assert [(row.block_number, row.table_name) for row in images] == [(5, "consents"), (5, "consents")]
        assert codec.from_plain(Consent, images[0].before) == consent(1)
        assert images[1].before is None


def test_a_pinned_database_refuses_another_chain_and_says_which_it_belongs_to(url: str) -> None:
    with Store(url) as store:
        store.pin(PINS)
        store.pin(PINS)
        with pytest.raises(ForeignStore, match="belongs to chain id 31337, but the configuration says 1"):
            store.pin({**PINS, "chain id": "1"})


def test_a_second_agent_is_kept_out(url: str) -> None:
    with Store(url) as store:
        store.lock()
        with pytest.raises(StoreInUse), Store(url) as second:
            second.lock()


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "agent.db").write_text("this is a letter and not a database, " * 100)
    with pytest.raises(StoreUnusable, match="is not an agent's database"):
        Store(f"sqlite:///{tmp_path}/agent.db")
    with pytest.raises(StoreUnusable, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}/missing/agent.db")


def test_rows_loaded_ahead_answer_as_the_database_would(url: str) -> None:
    with Store(url) as store, store.write() as work:
        work.put(consent(1))
        work.put(replace(consent(2), customer="0xF"))
        work.flush()
        work.prefetch_by(Consent, "customer", ["0xC", "0xF", "0x0"])
        work.put(consent(3))
        work.put(replace(consent(1), customer="0xF"))
        found = {
            name: [row.key[0][-1] for row in work.find(Consent, customer=name)]
            for name in ("0xC", "0xF", "0x0")
        }
        assert found == {"0xC": [3], "0xF": [1, 2], "0x0": []}
        work.flush()
        assert [row.key[0][-1] for row in work.find(Consent, customer="0xF", ended_at=0)] == [1, 2]
