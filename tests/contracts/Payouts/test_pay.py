# SPDX-License-Identifier: Apache-2.0
"""pay.tree"""

import pytest
from ape.exceptions import VirtualMachineError
from eth_account import Account

from tests.support.ledger import Ledger
from tests.support.reentry import DOES_NOT_MIND, INSISTS, LOGS, REFUSED, changing_calls, refusal, script
from tests.support.reverts import Below, reverts
from tests.support.shop import AMOUNT

pytestmark = pytest.mark.foundry

PUSH_RESERVE = 95_000


def completed_and_credited(escrow, sale, wallet):
    return [
        escrow.Completed(orderId=sale.id, sellerAmount=AMOUNT),
        escrow.Credited(owner=wallet, amount=AMOUNT),
    ]


def test_given_too_little_gas__it_reverts_and_never_credits(
    shop, escrow, buyer, seller, deployer, project, sold_by, chain
):
    wallet = deployer.deploy(project.AcceptingWallet, seller)
    sale = sold_by(wallet)
    with reverts(escrow, "Payouts_InsufficientGas", available=Below(PUSH_RESERVE), needed=PUSH_RESERVE):
        escrow.confirm(sale.abi, sender=buyer, gas=110_000)
    for gas in range(40_000, 140_000, 4_000):
        with chain.isolate():
            try:
                escrow.confirm(sale.abi, sender=buyer, gas=gas)
            except VirtualMachineError:
                assert (escrow.creditOf(wallet), wallet.balance) == (0, 0), gas
                assert shop.state(sale)[0] == "Funded", gas
            else:
                assert (escrow.creditOf(wallet), wallet.balance) == (0, AMOUNT), gas
                assert gas > PUSH_RESERVE


def test_given_a_receiver_that_refuses__it_credits_the_receiver(
    shop, escrow, buyer, seller, deployer, project, sold_by
):
    wallet = deployer.deploy(project.RefusingWallet, seller)
    sale = sold_by(wallet)
    balances = Ledger(escrow, buyer, seller, wallet)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == completed_and_credited(escrow, sale, wallet)
    assert escrow.creditOf(wallet) == AMOUNT
    assert shop.state(sale) == ("Completed", 0)
    balances.expect(done, changes={})


def test_given_a_receiver_that_refuses_twice__it_adds_up_the_credits(
    escrow, buyer, seller, deployer, project, sold_by
):
    wallet = deployer.deploy(project.RefusingWallet, seller)
    first, second = sold_by(wallet), sold_by(wallet)
    escrow.confirm(first.abi, sender=buyer)
    done = escrow.confirm(second.abi, sender=buyer)
    assert done.events == completed_and_credited(escrow, second, wallet)
    assert escrow.creditOf(wallet) == 2 * AMOUNT


def test_given_a_receiver_that_burns_its_gas__it_credits_the_receiver(
    escrow, buyer, seller, deployer, project, sold_by
):
    wallet = deployer.deploy(project.GasBurningWallet, seller)
    sale = sold_by(wallet)
    balances = Ledger(escrow, buyer, seller, wallet)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == completed_and_credited(escrow, sale, wallet)
    assert done.gas_used < 160_000
    balances.expect(done, changes={})


def test_given_a_receiver_that_answers_with_much_data__it_credits_the_receiver_and_copies_nothing(
    escrow, buyer, seller, deployer, project, sold_by
):
    wallet = deployer.deploy(project.VerboseWallet, seller)
    sale = sold_by(wallet)
    balances = Ledger(escrow, buyer, seller, wallet)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == completed_and_credited(escrow, sale, wallet)
    # Copying 128,000 bytes would cost 55,000 gas more.
    assert done.gas_used < 160_000
    balances.expect(done, changes={})


def test_given_a_receiver_that_re_enters__it_credits_the_receiver_that_insists(
    escrow, buyer, seller, deployer, project, sold_by
):
    # It wants its withdrawal of a credit that it does not have yet; whatever it calls is refused.
    data = escrow.withdrawCredit.encode_input(buyer, 0)
    place = script(deployer, escrow, bytes(data), INSISTS)
    wallet = deployer.deploy(project.ReenteringWallet, seller, place)
    sale = sold_by(wallet)
    balances = Ledger(escrow, buyer, seller, wallet)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == completed_and_credited(escrow, sale, wallet)
    assert escrow.creditOf(wallet) == AMOUNT
    balances.expect(done, changes={})


