# SPDX-License-Identifier: Apache-2.0
"""withdrawCreditFor.tree"""

from dataclasses import replace

import pytest
from faircart.papers import CreditWithdrawal, sign

from tests.support.ledger import Ledger
from tests.support.reverts import reverts
from tests.support.shop import AMOUNT, DAY, key_of


@pytest.fixture
def paper(shop, credited, stranger):
    """The credited contract asks for two wei to be sent to the stranger."""
    return CreditWithdrawal(
        owner=credited.address, to=stranger.address, amount=2, nonce=0, valid_until=shop.now + DAY
    )


@pytest.fixture
def submit(shop, escrow, seller, stranger):
    """Submits a paper, signed by the seller's key unless somebody else signs."""

    def send(paper, signer=seller):
        return escrow.withdrawCreditFor(
            paper.abi(), sign(paper, shop.domain, key_of(signer)), sender=stranger
        )

    return send


def test_given_a_paper_that_expired_a_second_ago__it_reverts(shop, escrow, paper, submit):
    late = paper.valid_until + 1
    shop.at(late)
    with reverts(escrow, "Payouts_WithdrawalExpired", validUntil=paper.valid_until, timestamp=late):
        submit(paper)


def test_given_the_signature_of_somebody_else__it_reverts(escrow, credited, buyer, paper, submit):
    with reverts(escrow, "Payouts_InvalidSignature", owner=credited):
        submit(paper, buyer)


@pytest.mark.parametrize("nonce", [1, 2**256 - 1])
def test_given_a_nonce_that_is_not_the_next_one__it_reverts(escrow, credited, paper, submit, nonce):
    with reverts(escrow, "InvalidAccountNonce", account=credited, currentNonce=0):
        submit(replace(paper, nonce=nonce))


def test_given_more_than_the_credit__it_reverts_and_the_nonce_stays(escrow, credited, paper, submit):
    with reverts(
        escrow,
        "Payouts_InsufficientCredit",
        owner=credited,
        requested=AMOUNT + 1,
        credit=AMOUNT,
    ):
        submit(replace(paper, amount=AMOUNT + 1))
    assert escrow.nonces(credited) == 0


def test_given_the_owners_paper__it_sends_the_ether_in_the_papers_last_second(
    shop, escrow, buyer, seller, stranger, credited, paper, submit
):
    assert escrow.creditWithdrawalDigest(paper.abi()) == paper.digest(shop.domain)
    balances = Ledger(escrow, buyer, seller, stranger, credited)
    shop.at(paper.valid_until)
    done = submit(paper)
    assert done.timestamp == paper.valid_until
    assert done.events == [escrow.CreditWithdrawn(owner=credited, to=stranger, amount=2)]
    assert (escrow.creditOf(credited), escrow.nonces(credited)) == (AMOUNT - 2, 1)
    balances.expect(done, changes={escrow: -2, stranger: 2})


def test_given_the_owners_paper__it_cannot_be_submitted_twice(escrow, credited, paper, submit):
    submit(paper)
    with reverts(escrow, "InvalidAccountNonce", account=credited, currentNonce=1):
        submit(paper)


def test_given_the_owners_paper__it_accepts_the_erc1271_signature_of_a_contract_as_owner(
    escrow, seller, stranger, credited, paper, submit
):
    assert paper.owner == credited.address != seller.address
    done = submit(paper, signer=seller)
    assert done.events == [escrow.CreditWithdrawn(owner=credited, to=stranger, amount=2)]


def test_given_the_owners_paper__it_accepts_the_key_of_an_eip7702_owner_without_erc1271(
    shop, escrow, buyer, seller, stranger, deployer, project, submit
):
    sale = shop.funded()
    seller.set_delegate(deployer.deploy(project.RefusingDelegate))
    escrow.confirm(sale.abi, sender=buyer)
    paper = CreditWithdrawal(
        owner=seller.address, to=stranger.address, amount=AMOUNT, nonce=0, valid_until=shop.now + DAY
    )
    done = submit(paper)
    assert done.events == [escrow.CreditWithdrawn(owner=seller, to=stranger, amount=AMOUNT)]
