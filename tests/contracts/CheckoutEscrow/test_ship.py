# SPDX-License-Identifier: Apache-2.0
"""ship.tree"""

from dataclasses import replace

import pytest

from tests.support.reverts import reverts
from tests.support.shop import DAY, NUMBER


@pytest.mark.parametrize("caller", ["buyer", "arbiter", "stranger"])
def test_when_somebody_else_than_the_seller_calls__it_reverts(shop, escrow, seller, request, caller):
    somebody = request.getfixturevalue(caller)
    sale = shop.funded()
    with reverts(escrow, "CheckoutEscrow_NotTheSeller", caller=somebody, seller=seller):
        escrow.ship(sale.abi, sender=somebody)


@pytest.mark.parametrize("state", ["None", "Shipped", "Disputed", "Refunded", "Voided"])
def test_given_an_order_that_is_not_funded__it_reverts_with_its_state(shop, escrow, seller, state):
    sale = shop.quote()
    if state == "Voided":
        escrow.voidOrder(sale.abi, sender=seller)
    elif state == "Refunded":
        shop.checkout(sale)
        escrow.refund(sale.abi, sender=seller)
    elif state != "None":
        sale = shop.in_state(state)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.ship(sale.abi, sender=seller)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 1},
        {"order_hash": b"\x99" * 32},
        {"valid_until": 1},
        {"confirm_within": 180 * DAY},
        {"salt": 2**256 - 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_given_an_order_that_differs_from_the_paid_one_in_a_field__it_reverts(shop, escrow, seller, change):
    other = replace(shop.funded().order, **change)
    with reverts(
        escrow, "CheckoutEscrow_WrongState", orderId=other.digest(shop.domain), state=NUMBER["None"]
    ):
        escrow.ship(other.abi(), sender=seller)


def test_given_a_ship_window_that_is_over__it_reverts(shop, escrow, seller):
    sale = shop.funded()
    deadline = shop.deadline(sale)
    shop.at(deadline + 1)
    with reverts(
        escrow, "CheckoutEscrow_TooLate", orderId=sale.id, deadline=deadline, timestamp=deadline + 1
    ):
        escrow.ship(sale.abi, sender=seller)


def test_given_a_funded_order__it_starts_the_confirm_window(shop, escrow, seller, ledger):
    sale = shop.funded()
    balances = ledger()
    shipped = escrow.ship(sale.abi, sender=seller)
    confirm_by = shipped.timestamp + sale.order.confirm_within
    assert shipped.events == [escrow.Shipped(orderId=sale.id, confirmBy=confirm_by)]
    assert shop.state(sale) == ("Shipped", confirm_by)
    balances.expect(shipped, changes={})


def test_given_a_funded_order__it_works_in_the_last_second_of_the_ship_window(shop, escrow, seller):
    sale = shop.funded()
    deadline = shop.deadline(sale)
    shop.at(deadline)
    shipped = escrow.ship(sale.abi, sender=seller)
    assert shipped.timestamp == deadline
    assert shop.state(sale) == ("Shipped", deadline + sale.order.confirm_within)
