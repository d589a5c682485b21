# SPDX-License-Identifier: Apache-2.0
"""Orders, consents and exchanges that were made on a network go on, on a fork of it."""

import os
from typing import Any

from faircart.papers import Revocation, sign
from web3 import HTTPProvider, Web3

from tests.fork.before import (
    AMOUNT,
    BUYER,
    CONSUMER,
    CUSTODIAN,
    CUSTOMER,
    DAY,
    FUNDED,
    GRANTED,
    OPENED,
    SELLER,
    SHIPPED,
    STANDING,
    TO_REVOKE,
    Papers,
)
from tests.support.market import Deal
from tests.support.reverts import reverts

STATE_FUNDED, STATE_COMPLETED = 1, 4
OPEN, SETTLED = 1, 3


def test_a_paid_order_is_shipped_and_completed_after_the_fork(
    papers: Papers, escrow: Any, accounts: Any
) -> None:
    order, order_id, _ = papers.order(FUNDED)
    assert escrow.stateOf(order_id).state == STATE_FUNDED
    escrow.ship(order.abi(), sender=accounts[SELLER.address])
    before = accounts[SELLER.address].balance
    receipt = escrow.confirm(order.abi(), sender=accounts[BUYER.address])
    assert receipt.events == [escrow.Completed(orderId=order_id, sellerAmount=AMOUNT)]
    assert accounts[SELLER.address].balance == before + AMOUNT
    assert escrow.stateOf(order_id).state == STATE_COMPLETED


def test_an_order_that_was_shipped_before_the_fork_is_claimed_when_its_window_is_over(
    papers: Papers, escrow: Any, accounts: Any, chain: Any
) -> None:
    order, order_id, _ = papers.order(SHIPPED)
    confirm_by = escrow.stateOf(order_id).deadline
    assert papers.now < confirm_by <= papers.now + 3 * DAY
    chain.pending_timestamp = confirm_by + 1
    receipt = escrow.claim(order.abi(), sender=accounts[0])
    assert receipt.events == [escrow.Completed(orderId=order_id, sellerAmount=AMOUNT)]


def test_a_quote_that_was_used_before_the_fork_cannot_be_used_after_it(
    papers: Papers, escrow: Any, accounts: Any
) -> None:
    order, order_id, signature = papers.order(FUNDED)
    with reverts(escrow, "CheckoutEscrow_OrderUsed", index=0, orderId=order_id, state=STATE_FUNDED):
        escrow.checkout([order.abi()], [signature], value=AMOUNT, sender=accounts[BUYER.address])


def test_a_consent_that_was_granted_before_the_fork_is_withdrawn_by_a_paper_signed_after_it(
    papers: Papers, registry: Any, accounts: Any, chain: Any
) -> None:
    deal = papers.deal(TO_REVOKE)
    assert registry.endedAt(deal.consent_id) == 0
    signature = sign(Revocation(deal.consent_id), papers.market.registry, CUSTOMER.key)
    receipt = registry.revokeByIdFor(deal.consent_id, signature, sender=accounts[0])
    assert receipt.events == [registry.Revoked(consentId=deal.consent_id, customer=CUSTOMER.address)]
    assert registry.endedAt(deal.consent_id) == receipt.timestamp


def test_an_exchange_is_opened_after_the_fork_under_a_consent_from_before_it(
    papers: Papers, exchange: Any, accounts: Any
) -> None:
    deal = papers.deal(GRANTED)
    exchange.open(
        deal.scope,
        *deal.papers,
        deal.offer_signature,
        value=deal.consumer_pays,
        sender=accounts[CONSUMER.address],
    )
    locked = papers.deal(OPENED).offer.terms.custodian_deposit
    _delivered_and_confirmed(deal, exchange, accounts, STANDING - locked + deal.offer.terms.fee)


def test_an_exchange_that_was_opened_before_the_fork_is_delivered_and_confirmed_after_it(
    papers: Papers, exchange: Any, accounts: Any
) -> None:
    deal = papers.deal(OPENED)
    _delivered_and_confirmed(deal, exchange, accounts, STANDING + deal.offer.terms.fee)


def _delivered_and_confirmed(deal: Deal, exchange: Any, accounts: Any, custodian_has: int) -> None:
    assert exchange.stateOf(deal.exchange_id).state == OPEN
    customer = accounts[CUSTOMER.address].balance
    exchange.deliver(*deal.papers, deal.wrapped_key, sender=accounts[CUSTODIAN.address])
    receipt = exchange.confirm(*deal.papers, sender=accounts[CONSUMER.address])
    assert receipt.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]
    assert exchange.stateOf(deal.exchange_id).state == SETTLED
    assert accounts[CUSTOMER.address].balance == customer + deal.offer.reward
    assert exchange.balanceOf(CUSTODIAN.address) == custodian_has


def test_the_network_itself_is_not_touched(papers: Papers, escrow: Any, accounts: Any) -> None:
    order, order_id, _ = papers.order(FUNDED)
    escrow.confirm(order.abi(), sender=accounts[BUYER.address])
    upstream = Web3(HTTPProvider(os.environ["FAIRCART_DEVNET"]))
    data = escrow.stateOf.encode_input(order_id)
    answer = upstream.eth.call({"to": escrow.address, "data": data})
    assert int.from_bytes(answer[:32], "big") == STATE_FUNDED
