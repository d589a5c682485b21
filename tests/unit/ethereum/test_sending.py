# SPDX-License-Identifier: Apache-2.0
"""Transactions: several in flight, stored before they are sent, replaced when stuck, never sent twice."""

import pytest
import sqlalchemy as sa
from faircart.agent.chain_reader import ChainReader
from faircart.agent.steps import watch
from faircart.agent.tools import Tools
from faircart.agent.work.sending import Sender
from faircart.ethereum.errors import InsufficientBalance
from faircart.store import Effect, EffectRow
from faircart.store import tables as t

from tests.support.agents import ETHER, Ethereum, wait_for


class Killed(BaseException):
    """Stands for a process that ends here."""


def fund(tools: Tools, number: int) -> EffectRow:
    """An effect that pays 1 wei more into our standing balance than there is."""
    name = f"31337/DataExchange/{number}/fund"
    with tools.store.write() as work:
        work.add([Effect(name, "ethereum", "fund", {"exchange": ""})])
        work.flush()
        row = work.outbox.get(name)
    assert row is not None
    return row


def follow_until(tools: Tools, sender: Sender, effect: EffectRow, state: str) -> None:
    """Follows until the effect is in that state: anvil answers a little before it has mined."""

    reader = ChainReader(tools)  # only what it has read counts as mined

    def followed() -> bool:
        reader.step()
        sender.follow()
        return state_of(tools, effect) == state

    wait_for(followed, f"{effect.effect_id} to be {state}", 10)


def state_of(tools: Tools, effect: EffectRow) -> str:
    with tools.store.read() as work:
        row = work.outbox.get(effect.effect_id)
    assert row is not None
    return row.state


def transactions(tools: Tools) -> list[tuple[int, str, int]]:
    """Nonce, state and number of signatures of each stored transaction."""
    with tools.store.read() as work:
        rows = work.connection.execute(sa.select(t.transactions).order_by(t.transactions.c.nonce))
        return [(row.nonce, row.state, len(row.hashes)) for row in rows]


def standing(tools: Tools) -> int:
    return int(tools.contracts.view(tools.ethereum, "DataExchange", "balanceOf", tools.ctx.address))


def test_a_mined_transaction_finishes_its_effect(tools: Tools) -> None:
    effect, sender = fund(tools, 1), Sender(tools)
    assert sender.send(effect) is None
    assert state_of(tools, effect) == "running"
    follow_until(tools, sender, effect, "done")
    assert transactions(tools) == [(0, "mined", 1)]
    assert standing(tools) == tools.ctx.custodian.standing_balance_wei


def test_an_effect_that_is_not_wanted_any_more_sends_nothing(tools: Tools) -> None:
    sender = Sender(tools)
    first = fund(tools, 1)
    sender.send(first)
    follow_until(tools, sender, first, "done")
    done = sender.send(fund(tools, 2))
    assert done is not None
    assert done.result == {"moot": "the standing balance suffices"}
    assert len(transactions(tools)) == 1


def test_a_process_that_ends_before_broadcasting_sends_the_same_transaction_later(tools: Tools) -> None:
    def die(label: str) -> None:
        if label == "transaction.stored":
            raise Killed

    watch(die)
    effect = fund(tools, 1)
    try:
        with pytest.raises(Killed):
            Sender(tools).send(effect)
    finally:
        watch(None)
    assert transactions(tools) == [(0, "signed", 1)]
    assert standing(tools) == 0
    restarted = Sender(tools)
    follow_until(tools, restarted, effect, "done")
    assert tools.ethereum.nonce(tools.ctx.address) == 1


def test_a_process_that_ends_after_broadcasting_sends_nothing_twice(tools: Tools) -> None:
    effect = fund(tools, 1)
    Sender(tools).send(effect)
    with tools.store.write() as work:  # as if it had ended before it noted that the transaction was sent
        work.connection.execute(sa.update(t.transactions).values(state="signed", sent_at=0))
    restarted = Sender(tools)
    follow_until(tools, restarted, effect, "done")
    assert tools.ethereum.nonce(tools.ctx.address) == 1


def test_a_stuck_transaction_is_replaced_at_a_higher_price_under_its_nonce(
    tools: Tools, ethereum: Ethereum
) -> None:
    ethereum.rpc("evm_setAutomine", False)
    try:
        effect, sender = fund(tools, 1), Sender(tools)
        sender.send(effect)
        with tools.store.write() as work:
            work.connection.execute(sa.update(t.transactions).values(sent_at=tools.clock.now() - 100))
        sender.follow()
        assert transactions(tools) == [(0, "sent", 2)]
        ethereum.rpc("evm_mine")
        follow_until(tools, sender, effect, "done")
        assert transactions(tools) == [(0, "mined", 2)]
    finally:
        ethereum.rpc("evm_setAutomine", True)


def test_several_transactions_are_in_flight_at_once(tools: Tools, ethereum: Ethereum) -> None:
    ethereum.rpc("evm_setAutomine", False)
    try:
        sender = Sender(tools)
        effects = [fund(tools, number) for number in range(3)]
        for effect in effects:
            sender.send(effect)
        assert [nonce for nonce, _, _ in transactions(tools)] == [0, 1, 2]
        ethereum.rpc("evm_mine")
        for effect in effects:
            follow_until(tools, sender, effect, "done")
    finally:
        ethereum.rpc("evm_setAutomine", True)


def test_an_account_without_ether_is_one_clear_error_and_nothing_is_stored(
    tools: Tools, ethereum: Ethereum
) -> None:
    ethereum.give(tools.ctx.address, 1000)
    effect = fund(tools, 1)
    with pytest.raises(InsufficientBalance, match="send it ether"):
        Sender(tools).send(effect)
    assert transactions(tools) == []
    ethereum.give(tools.ctx.address, ETHER)
    Sender(tools).send(effect)
    assert transactions(tools) == [(0, "sent", 1)]


def test_a_nonce_that_something_else_used_is_given_up_and_the_effect_decided_anew(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faircart.agent.work.sending.SUPERSEDED_SECONDS", -1)
    ethereum.rpc("evm_setAutomine", False)
    effect, sender = fund(tools, 1), Sender(tools)
    sender.send(effect)
    ethereum.rpc("anvil_dropAllTransactions")
    ethereum.rpc("evm_setAutomine", True)
    other = tools.account.sign_transaction(
        {"chainId": 31337, "nonce": 0, "to": tools.ctx.address, "value": 0, "gas": 21000, "gasPrice": 10**10}
    )
    tools.ethereum.send_raw(bytes(other.raw_transaction))
    follow_until(tools, sender, effect, "waiting")
    assert transactions(tools) == [(0, "failed", 1)]
