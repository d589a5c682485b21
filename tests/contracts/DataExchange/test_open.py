# SPDX-License-Identifier: Apache-2.0
"""open.tree"""

from dataclasses import replace

import pytest
from faircart.papers import Domain, sign

from tests.support.market import HOUR, MINUTE
from tests.support.reverts import reverts
from tests.support.trade import NUMBER, STANDING, opened

MAXIMUM = 2**128 - 1
DAY = 24 * HOUR
WINDOWS = [("deliver_within", 0, DAY), ("respond_within", 1, 7 * DAY)]


def test_when_somebody_else_opens_the_consumers_offer__it_reverts(trade, exchange, consumer, stranger):
    deal = trade.consented()
    with reverts(exchange, "DataExchange_NotTheConsumer", caller=stranger, consumer=consumer):
        trade.open(deal, sender=stranger)


def test_given_a_consumer_that_is_the_custodian__it_reverts(trade, exchange, consumer):
    deal = trade.deal(custodian=consumer.address)
    with reverts(exchange, "DataExchange_ConsumerIsCustodian", account=consumer):
        trade.open(deal)


@pytest.mark.parametrize(("field", "window", "maximum"), WINDOWS)
def test_given_a_window_a_second_too_short__it_reverts_naming_the_window(
    trade, exchange, field, window, maximum
):
    deal = trade.deal(**{field: 10 * MINUTE - 1})
    with reverts(
        exchange,
        "DataExchange_WindowOutOfRange",
        window=window,
        length=10 * MINUTE - 1,
        minimum=10 * MINUTE,
        maximum=maximum,
    ):
        trade.open(deal)


@pytest.mark.parametrize(("field", "window", "maximum"), WINDOWS)
def test_given_a_window_a_second_too_long__it_reverts_naming_the_window(
    trade, exchange, field, window, maximum
):
    deal = trade.deal(**{field: maximum + 1})
    with reverts(
        exchange,
        "DataExchange_WindowOutOfRange",
        window=window,
        length=maximum + 1,
        minimum=10 * MINUTE,
        maximum=maximum,
    ):
        trade.open(deal)


@pytest.mark.parametrize(("field", "deposit"), [("custodian_deposit", 0), ("consumer_deposit", 1)])
def test_given_a_deposit_of_zero__it_reverts_naming_the_deposit(trade, exchange, field, deposit):
    deal = trade.deal(**{field: 0})
    with reverts(exchange, "DataExchange_ZeroDeposit", deposit=deposit):
        trade.open(deal)


@pytest.mark.parametrize("field", ["fee", "custodian_deposit", "consumer_deposit"])
def test_given_an_amount_over_the_range__it_reverts(trade, exchange, field):
    deal = trade.deal(**{field: MAXIMUM + 1})
    with reverts(exchange, "DataExchange_AmountTooLarge", amount=MAXIMUM + 1, maximum=MAXIMUM):
        trade.open(deal, value=0)


def test_given_a_reward_over_the_range__it_reverts(trade, exchange):
    deal = trade.deal(reward=MAXIMUM + 1)
    with reverts(exchange, "DataExchange_RewardTooLarge", index=0, reward=MAXIMUM + 1, maximum=MAXIMUM):
        trade.open(deal, value=0)


@pytest.mark.parametrize(
    "change",
    [
        {"consent_id": b"\x01" * 32},
        {"customer": "0x" + "11" * 20},
        {"reward": 1},
        {"terms.custodian": "0x" + "22" * 20},
        {"consent.data_root": b"\x02" * 32},
        {"consent.terms": b"\x03" * 32},
        {"consent.valid_until": 2**31},
        {"consent.epoch": 9},
    ],
    ids=lambda change: next(iter(change)),
)
def test_given_an_offer_that_differs_from_its_consent__it_reverts_with_both_ids(trade, exchange, change):
    (name, value), deal = next(iter(change.items())), trade.consented()
    where, _, field = name.rpartition(".")
    consent, offer = deal.consent, deal.offer
    if where == "consent":
        consent = replace(consent, **{field: value})
    elif where == "terms":
        offer = replace(offer, terms=replace(offer.terms, **{field: value}))
        consent = replace(consent, **{field: value})
    else:
        offer = replace(offer, **{field: value})
        if field != "consent_id":
            consent = replace(consent, **{field: value})
    other = replace(
        trade.market.offered(deal, **{f: getattr(offer, f) for f in ("consent_id", "customer", "reward")}),
        consent=consent,
    )
    other = trade.market.offered(other, terms=offer.terms)
    with reverts(
        exchange,
        "DataExchange_OfferNotForConsent",
        index=0,
        offered=offer.consent_id,
        computed=consent.digest(trade.market.registry),
    ):
        trade.open(other)


