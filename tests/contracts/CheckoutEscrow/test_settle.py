# SPDX-License-Identifier: Apache-2.0
"""settle.tree"""

import pytest

from tests.support.ledger import Ledger
from tests.support.reverts import reverts
from tests.support.shop import AMOUNT, DAY, LIVE, NUMBER

SETTLEMENT = 1
PART = AMOUNT // 4


def resolved(escrow, sale, buyer_amount):
    """The one event of a settlement."""
    return [
        escrow.Resolved(
            orderId=sale.id,
            how=SETTLEMENT,
            buyerAmount=buyer_amount,
            sellerAmount=AMOUNT - buyer_amount,
        )
    ]


@pytest.mark.parametrize("caller", ["arbiter", "stranger"])
def test_when_neither_buyer_nor_seller_calls__it_reverts(shop, escrow, buyer, request, caller):
    somebody = request.getfixturevalue(caller)
    sale = shop.funded()
    paper, signature = shop.settlement(sale, PART, buyer)
    with reverts(escrow, "CheckoutEscrow_NotAParty", caller=somebody, orderId=sale.id):
        escrow.settle(sale.abi, paper.abi(), signature, sender=somebody)


@pytest.mark.parametrize("state", ["None", "Completed", "Refunded"])
def test_given_an_order_that_is_not_live__it_reverts_with_its_state(shop, escrow, buyer, seller, state):
    sale = shop.quote()
    if state != "None":
        shop.checkout(sale)
        if state == "Completed":
            escrow.confirm(sale.abi, sender=buyer)
        else:
            escrow.refund(sale.abi, sender=seller)
    paper, signature = shop.settlement(sale, PART, buyer)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER[state]):
        escrow.settle(sale.abi, paper.abi(), signature, sender=seller)


def test_given_a_settlement_of_another_order__it_reverts(shop, escrow, buyer, seller):
    sale, other = shop.funded(), shop.funded()
    paper, signature = shop.settlement(other, PART, buyer)
    with reverts(escrow, "CheckoutEscrow_OtherOrder", orderId=sale.id, settled=other.id):
        escrow.settle(sale.abi, paper.abi(), signature, sender=seller)


def test_given_a_settlement_that_expired_a_second_ago__it_reverts(shop, escrow, buyer, seller):
    sale = shop.funded()
    paper, signature = shop.settlement(sale, PART, buyer)
    late = paper.valid_until + 1
    shop.at(late)
    with reverts(
        escrow,
        "CheckoutEscrow_SettlementExpired",
        orderId=sale.id,
        validUntil=paper.valid_until,
        timestamp=late,
    ):
        escrow.settle(sale.abi, paper.abi(), signature, sender=seller)


def test_given_more_for_the_buyer_than_the_order_holds__it_reverts(shop, escrow, buyer, seller):
    sale = shop.funded()
    paper, signature = shop.settlement(sale, AMOUNT + 1, seller)
    with reverts(
        escrow,
        "CheckoutEscrow_SplitTooLarge",
        orderId=sale.id,
        buyerAmount=AMOUNT + 1,
        amount=AMOUNT,
    ):
        escrow.settle(sale.abi, paper.abi(), signature, sender=buyer)


def test_given_a_settlement_that_the_other_party_voided__it_reverts(shop, escrow, buyer, seller):
    sale = shop.funded()
    paper, signature = shop.settlement(sale, PART, buyer)
    escrow.voidSettlement(paper.abi(), sender=buyer)
    with reverts(escrow, "CheckoutEscrow_SettlementVoid", party=buyer, digest=paper.digest(shop.domain)):
        escrow.settle(sale.abi, paper.abi(), signature, sender=seller)


def test_given_the_callers_own_signature__it_reverts(shop, escrow, buyer, seller):
    sale = shop.funded()
    paper, signature = shop.settlement(sale, AMOUNT, buyer)
    with reverts(escrow, "CheckoutEscrow_InvalidSettlement", digest=paper.digest(shop.domain), party=seller):
        escrow.settle(sale.abi, paper.abi(), signature, sender=buyer)


def test_given_the_signature_of_somebody_else__it_reverts(shop, escrow, buyer, seller, arbiter):
    sale = shop.funded()
    paper, signature = shop.settlement(sale, 0, arbiter)
    with reverts(escrow, "CheckoutEscrow_InvalidSettlement", digest=paper.digest(shop.domain), party=buyer):
        escrow.settle(sale.abi, paper.abi(), signature, sender=seller)


@pytest.mark.parametrize("state", LIVE)
def test_given_the_other_partys_settlement__it_splits_the_amount_when_the_seller_calls(
    shop, escrow, buyer, seller, ledger, state
):
    sale = shop.in_state(state)
    paper, signature = shop.settlement(sale, PART, buyer)
    assert escrow.settlementDigest(paper.abi()) == paper.digest(shop.domain)
    balances = ledger()
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=seller)
    assert settled.events == resolved(escrow, sale, PART)
    assert shop.state(sale) == ("Resolved", 0)
    balances.expect(settled, changes={escrow: -AMOUNT, buyer: PART, seller: AMOUNT - PART})


