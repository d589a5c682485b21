# SPDX-License-Identifier: Apache-2.0
"""The stand-in answers as a real node did, request by request."""

import re
from pathlib import Path

import pytest
from faircart import standin
from faircart.standin.registry import ENTERPRISE, METHODS
from faircart.standin.service import StandIn

from tests.unit.streams.conftest import BY_HAND
from tests.unit.streams.replay import PREPARE, SESSION, SHOP_RULES, Outcome, Replay, recorded

ENTRIES = [(number, entry) for prefix in SESSION for number, entry in recorded(prefix)]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The whole session, played once in the recorded order."""
    played = {}
    folder = tmp_path_factory.mktemp("conformance")
    with StandIn(folder, 2, chain_name="shop", delays=BY_HAND, rules=SHOP_RULES) as running:
        replay = Replay(running)
        for number, entry in ENTRIES:
            if number in PREPARE:
                PREPARE[number](replay)
            if entry["http_status"] is not None:
                played[number] = replay.play(entry, number)
    return played


@pytest.mark.parametrize("number", [number for number, entry in ENTRIES if entry["http_status"] is not None])
def test_the_stand_in_answers_as_recorded(outcomes: dict[str, Outcome], number: str) -> None:
    outcome = outcomes[number]
    assert outcome.problems == [], f"{number} {outcome.method}"


def test_what_a_stand_in_does_not_support_is_rare_in_the_recordings(outcomes: dict[str, Outcome]) -> None:
    unsupported = {outcome.method for outcome in outcomes.values() if not outcome.supported}
    assert unsupported == {
        "approvefrom",
        "combineunspent",
        "dumpprivkey",
        "explorerlisttransactions",
        "getaddresstransaction",
        "getblock",
        "getchaintotals",
        "getmempoolinfo",
        "getmultibalances",
        "getnetworkinfo",
        "getrawtransaction",
        "gettotalbalances",
        "getwalletinfo",
        "getwallettransaction",
        "listaddresstransactions",
        "listminers",
        "listunspent",
    }
    assert sum(outcome.supported for outcome in outcomes.values()) == 469


def test_the_documentation_lists_exactly_the_supported_methods() -> None:
    text = (Path(standin.__file__).parent / "README.md").read_text()
    supported = text.split("## What it supports")[1].split("The Enterprise calls")[0]
    refused = text.split("The Enterprise calls (")[1].split(")")[0]
    assert re.findall(r"`(\w+)`", supported) == sorted(METHODS)
    assert re.findall(r"`(\w+)`", refused) == sorted(ENTERPRISE)


def test_any_other_method_is_not_found(tmp_path: Path) -> None:
    with StandIn(tmp_path, delays=BY_HAND) as running:
        reply = Replay(running).send("node1", b'{"method":"getrawtransaction","params":["00"],"id":5}')
    wanted = {"result": None, "error": {"code": -32601, "message": "Method not found"}, "id": 5}
    assert (reply.status, reply.json()) == (404, wanted)
