# SPDX-License-Identifier: Apache-2.0
"""roles.tree"""

from dataclasses import replace

import pytest
from eth_account import Account

from tests.support.market import Person
from tests.support.trade import opened

pytestmark = pytest.mark.foundry


def _market(trade, **roles):
    return replace(trade.market, **roles)


def _honest(trade, market, exchange, consumer, custodian):
    """A whole exchange on the honest path; returns the deal and the last receipt."""
    deal = trade.deal(market)
    trade.grant(deal, market)
    trade.open(deal, sender=consumer)
    trade.deliver(deal, sender=custodian)
    return deal, exchange.confirm(*deal.papers, sender=consumer)


def test_given_a_customer_that_is_its_own_custodian__it_gets_reward_fee_and_deposit(
    trade, exchange, customer, consumer
):
    market = _market(trade, custodian=trade.market.customer)
    exchange.fund(sender=customer, value=10**17)
    books = trade.books()
    deal = trade.deal(market)
    terms, reward = deal.offer.terms, deal.offer.reward
    granted = trade.registry.grant(deal.consent.abi(), sender=customer)
    receipts = [
        granted,
        trade.open(deal),
        trade.deliver(deal, sender=customer),
        exchange.confirm(*deal.papers, sender=consumer),
    ]
    books.expect(
        *receipts,
        ether={
            customer: reward,
            consumer: -deal.consumer_pays,
            exchange: deal.consumer_pays - reward,
        },
        standing={customer: terms.fee, consumer: terms.consumer_deposit},
    )


def test_given_a_customer_that_is_its_own_custodian__it_loses_only_its_deposit_by_silence(
    trade, exchange, customer, consumer
):
    market = _market(trade, custodian=trade.market.customer)
    exchange.fund(sender=customer, value=10**17)
    deal = trade.deal(market)
    trade.grant(deal, market)
    trade.open(deal)
    trade.at(trade.deadline(deal) + 1)
    books = trade.books()
    cancelled = exchange.cancel(*deal.papers, sender=customer)
    books.expect(cancelled, standing={consumer: deal.consumer_pays + deal.offer.terms.custodian_deposit})


def test_given_a_customer_that_is_its_own_custodian__it_keeps_its_deposit_by_withdrawing(
    trade, exchange, customer, consumer
):
    market = _market(trade, custodian=trade.market.customer)
    exchange.fund(sender=customer, value=10**17)
    books = trade.books()
    deal = trade.deal(market)
    receipts = [
        trade.registry.grant(deal.consent.abi(), sender=customer),
        trade.open(deal),
        trade.registry.revoke(deal.consent.abi(), sender=customer),
        exchange.abort(*deal.papers, sender=customer),
    ]
    assert receipts[-1].events == [exchange.Aborted(exchangeId=deal.exchange_id)]
    books.expect(
        *receipts,
        ether={consumer: -deal.consumer_pays, exchange: deal.consumer_pays},
        standing={consumer: deal.consumer_pays},
    )


def test_given_a_customer_that_is_the_consumer__it_is_paid_its_own_reward(
    trade, exchange, consumer, custodian
):
    market = _market(trade, customer=trade.market.consumer)
    books = trade.books()
    deal = trade.deal(market)
    terms = deal.offer.terms
    receipts = [
        trade.registry.grant(deal.consent.abi(), sender=consumer),
        trade.open(deal),
        trade.deliver(deal),
        exchange.confirm(*deal.papers, sender=consumer),
    ]
    inside = terms.fee + terms.consumer_deposit
    books.expect(
        *receipts,
        ether={consumer: -inside, exchange: inside},
        standing={consumer: terms.consumer_deposit, custodian: terms.fee},
    )


def test_given_a_customer_that_is_the_consumer__its_silence_costs_it_nothing_more(
    trade, exchange, consumer, custodian, stranger
):
    market = _market(trade, customer=trade.market.consumer)
    deal = trade.deal(market)
    trade.grant(deal, market)
    trade.open(deal)
    trade.deliver(deal)
    trade.at(trade.deadline(deal) + 1)
    books = trade.books()
    settled = exchange.settle(*deal.papers, sender=stranger)
    terms = deal.offer.terms
    back = deal.offer.reward + terms.consumer_deposit
    books.expect(
        settled,
        ether={consumer: back, exchange: -back},
        standing={custodian: terms.fee + terms.custodian_deposit},
    )


