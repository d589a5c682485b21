# SPDX-License-Identifier: Apache-2.0
"""A shop's agent and its orders: what was not shipped goes back, what a buyer releases is relayed."""

from dataclasses import replace
from itertools import count

import pytest
import sqlalchemy as sa
from eth_account import Account
from eth_account.signers.local import LocalAccount
from faircart import papers
from faircart.agent import effects
from faircart.agent.chain_reader import ChainReader
from faircart.agent.tools import Tools
from faircart.agent.work import relaying
from faircart.agent.work.calls import decide
from faircart.agent.work.done import NotYet, moot
from faircart.agent.work.sending import BUMP_BLOCKS, Sender
from faircart.ethereum.transactions import Call
from faircart.store import EffectRow
from faircart.store import tables as t
from faircart.store.records import Paper

from tests.support.agents import ETHER, Ethereum, wait_for

AMOUNT = 10**16
SHIP_WITHIN = 3600
_salts = count(1)


def send(ethereum: Ethereum, call: object, account: LocalAccount, value: int = 0) -> None:
    """An account's own transaction, mined."""
    w3 = ethereum.w3
    fields = call.build_transaction(  # type: ignore[attr-defined]
        {
            "from": account.address,
            "nonce": w3.eth.get_transaction_count(account.address),
            "value": value,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 0,
        }
    )
    ethereum.mined(w3.eth.send_raw_transaction(account.sign_transaction(fields).raw_transaction))


class Purchase:
    """One order that a buyer has paid, and whose quote the shop's agent holds."""

    def __init__(self, tools: Tools, ethereum: Ethereum) -> None:
        self.tools, self.ethereum = tools, ethereum
        self.escrow = ethereum.contracts["CheckoutEscrow"]
        self.buyer: LocalAccount = Account.create()
        ethereum.give(self.buyer.address, ETHER)
        self.order = papers.Order(
            seller=tools.ctx.address,
            buyer=self.buyer.address,
            arbiter=ethereum.rich,
            amount=AMOUNT,
            order_hash=bytes(32),
            valid_until=ethereum.w3.eth.get_block("latest")["timestamp"] + 3600,
            ship_within=SHIP_WITHIN,
            confirm_within=3600,
            arbitration_within=3600,
            salt=next(_salts),
        )
        domain = tools.ctx.domain("CheckoutEscrow")
        self.id = self.order.digest(domain)
        signature = papers.sign(self.order, domain, bytes(tools.account.key))
        send(ethereum, self.escrow.functions.checkout([self.order.abi()], [signature]), self.buyer, AMOUNT)
        with tools.store.write() as work:
            work.put(Paper(self.id, "order", tools.ctx.address, self.order.to_json(), signature, 0))
        read(tools)

    def effect(self, transition: str) -> EffectRow:
        """What the agent has to do for this order."""
        with self.tools.store.read() as work:
            row = work.outbox.get(effects.order_call(self.tools.ctx, self.id, transition).effect_id)
        assert row is not None
        return row

    def release(self) -> EffectRow:
        """The buyer lets the money go, by signature."""
        domain = self.tools.ctx.domain("CheckoutEscrow")
        paper = papers.Settlement(self.id, 0, 2**32)
        digest, signature = paper.digest(domain), papers.sign(paper, domain, bytes(self.buyer.key))
        with self.tools.store.write() as work:
            work.put(Paper(digest, "settlement", self.buyer.address, paper.to_json(), signature, 0))
            work.add([effects.order_call(self.tools.ctx, self.id, "settleOrder", paper=digest)])
        return self.effect("settleOrder")

    def events(self) -> list[str]:
        """What the escrow says of this order."""
        found = self.ethereum.events("CheckoutEscrow")
        return [name for name, values in found if values.get("orderId", values.get("id")) == self.id]


def read(tools: Tools) -> None:
    """The agent reads the chain to its end."""
    reader = ChainReader(tools)
    while reader.step():
        pass


