# SPDX-License-Identifier: Apache-2.0
"""cancel.tree"""

from tests.support.reverts import reverts
from tests.support.trade import NUMBER


def test_given_an_offer_that_was_never_opened__it_reverts_with_state_none(trade, exchange, stranger):
    deal = trade.consented()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["None"]):
        exchange.cancel(*deal.papers, sender=stranger)


def test_given_a_delivered_exchange__it_reverts_with_its_state(trade, exchange, stranger):
    deal = trade.delivered()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Delivered"]):
        exchange.cancel(*deal.papers, sender=stranger)


def test_when_the_deliver_window_is_in_its_last_second__it_reverts(trade, exchange, stranger):
    deal = trade.opened()
    deadline = trade.deadline(deal)
    trade.at(deadline)
    with reverts(
        exchange,
        "DataExchange_TooEarly",
        exchangeId=deal.exchange_id,
        deadline=deadline,
        timestamp=deadline,
    ):
        exchange.cancel(*deal.papers, sender=stranger)


def test_given_an_active_consent__it_gives_everything_to_the_consumer(trade, exchange):
    deal = trade.opened()
    trade.at(trade.deadline(deal) + 1)
    _expect_cancel(trade, deal, consent_ended=False)


def test_given_a_consent_that_ended_in_the_windows_last_second__it_gives_back_what_was_put_in(
    trade, exchange
):
    deal = trade.opened()
    deadline = trade.deadline(deal)
    trade.at(deadline)
    trade.revoke(deal)
    trade.at(deadline + 1)
    _expect_cancel(trade, deal, consent_ended=True)


def test_given_a_consent_that_ended_a_second_after_the_window__it_gives_everything_to_the_consumer(
    trade, exchange
):
    deal = trade.opened()
    deadline = trade.deadline(deal)
    trade.at(deadline + 1)
    trade.revoke(deal)
    _expect_cancel(trade, deal, consent_ended=False)


def test_given_a_consent_that_ran_out_right_after_the_window__it_gives_everything_to_the_consumer(
    trade, exchange
):
    second = trade.now + 100
    deal = trade.consented(consent_valid_until=second + 3600)
    trade.at(second)
    trade.open(deal)
    trade.at(second + 3600 + 1)
    _expect_cancel(trade, deal, consent_ended=False)


def test_given_a_cancelled_exchange__it_reverts_with_its_state(trade, exchange, stranger):
    deal = trade.opened()
    trade.at(trade.deadline(deal) + 1)
    exchange.cancel(*deal.papers, sender=stranger)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Cancelled"]):
        exchange.cancel(*deal.papers, sender=stranger)


def _expect_cancel(trade, deal, *, consent_ended):
    exchange, deposit = trade.exchange, deal.offer.terms.custodian_deposit
    books = trade.books()
    cancelled = exchange.cancel(*deal.papers, sender=trade.stranger)
    assert cancelled.events == [exchange.Cancelled(exchangeId=deal.exchange_id, consentEnded=consent_ended)]
    assert trade.state(deal) == ("Cancelled", 0)
    if consent_ended:
        standing = {trade.consumer: deal.consumer_pays, trade.custodian: deposit}
    else:
        standing = {trade.consumer: deal.consumer_pays + deposit}
    books.expect(cancelled, standing=standing)