def test_given_the_signature_of_somebody_else__it_reverts(trade, exchange, custodian):
    deal = trade.consented()
    forged = sign(deal.offer, trade.market.exchange, trade.market.consumer.key)
    with reverts(
        exchange, "DataExchange_InvalidOffer", index=0, exchangeId=deal.exchange_id, custodian=custodian
    ):
        trade.open(replace(deal, offer_signature=forged))


def test_given_an_offer_for_another_chain_or_contract__it_reverts(trade, exchange, custodian):
    deal, domain = trade.consented(), trade.market.exchange
    for foreign in (Domain(domain.chain_id + 1, domain.verifying_contract), trade.market.registry):
        signature = sign(deal.offer, foreign, trade.market.custodian.key)
        with reverts(
            exchange,
            "DataExchange_InvalidOffer",
            index=0,
            exchangeId=deal.exchange_id,
            custodian=custodian,
        ):
            trade.open(replace(deal, offer_signature=signature))


def test_given_a_contract_as_custodian_that_does_not_accept_the_signature__it_reverts(
    trade, exchange, deployer, project, stranger
):
    wallet = deployer.deploy(project.AcceptingWallet, stranger)  # the custodian's key is not its owner's
    market = replace(trade.market, custodian=trade.market.custodian.at(wallet.address))
    deal = trade.deal(market)
    trade.grant(deal)
    with reverts(
        exchange, "DataExchange_InvalidOffer", index=0, exchangeId=deal.exchange_id, custodian=wallet
    ):
        trade.open(deal)


def test_given_an_offer_that_was_used__it_reverts_with_its_state(trade, exchange):
    deal = trade.opened()
    with reverts(exchange, "DataExchange_OfferUsed", exchangeId=deal.exchange_id, state=NUMBER["Open"]):
        trade.open(deal)


def test_given_an_offer_that_was_used_and_settled__it_reverts_with_its_state(trade, exchange, consumer):
    deal = trade.delivered()
    exchange.confirm(*deal.papers, sender=consumer)
    with reverts(exchange, "DataExchange_OfferUsed", exchangeId=deal.exchange_id, state=NUMBER["Settled"]):
        trade.open(deal)


def test_given_an_offer_that_was_voided__it_reverts_with_its_state(trade, exchange, custodian):
    deal = trade.consented()
    exchange.voidOffer(*deal.papers, sender=custodian)
    with reverts(exchange, "DataExchange_OfferUsed", exchangeId=deal.exchange_id, state=NUMBER["Voided"]):
        trade.open(deal)


def test_given_an_offer_that_expired_a_second_ago__it_reverts(trade, exchange):
    deal = trade.consented()
    second = deal.offer.terms.valid_until + 1
    trade.at(second)
    with reverts(exchange, "DataExchange_OfferExpired", validUntil=second - 1, timestamp=second):
        trade.open(deal)


def test_given_a_consent_that_was_never_granted__it_reverts(trade, exchange):
    deal = trade.deal()
    with reverts(exchange, "DataExchange_ConsentUnknown", consentId=deal.consent_id):
        trade.open(deal)


def test_given_a_consent_that_was_withdrawn__it_reverts_with_its_end(trade, exchange):
    deal = trade.consented()
    ended = trade.revoke(deal).timestamp
    with reverts(exchange, "DataExchange_ConsentEnded", consentId=deal.consent_id, endedAt=ended):
        trade.open(deal)


