# SPDX-License-Identifier: Apache-2.0
"""fund.tree"""


def test_when_anyone_sends_value__it_adds_it_to_the_callers_standing_balance(trade, exchange, stranger):
    books = trade.books()
    funded = exchange.fund(sender=stranger, value=7)
    again = exchange.fund(sender=stranger, value=5)
    assert funded.events == [exchange.Funded(account=stranger, amount=7)]
    assert again.events == [exchange.Funded(account=stranger, amount=5)]
    books.expect(funded, again, ether={stranger: -12, exchange: 12}, standing={stranger: 12})


def test_when_no_value_is_sent__it_adds_nothing(trade, exchange, stranger):
    books = trade.books()
    funded = exchange.fund(sender=stranger)
    assert funded.events == [exchange.Funded(account=stranger, amount=0)]
    books.expect(funded)
