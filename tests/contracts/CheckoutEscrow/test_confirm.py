# SPDX-License-Identifier: Apache-2.0
"""confirm.tree"""

import pytest

from tests.support.reverts import reverts
from tests.support.shop import AMOUNT, DAY, LIVE, NUMBER


@pytest.mark.parametrize("caller", ["seller", "arbiter", "stranger"])
def test_when_somebody_else_than_the_buyer_calls__it_reverts(shop, escrow, buyer, request, caller):
    somebody = request.getfixturevalue(caller)
    sale = shop.funded()
    with reverts(escrow, "CheckoutEscrow_NotTheBuyer", caller=somebody, buyer=buyer):
        escrow.confirm(sale.abi, sender=somebody)


@pytest.mark.parametrize("state", ["None", "Completed", "Refunded", "Resolved", "Voided"])
def test_given_an_order_that_is_not_live__it_reverts_with_its_state(
    shop, escrow, buyer, seller, arbiter, state
):
    sale = shop.quote()
    if state == "Voided":
        escrow.voidOrder(sale.abi, sender=seller)
    elif state == "Resolved":
        sale = shop.disputed()
        escrow.rule(sale.abi, 1, sender=arbiter)
    elif state != "None":
        shop.checkout(sale)
        if state == "Completed":
            escrow.confirm(sale.abi, sender=buyer)
        else:
            escrow.refund(sale.abi, sender=seller)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.confirm(sale.abi, sender=buyer)


@pytest.mark.parametrize("state", LIVE)
def test_given_a_live_order__it_pays_the_seller_in_full(shop, escrow, buyer, seller, ledger, state):
    sale = shop.in_state(state)
    balances = ledger()
    confirmed = escrow.confirm(sale.abi, sender=buyer)
    assert confirmed.events == [escrow.Completed(orderId=sale.id, sellerAmount=AMOUNT)]
    assert shop.state(sale) == ("Completed", 0)
    balances.expect(confirmed, changes={escrow: -AMOUNT, seller: AMOUNT})


@pytest.mark.parametrize("state", LIVE)
def test_given_a_live_order__it_has_no_deadline(shop, escrow, buyer, seller, ledger, state):
    sale = shop.in_state(state)
    balances = ledger()
    shop.at(shop.deadline(sale) + 365 * DAY)
    confirmed = escrow.confirm(sale.abi, sender=buyer)
    assert confirmed.events == [escrow.Completed(orderId=sale.id, sellerAmount=AMOUNT)]
    balances.expect(confirmed, changes={escrow: -AMOUNT, seller: AMOUNT})
