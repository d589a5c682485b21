# SPDX-License-Identifier: Apache-2.0
"""confirmMany.tree"""

from tests.support.reverts import reverts
from tests.support.trade import batch, skipped


def test_given_an_empty_batch__it_reverts(trade, exchange, consumer):
    with reverts(exchange, "DataExchange_EmptyBatch"):
        exchange.confirmMany(trade.deal().offer.terms.abi(), [], sender=consumer)


def test_when_somebody_else_confirms__it_reverts(trade, exchange, consumer, custodian):
    deals = trade.deals(2)
    with reverts(exchange, "DataExchange_NotTheConsumer", caller=custodian, consumer=consumer):
        exchange.confirmMany(*batch(deals), sender=custodian)


def test_given_delivered_exchanges__it_pays_everybody(trade, exchange, customer, consumer, custodian):
    deals = _delivered(trade, 3)
    terms = deals[0].offer.terms
    books = trade.books()
    receipt = exchange.confirmMany(*batch(deals), sender=consumer)
    assert receipt.events == [exchange.Confirmed(exchangeId=deal.exchange_id) for deal in deals]
    assert [trade.state(deal) for deal in deals] == [("Settled", 0)] * 3
    rewards = sum(deal.offer.reward for deal in deals)
    books.expect(
        receipt,
        ether={customer: rewards, exchange: -rewards},
        standing={
            consumer: 3 * terms.consumer_deposit,
            custodian: 3 * (terms.fee + terms.custodian_deposit),
        },
    )


def test_given_one_that_is_not_delivered__it_skips_it_and_pays_for_the_rest(
    trade, exchange, customer, consumer, custodian
):
    deals = trade.deals(2)
    trade.open_many(deals)
    trade.deliver(deals[1])
    _expect_one(trade, deals, "NotDelivered")


def test_given_one_that_was_conceded__it_skips_it(trade, exchange, custodian):
    deals = _delivered(trade, 2)
    exchange.concede(*deals[0].papers, sender=custodian)
    _expect_one(trade, deals, "NotDelivered")


def test_given_the_same_exchange_twice_in_the_batch__it_pays_once(
    trade, exchange, customer, consumer, custodian
):
    (deal,) = _delivered(trade, 1)
    terms = deal.offer.terms
    books = trade.books()
    receipt = exchange.confirmMany(*batch([deal, deal]), sender=consumer)
    assert receipt.events == [
        exchange.Confirmed(exchangeId=deal.exchange_id),
        skipped(exchange, deal, "NotDelivered"),
    ]
    books.expect(
        receipt,
        ether={customer: deal.offer.reward, exchange: -deal.offer.reward},
        standing={consumer: terms.consumer_deposit, custodian: terms.fee + terms.custodian_deposit},
    )


def test_given_one_whose_respond_window_is_over_by_a_second__it_skips_it(trade, exchange):
    deals = trade.deals(2)
    trade.open_many(deals)
    trade.deliver(deals[0])
    deadline = trade.deadline(deals[0])
    trade.at(trade.now + 60)
    trade.deliver(deals[1])
    trade.at(deadline + 1)
    _expect_one(trade, deals, "WindowOver")


def test_given_nothing_to_confirm__it_pays_nobody(trade, exchange, consumer):
    deals = trade.deals(2)
    books = trade.books()
    receipt = exchange.confirmMany(*batch(deals), sender=consumer)
    assert receipt.events == [skipped(exchange, deal, "NotDelivered") for deal in deals]
    books.expect(receipt)


def test_given_terms_that_nothing_can_be_opened_under__it_skips_it(trade, exchange, consumer):
    absurd = 2**256 - 1
    deal = trade.deal(fee=absurd, custodian_deposit=absurd, consumer_deposit=absurd)
    books = trade.books()
    receipt = exchange.confirmMany(*batch([deal]), sender=consumer)
    assert receipt.events == [skipped(exchange, deal, "NotDelivered")]
    books.expect(receipt)


def _delivered(trade, number):
    deals = trade.deals(number)
    trade.open_many(deals)
    trade.deliver_many(deals)
    return deals


def _expect_one(trade, deals, reason):
    """The first of two deals is skipped, the second confirmed and paid for."""
    exchange, terms, reward = trade.exchange, deals[1].offer.terms, deals[1].offer.reward
    books = trade.books()
    receipt = exchange.confirmMany(*batch(deals), sender=trade.consumer)
    assert receipt.events == [
        skipped(exchange, deals[0], reason),
        exchange.Confirmed(exchangeId=deals[1].exchange_id),
    ]
    books.expect(
        receipt,
        ether={trade.customer: reward, exchange: -reward},
        standing={
            trade.consumer: terms.consumer_deposit,
            trade.custodian: terms.fee + terms.custodian_deposit,
        },
    )
