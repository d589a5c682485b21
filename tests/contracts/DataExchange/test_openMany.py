# SPDX-License-Identifier: Apache-2.0
"""openMany.tree"""

from dataclasses import replace

import pytest
from faircart.papers import sign

from tests.support.market import HOUR
from tests.support.reverts import reverts
from tests.support.trade import STANDING, opened, opening, skipped


def test_given_an_empty_batch__it_reverts(trade, exchange, consumer):
    terms = trade.deal().offer.terms.abi()
    with reverts(exchange, "DataExchange_EmptyBatch"):
        exchange.openMany([], terms, [], [], sender=consumer)


def test_given_a_scope_too_few__it_reverts(trade, exchange, consumer):
    scopes, terms, sales, signatures = opening(trade.deals(2))
    with reverts(exchange, "DataExchange_UnequalLists", sales=2, others=1):
        exchange.openMany(scopes[:1], terms, sales, signatures, sender=consumer)


def test_given_a_signature_too_many__it_reverts(trade, exchange, consumer):
    scopes, terms, sales, signatures = opening(trade.deals(2))
    with reverts(exchange, "DataExchange_UnequalLists", sales=2, others=3):
        exchange.openMany(scopes, terms, sales, [*signatures, signatures[0]], sender=consumer)


def test_when_somebody_else_opens_the_consumers_offers__it_reverts(trade, exchange, consumer, stranger):
    with reverts(exchange, "DataExchange_NotTheConsumer", caller=stranger, consumer=consumer):
        trade.open_many(trade.deals(2), sender=stranger)


def test_given_a_window_out_of_range__it_reverts(trade, exchange):
    deals = trade.deals(2, deliver_within=24 * HOUR + 1)
    with reverts(
        exchange,
        "DataExchange_WindowOutOfRange",
        window=0,
        length=24 * HOUR + 1,
        minimum=600,
        maximum=24 * HOUR,
    ):
        trade.open_many(deals)


def test_given_a_deposit_of_zero__it_reverts(trade, exchange):
    with reverts(exchange, "DataExchange_ZeroDeposit", deposit=1):
        trade.open_many(trade.deals(2, consumer_deposit=0))


def test_given_one_offer_that_differs_from_its_consent__it_reverts_naming_it(trade, exchange):
    deals = trade.deals(3)
    deals[1] = replace(deals[1], consent=replace(deals[1].consent, epoch=4))
    with reverts(
        exchange,
        "DataExchange_OfferNotForConsent",
        index=1,
        offered=deals[1].consent_id,
        computed=deals[1].consent.digest(trade.market.registry),
    ):
        trade.open_many(deals)
    assert [trade.state(deal) for deal in deals] == [("None", 0)] * 3


def test_given_one_reward_over_the_range__it_reverts_naming_it(trade, exchange):
    deals = trade.deals(2)
    deals[1] = trade.market.offered(deals[1], reward=2**128)
    with reverts(exchange, "DataExchange_RewardTooLarge", index=1, reward=2**128, maximum=2**128 - 1):
        trade.open_many(deals, value=0)


def test_given_one_bad_signature__it_reverts_naming_it(trade, exchange, custodian):
    deals = trade.deals(3)
    forged = sign(deals[2].offer, trade.market.exchange, trade.market.consumer.key)
    deals[2] = replace(deals[2], offer_signature=forged)
    with reverts(
        exchange,
        "DataExchange_InvalidOffer",
        index=2,
        exchangeId=deals[2].exchange_id,
        custodian=custodian,
    ):
        trade.open_many(deals)


def test_given_one_bad_signature_under_an_offer_that_lapsed__it_reverts_naming_it(trade, exchange, custodian):
    deals = trade.deals(2)
    trade.revoke(deals[1])
    deals[1] = replace(deals[1], offer_signature=b"\x01" * 65)
    with reverts(
        exchange,
        "DataExchange_InvalidOffer",
        index=1,
        exchangeId=deals[1].exchange_id,
        custodian=custodian,
    ):
        trade.open_many(deals)


def test_given_a_wei_too_little_from_the_consumer__it_reverts(trade, exchange, consumer):
    deals = trade.deals(2)
    needed = 2 * deals[0].consumer_pays
    with reverts(
        exchange,
        "DataExchange_BalanceTooLow",
        account=consumer,
        available=needed - 1,
        needed=needed,
    ):
        trade.open_many(deals, value=needed - 1)
    assert [trade.state(deal) for deal in deals] == [("None", 0)] * 2


def test_given_sound_offers__it_opens_all_of_them(trade, exchange, consumer, custodian):
    deals = trade.deals(3)
    books = trade.books()
    receipt = trade.open_many(deals)
    assert receipt.events == [opened(exchange, deal, receipt.timestamp) for deal in deals]
    paid = 3 * deals[0].consumer_pays
    books.expect(
        receipt,
        ether={consumer: -paid, exchange: paid},
        standing={custodian: -3 * deals[0].offer.terms.custodian_deposit},
    )


