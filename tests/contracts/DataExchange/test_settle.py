# SPDX-License-Identifier: Apache-2.0
"""settle.tree"""

from tests.support.reverts import reverts
from tests.support.trade import NUMBER


def test_given_an_exchange_that_is_only_open__it_reverts_with_its_state(trade, exchange, stranger):
    deal = trade.opened()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Open"]):
        exchange.settle(*deal.papers, sender=stranger)


def test_given_papers_that_differ_in_one_field__it_reverts_with_state_none(trade, exchange, stranger):
    deal = trade.delivered()
    other = trade.market.offered(deal, reward=deal.offer.reward + 1)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=other.exchange_id, state=NUMBER["None"]):
        exchange.settle(*other.papers, sender=stranger)


def test_when_the_respond_window_is_in_its_last_second__it_reverts(trade, exchange, stranger):
    deal = trade.delivered()
    deadline = trade.deadline(deal)
    trade.at(deadline)
    with reverts(
        exchange,
        "DataExchange_TooEarly",
        exchangeId=deal.exchange_id,
        deadline=deadline,
        timestamp=deadline,
    ):
        exchange.settle(*deal.papers, sender=stranger)


def test_when_the_respond_window_is_over_by_a_second__it_pays_the_consumers_deposit_to_the_customer(
    trade, exchange, customer, custodian, stranger
):
    deal = trade.delivered()
    terms = deal.offer.terms
    books = trade.books()
    trade.at(trade.deadline(deal) + 1)
    settled = exchange.settle(*deal.papers, sender=stranger)
    assert settled.events == [exchange.Settled(exchangeId=deal.exchange_id)]
    assert trade.state(deal) == ("Settled", 0)
    to_customer = deal.offer.reward + terms.consumer_deposit
    books.expect(
        settled,
        ether={customer: to_customer, exchange: -to_customer},
        standing={custodian: terms.fee + terms.custodian_deposit},
    )


def test_given_a_settled_exchange__it_reverts_with_its_state(trade, exchange, stranger):
    deal = trade.delivered()
    trade.at(trade.deadline(deal) + 1)
    exchange.settle(*deal.papers, sender=stranger)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Settled"]):
        exchange.settle(*deal.papers, sender=stranger)
