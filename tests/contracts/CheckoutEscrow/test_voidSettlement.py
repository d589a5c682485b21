# SPDX-License-Identifier: Apache-2.0
"""voidSettlement.tree"""

from tests.support.reverts import reverts
from tests.support.shop import AMOUNT


def test_given_a_settlement_that_the_caller_voided_before__it_reverts(shop, escrow, buyer):
    paper, _ = shop.settlement(shop.funded(), 1, buyer)
    escrow.voidSettlement(paper.abi(), sender=buyer)
    with reverts(escrow, "CheckoutEscrow_SettlementVoid", party=buyer, digest=paper.digest(shop.domain)):
        escrow.voidSettlement(paper.abi(), sender=buyer)


def test_given_any_settlement__it_is_void_for_the_caller_and_nobody_else(shop, escrow, buyer, seller, ledger):
    sale = shop.funded()
    paper, _ = shop.settlement(sale, AMOUNT, buyer)
    digest = paper.digest(shop.domain)
    balances = ledger()
    voided = escrow.voidSettlement(paper.abi(), sender=buyer)
    assert voided.events == [escrow.SettlementVoided(orderId=sale.id, party=buyer, digest=digest)]
    assert escrow.isSettlementVoid(buyer, digest) is True
    assert escrow.isSettlementVoid(seller, digest) is False
    balances.expect(voided, changes={})
