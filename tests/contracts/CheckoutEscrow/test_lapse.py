# SPDX-License-Identifier: Apache-2.0
"""lapse.tree"""

import pytest

from tests.support.reverts import reverts
from tests.support.shop import DAY, NUMBER

LAPSE = 2


@pytest.mark.parametrize("state", ["None", "Funded", "Shipped"])
def test_given_an_order_that_is_not_disputed__it_reverts_with_its_state(shop, escrow, stranger, state):
    sale = shop.quote() if state == "None" else shop.in_state(state)
    shop.at(shop.now + 365 * DAY)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.lapse(sale.abi, sender=stranger)


@pytest.mark.parametrize("caller", ["buyer", "seller", "arbiter", "stranger"])
def test_given_an_arbitration_window_that_runs__it_reverts_even_in_its_last_second(
    shop, escrow, request, caller
):
    sale = shop.disputed()
    deadline = shop.deadline(sale)
    shop.at(deadline)
    with reverts(escrow, "CheckoutEscrow_TooEarly", orderId=sale.id, deadline=deadline, timestamp=deadline):
        escrow.lapse(sale.abi, sender=request.getfixturevalue(caller))


@pytest.mark.parametrize(
    ("amount", "to_buyer", "to_seller"),
    [(1, 1, 0), (2, 1, 1), (3, 2, 1), (10**18 + 1, 10**18 // 2 + 1, 10**18 // 2)],
)
def test_given_an_arbitration_window_that_is_over__it_halves_the_amount_and_gives_the_buyer_the_odd_wei(
    shop, escrow, buyer, seller, stranger, ledger, amount, to_buyer, to_seller
):
    sale = shop.disputed(amount=amount)
    balances = ledger()
    shop.at(shop.deadline(sale) + 1)
    lapsed = escrow.lapse(sale.abi, sender=stranger)
    assert lapsed.events == [
        escrow.Resolved(orderId=sale.id, how=LAPSE, buyerAmount=to_buyer, sellerAmount=to_seller)
    ]
    assert shop.state(sale) == ("Resolved", 0)
    balances.expect(lapsed, changes={escrow: -amount, buyer: to_buyer, seller: to_seller})
