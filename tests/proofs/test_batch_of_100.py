# SPDX-License-Identifier: Apache-2.0
"""A hundred exchanges in one batch: what can no longer be done is left out, and not a wei is out of place."""

from dataclasses import replace

from faircart.papers import Revocation, sign

from tests.proofs.stage import Stage
from tests.support.anvil import events
from tests.support.market import person

COUNT = 100
OFFER_USED, CONSENT_ENDED, NOT_OPEN, NOT_DELIVERED = 1, 4, 7, 8


def test_a_batch_of_100_customers_is_opened_delivered_and_confirmed(stage: Stage) -> None:
    chain, market = stage.chain, stage.market
    exchange, calls = stage.exchange, stage.exchange.functions
    terms = market.terms(chain.now)
    customers = [person(f"customer {number}") for number in range(COUNT)]
    deals = []
    for number, customer in enumerate(customers):
        own = replace(market, customer=customer)
        deal = own.deal(chain.now, number=10_000 + number, terms=terms, reward=10**15 + number)
        grant = stage.registry.functions.grantFor(deal.consent.abi(), own.consent_signature(deal))
        chain.send(grant, market.custodian.address)
        deals.append(deal)
    # Two lapse before the opening: one offer is voided, one consent withdrawn.
    chain.send(calls.voidOffer(*deals[10].papers), market.custodian.address)
    revocation = sign(Revocation(deals[20].consent_id), market.registry, customers[20].key)
    revoke = stage.registry.functions.revokeByIdFor(deals[20].consent_id, revocation)
    chain.send(revoke, market.custodian.address)

    sales, scopes = [deal.sale for deal in deals], [deal.scope for deal in deals]
    signatures = [deal.offer_signature for deal in deals]
    value = sum(deal.consumer_pays for deal in deals)
    before = {who: stage.standing(who) for who in (terms.consumer, terms.custodian)}
    held = chain.w3.eth.get_balance(exchange.address)

    opening = chain.send(calls.openMany(scopes, terms.abi(), sales, signatures), terms.consumer, value)
    names = [(name, values["exchangeId"]) for name, values in events(exchange, opening)[:COUNT]]
    skipped = {10: OFFER_USED, 20: CONSENT_ENDED}
    assert names == [
        ("Skipped" if index in skipped else "Opened", deal.exchange_id) for index, deal in enumerate(deals)
    ]
    surplus = deals[10].consumer_pays + deals[20].consumer_pays
    assert events(exchange, opening)[COUNT:] == [("Funded", {"account": terms.consumer, "amount": surplus})]

    delivery = calls.deliverMany(terms.abi(), sales, [deal.wrapped_key for deal in deals])
    delivered = events(exchange, chain.send(delivery, terms.custodian))
    assert [(values["exchangeId"], values["reason"]) for name, values in delivered if name == "Skipped"] == [
        (deals[10].exchange_id, NOT_OPEN),
        (deals[20].exchange_id, NOT_OPEN),
    ]
    assert [values["wrappedKey"] for name, values in delivered if name == "Delivered"] == [
        deal.wrapped_key for index, deal in enumerate(deals) if index not in skipped
    ]

    confirmed = events(exchange, chain.send(calls.confirmMany(terms.abi(), sales), terms.consumer))
    assert [name for name, _ in confirmed].count("Confirmed") == COUNT - 2
    assert [(values["exchangeId"], values["reason"]) for name, values in confirmed if name == "Skipped"] == [
        (deals[10].exchange_id, NOT_DELIVERED),
        (deals[20].exchange_id, NOT_DELIVERED),
    ]

    for index, (customer, deal) in enumerate(zip(customers, deals, strict=True)):
        assert chain.w3.eth.get_balance(customer.address) == (0 if index in skipped else deal.offer.reward)
    done = COUNT - 2
    assert stage.standing(terms.consumer) == before[terms.consumer] + surplus + done * terms.consumer_deposit
    assert stage.standing(terms.custodian) == before[terms.custodian] + done * terms.fee
    rewards = sum(deal.offer.reward for index, deal in enumerate(deals) if index not in skipped)
    assert chain.w3.eth.get_balance(exchange.address) == held + value - rewards
