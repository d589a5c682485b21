# SPDX-License-Identifier: Apache-2.0
"""withdrawCredit.tree"""

from tests.support.ledger import Ledger
from tests.support.reverts import reverts
from tests.support.shop import AMOUNT


def withdraw(escrow, wallet, owner, to, amount):
    """The credit's owner is a contract account; its owner's key calls through it."""
    data = escrow.withdrawCredit.encode_input(to, amount)
    return wallet.execute(escrow, 0, data, sender=owner)


def test_given_the_zero_address_as_receiver__it_reverts(escrow, seller, credited):
    with reverts(escrow, "Payouts_ZeroReceiver"):
        withdraw(escrow, credited, seller, "0x" + "00" * 20, 1)


def test_given_more_than_the_credit__it_reverts(escrow, buyer, seller, credited):
    with reverts(
        escrow,
        "Payouts_InsufficientCredit",
        owner=credited,
        requested=AMOUNT + 1,
        credit=AMOUNT,
    ):
        withdraw(escrow, credited, seller, seller, AMOUNT + 1)
    with reverts(escrow, "Payouts_InsufficientCredit", owner=buyer, requested=1, credit=0):
        escrow.withdrawCredit(buyer, 1, sender=buyer)


def test_given_a_receiver_that_refuses__it_reverts_and_leaves_the_credit(escrow, seller, credited):
    with reverts(escrow, "Payouts_Refused", to=credited, amount=AMOUNT):
        withdraw(escrow, credited, seller, credited, AMOUNT)
    assert escrow.creditOf(credited) == AMOUNT


def test_given_the_contract_itself_as_receiver__it_reverts(escrow, seller, credited):
    with reverts(escrow, "Payouts_Refused", to=escrow, amount=1):
        withdraw(escrow, credited, seller, escrow, 1)


def test_given_a_credit__it_sends_a_part_to_an_account_of_the_owners_choice(
    escrow, buyer, seller, stranger, credited
):
    balances = Ledger(escrow, buyer, seller, stranger, credited)
    done = withdraw(escrow, credited, seller, stranger, 5)
    assert done.events == [escrow.CreditWithdrawn(owner=credited, to=stranger, amount=5)]
    assert escrow.creditOf(credited) == AMOUNT - 5
    balances.expect(done, changes={escrow: -5, stranger: 5})


def test_given_a_credit__it_sends_everything_and_leaves_nothing(escrow, buyer, seller, stranger, credited):
    balances = Ledger(escrow, buyer, seller, stranger, credited)
    done = withdraw(escrow, credited, seller, seller, AMOUNT)
    assert done.events == [escrow.CreditWithdrawn(owner=credited, to=seller, amount=AMOUNT)]
    assert escrow.creditOf(credited) == 0
    balances.expect(done, changes={escrow: -AMOUNT, seller: AMOUNT})
