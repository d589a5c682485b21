# SPDX-License-Identifier: Apache-2.0
"""Effects that cannot be carried out now: told of once, out of the way, given up only for good reason."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from faircart.agent import log, spells
from faircart.agent.chain_reader import ChainReader
from faircart.agent.spells import Patience, Spells
from faircart.agent.tools import Tools
from faircart.agent.work import calls, runner
from faircart.agent.work.done import Done, NotYet
from faircart.agent.work.pending import Pending
from faircart.agent.work.runner import Runner
from faircart.agent.work.sending import Sender
from faircart.ethereum.errors import NodeUnreachable, Reverted
from faircart.ethereum.node import Receipt
from faircart.store import Effect, EffectRow
from faircart.store import tables as t
from faircart.store.records import Exchange, Withdrawal

from tests.support.agents import ETHER, Ethereum
from tests.unit.agent.world import CONSENT_ID, CUSTOMER, EXCHANGE


def add(tools: Tools, name: str, kind: str, lane: str, body: dict[str, Any] | None = None) -> EffectRow:
    with tools.store.write() as work:
        work.add([Effect(name, lane, kind, body or {})])
        work.flush()
        row = work.outbox.get(name)
    assert row is not None
    return row


def row_of(tools: Tools, name: str) -> EffectRow:
    with tools.store.read() as work:
        row = work.outbox.get(name)
    assert row is not None
    return row


def later(tools: Tools) -> None:
    """The time in which everything that was put off is due again."""
    tools.clock.saw(tools.clock.now() + 60)


def told(capsys: pytest.CaptureFixture[str], event: str) -> int:
    return sum(f"event={event} " in line for line in capsys.readouterr().err.splitlines())


def test_an_account_without_ether_is_told_of_once_and_once_when_it_has_some(
    tools: Tools, ethereum: Ethereum, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log.setup("text", "test")
    monkeypatch.setattr(spells, "QUIET_SECONDS", 0)
    ethereum.give(tools.ctx.address, 1000)
    add(tools, "1/fund", "fund", "ethereum", {"exchange": ""})
    lane = Runner(tools, "ethereum")
    for number in range(6):
        ethereum.give(tools.ctx.address, 1000 + number)  # another number in each message
        lane.step()
        lane.step()  # nothing is due in between, which is no sign of ether
        later(tools)
    assert told(capsys, "away") == 1
    assert row_of(tools, "1/fund").attempts == 0
    ethereum.give(tools.ctx.address, ETHER)
    lane.step()
    lane.step()
    assert told(capsys, "back") == 1
    assert row_of(tools, "1/fund").state == "running"


def test_effects_that_wait_for_others_do_not_hold_up_one_that_can_be_carried_out(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blocked(_tools: Tools, _effect: EffectRow) -> Done:
        raise NotYet("no permission yet", 0.1)

    monkeypatch.setitem(runner.WORKERS, "blocked", blocked)
    monkeypatch.setitem(runner.WORKERS, "possible", lambda *_: Done())
    lane = Runner(tools, "streams")
    for number in range(250):
        add(tools, f"1/{number:03d}", "blocked", "streams")
    for _ in range(3):
        lane.step()
    add(tools, "2/possible", "possible", "streams")
    for _ in range(3):
        later(tools)
        lane.step()
    assert row_of(tools, "2/possible").state == "done"


def test_an_outcome_that_cannot_be_stored_is_parked_and_the_lane_goes_on(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = Done(keep=(("data", "same", b"1"), ("data", "same", b"2")))
    monkeypatch.setitem(runner.WORKERS, "broken", lambda *_: twice)
    monkeypatch.setitem(runner.WORKERS, "sound", lambda *_: Done())
    tools = replace(
        tools,
        config=tools.config.model_copy(
            update={"agent": tools.config.agent.model_copy(update={"max_attempts": 1})}
        ),
    )
    add(tools, "1/broken", "broken", "local")
    add(tools, "2/sound", "sound", "local")
    Runner(tools, "local").step()
    assert row_of(tools, "1/broken").state == "parked"
    assert row_of(tools, "2/sound").state == "done"


def test_a_node_that_fails_in_every_other_call_is_one_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup("text", "test")
    now = [0.0]
    told_of = Spells("ethereum", clock=lambda: now[0])
    for second in range(20):
        now[0] = second
        told_of.begins(NodeUnreachable(f"not in time, for the {second}th time"))
        told_of.ends()
    now[0] += spells.QUIET_SECONDS
    told_of.ends()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("event=")[1].split()[0] for line in lines] == ["away", "back"]


def test_pauses_grow_for_one_that_waits_long_and_begin_anew_once_it_got_through() -> None:
    patience = Patience()
    pauses = [patience.pause("a", 1, 15) for _ in range(10)]
    assert pauses == [1, 1, 1, 1, 1, 2, 4, 8, 15, 15]
    assert patience.pause("b", 60, 15) == 60
    patience.forget("a")
    assert patience.pause("a", 1, 15) == 1


# --- refusals of the contracts ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(calls.LATER))
def test_what_a_contract_does_not_take_yet_waits_and_is_never_parked(tools: Tools, name: str) -> None:
    effect = add(tools, "1/x", "settle", "ethereum", {"exchange": EXCHANGE.hex()})
    with pytest.raises(NotYet):
        calls.refused(tools, effect, Reverted("x", name, {}))


@pytest.mark.parametrize("name", sorted(calls.OVER))
def test_what_a_contract_can_never_take_again_is_given_up(tools: Tools, name: str) -> None:
    effect = add(tools, "1/x", "settle", "ethereum", {"exchange": EXCHANGE.hex()})
    assert calls.refused(tools, effect, Reverted("x", name, {})).result == {"moot": calls.OVER[name]}


def test_the_refusals_that_the_agent_knows_are_errors_of_the_contracts(tools: Tools) -> None:
    found = {
        entry["name"]
        for deployment in tools.contracts.deployments.values()
        for entry in deployment.abi
        if entry["type"] == "error"
    }
    assert {*calls.LATER, *calls.OVER} <= found


def test_a_transaction_that_reverts_again_and_again_is_parked_before_it_costs_a_fortune(tools: Tools) -> None:
    effect = add(tools, "1/fund", "fund", "ethereum", {"exchange": ""})
    ChainReader(tools).step()
    first = tools.ethereum.head(0)
    assert first is not None
    sender, mined = Sender(tools), Receipt(bytes(32), False, 0, first.hash, 1)
    for number in range(tools.config.agent.max_attempts):
        assert row_of(tools, "1/fund").state != "parked", f"after {number} reverts"
        with tools.store.write() as work:
            work.outbox.begin(effect.effect_id)
        sender._finish(Pending(number, effect.effect_id, [], b"", 1, 1, 0, 0, 0, "sent"), mined)
    assert row_of(tools, "1/fund").state == "parked"


# --- the disclosure of a key ------------------------------------------------------------------------------


def test_a_withdrawal_that_comes_after_the_last_look_and_before_the_key_is_sent_still_stops_it(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect = add(
        tools, f"1/DataExchange/{EXCHANGE.hex()}/deliver", "deliver", "ethereum", {"exchange": EXCHANGE.hex()}
    )
    ours = tools.ctx.address
    exchange = Exchange(
        EXCHANGE, CONSENT_ID, CUSTOMER.address, ours, ours, 1, 1, 1, 1, "Open", 1, 2, 0, 0, bytes(32), 0,
        bytes(32),
    )  # fmt: skip
    with tools.store.write() as work:
        work.put(exchange)
    sender = Sender(tools)
    transaction = Pending(0, effect.effect_id, ["aa"], b"raw", 1, 1, 0, 0, 0, "signed")
    sent: list[bytes] = []
    monkeypatch.setattr(tools.ethereum, "send_raw", sent.append)

    def looked(_transaction: Pending) -> bool:
        assert not tools.disclosing.locked()  # a withdrawal has not to wait for the nodes' answers
        with tools.disclosing, tools.store.write() as work:  # as the API takes it
            work.put(Withdrawal(CONSENT_ID, 1))
        return False

    monkeypatch.setattr(sender, "_is_unwanted", looked)
    sender._broadcast(transaction, 1)
    assert sent == []

    with tools.store.write() as work:
        work.connection.execute(sa.delete(t.withdrawals))
    monkeypatch.setattr(sender, "_is_unwanted", lambda _: False)
    sender._broadcast(transaction, 1)
    assert sent == [b"raw"]
