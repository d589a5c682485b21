# SPDX-License-Identifier: Apache-2.0
"""dispute.tree"""

import pytest

from tests.support.reverts import reverts
from tests.support.shop import NUMBER

EVIDENCE = b"\x77" * 32


@pytest.mark.parametrize("caller", ["seller", "arbiter", "stranger"])
def test_when_somebody_else_than_the_buyer_calls__it_reverts(shop, escrow, buyer, request, caller):
    somebody = request.getfixturevalue(caller)
    sale = shop.shipped()
    with reverts(escrow, "CheckoutEscrow_NotTheBuyer", caller=somebody, buyer=buyer):
        escrow.dispute(sale.abi, EVIDENCE, sender=somebody)


@pytest.mark.parametrize("state", ["None", "Funded", "Disputed"])
def test_given_an_order_that_is_not_shipped__it_reverts_with_its_state(shop, escrow, buyer, state):
    sale = shop.quote() if state == "None" else shop.in_state(state)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.dispute(sale.abi, EVIDENCE, sender=buyer)


def test_given_a_confirm_window_that_is_over__it_reverts(shop, escrow, buyer):
    sale = shop.shipped()
    deadline = shop.deadline(sale)
    shop.at(deadline + 1)
    with reverts(
        escrow, "CheckoutEscrow_TooLate", orderId=sale.id, deadline=deadline, timestamp=deadline + 1
    ):
        escrow.dispute(sale.abi, EVIDENCE, sender=buyer)


def test_given_a_shipped_order__it_starts_the_arbitration_window(shop, escrow, buyer, arbiter, ledger):
    sale = shop.shipped()
    balances = ledger()
    disputed = escrow.dispute(sale.abi, EVIDENCE, sender=buyer)
    rule_by = disputed.timestamp + sale.order.arbitration_within
    assert disputed.events == [
        escrow.Disputed(orderId=sale.id, arbiter=arbiter, evidenceHash=EVIDENCE, ruleBy=rule_by)
    ]
    assert shop.state(sale) == ("Disputed", rule_by)
    balances.expect(disputed, changes={})


def test_given_a_shipped_order__it_works_in_the_last_second_of_the_confirm_window(shop, escrow, buyer):
    sale = shop.shipped()
    deadline = shop.deadline(sale)
    shop.at(deadline)
    disputed = escrow.dispute(sale.abi, EVIDENCE, sender=buyer)
    assert disputed.timestamp == deadline
    assert shop.state(sale) == ("Disputed", deadline + sale.order.arbitration_within)
