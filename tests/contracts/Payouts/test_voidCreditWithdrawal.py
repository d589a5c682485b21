# SPDX-License-Identifier: Apache-2.0
"""voidCreditWithdrawal.tree"""

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
    """The stranger submits a paper that the credited contract's owner signed."""

    def send(paper):
        signature = sign(paper, shop.domain, key_of(seller))
        return escrow.withdrawCreditFor(paper.abi(), signature, sender=stranger)

    return send


@pytest.fixture
def void(escrow, credited, seller):
    """The credited contract voids what it signed with a nonce."""

    def send(nonce):
        return credited.execute(escrow, 0, escrow.voidCreditWithdrawal.encode_input(nonce), sender=seller)

    return send


@pytest.mark.parametrize("nonce", [1, 2**256 - 1])
def test_given_a_nonce_that_is_not_the_current_one__it_reverts(escrow, credited, void, nonce):
    with reverts(escrow, "InvalidAccountNonce", account=credited, currentNonce=0):
        void(nonce)


def test_given_a_paper_that_was_submitted__it_reverts(escrow, credited, paper, submit, void):
    submit(paper)
    with reverts(escrow, "InvalidAccountNonce", account=credited, currentNonce=1):
        void(paper.nonce)


def test_given_a_signed_paper__it_makes_the_paper_worthless_and_leaves_the_credit(
    escrow, buyer, seller, stranger, credited, paper, submit, void
):
    balances = Ledger(escrow, buyer, seller, stranger, credited)
    voided = void(paper.nonce)
    assert voided.events == [escrow.CreditWithdrawalVoided(owner=credited, nonce=0)]
    balances.expect(voided, changes={})
    with reverts(escrow, "InvalidAccountNonce", account=credited, currentNonce=1):
        submit(paper)
    assert (escrow.creditOf(credited), escrow.nonces(credited)) == (AMOUNT, 1)


def test_given_a_signed_paper__it_lets_the_next_paper_be_submitted(
    escrow, stranger, credited, paper, submit, void
):
    void(paper.nonce)
    done = submit(replace(paper, nonce=1))
    assert done.events == [escrow.CreditWithdrawn(owner=credited, to=stranger, amount=2)]


def test_given_a_signed_paper__it_leaves_the_papers_of_others_alone(
    escrow, stranger, credited, paper, submit
):
    voided = escrow.voidCreditWithdrawal(0, sender=stranger)
    assert voided.events == [escrow.CreditWithdrawalVoided(owner=stranger, nonce=0)]
    done = submit(paper)
    assert done.events == [escrow.CreditWithdrawn(owner=credited, to=stranger, amount=2)]
