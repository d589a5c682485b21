# SPDX-License-Identifier: Apache-2.0
"""claim.tree"""

import pytest

from tests.support.reverts import reverts
from tests.support.shop import AMOUNT, DAY, NUMBER

pytestmark = pytest.mark.foundry


@pytest.mark.parametrize("state", ["None", "Funded", "Disputed"])
def test_given_an_order_that_is_not_shipped__it_reverts_with_its_state(shop, escrow, seller, state):
    sale = shop.quote() if state == "None" else shop.in_state(state)
    shop.at(shop.now + 365 * DAY)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.claim(sale.abi, sender=seller)


def test_given_a_confirm_window_that_runs__it_reverts_even_in_its_last_second(shop, escrow, seller):
    sale = shop.shipped()
    deadline = shop.deadline(sale)
    shop.at(deadline)
    with reverts(escrow, "CheckoutEscrow_TooEarly", orderId=sale.id, deadline=deadline, timestamp=deadline):
        escrow.claim(sale.abi, sender=seller)


@pytest.mark.parametrize("caller", ["seller", "buyer", "stranger"])
def test_given_a_confirm_window_that_is_over__it_pays_the_seller_in_full_whoever_calls(
    shop, escrow, seller, request, ledger, caller
):
    somebody = request.getfixturevalue(caller)
    sale = shop.shipped()
    balances = ledger()
    shop.at(shop.deadline(sale) + 1)
    claimed = escrow.claim(sale.abi, sender=somebody)
    assert claimed.events == [escrow.Completed(orderId=sale.id, sellerAmount=AMOUNT)]
    assert shop.state(sale) == ("Completed", 0)
    balances.expect(claimed, changes={escrow: -AMOUNT, seller: AMOUNT})
