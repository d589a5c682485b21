# SPDX-License-Identifier: Apache-2.0
"""payments.tree"""

from dataclasses import replace

import pytest
from ape.exceptions import VirtualMachineError

from tests.support.reentry import DOES_NOT_MIND, INSISTS, LOGS, REFUSED, changing_calls, refusal, script
from tests.support.reverts import Below, reverts
from tests.support.trade import batch

HOSTILE = ["RefusingWallet", "GasBurningWallet", "VerboseWallet"]


@pytest.fixture
def of_wallet(trade, customer, deployer, project):
    """A market whose customer is a contract account of this kind, which the customer's key signs for."""

    def market(kind, *args):
        wallet = deployer.deploy(project.get_contract(kind), customer, *args)
        return wallet, replace(trade.market, customer=trade.market.customer.at(wallet.address))

    return market


def _delivered(trade, market, **changes):
    deal = trade.deal(market, **changes)
    trade.grant(deal, market)
    trade.open(deal)
    trade.deliver(deal)
    return deal


@pytest.mark.parametrize("kind", HOSTILE)
def test_given_a_customer_that_does_not_accept_the_reward__it_is_credited_and_blocks_nobody(
    trade, exchange, consumer, custodian, of_wallet, kind
):
    wallet, market = of_wallet(kind)
    deal = _delivered(trade, market)
    terms, reward = deal.offer.terms, deal.offer.reward
    books = trade.books(wallet)
    confirmed = exchange.confirm(*deal.papers, sender=consumer)
    assert confirmed.events == [
        exchange.Confirmed(exchangeId=deal.exchange_id),
        exchange.Credited(owner=wallet, amount=reward),
    ]
    assert confirmed.gas_used < 200_000
    books.expect(
        confirmed,
        standing={consumer: terms.consumer_deposit, custodian: terms.fee + terms.custodian_deposit},
        credit={wallet: reward},
    )


def test_given_a_customer_that_does_not_accept_the_reward__it_withdraws_the_credit_to_where_it_likes(
    trade, exchange, consumer, customer, stranger, of_wallet
):
    wallet, market = of_wallet("RefusingWallet")
    deal = _delivered(trade, market)
    exchange.confirm(*deal.papers, sender=consumer)
    books = trade.books(wallet)
    call = exchange.withdrawCredit.encode_input(stranger, deal.offer.reward)
    withdrawn = wallet.execute(exchange, 0, call, sender=customer)
    assert withdrawn.events == [exchange.CreditWithdrawn(owner=wallet, to=stranger, amount=deal.offer.reward)]
    books.expect(
        withdrawn,
        ether={stranger: deal.offer.reward, exchange: -deal.offer.reward},
        credit={wallet: -deal.offer.reward},
    )


def test_given_a_silent_consumer_and_a_customer_that_refuses__it_credits_reward_and_deposit(
    trade, exchange, custodian, stranger, of_wallet
):
    wallet, market = of_wallet("RefusingWallet")
    deal = _delivered(trade, market)
    terms = deal.offer.terms
    trade.at(trade.deadline(deal) + 1)
    books = trade.books(wallet)
    settled = exchange.settle(*deal.papers, sender=stranger)
    amount = deal.offer.reward + terms.consumer_deposit
    assert settled.events == [
        exchange.Settled(exchangeId=deal.exchange_id),
        exchange.Credited(owner=wallet, amount=amount),
    ]
    books.expect(settled, standing={custodian: terms.fee + terms.custodian_deposit}, credit={wallet: amount})


def test_given_hostile_customers_in_a_batch__everybody_else_is_paid(
    trade, exchange, consumer, custodian, customer, of_wallet
):
    markets = [of_wallet(kind) for kind in HOSTILE]
    terms = trade.market.terms(trade.now)
    deals = []
    for market in [*(market for _, market in markets), trade.market]:
        deal = trade.deal(market, terms=terms)
        trade.grant(deal, market)
        deals.append(deal)
    trade.open_many(deals)
    trade.deliver_many(deals)
    wallets = [wallet for wallet, _ in markets]
    books = trade.books(*wallets)
    confirmed = exchange.confirmMany(*batch(deals), sender=consumer)
    reward = deals[0].offer.reward
    assert confirmed.events == [
        *(exchange.Confirmed(exchangeId=deal.exchange_id) for deal in deals),
        *(exchange.Credited(owner=wallet, amount=reward) for wallet in wallets),
    ]
    books.expect(
        confirmed,
        ether={customer: reward, exchange: -reward},
        standing={
            consumer: 4 * terms.consumer_deposit,
            custodian: 4 * (terms.fee + terms.custodian_deposit),
        },
        credit=dict.fromkeys(wallets, reward),
    )


@pytest.mark.parametrize("answer", [INSISTS, DOES_NOT_MIND], ids=["insists", "takes the ether anyway"])
@pytest.mark.parametrize("call", ["confirm", "withdrawCredit", "fund"])
def test_given_a_customer_that_calls_back_while_it_is_paid__nobody_wins_or_loses_a_wei(
    trade, exchange, consumer, custodian, customer, deployer, project, chain, of_wallet, call, answer
):
    second = trade.opened()
    target = {
        "confirm": lambda: exchange.confirm.encode_input(*second.papers),
        "withdrawCredit": lambda: exchange.withdrawCredit.encode_input(customer, 1),
        "fund": lambda: exchange.fund.encode_input(),
    }[call]()
    wallet, market = of_wallet("ReenteringWallet", script(deployer, exchange, bytes(target), answer))
    deal = _delivered(trade, market)
    terms, reward = deal.offer.terms, deal.offer.reward
    books = trade.books(wallet)
    confirmed = exchange.confirm(*deal.papers, sender=consumer)
    insist = answer == INSISTS
    # Whatever it calls is refused while it is being paid; refusing the ether for that only makes it a credit.
    events = [exchange.Confirmed(exchangeId=deal.exchange_id)]
    if insist:
        events.append(exchange.Credited(owner=wallet, amount=reward))
    assert confirmed.events == events
    books.expect(
        confirmed,
        ether={} if insist else {wallet: reward, exchange: -reward},
        standing={consumer: terms.consumer_deposit, custodian: terms.fee + terms.custodian_deposit},
        credit={wallet: reward} if insist else {},
    )
    assert trade.state(second)[0] == "Open"


@pytest.mark.parametrize("call", changing_calls("DataExchange"), ids=str)
def test_given_a_customer_that_calls_back_while_it_is_paid__every_call_that_changes_state_is_refused(
    trade, exchange, consumer, deployer, of_wallet, call
):
    wallet, market = of_wallet("ReenteringWallet", script(deployer, exchange, call.encode(exchange), LOGS))
    deal = _delivered(trade, market)
    confirmed = exchange.confirm(*deal.papers, sender=consumer)
    assert refusal(confirmed, wallet) == REFUSED


def test_given_too_little_gas__the_payment_is_never_turned_into_a_credit(
    trade, exchange, consumer, chain, of_wallet
):
    wallet, market = of_wallet("AcceptingWallet")
    deal = _delivered(trade, market)
    with reverts(exchange, "Payouts_InsufficientGas", available=Below(95_000), needed=95_000):
        exchange.confirm(*deal.papers, sender=consumer, gas=125_000)
    for gas in range(60_000, 160_000, 10_000):
        with chain.isolate():
            try:
                exchange.confirm(*deal.papers, sender=consumer, gas=gas)
            except VirtualMachineError:
                assert trade.state(deal)[0] == "Delivered"
            else:
                assert wallet.balance == deal.offer.reward
            assert exchange.creditOf(wallet) == 0
