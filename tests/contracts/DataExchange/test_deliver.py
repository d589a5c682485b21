# SPDX-License-Identifier: Apache-2.0
"""deliver.tree"""

from tests.support.reverts import reverts
from tests.support.trade import GRACE, NUMBER, WRONG_KEY, delivered


def test_when_somebody_else_delivers__it_reverts(trade, exchange, consumer, custodian):
    deal = trade.opened()
    with reverts(exchange, "DataExchange_NotTheCustodian", caller=consumer, custodian=custodian):
        trade.deliver(deal, sender=consumer)


def test_given_an_offer_that_was_never_opened__it_reverts_with_state_none(trade, exchange):
    deal = trade.consented()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["None"]):
        trade.deliver(deal)


def test_given_a_delivered_exchange__it_reverts_and_keeps_the_first_key(trade, exchange):
    deal = trade.delivered()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Delivered"]):
        trade.deliver(deal, WRONG_KEY)


def test_given_a_cancelled_exchange__it_reverts(trade, exchange, stranger):
    deal = trade.opened()
    trade.at(trade.deadline(deal) + 1)
    exchange.cancel(*deal.papers, sender=stranger)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Cancelled"]):
        trade.deliver(deal)


def test_when_the_deliver_window_is_over_by_a_second__it_reverts(trade, exchange):
    deal = trade.opened()
    deadline = trade.deadline(deal)
    trade.at(deadline + 1)
    with reverts(
        exchange,
        "DataExchange_TooLate",
        exchangeId=deal.exchange_id,
        deadline=deadline,
        timestamp=deadline + 1,
    ):
        trade.deliver(deal)


def test_given_a_consent_whose_grace_is_over_by_a_second__it_reverts(trade, exchange):
    deal = trade.opened()
    ended = trade.revoke(deal).timestamp
    trade.at(ended + GRACE + 1)
    with reverts(
        exchange,
        "DataExchange_GraceOver",
        consentId=deal.consent_id,
        graceUntil=ended + GRACE,
        timestamp=ended + GRACE + 1,
    ):
        trade.deliver(deal)


def test_given_a_consent_that_was_withdrawn_in_the_same_second__it_delivers(
    trade, registry, exchange, custodian, as_contract
):
    wallet, market = as_contract("custodian")
    deal = trade.deal(market)
    trade.grant(deal, market)
    trade.open(deal)
    receipt = wallet.executeAll(
        [registry, exchange],
        [trade.withdrawal(deal), exchange.deliver.encode_input(*deal.papers, deal.wrapped_key)],
        sender=custodian,
    )
    assert receipt.events == [
        registry.Revoked(consentId=deal.consent_id, customer=trade.customer),
        delivered(exchange, deal, receipt.timestamp),
    ]


def test_given_a_consent_in_the_last_second_of_its_grace__it_delivers(trade, exchange):
    deal = trade.opened()
    ended = trade.revoke(deal).timestamp
    trade.at(ended + GRACE)
    receipt = trade.deliver(deal)
    assert receipt.events == [delivered(exchange, deal, ended + GRACE)]


def test_given_an_open_exchange__it_publishes_the_wrapped_key_and_starts_the_respond_window(trade, exchange):
    deal = trade.opened()
    books = trade.books()
    receipt = trade.deliver(deal)
    assert receipt.events == [delivered(exchange, deal, receipt.timestamp)]
    assert trade.state(deal) == ("Delivered", receipt.timestamp + deal.offer.terms.respond_within)
    books.expect(receipt)


def test_given_an_open_exchange__it_delivers_in_the_last_second_of_the_window(trade, exchange):
    deal = trade.opened()
    deadline = trade.deadline(deal)
    trade.at(deadline)
    receipt = trade.deliver(deal)
    assert receipt.events == [delivered(exchange, deal, deadline)]


def test_given_an_open_exchange__it_does_not_judge_the_key(trade, exchange):
    deal = trade.opened()
    receipt = trade.deliver(deal, WRONG_KEY)
    assert receipt.events == [delivered(exchange, deal, receipt.timestamp, WRONG_KEY)]
