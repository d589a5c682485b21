# SPDX-License-Identifier: Apache-2.0
"""concede.tree"""

from tests.support.reverts import reverts
from tests.support.trade import NUMBER


def test_when_somebody_else_concedes__it_reverts(trade, exchange, consumer, custodian):
    deal = trade.delivered()
    with reverts(exchange, "DataExchange_NotTheCustodian", caller=consumer, custodian=custodian):
        exchange.concede(*deal.papers, sender=consumer)


def test_given_an_exchange_that_is_only_open__it_reverts_with_its_state(trade, exchange, custodian):
    deal = trade.opened()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Open"]):
        exchange.concede(*deal.papers, sender=custodian)


def test_given_a_confirmed_exchange__it_reverts_with_its_state(trade, exchange, consumer, custodian):
    deal = trade.delivered()
    exchange.confirm(*deal.papers, sender=consumer)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Settled"]):
        exchange.concede(*deal.papers, sender=custodian)


def test_when_the_respond_window_is_over_by_a_second__it_reverts(trade, exchange, custodian):
    deal = trade.delivered()
    deadline = trade.deadline(deal)
    trade.at(deadline + 1)
    with reverts(
        exchange,
        "DataExchange_TooLate",
        exchangeId=deal.exchange_id,
        deadline=deadline,
        timestamp=deadline + 1,
    ):
        exchange.concede(*deal.papers, sender=custodian)


def test_given_a_delivered_exchange__it_gives_everything_to_the_consumer(
    trade, exchange, consumer, custodian
):
    deal = trade.delivered()
    books = trade.books()
    conceded = exchange.concede(*deal.papers, sender=custodian)
    assert conceded.events == [exchange.Conceded(exchangeId=deal.exchange_id)]
    assert trade.state(deal) == ("Conceded", 0)
    books.expect(conceded, standing={consumer: deal.consumer_pays + deal.offer.terms.custodian_deposit})


def test_given_a_delivered_exchange__it_concedes_in_the_last_second_of_the_window(trade, exchange, custodian):
    deal = trade.delivered()
    trade.at(trade.deadline(deal))
    conceded = exchange.concede(*deal.papers, sender=custodian)
    assert conceded.events == [exchange.Conceded(exchangeId=deal.exchange_id)]
