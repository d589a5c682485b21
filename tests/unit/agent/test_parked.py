# SPDX-License-Identifier: Apache-2.0
"""What was set aside is listed, given back or given up by the name that the list says."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from faircart.cli import main
from faircart.store import Effect, Store
from faircart.store import tables as t

from tests.support.tools import CONFIG

HASH = "ab" * 32


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An agent's folder whose database holds a parked effect, event and item."""
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(url="http://127.0.0.1:1"))
    event = {
        **{"block_number": 7, "log_index": 1, "block_hash": bytes.fromhex(HASH), "transaction": bytes(32)},
        **{"name": "?", "subject": bytes(32), "body": {}, "state": "parked", "error": "odd"},
    }
    item = {
        "stream": "requests",
        "txid": HASH,
        "vout": 0,
        "publisher": "1x",
        "state": "parked",
        "error": "odd",
    }
    with Store(f"sqlite:///{tmp_path}/agent.db") as store, store.write() as work:
        work.add([Effect("1/effect", "local", "propose")])
        work.flush()
        work.outbox.park("1/effect", "odd")
        work.upsert(t.events, [event])
        work.upsert(t.stream_items, [item])
    return path


def parked(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["agent", "parked", "-c", str(config), *arguments])


def states(config: Path) -> list[str]:
    with Store(f"sqlite:///{config.parent}/agent.db") as store, store.read() as work:
        return [
            work.connection.execute(sa.select(table.c.state)).scalar_one()
            for table in (t.effects, t.events, t.stream_items)
        ]


NAMES = ["1/effect", f"7:1:{HASH}", f"requests:{HASH}:0"]


def test_all_that_is_parked_is_listed_for_people_and_programs(config: Path) -> None:
    assert [entry["id"] for entry in json.loads(parked(config, "--json").stdout)] == NAMES
    assert [line.split("\t")[1] for line in parked(config).stdout.splitlines()] == NAMES


def test_each_is_given_back_by_its_name(config: Path) -> None:
    for name in NAMES:
        assert parked(config, "retry", name).exit_code == 0
    assert states(config) == ["running", "retry", "awaiting"]
    assert json.loads(parked(config, "--json").stdout) == []


def test_each_is_given_up_by_its_name(config: Path) -> None:
    for name in NAMES:
        assert parked(config, "drop", name).exit_code == 0
    assert states(config) == ["dropped"] * 3


@pytest.mark.parametrize(
    "name", ["foo", "1:x:y", "7:1:zz", f"7:2:{HASH}", f"requests:{HASH}:x", "::", "²:1:1"]
)
def test_a_name_that_the_list_does_not_say_is_one_clear_sentence(config: Path, name: str) -> None:
    for decision in ("retry", "drop"):
        done = parked(config, decision, name)
        assert done.exit_code == 1
        assert isinstance(done.exception, SystemExit)
        assert f"Nothing is parked under {name}" in done.output
    assert states(config) == ["parked"] * 3
