# SPDX-License-Identifier: Apache-2.0
"""voidOrder.tree"""

import pytest

from tests.support.reverts import reverts
from tests.support.shop import LIVE, NUMBER


@pytest.mark.parametrize("caller", ["buyer", "arbiter", "stranger"])
def test_when_somebody_else_than_the_seller_calls__it_reverts(shop, escrow, seller, request, caller):
    somebody = request.getfixturevalue(caller)
    with reverts(escrow, "CheckoutEscrow_NotTheSeller", caller=somebody, seller=seller):
        escrow.voidOrder(shop.quote().abi, sender=somebody)


@pytest.mark.parametrize("state", [*LIVE, "Voided"])
def test_given_an_order_that_was_used__it_reverts_with_its_state(shop, escrow, seller, state):
    if state == "Voided":
        sale = shop.quote()
        escrow.voidOrder(sale.abi, sender=seller)
    else:
        sale = shop.in_state(state)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.voidOrder(sale.abi, sender=seller)


def test_given_an_unused_order__it_can_never_be_paid(shop, escrow, seller, ledger):
    sale = shop.quote()
    balances = ledger()
    voided = escrow.voidOrder(sale.abi, sender=seller)
    assert voided.events == [escrow.OrderVoided(orderId=sale.id, seller=seller)]
    assert shop.state(sale) == ("Voided", 0)
    balances.expect(voided, changes={})
    with reverts(escrow, "CheckoutEscrow_OrderUsed", index=0, orderId=sale.id, state=NUMBER["Voided"]):
        shop.checkout(sale)


def test_given_an_unused_order__it_may_be_malformed_or_expired(shop, escrow, seller):
    sale = shop.quote(valid_until=1, ship_within=0)
    voided = escrow.voidOrder(sale.abi, sender=seller)
    assert voided.events == [escrow.OrderVoided(orderId=sale.id, seller=seller)]