def test_given_a_customer_that_has_never_held_ether__it_receives_its_reward(
    trade, exchange, consumer, custodian, chain
):
    key = bytes.fromhex("51" * 32)
    fresh = Person(key, Account.from_key(key).address)
    assert (chain.get_balance(fresh.address), chain.provider.get_nonce(fresh.address)) == (0, 0)
    deal, confirmed = _honest(trade, _market(trade, customer=fresh), exchange, consumer, custodian)
    assert confirmed.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]
    assert chain.get_balance(fresh.address) == deal.offer.reward


@pytest.mark.parametrize("kind", ["contract account", "eip7702 account"])
def test_given_a_customer_that_is_no_plain_account__its_signed_consent_counts(
    trade, exchange, customer, consumer, custodian, deployer, project, chain, kind
):
    market = trade.market
    if kind == "contract account":
        wallet = deployer.deploy(project.AcceptingWallet, customer)
        market = _market(trade, customer=market.customer.at(wallet.address))
    else:
        customer.set_delegate(deployer.deploy(project.AcceptingDelegate))
    paid = market.customer.address
    before = chain.get_balance(paid)
    deal, confirmed = _honest(trade, market, exchange, consumer, custodian)
    assert confirmed.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]
    assert chain.get_balance(paid) == before + deal.offer.reward


def test_given_a_custodian_that_is_a_contract_account__its_signed_offers_count_and_it_delivers(
    trade, exchange, custodian, consumer, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, custodian)
    wallet.execute(exchange, 10**17, exchange.fund.encode_input(), value=10**17, sender=custodian)
    market = _market(trade, custodian=trade.market.custodian.at(wallet.address))
    deal = trade.deal(market)
    terms = deal.offer.terms
    trade.grant(deal, market)
    receipt = trade.open(deal)
    assert receipt.events == [opened(exchange, deal, receipt.timestamp)]
    delivery = exchange.deliver.encode_input(*deal.papers, deal.wrapped_key)
    wallet.execute(exchange, 0, delivery, sender=custodian)
    exchange.confirm(*deal.papers, sender=consumer)
    assert exchange.balanceOf(wallet) == 10**17 + terms.fee
    call = exchange.withdraw.encode_input(wallet, 10**17 + terms.fee)
    wallet.execute(exchange, 0, call, sender=custodian)
    assert (exchange.balanceOf(wallet), wallet.balance) == (0, 10**17 + terms.fee)


def test_given_a_custodian_that_is_an_eip7702_account__its_own_key_signs(
    trade, exchange, consumer, custodian, deployer, project
):
    custodian.set_delegate(deployer.deploy(project.AcceptingDelegate))
    deal, confirmed = _honest(trade, trade.market, exchange, consumer, custodian)
    assert confirmed.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]


def test_given_a_consumer_that_is_a_contract_account__it_opens_and_confirms(
    trade, exchange, consumer, custodian, customer, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, consumer)
    market = _market(trade, consumer=trade.market.consumer.at(wallet.address))
    deal = trade.deal(market)
    trade.grant(deal, market)
    opening = exchange.open.encode_input(deal.scope, *deal.papers, deal.offer_signature)
    pays = deal.consumer_pays
    receipt = wallet.execute(exchange, pays, opening, value=pays, sender=consumer)
    assert receipt.events == [opened(exchange, deal, receipt.timestamp)]
    trade.deliver(deal)
    before = customer.balance
    wallet.execute(exchange, 0, exchange.confirm.encode_input(*deal.papers), sender=consumer)
    assert customer.balance == before + deal.offer.reward
    assert exchange.balanceOf(wallet) == deal.offer.terms.consumer_deposit


def test_given_a_consumer_that_is_an_eip7702_account__it_opens_and_confirms(
    trade, exchange, consumer, custodian, deployer, project
):
    consumer.set_delegate(deployer.deploy(project.AcceptingDelegate))
    deal, confirmed = _honest(trade, trade.market, exchange, consumer, custodian)
    assert confirmed.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]


def test_given_ether_that_was_forced_in__nobody_can_take_it(
    trade, exchange, consumer, custodian, stranger, chain
):
    # A contract that destroys itself while it is created: its ether goes where it says, unasked.
    code = b"\x73" + bytes.fromhex(exchange.address[2:]) + b"\xff"
    stranger.call(chain.provider.network.ecosystem.create_transaction(data=code, value=77))
    deal = trade.delivered()
    exchange.confirm(*deal.papers, sender=consumer)
    for account in (consumer, custodian):
        exchange.withdraw(account, exchange.balanceOf(account), sender=account)
    assert exchange.balance == 77
