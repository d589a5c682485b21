# SPDX-License-Identifier: Apache-2.0
"""refund.tree"""

import pytest

from tests.support.reverts import reverts
from tests.support.shop import AMOUNT, DAY, LIVE, NUMBER


@pytest.mark.parametrize("state", ["None", "Completed", "Refunded", "Voided"])
def test_when_the_seller_calls__given_an_order_that_is_not_live__it_reverts_with_its_state(
    shop, escrow, buyer, seller, state
):
    sale = shop.quote()
    if state == "Voided":
        escrow.voidOrder(sale.abi, sender=seller)
    elif state != "None":
        shop.checkout(sale)
        if state == "Completed":
            escrow.confirm(sale.abi, sender=buyer)
        else:
            escrow.refund(sale.abi, sender=seller)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.refund(sale.abi, sender=seller)


@pytest.mark.parametrize("state", LIVE)
def test_when_the_seller_calls__given_a_live_order__it_pays_the_buyer_in_full(
    shop, escrow, buyer, seller, ledger, state
):
    sale = shop.in_state(state)
    balances = ledger()
    refunded = escrow.refund(sale.abi, sender=seller)
    assert refunded.events == [escrow.Refunded(orderId=sale.id, buyerAmount=AMOUNT)]
    assert shop.state(sale) == ("Refunded", 0)
    balances.expect(refunded, changes={escrow: -AMOUNT, buyer: AMOUNT})


@pytest.mark.parametrize("state", LIVE)
def test_when_the_seller_calls__given_a_live_order__it_has_no_deadline(
    shop, escrow, buyer, seller, ledger, state
):
    sale = shop.in_state(state)
    balances = ledger()
    shop.at(shop.deadline(sale) + 365 * DAY)
    refunded = escrow.refund(sale.abi, sender=seller)
    assert refunded.events == [escrow.Refunded(orderId=sale.id, buyerAmount=AMOUNT)]
    balances.expect(refunded, changes={escrow: -AMOUNT, buyer: AMOUNT})


@pytest.mark.parametrize("state", ["None", "Shipped", "Disputed"])
def test_when_somebody_else_calls__given_an_order_that_is_not_funded__it_reverts_with_its_state(
    shop, escrow, stranger, state
):
    sale = shop.quote() if state == "None" else shop.in_state(state)
    shop.at(shop.now + 365 * DAY)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.refund(sale.abi, sender=stranger)


@pytest.mark.parametrize("caller", ["buyer", "arbiter", "stranger"])
def test_when_somebody_else_calls__given_a_ship_window_that_runs__it_reverts_even_in_its_last_second(
    shop, escrow, request, caller
):
    somebody = request.getfixturevalue(caller)
    sale = shop.funded()
    deadline = shop.deadline(sale)
    shop.at(deadline)
    with reverts(escrow, "CheckoutEscrow_TooEarly", orderId=sale.id, deadline=deadline, timestamp=deadline):
        escrow.refund(sale.abi, sender=somebody)


@pytest.mark.parametrize("caller", ["buyer", "stranger"])
def test_when_somebody_else_calls__given_a_ship_window_that_is_over__it_pays_the_buyer_in_full(
    shop, escrow, buyer, request, ledger, caller
):
    somebody = request.getfixturevalue(caller)
    sale = shop.funded()
    balances = ledger()
    shop.at(shop.deadline(sale) + 1)
    refunded = escrow.refund(sale.abi, sender=somebody)
    assert refunded.events == [escrow.Refunded(orderId=sale.id, buyerAmount=AMOUNT)]
    assert shop.state(sale) == ("Refunded", 0)
    balances.expect(refunded, changes={escrow: -AMOUNT, buyer: AMOUNT})
