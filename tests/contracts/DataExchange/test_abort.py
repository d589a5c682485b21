# SPDX-License-Identifier: Apache-2.0
"""abort.tree"""

from tests.support.reverts import reverts
from tests.support.trade import GRACE, NUMBER


def test_given_an_offer_that_was_never_opened__it_reverts_with_state_none(trade, exchange, custodian):
    deal = trade.consented()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["None"]):
        exchange.abort(*deal.papers, sender=custodian)


def test_given_a_delivered_exchange__it_reverts_with_its_state(trade, exchange, custodian):
    deal = trade.delivered()
    trade.revoke(deal)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Delivered"]):
        exchange.abort(*deal.papers, sender=custodian)


def test_when_the_deliver_window_is_over_by_a_second__it_reverts(trade, exchange, custodian):
    deal = trade.opened()
    deadline = trade.deadline(deal)
    trade.revoke(deal)
    trade.at(deadline + 1)
    with reverts(
        exchange,
        "DataExchange_TooLate",
        exchangeId=deal.exchange_id,
        deadline=deadline,
        timestamp=deadline + 1,
    ):
        exchange.abort(*deal.papers, sender=custodian)


def test_given_an_active_consent__it_reverts(trade, exchange, custodian):
    deal = trade.opened()
    with reverts(exchange, "DataExchange_ConsentActive", consentId=deal.consent_id):
        exchange.abort(*deal.papers, sender=custodian)


def test_when_somebody_else_aborts_in_the_last_second_of_the_grace__it_reverts(trade, exchange, consumer):
    deal = trade.opened()
    ended = trade.revoke(deal).timestamp
    trade.at(ended + GRACE)
    with reverts(
        exchange,
        "DataExchange_GraceNotOver",
        consentId=deal.consent_id,
        graceUntil=ended + GRACE,
        timestamp=ended + GRACE,
    ):
        exchange.abort(*deal.papers, sender=consumer)


def test_when_the_custodian_aborts_in_the_second_of_the_withdrawal__it_gives_back_what_was_put_in(
    trade, registry, exchange, consumer, custodian, as_contract
):
    wallet, market = as_contract("custodian")
    deal = trade.deal(market)
    trade.grant(deal, market)
    trade.open(deal)
    books = trade.books(wallet)
    aborted = wallet.executeAll(
        [registry, exchange],
        [trade.withdrawal(deal), exchange.abort.encode_input(*deal.papers)],
        sender=custodian,
    )
    assert aborted.events == [
        registry.Revoked(consentId=deal.consent_id, customer=trade.customer),
        exchange.Aborted(exchangeId=deal.exchange_id),
    ]
    assert registry.endedAt(deal.consent_id) == aborted.timestamp
    books.expect(
        aborted,
        standing={consumer: deal.consumer_pays, wallet: deal.offer.terms.custodian_deposit},
    )


def test_when_the_custodian_aborts_in_the_second_after_the_withdrawal__it_gives_back_what_was_put_in(
    trade, exchange, custodian
):
    deal = trade.opened()
    ended = trade.revoke(deal).timestamp
    trade.at(ended + 1)
    _expect_abort(trade, deal, custodian)


def test_when_anyone_aborts_a_second_after_the_grace__it_gives_back_what_was_put_in(
    trade, exchange, stranger
):
    deal = trade.opened()
    ended = trade.revoke(deal).timestamp
    trade.at(ended + GRACE + 1)
    _expect_abort(trade, deal, stranger)


def test_when_the_deliver_window_is_in_its_last_second__it_gives_back_what_was_put_in(
    trade, exchange, custodian
):
    deal = trade.opened()
    trade.revoke(deal)
    trade.at(trade.deadline(deal))
    _expect_abort(trade, deal, custodian)


def test_given_a_customer_that_withdrew_everything__it_gives_back_what_was_put_in(
    trade, exchange, registry, customer, custodian
):
    deal = trade.opened()
    registry.revokeAll(5, sender=customer)
    _expect_abort(trade, deal, custodian)


def _expect_abort(trade, deal, sender):
    exchange = trade.exchange
    books = trade.books()
    aborted = exchange.abort(*deal.papers, sender=sender)
    assert aborted.events == [exchange.Aborted(exchangeId=deal.exchange_id)]
    assert trade.state(deal) == ("Aborted", 0)
    books.expect(
        aborted,
        standing={
            trade.consumer: deal.consumer_pays,
            trade.custodian: deal.offer.terms.custodian_deposit,
        },
    )