def test_given_a_receiver_that_re_enters__it_pays_the_receiver_that_does_not_mind(
    shop, escrow, buyer, seller, deployer, project, sold_by
):
    data = escrow.withdrawCredit.encode_input(buyer, 0)
    place = script(deployer, escrow, bytes(data), DOES_NOT_MIND)
    wallet = deployer.deploy(project.ReenteringWallet, seller, place)
    sale = sold_by(wallet)
    balances = Ledger(escrow, buyer, seller, wallet)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == [escrow.Completed(orderId=sale.id, sellerAmount=AMOUNT)]
    assert shop.state(sale) == ("Completed", 0)
    balances.expect(done, changes={escrow: -AMOUNT, wallet: AMOUNT})


@pytest.mark.parametrize("call", changing_calls("CheckoutEscrow"), ids=str)
def test_given_a_receiver_that_re_enters__it_refuses_every_call_that_changes_state(
    escrow, buyer, seller, deployer, project, sold_by, call
):
    logging, insisting = (
        deployer.deploy(
            project.ReenteringWallet, seller, script(deployer, escrow, call.encode(escrow), answer)
        )
        for answer in (LOGS, INSISTS)
    )
    told, credited = sold_by(logging), sold_by(insisting)
    assert refusal(escrow.confirm(told.abi, sender=buyer), logging) == REFUSED
    balances = Ledger(escrow, buyer, seller, insisting)
    done = escrow.confirm(credited.abi, sender=buyer)
    assert done.events == completed_and_credited(escrow, credited, insisting)
    balances.expect(done, changes={})


def test_given_an_eip7702_receiver_that_refuses__it_credits_the_receiver(
    shop, escrow, buyer, seller, deployer, project
):
    sale = shop.funded()
    seller.set_delegate(deployer.deploy(project.RefusingDelegate))
    balances = Ledger(escrow, buyer, seller)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == completed_and_credited(escrow, sale, seller)
    balances.expect(done, changes={})


def test_given_one_refusing_party_of_a_split__it_pays_the_other(
    shop, escrow, buyer, arbiter, refusing, sold_by
):
    sale = sold_by(refusing)
    data = escrow.ship.encode_input(sale.abi)
    refusing.execute(escrow, 0, data, sender=shop.seller)
    escrow.dispute(sale.abi, b"\x01" * 32, sender=buyer)
    balances = Ledger(escrow, buyer, refusing, arbiter)
    ruled = escrow.rule(sale.abi, 3, sender=arbiter)
    assert ruled.events == [
        escrow.Resolved(orderId=sale.id, how=0, buyerAmount=3, sellerAmount=AMOUNT - 3),
        escrow.Credited(owner=refusing, amount=AMOUNT - 3),
    ]
    balances.expect(ruled, changes={escrow: -3, buyer: 3})


def test_given_a_receiver_that_takes_the_ether__it_pays_a_contract(
    escrow, buyer, seller, deployer, project, sold_by
):
    wallet = deployer.deploy(project.AcceptingWallet, seller)
    sale = sold_by(wallet)
    balances = Ledger(escrow, buyer, seller, wallet)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == [escrow.Completed(orderId=sale.id, sellerAmount=AMOUNT)]
    balances.expect(done, changes={escrow: -AMOUNT, wallet: AMOUNT})


def test_given_an_account_that_never_held_ether__it_pays_the_account(shop, escrow, buyer, chain):
    fresh = bytes.fromhex("ab" * 32)
    address = Account.from_key(fresh).address
    sale = shop.quote(seller=address, key=fresh)
    shop.checkout(sale)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == [escrow.Completed(orderId=sale.id, sellerAmount=AMOUNT)]
    assert chain.get_balance(address) == AMOUNT


def test_given_nothing_to_pay__it_calls_nobody(escrow, buyer, refusing, sold_by):
    sale = sold_by(refusing, amount=0)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == [escrow.Completed(orderId=sale.id, sellerAmount=0)]
