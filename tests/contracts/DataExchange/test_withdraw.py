# SPDX-License-Identifier: Apache-2.0
"""withdraw.tree"""

from tests.support.reverts import reverts
from tests.support.trade import STANDING

ZERO = "0x" + "00" * 20


def test_given_the_zero_address_as_receiver__it_reverts(trade, exchange, custodian):
    with reverts(exchange, "Payouts_ZeroReceiver"):
        exchange.withdraw(ZERO, 1, sender=custodian)


def test_given_a_wei_more_than_the_balance__it_reverts(trade, exchange, custodian):
    with reverts(
        exchange,
        "DataExchange_BalanceTooLow",
        account=custodian,
        available=STANDING,
        needed=STANDING + 1,
    ):
        exchange.withdraw(custodian, STANDING + 1, sender=custodian)


def test_given_a_balance_of_somebody_else__it_reverts(trade, exchange, stranger):
    with reverts(exchange, "DataExchange_BalanceTooLow", account=stranger, available=0, needed=1):
        exchange.withdraw(stranger, 1, sender=stranger)


def test_given_a_receiver_that_refuses__it_reverts_and_keeps_the_balance(
    trade, exchange, custodian, deployer, project
):
    wallet = deployer.deploy(project.RefusingWallet, custodian)
    with reverts(exchange, "Payouts_Refused", to=wallet, amount=5):
        exchange.withdraw(wallet, 5, sender=custodian)
    assert (exchange.balanceOf(custodian), exchange.balance, wallet.balance) == (STANDING, STANDING, 0)


def test_given_enough_in_the_balance__it_sends_a_part_to_whom_the_owner_says(
    trade, exchange, custodian, stranger
):
    books = trade.books()
    withdrawn = exchange.withdraw(stranger, 5, sender=custodian)
    assert withdrawn.events == [exchange.Withdrawn(account=custodian, to=stranger, amount=5)]
    books.expect(withdrawn, ether={stranger: 5, exchange: -5}, standing={custodian: -5})


def test_given_enough_in_the_balance__it_sends_all_of_it_to_the_last_wei(trade, exchange, custodian):
    books = trade.books()
    withdrawn = exchange.withdraw(custodian, STANDING, sender=custodian)
    assert withdrawn.events == [exchange.Withdrawn(account=custodian, to=custodian, amount=STANDING)]
    books.expect(withdrawn, ether={custodian: STANDING, exchange: -STANDING}, standing={custodian: -STANDING})


def test_given_an_open_exchange__it_does_not_reach_the_locked_deposit(trade, exchange, custodian):
    deal = trade.opened()
    free = STANDING - deal.offer.terms.custodian_deposit
    with reverts(exchange, "DataExchange_BalanceTooLow", account=custodian, available=free, needed=STANDING):
        exchange.withdraw(custodian, STANDING, sender=custodian)
