# SPDX-License-Identifier: Apache-2.0
"""voidOffer.tree"""

from tests.support.reverts import reverts
from tests.support.trade import NUMBER


def test_when_somebody_else_voids__it_reverts(trade, exchange, consumer, custodian):
    deal = trade.consented()
    with reverts(exchange, "DataExchange_NotTheCustodian", caller=consumer, custodian=custodian):
        exchange.voidOffer(*deal.papers, sender=consumer)


def test_given_an_open_exchange__it_reverts_with_its_state(trade, exchange, custodian):
    deal = trade.opened()
    with reverts(exchange, "DataExchange_OfferUsed", exchangeId=deal.exchange_id, state=NUMBER["Open"]):
        exchange.voidOffer(*deal.papers, sender=custodian)


def test_given_a_voided_offer__it_reverts_with_its_state(trade, exchange, custodian):
    deal = trade.consented()
    exchange.voidOffer(*deal.papers, sender=custodian)
    with reverts(exchange, "DataExchange_OfferUsed", exchangeId=deal.exchange_id, state=NUMBER["Voided"]):
        exchange.voidOffer(*deal.papers, sender=custodian)


def test_given_an_offer_that_was_not_used__it_voids_it_for_ever(trade, exchange, custodian):
    deal = trade.consented()
    books = trade.books()
    voided = exchange.voidOffer(*deal.papers, sender=custodian)
    assert voided.events == [exchange.OfferVoided(exchangeId=deal.exchange_id, custodian=custodian)]
    assert trade.state(deal) == ("Voided", 0)
    books.expect(voided)


def test_given_an_offer_that_was_not_used__it_leaves_the_custodians_other_offers_alone(
    trade, exchange, custodian
):
    first, second = trade.deals(2)
    exchange.voidOffer(*first.papers, sender=custodian)
    trade.open(second)
    assert trade.state(second)[0] == "Open"
