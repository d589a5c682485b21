"""The stand-in answers as a real node did, request by request."""

import pytest
from faircart.standin.service import StandIn

from tests.unit.streams.conftest import BY_HAND
from tests.unit.streams.replay import PREPARE, SESSION, SHOP_RULES, Outcome, Replay, recorded

ENTRIES = [(number, entry) for prefix in SESSION for number, entry in recorded(prefix)]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The whole session, played once in the recorded order."""
    played = {}
    folder = tmp_path_factory.mktemp("conformance")
    with StandIn(folder, 2, chain_name="shop", delays=BY_HAND, rules=SHOP_RULES) as standin:
        replay = Replay(standin)
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
