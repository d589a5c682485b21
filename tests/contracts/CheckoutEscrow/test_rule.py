# SPDX-License-Identifier: Apache-2.0
"""rule.tree"""

import pytest

from tests.support.reverts import reverts
from tests.support.shop import AMOUNT, NUMBER

RULING = 0


@pytest.mark.parametrize("caller", ["buyer", "seller", "stranger"])
def test_when_somebody_else_than_the_arbiter_calls__it_reverts(shop, escrow, arbiter, request, caller):
    somebody = request.getfixturevalue(caller)
    sale = shop.disputed()
    with reverts(escrow, "CheckoutEscrow_NotTheArbiter", caller=somebody, arbiter=arbiter):
        escrow.rule(sale.abi, 0, sender=somebody)


@pytest.mark.parametrize("state", ["None", "Funded", "Shipped"])
def test_given_an_order_that_is_not_disputed__it_reverts_with_its_state(shop, escrow, arbiter, state):
    sale = shop.quote() if state == "None" else shop.in_state(state)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.rule(sale.abi, 0, sender=arbiter)


def test_given_an_arbitration_window_that_is_over__it_reverts(shop, escrow, arbiter):
    sale = shop.disputed()
    deadline = shop.deadline(sale)
    shop.at(deadline + 1)
    with reverts(
        escrow, "CheckoutEscrow_TooLate", orderId=sale.id, deadline=deadline, timestamp=deadline + 1
    ):
        escrow.rule(sale.abi, 0, sender=arbiter)


def test_given_more_for_the_buyer_than_the_order_holds__it_reverts(shop, escrow, arbiter):
    sale = shop.disputed()
    with reverts(
        escrow,
        "CheckoutEscrow_SplitTooLarge",
        orderId=sale.id,
        buyerAmount=AMOUNT + 1,
        amount=AMOUNT,
    ):
        escrow.rule(sale.abi, AMOUNT + 1, sender=arbiter)


@pytest.mark.parametrize("buyer_amount", [0, 1, AMOUNT // 3, AMOUNT])
def test_given_a_disputed_order__it_splits_the_amount_as_the_arbiter_says(
    shop, escrow, buyer, seller, arbiter, ledger, buyer_amount
):
    sale = shop.disputed()
    balances = ledger()
    ruled = escrow.rule(sale.abi, buyer_amount, sender=arbiter)
    assert ruled.events == [
        escrow.Resolved(
            orderId=sale.id,
            how=RULING,
            buyerAmount=buyer_amount,
            sellerAmount=AMOUNT - buyer_amount,
        )
    ]
    assert shop.state(sale) == ("Resolved", 0)
    balances.expect(ruled, changes={escrow: -AMOUNT, buyer: buyer_amount, seller: AMOUNT - buyer_amount})


def test_given_a_disputed_order__it_works_in_the_last_second_of_the_arbitration_window(
    shop, escrow, buyer, arbiter, ledger
):
    sale = shop.disputed()
    balances = ledger()
    shop.at(shop.deadline(sale))
    ruled = escrow.rule(sale.abi, AMOUNT, sender=arbiter)
    assert shop.state(sale) == ("Resolved", 0)
    balances.expect(ruled, changes={escrow: -AMOUNT, buyer: AMOUNT})