def test_given_a_consent_that_was_withdrawn_in_the_same_second__it_reverts_with_its_end(
    trade, registry, exchange, consumer, as_contract
):
    wallet, market = as_contract("consumer")
    deal = trade.deal(market)
    trade.grant(deal, market)
    second = trade.now + 60
    trade.at(second)
    opening = exchange.open.encode_input(deal.scope, *deal.papers, deal.offer_signature)
    with reverts(exchange, "DataExchange_ConsentEnded", consentId=deal.consent_id, endedAt=second):
        wallet.executeAll([registry, exchange], [trade.withdrawal(deal), opening], sender=consumer)
    wallet.execute(exchange, 0, opening, sender=consumer)  # but for the withdrawal it could be opened
    assert trade.state(deal)[0] == "Open"


def test_given_a_consent_that_was_withdrawn_before_it_was_granted__it_reverts_with_its_end(trade, exchange):
    deal = trade.deal()
    ended = trade.revoke(deal).timestamp
    with reverts(exchange, "DataExchange_ConsentEnded", consentId=deal.consent_id, endedAt=ended):
        trade.open(deal)


def test_given_a_customer_that_withdrew_everything__it_reverts_with_the_epochs_end(
    trade, exchange, registry, customer
):
    deal = trade.consented()
    ended = registry.revokeAll(77, sender=customer).timestamp
    with reverts(exchange, "DataExchange_ConsentEnded", consentId=deal.consent_id, endedAt=ended):
        trade.open(deal)


def test_given_a_consent_that_ends_a_second_before_the_deliver_deadline__it_reverts(trade, exchange):
    second = trade.now + 100
    deal = trade.consented(consent_valid_until=second + HOUR - 1)
    trade.at(second)
    with reverts(
        exchange,
        "DataExchange_ConsentEndsTooSoon",
        validUntil=second + HOUR - 1,
        deliverBy=second + HOUR,
    ):
        trade.open(deal)


def test_given_a_wei_too_little_in_the_custodians_balance__it_reverts(trade, exchange, custodian):
    deal = trade.consented(custodian_deposit=STANDING + 1)
    with reverts(
        exchange,
        "DataExchange_BalanceTooLow",
        account=custodian,
        available=STANDING,
        needed=STANDING + 1,
    ):
        trade.open(deal)


def test_given_a_wei_too_little_from_the_consumer__it_reverts(trade, exchange, consumer):
    deal = trade.consented()
    exchange.fund(sender=consumer, value=10)
    with reverts(
        exchange,
        "DataExchange_BalanceTooLow",
        account=consumer,
        available=deal.consumer_pays - 1,
        needed=deal.consumer_pays,
    ):
        trade.open(deal, value=deal.consumer_pays - 11)


def test_given_a_sound_offer_and_exact_value__it_locks_both_sides_money(trade, exchange, consumer, custodian):
    deal = trade.consented()
    books = trade.books()
    receipt = trade.open(deal)
    assert receipt.events == [opened(exchange, deal, receipt.timestamp)]
    assert trade.state(deal) == ("Open", receipt.timestamp + HOUR)
    books.expect(
        receipt,
        ether={consumer: -deal.consumer_pays, exchange: deal.consumer_pays},
        standing={custodian: -deal.offer.terms.custodian_deposit},
    )


def test_given_a_sound_offer_and_exact_value__it_leaves_the_consumers_standing_balance_alone(
    trade, exchange, consumer, custodian
):
    deal = trade.consented()
    exchange.fund(sender=consumer, value=50)
    books = trade.books()
    receipt = trade.open(deal)
    assert receipt.events == [opened(exchange, deal, receipt.timestamp)]
    books.expect(
        receipt,
        ether={consumer: -deal.consumer_pays, exchange: deal.consumer_pays},
        standing={custodian: -deal.offer.terms.custodian_deposit},
    )


