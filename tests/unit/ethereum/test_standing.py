# SPDX-License-Identifier: Apache-2.0
"""What lies in the exchange contract pays for openings before the account does."""

from dataclasses import replace
from itertools import count

import pytest
from eth_account import Account
from faircart.agent import effects
from faircart.agent.tools import Tools
from faircart.agent.work import standing
from faircart.agent.work.sending import Sender
from faircart.store import EffectRow
from faircart.store.records import Exchange, Offer

from tests.support.agents import ETHER, Ethereum, wait_for
from tests.support.market import Deal, Market, Person, person
from tests.unit.ethereum.test_orders import send

_numbers = count(1)
HOUR = 3600


@pytest.fixture
def consumer(tools: Tools) -> Tools:
    """The tools of an agent that only buys."""
    return replace(tools, ctx=replace(tools.ctx, is_custodian=False, is_consumer=True))


def put_in(ethereum: Ethereum, tools: Tools, wei: int) -> None:
    """The account's own money lies in the contract, as deposits that came back do."""
    send(ethereum, ethereum.contracts["DataExchange"].functions.fund(), tools.account, wei)


class Sales:
    """A shop that offers, for one consumer's agent."""

    def __init__(self, tools: Tools, ethereum: Ethereum) -> None:
        self.tools, self.ethereum = tools, ethereum
        self.shop, customer = person("shop"), person("customer")
        us = Person(bytes(tools.account.key), tools.ctx.address)
        domains = (tools.ctx.domain("ConsentRegistry"), tools.ctx.domain("DataExchange"))
        self.market = Market(*domains, customer, us, self.shop)

    def deal(self) -> Deal:
        """A customer has consented, the shop has the deposit ready and offers."""
        now = self.ethereum.w3.eth.get_block("latest")["timestamp"]
        deal = self.market.deal(now, number=next(_numbers))
        shop = Account.from_key(self.shop.key)
        self.ethereum.give(self.shop.address, 10 * ETHER)
        functions = self.ethereum.contracts["DataExchange"].functions
        send(self.ethereum, functions.fund(), shop, deal.offer.terms.custodian_deposit)
        grant = self.ethereum.contracts["ConsentRegistry"].functions.grantFor(
            deal.consent.abi(), self.market.consent_signature(deal)
        )
        send(self.ethereum, grant, shop)
        return deal

    def accepted(self, deal: Deal) -> EffectRow:
        """The agent has accepted the offer and is to open it."""
        offer, ctx = deal.offer, self.tools.ctx
        row = Offer(
            deal.exchange_id, deal.consent_id, bytes(32), 0, offer.customer, ctx.address, self.shop.address,
            deal.consent.data_root, offer.reward, offer.to_json(), deal.consent.to_json(),
            deal.offer_signature, "items", "key", "orders", offer.terms.valid_until, "Accepted", "",
        )  # fmt: skip
        opening = effects.exchange_call(ctx, deal.exchange_id, "open")
        with self.tools.store.write() as work:
            work.put(row)
            work.add([opening])
            work.flush()
            found = work.outbox.get(opening.effect_id)
        assert found is not None
        return found

    def events(self, deal: Deal) -> list[tuple[str, int]]:
        """What was drawn or paid in by the transaction that opened a deal: name and amount."""
        contract = self.ethereum.contracts["DataExchange"]
        filters = {"exchangeId": deal.exchange_id}

        def opened() -> object:
            return contract.events.Opened().get_logs(from_block=0, argument_filters=filters)

        [log] = wait_for(opened, "the opening", 60)
        found = []
        for kind in (contract.events.Drawn(), contract.events.Funded()):
            for entry in kind.get_logs(from_block=log["blockNumber"], to_block=log["blockNumber"]):
                found.append((entry["event"], entry["args"]["amount"]))
        return found


def exchange(tools: Tools, **changes: object) -> Exchange:
    """An exchange of ours in which 19 wei could come back."""
    row = Exchange(
        b"\x0e" * 32, bytes(32), tools.ctx.address, tools.ctx.address, person("shop").address, 10, 2, 3, 4,
        "Settled", tools.clock.now() - 3 * HOUR, 0, 0, 0, bytes(32), tools.clock.now() - 2 * HOUR, bytes(32),
    )  # fmt: skip
    return replace(row, **changes)  # type: ignore[arg-type]


def test_an_opening_is_paid_from_what_lies_in_the_contract_and_the_account_gives_the_rest(
    consumer: Tools, ethereum: Ethereum
) -> None:
    sales, sender = Sales(consumer, ethereum), Sender(consumer)
    deal = sales.deal()
    put_in(ethereum, consumer, deal.consumer_pays - 7)
    assert sender.send(sales.accepted(deal)) is None
    assert sales.events(deal) == [("Drawn", deal.consumer_pays - 7)]
    assert ethereum.contracts["DataExchange"].functions.balanceOf(consumer.ctx.address).call() == 0


def test_an_opening_takes_nothing_from_the_account_if_enough_lies_in_the_contract(
    consumer: Tools, ethereum: Ethereum
) -> None:
    sales, sender = Sales(consumer, ethereum), Sender(consumer)
    deal = sales.deal()
    put_in(ethereum, consumer, deal.consumer_pays + 7)
    assert sender.send(sales.accepted(deal)) is None
    assert sales.events(deal) == [("Drawn", deal.consumer_pays)]
    assert ethereum.contracts["DataExchange"].functions.balanceOf(consumer.ctx.address).call() == 7


def test_two_openings_at_once_do_not_count_on_the_same_money(consumer: Tools, ethereum: Ethereum) -> None:
    sales, sender = Sales(consumer, ethereum), Sender(consumer)
    first, second = sales.deal(), sales.deal()
    put_in(ethereum, consumer, first.consumer_pays + 7)
    ethereum.rpc("evm_setAutomine", False)
    try:
        assert sender.send(sales.accepted(first)) is None
        assert sender.send(sales.accepted(second)) is None
    finally:
        ethereum.rpc("evm_mine")
        ethereum.rpc("evm_setAutomine", True)
    # Both stand in this block, and only one of them drew.
    assert sales.events(second) == sales.events(first) == [("Drawn", first.consumer_pays)]


def test_what_may_have_come_back_within_the_last_hour_is_left_alone(
    consumer: Tools, ethereum: Ethereum
) -> None:
    put_in(ethereum, consumer, 100)
    assert standing.missing(consumer, 1000) == 900
    now = consumer.clock.now()
    for closed, rest in ((now - 2 * HOUR, 900), (now - HOUR // 2, 919), (0, 919)):
        with consumer.store.write() as work:
            work.put(exchange(consumer, closed_at=closed))
        assert standing.missing(consumer, 1000) == rest, closed


def test_an_agent_that_also_sells_keeps_what_its_own_offers_need(tools: Tools, ethereum: Ethereum) -> None:
    kept = tools.ctx.custodian.standing_balance_wei
    put_in(ethereum, tools, kept + 100)
    assert standing.missing(tools, 1000) == 900
