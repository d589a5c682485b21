# SPDX-License-Identifier: Apache-2.0
"""Transactions: several in flight, stored before they are sent, replaced when stuck, never sent twice."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from faircart.agent.chain_reader import ChainReader
from faircart.agent.steps import watch
from faircart.agent.tools import Tools
from faircart.agent.work.sending import BUMP_BLOCKS, REFUSALS, Sender
from faircart.ethereum.errors import InsufficientBalance, NodeRefused, NodeUnreachable
from faircart.ethereum.transactions import Call, Fees, sign
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

    wait_for(followed, f"{effect.effect_id} to be {state}")


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


def die_before_broadcasting(sender: Sender, effect: EffectRow) -> None:
    def die(label: str) -> None:
        if label == "transaction.stored":
            raise Killed

    watch(die)
    try:
        with pytest.raises(Killed):
            sender.send(effect)
    finally:
        watch(None)


def spoil(tools: Tools) -> None:
    """The stored transaction has so little gas now that every node refuses it."""
    with tools.store.write() as work:
        ((stored,),) = work.connection.execute(sa.select(t.transactions.c.raw))
        call = replace(Call.of_raw(stored), gas=10_000)
        signed = sign(tools.account, tools.ctx.chain_id, 0, call, Fees(10**10, 10**9))
        values = {"raw": signed.raw, "hashes": [signed.hash.hex()]}
        work.connection.execute(sa.update(t.transactions).values(**values))


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
    effect = fund(tools, 1)
    die_before_broadcasting(Sender(tools), effect)
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


def dearer(ethereum: Ethereum, blocks: int) -> None:
    """Blocks whose base fee is beyond what any of our transactions pays."""
    for _ in range(blocks):
        ethereum.rpc("anvil_setNextBlockBaseFeePerGas", hex(400 * 10**9))
        ethereum.rpc("evm_mine")


def wait_long(tools: Tools) -> None:
    """As if all that is not mined had been sent long ago."""
    with tools.store.write() as work:
        work.connection.execute(sa.update(t.transactions).values(sent_at=tools.clock.now() - 1000))


@pytest.fixture
def by_hand(ethereum: Ethereum) -> Iterator[None]:
    """Blocks come only when a test mines them."""
    ethereum.rpc("evm_setAutomine", False)
    yield
    ethereum.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    ethereum.rpc("evm_mine")
    ethereum.rpc("evm_setAutomine", True)


@pytest.mark.usefixtures("by_hand")
def test_a_transaction_without_which_blocks_go_on_is_replaced_at_a_higher_price_under_its_nonce(
    tools: Tools, ethereum: Ethereum
) -> None:
    effect, sender = fund(tools, 1), Sender(tools)
    sender.send(effect)
    wait_long(tools)
    sender.follow()
    dearer(ethereum, BUMP_BLOCKS)
    sender.follow()
    assert transactions(tools) == [(0, "sent", 2)]
    ethereum.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    ethereum.rpc("evm_mine")
    follow_until(tools, sender, effect, "done")
    assert transactions(tools) == [(0, "mined", 2)]


@pytest.mark.usefixtures("by_hand")
def test_a_head_that_stands_still_makes_no_transaction_dearer(tools: Tools) -> None:
    sender = Sender(tools)
    sender.send(fund(tools, 1))
    for _ in range(10):
        wait_long(tools)
        sender.follow()
    assert transactions(tools) == [(0, "sent", 1)]


@pytest.mark.usefixtures("by_hand")
def test_what_waits_behind_another_transaction_is_not_made_dearer(tools: Tools, ethereum: Ethereum) -> None:
    sender = Sender(tools)
    for number in range(2):
        sender.send(fund(tools, number))
    wait_long(tools)
    sender.follow()
    dearer(ethereum, BUMP_BLOCKS)
    sender.follow()
    assert transactions(tools) == [(0, "sent", 2), (1, "sent", 1)]


def test_a_transaction_that_the_node_refuses_for_good_is_parked_and_holds_up_no_other(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faircart.agent.work.sending.REBROADCAST_SECONDS", 0)
    refused, behind, sender = fund(tools, 1), fund(tools, 2), Sender(tools)
    die_before_broadcasting(sender, refused)
    spoil(tools)
    sender.send(behind)
    follow_until(tools, sender, behind, "done")
    assert transactions(tools) == [(0, "mined", 2), (1, "mined", 1)]
    with tools.store.read() as work:
        row = work.outbox.get(refused.effect_id)
    assert row is not None
    assert row.state == "parked"
    assert "gas" in row.error
    assert standing(tools) == tools.ctx.custodian.standing_balance_wei


def test_a_transaction_that_is_only_too_cheap_is_not_given_up(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_raw: bytes) -> None:
        raise NodeRefused("url", "eth_sendRawTransaction", -32000, "transaction underpriced")

    monkeypatch.setattr("faircart.agent.work.sending.REBROADCAST_SECONDS", 0)
    effect, sender = fund(tools, 1), Sender(tools)
    with monkeypatch.context() as refusing:
        refusing.setattr(tools.ethereum, "send_raw", refuse)
        sender.send(effect)
        for _ in range(2 * REFUSALS):
            sender.follow()
    follow_until(tools, sender, effect, "done")
    assert transactions(tools) == [(0, "mined", 1)]


def test_one_nonsense_answer_for_the_nonce_signs_nothing(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonce, answers = tools.ethereum.nonce, [10**9]
    monkeypatch.setattr(tools.ethereum, "nonce", lambda *asked: answers.pop() if answers else nonce(*asked))
    effect, sender = fund(tools, 1), Sender(tools)
    with pytest.raises(NodeUnreachable, match="about the nonce"):
        sender.send(effect)
    assert transactions(tools) == []
    sender.send(effect)
    follow_until(tools, sender, effect, "done")
    assert transactions(tools) == [(0, "mined", 1)]


def test_an_account_that_was_used_before_goes_on_at_its_next_nonce(tools: Tools) -> None:
    used = tools.account.sign_transaction(
        {"chainId": 31337, "nonce": 0, "to": tools.ctx.address, "value": 0, "gas": 21000, "gasPrice": 10**10}
    )
    tools.ethereum.send_raw(bytes(used.raw_transaction))
    wait_for(lambda: tools.ethereum.nonce(tools.ctx.address) == 1, "the other transaction to be mined")
    effect, sender = fund(tools, 1), Sender(tools)
    sender.send(effect)
    follow_until(tools, sender, effect, "done")
    assert transactions(tools) == [(1, "mined", 1)]


def test_transactions_above_nonces_that_nobody_uses_are_decided_anew_at_the_right_one(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect, sender = fund(tools, 1), Sender(tools)
    with monkeypatch.context() as lying:
        lying.setattr(tools.ethereum, "nonce", lambda *_: 10**9)
        sender.send(effect)
    assert transactions(tools) == [(10**9, "sent", 1)]
    sender.follow()
    assert transactions(tools) == [(10**9, "sent", 1)]  # the node may only lag
    monkeypatch.setattr("faircart.agent.work.nonces.GAP_SECONDS", 0)
    sender.follow()
    assert transactions(tools) == []
    assert state_of(tools, effect) == "waiting"
    sender.send(effect)
    follow_until(tools, sender, effect, "done")
    assert transactions(tools) == [(0, "mined", 1)]


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
