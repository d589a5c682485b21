# SPDX-License-Identifier: Apache-2.0
"""confirm.tree"""

from tests.support.reverts import reverts
from tests.support.trade import NUMBER


def test_when_somebody_else_confirms__it_reverts(trade, exchange, consumer, custodian):
    deal = trade.delivered()
    with reverts(exchange, "DataExchange_NotTheConsumer", caller=custodian, consumer=consumer):
        exchange.confirm(*deal.papers, sender=custodian)


def test_given_an_exchange_that_is_only_open__it_reverts_with_its_state(trade, exchange, consumer):
    deal = trade.opened()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Open"]):
        exchange.confirm(*deal.papers, sender=consumer)


def test_given_a_confirmed_exchange__it_reverts_with_its_state(trade, exchange, consumer):
    deal = trade.delivered()
    exchange.confirm(*deal.papers, sender=consumer)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Settled"]):
        exchange.confirm(*deal.papers, sender=consumer)


def test_when_the_respond_window_is_over_by_a_second__it_reverts(trade, exchange, consumer):
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
        exchange.confirm(*deal.papers, sender=consumer)


def test_given_a_delivered_exchange__it_pays_everybody(trade, exchange, customer, consumer, custodian):
    deal = trade.delivered()
    terms = deal.offer.terms
    books = trade.books()
    confirmed = exchange.confirm(*deal.papers, sender=consumer)
    assert confirmed.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]
    assert trade.state(deal) == ("Settled", 0)
    books.expect(
        confirmed,
        ether={customer: deal.offer.reward, exchange: -deal.offer.reward},
        standing={
            consumer: terms.consumer_deposit,
            custodian: terms.fee + terms.custodian_deposit,
        },
    )


def test_given_a_delivered_exchange__it_confirms_in_the_last_second_of_the_window(trade, exchange, consumer):
    deal = trade.delivered()
    trade.at(trade.deadline(deal))
    confirmed = exchange.confirm(*deal.papers, sender=consumer)
    assert confirmed.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]


def test_given_a_consent_that_ended_after_the_delivery__it_pays_everybody(
    trade, exchange, customer, consumer
):
    deal = trade.delivered()
    trade.revoke(deal)
    before = customer.balance
    exchange.confirm(*deal.papers, sender=consumer)
    assert customer.balance == before + deal.offer.reward


def test_given_a_reward_of_zero__it_calls_nobody(trade, exchange, consumer, custodian):
    deal = trade.delivered(reward=0)
    terms = deal.offer.terms
    books = trade.books()
    confirmed = exchange.confirm(*deal.papers, sender=consumer)
    assert confirmed.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]
    books.expect(
        confirmed,
        standing={consumer: terms.consumer_deposit, custodian: terms.fee + terms.custodian_deposit},
    )