@pytest.mark.parametrize("state", LIVE)
def test_given_the_other_partys_settlement__it_splits_the_amount_when_the_buyer_calls(
    shop, escrow, buyer, seller, ledger, state
):
    sale = shop.in_state(state)
    paper, signature = shop.settlement(sale, AMOUNT, seller)
    balances = ledger()
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=buyer)
    assert settled.events == resolved(escrow, sale, AMOUNT)
    assert shop.state(sale) == ("Resolved", 0)
    balances.expect(settled, changes={escrow: -AMOUNT, buyer: AMOUNT})


def test_given_the_other_partys_settlement__it_lets_a_buyer_without_gas_release_everything(
    shop, escrow, buyer, seller, ledger
):
    sale = shop.shipped()
    paper, signature = shop.settlement(sale, 0, buyer)
    balances = ledger()
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=seller)
    assert settled.events == resolved(escrow, sale, 0)
    balances.expect(settled, changes={escrow: -AMOUNT, seller: AMOUNT})


@pytest.mark.parametrize("state", LIVE)
def test_given_the_other_partys_settlement__it_has_no_deadline_but_the_settlements_own(
    shop, escrow, buyer, seller, state
):
    sale = shop.in_state(state)
    late = shop.deadline(sale) + 365 * DAY
    paper, signature = shop.settlement(sale, PART, buyer, valid_until=late)
    shop.at(late)
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=seller)
    assert settled.timestamp == late
    assert settled.events == resolved(escrow, sale, PART)


def test_given_the_other_partys_settlement__it_does_not_mind_that_the_caller_voided_it(
    shop, escrow, buyer, seller
):
    sale = shop.funded()
    paper, signature = shop.settlement(sale, PART, buyer)
    escrow.voidSettlement(paper.abi(), sender=seller)
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=seller)
    assert settled.events == resolved(escrow, sale, PART)


def test_given_the_other_partys_settlement__it_accepts_the_erc1271_signature_of_a_contract_as_buyer(
    shop, escrow, buyer, seller, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, buyer)
    sale = shop.quote(buyer=wallet.address)
    data = escrow.checkout.encode_input([sale.abi], [sale.signature])
    wallet.execute(escrow, AMOUNT, data, value=AMOUNT, sender=buyer)
    paper, signature = shop.settlement(sale, PART, buyer)
    balances = Ledger(escrow, buyer, seller, wallet)
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=seller)
    assert settled.events == resolved(escrow, sale, PART)
    balances.expect(settled, changes={escrow: -AMOUNT, wallet: PART, seller: AMOUNT - PART})


def test_given_the_other_partys_settlement__it_accepts_the_erc1271_signature_of_a_contract_as_seller(
    shop, escrow, buyer, seller, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, seller)
    sale = shop.quote(seller=wallet.address)
    shop.checkout(sale)
    paper, signature = shop.settlement(sale, PART, seller)
    balances = Ledger(escrow, buyer, seller, wallet)
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=buyer)
    assert settled.events == resolved(escrow, sale, PART)
    balances.expect(settled, changes={escrow: -AMOUNT, buyer: PART, wallet: AMOUNT - PART})


def test_given_the_other_partys_settlement__it_accepts_the_key_of_an_eip7702_buyer_without_erc1271(
    shop, escrow, buyer, seller, deployer, project
):
    sale = shop.funded()
    buyer.set_delegate(deployer.deploy(project.AcceptingDelegate))
    paper, signature = shop.settlement(sale, PART, buyer)
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=seller)
    assert settled.events == resolved(escrow, sale, PART)


def test_given_the_other_partys_settlement__it_accepts_the_key_of_an_eip7702_seller_without_erc1271(
    shop, escrow, buyer, seller, deployer, project
):
    sale = shop.funded()
    seller.set_delegate(deployer.deploy(project.AcceptingDelegate))
    paper, signature = shop.settlement(sale, PART, seller)
    settled = escrow.settle(sale.abi, paper.abi(), signature, sender=buyer)
    assert settled.events == resolved(escrow, sale, PART)


def test_given_the_other_partys_settlement__it_cannot_be_used_twice(shop, escrow, buyer, seller):
    sale = shop.funded()
    paper, signature = shop.settlement(sale, PART, buyer)
    escrow.settle(sale.abi, paper.abi(), signature, sender=seller)
    with reverts(escrow, "CheckoutEscrow_WrongState", orderId=sale.id, state=NUMBER["Resolved"]):
        escrow.settle(sale.abi, paper.abi(), signature, sender=seller)
