# SPDX-License-Identifier: Apache-2.0
"""proveFault.tree

What a proof can and cannot show, chunk by chunk, is tested in tests/proofs.
"""

from tests.support.reverts import reverts
from tests.support.trade import NUMBER, WRONG_KEY

NO_CHUNK = (0, b"", bytes(32), [])
WRONG_KEY_FAULT = 0


def test_when_somebody_else_proves__it_reverts(trade, exchange, consumer, stranger):
    deal = trade.delivered(WRONG_KEY)
    with reverts(exchange, "DataExchange_NotTheConsumer", caller=stranger, consumer=consumer):
        exchange.proveFault(deal.offer.abi(), (WRONG_KEY, deal.pad, *NO_CHUNK), sender=stranger)


def test_given_an_exchange_that_is_only_open__it_reverts_with_its_state(trade, exchange, consumer):
    deal = trade.opened()
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Open"]):
        _prove(trade, deal, WRONG_KEY)


def test_given_a_confirmed_exchange__it_reverts_with_its_state(trade, exchange, consumer):
    deal = trade.delivered(WRONG_KEY)
    exchange.confirm(*deal.papers, sender=consumer)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Settled"]):
        _prove(trade, deal, WRONG_KEY)


def test_when_the_respond_window_is_over_by_a_second__it_reverts(trade, exchange):
    deal = trade.delivered(WRONG_KEY)
    deadline = trade.deadline(deal)
    trade.at(deadline + 1)
    with reverts(
        exchange,
        "DataExchange_TooLate",
        exchangeId=deal.exchange_id,
        deadline=deadline,
        timestamp=deadline + 1,
    ):
        _prove(trade, deal, WRONG_KEY)


def test_given_the_right_key_and_no_chunk__it_reverts_and_moves_no_money(trade, exchange):
    deal = trade.delivered()
    with reverts(exchange, "DataExchange_KeyIsRight", exchangeId=deal.exchange_id):
        _prove(trade, deal, deal.wrapped_key)
    assert trade.state(deal)[0] == "Delivered"


def test_given_a_wrong_key__it_gives_everything_to_the_consumer(trade, exchange, consumer):
    deal = trade.delivered(WRONG_KEY)
    books = trade.books()
    _expect_conviction(trade, deal, books)


def test_given_a_wrong_key__it_convicts_in_the_last_second_of_the_window(trade, exchange, consumer):
    deal = trade.delivered(WRONG_KEY)
    books = trade.books()
    trade.at(trade.deadline(deal))
    _expect_conviction(trade, deal, books)


def test_given_a_proven_fault__it_reverts_with_its_state(trade, exchange):
    deal = trade.delivered(WRONG_KEY)
    _prove(trade, deal, WRONG_KEY)
    with reverts(exchange, "DataExchange_WrongState", exchangeId=deal.exchange_id, state=NUMBER["Faulted"]):
        _prove(trade, deal, WRONG_KEY)


def _prove(trade, deal, wrapped_key):
    proof = (wrapped_key, deal.pad, *NO_CHUNK)
    return trade.exchange.proveFault(deal.offer.abi(), proof, sender=trade.consumer)


def _expect_conviction(trade, deal, books):
    exchange = trade.exchange
    proven = _prove(trade, deal, WRONG_KEY)
    assert proven.events == [
        exchange.FaultProven(exchangeId=deal.exchange_id, fault=WRONG_KEY_FAULT, index=0)
    ]
    assert trade.state(deal) == ("Faulted", 0)
    books.expect(
        proven,
        standing={trade.consumer: deal.consumer_pays + deal.offer.terms.custodian_deposit},
    )