def test_given_sound_offers__it_counts_the_value_once(trade, exchange, consumer, custodian):
    deals = trade.deals(2)
    one = deals[0].consumer_pays
    exchange.fund(sender=consumer, value=one)
    books = trade.books()
    receipt = trade.open_many(deals, value=one)
    assert receipt.events == [
        *(opened(exchange, deal, receipt.timestamp) for deal in deals),
        exchange.Drawn(account=consumer, amount=one),
    ]
    books.expect(
        receipt,
        ether={consumer: -one, exchange: one},
        standing={consumer: -one, custodian: -2 * deals[0].offer.terms.custodian_deposit},
    )


def test_given_an_offer_that_was_voided__it_skips_it(trade, exchange, custodian):
    deals = trade.deals(2)
    exchange.voidOffer(*deals[0].papers, sender=custodian)
    _expect_skip(trade, deals, "OfferUsed")


def test_given_an_offer_that_was_used__it_skips_it(trade, exchange):
    deals = trade.deals(2)
    trade.open(deals[0])
    _expect_skip(trade, deals, "OfferUsed")


def test_given_the_same_offer_twice_in_the_batch__it_opens_the_first_and_skips_the_second(
    trade, exchange, consumer, custodian
):
    (deal,) = trade.deals(1)
    books = trade.books()
    receipt = trade.open_many([deal, deal])
    one = deal.consumer_pays
    assert receipt.events == [
        opened(exchange, deal, receipt.timestamp),
        skipped(exchange, deal, "OfferUsed"),
        exchange.Funded(account=consumer, amount=one),
    ]
    books.expect(
        receipt,
        ether={consumer: -2 * one, exchange: 2 * one},
        standing={consumer: one, custodian: -deal.offer.terms.custodian_deposit},
    )


def test_given_offers_that_expired__it_skips_them_and_keeps_the_value_for_the_consumer(
    trade, exchange, consumer
):
    deals = trade.deals(2)
    trade.at(deals[0].offer.terms.valid_until + 1)
    books = trade.books()
    receipt = trade.open_many(deals)
    value = 2 * deals[0].consumer_pays
    assert receipt.events == [
        *(skipped(exchange, deal, "OfferExpired") for deal in deals),
        exchange.Funded(account=consumer, amount=value),
    ]
    books.expect(receipt, ether={consumer: -value, exchange: value}, standing={consumer: value})


def test_given_nothing_to_open_and_no_value__it_changes_nothing(trade, exchange):
    deals = trade.deals(2)
    trade.at(deals[0].offer.terms.valid_until + 1)
    books = trade.books()
    receipt = trade.open_many(deals, value=0)
    assert receipt.events == [skipped(exchange, deal, "OfferExpired") for deal in deals]
    books.expect(receipt)


def test_given_a_consent_that_was_never_granted__it_skips_its_offer(trade, exchange):
    known = trade.consented()
    deals = [trade.deal(terms=known.offer.terms), known]
    _expect_skip(trade, deals, "ConsentUnknown")


def test_given_a_consent_that_was_withdrawn__it_skips_its_offer(trade, exchange):
    deals = trade.deals(2)
    trade.revoke(deals[0])
    _expect_skip(trade, deals, "ConsentEnded")


def test_given_a_consent_that_ends_too_soon__it_skips_its_offer(trade, exchange):
    terms = trade.market.terms(trade.now)
    deals = [
        trade.consented(terms=terms, consent_valid_until=trade.now + HOUR - 1),
        trade.consented(terms=terms),
    ]
    _expect_skip(trade, deals, "ConsentEndsTooSoon")


@pytest.mark.parametrize("affordable", [0, 1, 2])
def test_given_a_custodian_with_deposits_for_a_part__it_opens_that_part_and_skips_the_rest(
    trade, exchange, consumer, custodian, affordable
):
    deposit = 5 * 10**15
    exchange.withdraw(custodian, STANDING - affordable * deposit - (deposit - 1), sender=custodian)
    deals = trade.deals(3, custodian_deposit=deposit)
    books = trade.books()
    receipt = trade.open_many(deals)
    one = deals[0].consumer_pays
    assert receipt.events == [
        *(opened(exchange, deal, receipt.timestamp) for deal in deals[:affordable]),
        *(skipped(exchange, deal, "CustodianBalanceTooLow") for deal in deals[affordable:]),
        exchange.Funded(account=consumer, amount=(3 - affordable) * one),
    ]
    books.expect(
        receipt,
        ether={consumer: -3 * one, exchange: 3 * one},
        standing={consumer: (3 - affordable) * one, custodian: -affordable * deposit},
    )


def _expect_skip(trade, deals, reason):
    """The first of two deals is skipped, the second opened, and only that one is paid for."""
    books = trade.books()
    one = deals[0].consumer_pays
    receipt = trade.open_many(deals, value=one)
    assert receipt.events == [
        skipped(trade.exchange, deals[0], reason),
        opened(trade.exchange, deals[1], receipt.timestamp),
    ]
    books.expect(
        receipt,
        ether={trade.consumer: -one, trade.exchange: one},
        standing={trade.custodian: -deals[1].offer.terms.custodian_deposit},
    )