def test_given_too_much_value__it_adds_the_rest_to_the_consumers_balance(
    trade, exchange, consumer, custodian
):
    deal = trade.consented()
    books = trade.books()
    receipt = trade.open(deal, value=deal.consumer_pays + 3)
    assert receipt.events == [
        opened(exchange, deal, receipt.timestamp),
        exchange.Funded(account=consumer, amount=3),
    ]
    books.expect(
        receipt,
        ether={consumer: -deal.consumer_pays - 3, exchange: deal.consumer_pays + 3},
        standing={custodian: -deal.offer.terms.custodian_deposit, consumer: 3},
    )


def test_given_too_little_value__it_draws_the_rest_from_the_consumers_balance(
    trade, exchange, consumer, custodian
):
    deal = trade.consented()
    exchange.fund(sender=consumer, value=10)
    books = trade.books()
    receipt = trade.open(deal, value=deal.consumer_pays - 10)
    assert receipt.events == [
        opened(exchange, deal, receipt.timestamp),
        exchange.Drawn(account=consumer, amount=10),
    ]
    books.expect(
        receipt,
        ether={consumer: 10 - deal.consumer_pays, exchange: deal.consumer_pays - 10},
        standing={custodian: -deal.offer.terms.custodian_deposit, consumer: -10},
    )


def test_given_no_value__it_draws_everything_from_the_consumers_balance(trade, exchange, consumer, custodian):
    deal = trade.consented()
    exchange.fund(sender=consumer, value=deal.consumer_pays)
    books = trade.books()
    receipt = trade.open(deal, value=0)
    assert receipt.events == [
        opened(exchange, deal, receipt.timestamp),
        exchange.Drawn(account=consumer, amount=deal.consumer_pays),
    ]
    books.expect(
        receipt,
        standing={custodian: -deal.offer.terms.custodian_deposit, consumer: -deal.consumer_pays},
    )


def test_given_a_sound_offer__it_accepts_it_in_its_last_second(trade, exchange):
    deal = trade.consented()
    trade.at(deal.offer.terms.valid_until)
    receipt = trade.open(deal)
    assert receipt.timestamp == deal.offer.terms.valid_until
    assert receipt.events == [opened(exchange, deal, receipt.timestamp)]


def test_given_a_sound_offer__it_accepts_a_consent_that_ends_with_the_deliver_window(trade, exchange):
    second = trade.now + 100
    deal = trade.consented(consent_valid_until=second + HOUR)
    trade.at(second)
    assert trade.open(deal).events == [opened(exchange, deal, second)]


def test_given_a_sound_offer__it_accepts_the_shortest_and_the_longest_windows(trade, exchange):
    short = trade.opened(deliver_within=10 * MINUTE, respond_within=10 * MINUTE)
    second = trade.now
    assert trade.state(short) == ("Open", second + 10 * MINUTE)
    long = trade.opened(deliver_within=DAY, respond_within=7 * DAY)
    assert trade.state(long) == ("Open", trade.now + DAY)


def test_given_a_sound_offer__it_accepts_a_custodians_deposit_of_all_it_has(trade, exchange, custodian):
    deal = trade.opened(custodian_deposit=STANDING)
    assert trade.state(deal)[0] == "Open"
    assert exchange.balanceOf(custodian) == 0


def test_given_a_sound_offer__it_accepts_no_reward_and_no_fee(trade, exchange, consumer):
    deal = trade.consented(reward=0, fee=0, consumer_deposit=1)
    books = trade.books()
    receipt = trade.open(deal)
    assert receipt.events == [opened(exchange, deal, receipt.timestamp)]
    books.expect(
        receipt,
        ether={consumer: -1, exchange: 1},
        standing={trade.custodian: -deal.offer.terms.custodian_deposit},
    )


def test_given_a_sound_offer__it_opens_a_second_exchange_under_the_same_consent(trade, exchange):
    first = trade.opened()
    second = trade.market.offered(first, terms=replace(first.offer.terms, fee=1))
    receipt = trade.open(second)
    assert receipt.events == [opened(exchange, second, receipt.timestamp)]
    assert {trade.state(first)[0], trade.state(second)[0]} == {"Open"}