def wait_until_mined(tools: Tools, sender: Sender, effect: EffectRow) -> None:
    def done() -> bool:
        read(tools)
        sender.follow()
        with tools.store.read() as work:
            row = work.outbox.get(effect.effect_id)
        return row is not None and row.state == "done"

    wait_for(done, f"{effect.effect_id} to be done", 60)


def later(ethereum: Ethereum, seconds: int) -> None:
    ethereum.rpc("evm_increaseTime", seconds)
    ethereum.rpc("evm_mine")


def test_what_was_not_shipped_in_time_is_refunded_by_the_shop(tools: Tools, ethereum: Ethereum) -> None:
    purchase, sender = Purchase(tools, ethereum), Sender(tools)
    refund = purchase.effect("refund")
    _, ship_by = purchase.escrow.functions.stateOf(purchase.id).call()
    assert refund.not_before == ship_by + 1
    later(ethereum, SHIP_WITHIN + 1)
    read(tools)
    before = ethereum.w3.eth.get_balance(purchase.buyer.address)
    assert sender.send(refund) is None
    wait_until_mined(tools, sender, refund)
    assert purchase.events() == ["Funded", "Refunded"]
    assert ethereum.w3.eth.get_balance(purchase.buyer.address) == before + AMOUNT


def test_what_was_shipped_in_the_last_moment_and_is_not_read_yet_is_not_refunded(
    tools: Tools, ethereum: Ethereum
) -> None:
    purchase = Purchase(tools, ethereum)
    send(ethereum, purchase.escrow.functions.ship(purchase.order.abi()), tools.account)
    later(ethereum, SHIP_WITHIN + 1)
    with pytest.raises(NotYet, match="the end of the ship window is not confirmed yet"):
        decide(tools, purchase.effect("refund"))
    read(tools)
    assert decide(tools, purchase.effect("refund")) == moot("it is not funded")
    assert purchase.events() == ["Funded", "Shipped"]


def test_a_settlement_counts_in_what_a_day_of_relaying_may_cost(tools: Tools, ethereum: Ethereum) -> None:
    settlement = Purchase(tools, ethereum).release()
    section = tools.config.ethereum.model_copy(update={"gas_budget_per_day_wei": 1})
    poor = replace(tools, config=tools.config.model_copy(update={"ethereum": section}))
    with pytest.raises(relaying.BudgetSpent):
        Sender(poor).send(settlement)
    sender = Sender(tools)
    assert sender.send(settlement) is None
    wait_until_mined(tools, sender, settlement)
    with tools.store.read() as work:
        [paid] = work.connection.execute(sa.select(t.transactions)).all()
        assert relaying.spent(work, tools.clock.now()) == paid.cost
    receipt = ethereum.w3.eth.get_transaction_receipt(bytes.fromhex(paid.hashes[0]))  # type: ignore[arg-type]
    assert paid.cost == receipt["gasUsed"] * receipt["effectiveGasPrice"]


def test_a_dearer_replacement_counts_with_its_own_price(tools: Tools, ethereum: Ethereum) -> None:
    settlement = Purchase(tools, ethereum).release()
    ethereum.rpc("evm_setAutomine", False)
    try:
        sender = Sender(tools)
        sender.send(settlement)
        with tools.store.write() as work:
            work.connection.execute(sa.update(t.transactions).values(sent_at=tools.clock.now() - 1000))
        sender.follow()
        for _ in range(BUMP_BLOCKS):
            ethereum.rpc("anvil_setNextBlockBaseFeePerGas", hex(400 * 10**9))
            ethereum.rpc("evm_mine")
        sender.follow()
        with tools.store.read() as work:
            [row] = work.connection.execute(sa.select(t.transactions)).all()
            used = relaying.spent(work, tools.clock.now())
    finally:
        ethereum.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
        ethereum.rpc("evm_mine")
        ethereum.rpc("evm_setAutomine", True)
    assert len(row.hashes) == 2
    assert used == Call.of_raw(row.raw).gas * row.max_fee
    assert row.max_fee > 400 * 10**9
