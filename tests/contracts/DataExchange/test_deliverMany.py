# SPDX-License-Identifier: Apache-2.0
"""deliverMany.tree"""

from tests.support.reverts import reverts
from tests.support.trade import GRACE, batch, delivered, skipped


def test_given_an_empty_batch__it_reverts(trade, exchange, custodian):
    with reverts(exchange, "DataExchange_EmptyBatch"):
        exchange.deliverMany(trade.deal().offer.terms.abi(), [], [], sender=custodian)


def test_given_a_key_too_few__it_reverts(trade, exchange, custodian):
    deals = trade.deals(2)
    with reverts(exchange, "DataExchange_UnequalLists", sales=2, others=1):
        exchange.deliverMany(*batch(deals), [deals[0].wrapped_key], sender=custodian)


def test_when_somebody_else_delivers__it_reverts(trade, exchange, consumer, custodian):
    deals = trade.deals(2)
    trade.open_many(deals)
    with reverts(exchange, "DataExchange_NotTheCustodian", caller=consumer, custodian=custodian):
        trade.deliver_many(deals, sender=consumer)


def test_given_open_exchanges__it_delivers_all_of_them(trade, exchange):
    deals = trade.deals(3)
    trade.open_many(deals)
    books = trade.books()
    receipt = trade.deliver_many(deals)
    assert receipt.events == [delivered(exchange, deal, receipt.timestamp) for deal in deals]
    assert {trade.state(deal)[0] for deal in deals} == {"Delivered"}
    books.expect(receipt)


def test_given_one_that_is_not_open__it_skips_it_and_delivers_the_rest(trade, exchange):
    deals = trade.deals(2)
    trade.open(deals[1])
    receipt = trade.deliver_many(deals)
    assert receipt.events == [
        skipped(exchange, deals[0], "NotOpen"),
        delivered(exchange, deals[1], receipt.timestamp),
    ]


def test_given_the_same_exchange_twice_in_the_batch__it_delivers_it_once(trade, exchange):
    (deal,) = trade.deals(1)
    trade.open(deal)
    receipt = trade.deliver_many([deal, deal])
    assert receipt.events == [
        delivered(exchange, deal, receipt.timestamp),
        skipped(exchange, deal, "NotOpen"),
    ]


def test_given_one_whose_deliver_window_is_over_by_a_second__it_skips_it(trade, exchange):
    deals = trade.deals(2)
    trade.open(deals[0])
    deadline = trade.deadline(deals[0])
    trade.at(deals[1].offer.terms.valid_until)  # some seconds before the deadline of the first
    trade.open(deals[1])
    trade.at(deadline + 1)
    receipt = trade.deliver_many(deals)
    assert receipt.events == [
        skipped(exchange, deals[0], "WindowOver"),
        delivered(exchange, deals[1], deadline + 1),
    ]


def test_given_one_whose_grace_is_over_by_a_second__it_skips_it(trade, exchange):
    deals = trade.deals(2)
    trade.open_many(deals)
    ended = trade.revoke(deals[0]).timestamp
    trade.at(ended + GRACE + 1)
    receipt = trade.deliver_many(deals)
    assert receipt.events == [
        skipped(exchange, deals[0], "GraceOver"),
        delivered(exchange, deals[1], ended + GRACE + 1),
    ]


def test_given_nothing_to_deliver__it_skips_all_of_them(trade, exchange):
    deals = trade.deals(2)
    receipt = trade.deliver_many(deals)
    assert receipt.events == [skipped(exchange, deal, "NotOpen") for deal in deals]
