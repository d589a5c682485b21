# SPDX-License-Identifier: Apache-2.0
"""checkout.tree"""

from dataclasses import replace

import pytest
from faircart.papers import Domain, sign

from tests.support.reverts import reverts
from tests.support.shop import AMOUNT, DAY, HOUR, NUMBER, Sale, key_of

ZERO = "0x" + "00" * 20
MAXIMUM = 2**128 - 1
WINDOWS = [("ship_within", 0), ("confirm_within", 1), ("arbitration_within", 2)]


def test_given_an_empty_cart__it_reverts(shop, escrow):
    with reverts(escrow, "CheckoutEscrow_EmptyCart"):
        shop.checkout()


def test_given_a_signature_too_few__it_reverts(shop, escrow, buyer):
    one, two = shop.quote(), shop.quote()
    with reverts(escrow, "CheckoutEscrow_UnequalLists", orders=2, signatures=1):
        escrow.checkout([one.abi, two.abi], [one.signature], value=2 * AMOUNT, sender=buyer)


def test_when_somebody_else_pays_the_buyers_order__it_reverts(shop, escrow, buyer, stranger):
    with reverts(escrow, "CheckoutEscrow_NotTheOrdersBuyer", index=0, caller=stranger, buyer=buyer):
        shop.checkout(shop.quote(), sender=stranger)


def test_given_an_order_without_seller__it_reverts(shop, escrow):
    with reverts(escrow, "CheckoutEscrow_ZeroSeller", index=1):
        shop.checkout(shop.quote(), shop.quote(seller=ZERO))


def test_given_an_order_without_arbiter__it_reverts(shop, escrow):
    with reverts(escrow, "CheckoutEscrow_ZeroArbiter", index=0):
        shop.checkout(shop.quote(arbiter=ZERO))


def test_given_a_seller_that_is_the_buyer__it_reverts(shop, escrow, buyer):
    with reverts(escrow, "CheckoutEscrow_SellerIsBuyer", index=0, account=buyer):
        shop.checkout(shop.quote(signer=buyer))


def test_given_an_arbiter_that_is_the_buyer__it_reverts(shop, escrow, buyer):
    with reverts(escrow, "CheckoutEscrow_ArbiterIsParty", index=0, arbiter=buyer):
        shop.checkout(shop.quote(arbiter=buyer.address))


def test_given_an_arbiter_that_is_the_seller__it_reverts(shop, escrow, seller):
    with reverts(escrow, "CheckoutEscrow_ArbiterIsParty", index=0, arbiter=seller):
        shop.checkout(shop.quote(arbiter=seller.address))


def test_given_an_amount_over_the_range__it_reverts(shop, escrow):
    with reverts(escrow, "CheckoutEscrow_AmountTooLarge", index=0, amount=MAXIMUM + 1, maximum=MAXIMUM):
        shop.checkout(shop.quote(amount=MAXIMUM + 1), value=0)


@pytest.mark.parametrize(("field", "window"), WINDOWS)
def test_given_a_window_a_second_too_short__it_reverts_naming_the_window(shop, escrow, field, window):
    with reverts(
        escrow,
        "CheckoutEscrow_WindowOutOfRange",
        index=0,
        window=window,
        length=HOUR - 1,
        minimum=HOUR,
        maximum=180 * DAY,
    ):
        shop.checkout(shop.quote(**{field: HOUR - 1}))


@pytest.mark.parametrize(("field", "window"), WINDOWS)
def test_given_a_window_a_second_too_long__it_reverts_naming_the_window(shop, escrow, field, window):
    with reverts(
        escrow,
        "CheckoutEscrow_WindowOutOfRange",
        index=0,
        window=window,
        length=180 * DAY + 1,
        minimum=HOUR,
        maximum=180 * DAY,
    ):
        shop.checkout(shop.quote(**{field: 180 * DAY + 1}))


def test_given_a_quote_that_expired_a_second_ago__it_reverts(shop, escrow):
    sale = shop.quote()
    late = sale.order.valid_until + 1
    shop.at(late)
    with reverts(
        escrow,
        "CheckoutEscrow_QuoteExpired",
        index=0,
        validUntil=sale.order.valid_until,
        timestamp=late,
    ):
        shop.checkout(sale)


@pytest.mark.parametrize("state", ["Funded", "Shipped", "Disputed", "Completed", "Refunded", "Voided"])
def test_given_an_order_that_was_used_before__it_reverts_with_its_state(shop, escrow, seller, buyer, state):
    if state == "Voided":
        sale = shop.quote()
        escrow.voidOrder(sale.abi, sender=seller)
    elif state == "Completed":
        sale = shop.funded()
        escrow.confirm(sale.abi, sender=buyer)
    elif state == "Refunded":
        sale = shop.funded()
        escrow.refund(sale.abi, sender=seller)
    else:
        sale = shop.in_state(state)
    with reverts(escrow, "CheckoutEscrow_OrderUsed", index=0, orderId=sale.id, state=NUMBER[state]):
        shop.checkout(sale)


def test_given_the_same_order_twice_in_one_cart__it_reverts_naming_the_second(shop, escrow):
    sale = shop.quote()
    with reverts(escrow, "CheckoutEscrow_OrderUsed", index=1, orderId=sale.id, state=NUMBER["Funded"]):
        shop.checkout(sale, sale)


def test_given_the_signature_of_somebody_else__it_reverts(shop, escrow, seller, stranger):
    sale = shop.quote(key=key_of(stranger))
    with reverts(escrow, "CheckoutEscrow_InvalidQuote", index=0, orderId=sale.id, seller=seller):
        shop.checkout(sale)


@pytest.mark.parametrize("other", ["chain", "contract"])
def test_given_a_quote_for_another_chain_or_contract__it_reverts(shop, escrow, seller, registry, other):
    sale = shop.quote()
    domain = (
        Domain(shop.domain.chain_id + 1, escrow.address)
        if other == "chain"
        else Domain(shop.domain.chain_id, registry.address)
    )
    foreign = replace(sale, signature=sign(sale.order, domain, key_of(seller)))
    with reverts(escrow, "CheckoutEscrow_InvalidQuote", index=0, orderId=sale.id, seller=seller):
        shop.checkout(foreign)


def test_given_a_signature_with_the_higher_s__it_reverts(shop, escrow, seller):
    sale = shop.quote()
    order_of_curve = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    r, s, v = sale.signature[:32], int.from_bytes(sale.signature[32:64], "big"), sale.signature[64]
    mirrored = r + (order_of_curve - s).to_bytes(32, "big") + bytes([55 - v])
    with reverts(escrow, "CheckoutEscrow_InvalidQuote", index=0, orderId=sale.id, seller=seller):
        shop.checkout(replace(sale, signature=mirrored))


def test_given_a_contract_as_seller_that_does_not_accept_the_signature__it_reverts(
    shop, escrow, seller, stranger, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, seller)
    sale = shop.quote(seller=wallet.address, key=key_of(stranger))
    with reverts(escrow, "CheckoutEscrow_InvalidQuote", index=0, orderId=sale.id, seller=wallet):
        shop.checkout(sale)


@pytest.mark.parametrize("difference", [-1, 1])
def test_when_the_value_is_not_the_sum__it_reverts(shop, escrow, difference):
    sent = 2 * AMOUNT + difference
    with reverts(escrow, "CheckoutEscrow_WrongValue", sent=sent, required=2 * AMOUNT):
        shop.checkout(shop.quote(), shop.quote(), value=sent)


def test_given_one_bad_order_among_three__it_reverts_naming_it_and_funds_none(
    shop, escrow, seller, stranger, ledger
):
    good, bad, last = shop.quote(), shop.quote(key=key_of(stranger)), shop.quote()
    balances = ledger()
    with reverts(escrow, "CheckoutEscrow_InvalidQuote", index=1, orderId=bad.id, seller=seller):
        shop.checkout(good, bad, last)
    assert [shop.state(sale) for sale in (good, bad, last)] == [("None", 0)] * 3
    assert escrow.balance == 0
    balances.expect(*_in_the_last_block(shop), changes={})


def _in_the_last_block(shop):
    """What was sent last: it failed, and cost its gas all the same."""
    history = list(shop.chain.blocks.head.transactions)
    return [shop.chain.provider.get_receipt(transaction.txn_hash.to_0x_hex()) for transaction in history]


def _funded(escrow, sale: Sale, ship_by: int):
    order = sale.order
    return escrow.Funded(
        orderId=sale.id,
        buyer=order.buyer,
        seller=order.seller,
        amount=order.amount,
        orderHash=order.order_hash,
        shipBy=ship_by,
    )


def test_given_a_sound_cart__it_funds_the_order_and_holds_its_amount(shop, escrow, buyer, ledger):
    sale = shop.quote()
    assert escrow.orderId(sale.abi) == sale.id
    balances = ledger()
    paid = shop.checkout(sale)
    ship_by = paid.timestamp + sale.order.ship_within
    assert paid.events == [_funded(escrow, sale, ship_by)]
    assert shop.state(sale) == ("Funded", ship_by)
    balances.expect(paid, changes={buyer: -AMOUNT, escrow: AMOUNT})


def test_given_a_sound_cart__it_funds_orders_of_three_sellers_in_one_payment(
    shop, escrow, buyer, seller, second_seller, third_seller, ledger
):
    sales = [
        shop.quote(signer=who, amount=AMOUNT * factor)
        for factor, who in enumerate((seller, second_seller, third_seller), 1)
    ]
    balances = ledger()
    paid = shop.checkout(*sales)
    ship_by = paid.timestamp + 2 * DAY
    assert paid.events == [_funded(escrow, sale, ship_by) for sale in sales]
    assert [shop.state(sale) for sale in sales] == [("Funded", ship_by)] * 3
    balances.expect(paid, changes={buyer: -6 * AMOUNT, escrow: 6 * AMOUNT})


def test_given_a_sound_cart__it_accepts_a_quote_in_its_last_second(shop, escrow):
    sale = shop.quote()
    shop.at(sale.order.valid_until)
    paid = shop.checkout(sale)
    assert paid.timestamp == sale.order.valid_until
    assert shop.state(sale) == ("Funded", sale.order.valid_until + sale.order.ship_within)


def test_given_a_sound_cart__it_accepts_the_shortest_and_the_longest_windows(shop, escrow):
    short = shop.quote(ship_within=HOUR, confirm_within=HOUR, arbitration_within=HOUR)
    long = shop.quote(ship_within=180 * DAY, confirm_within=180 * DAY, arbitration_within=180 * DAY)
    paid = shop.checkout(short, long)
    assert shop.state(short) == ("Funded", paid.timestamp + HOUR)
    assert shop.state(long) == ("Funded", paid.timestamp + 180 * DAY)


def test_given_a_sound_cart__it_accepts_an_order_of_nothing(shop, escrow, ledger):
    sale = shop.quote(amount=0)
    balances = ledger()
    paid = shop.checkout(sale)
    assert paid.events == [_funded(escrow, sale, paid.timestamp + 2 * DAY)]
    balances.expect(paid, changes={})


def test_given_a_sound_cart__it_accepts_the_largest_amount(shop, escrow):
    # Nobody has that much ether: all that is left to complain about is the value.
    with reverts(escrow, "CheckoutEscrow_WrongValue", sent=0, required=2 * MAXIMUM):
        shop.checkout(shop.quote(amount=MAXIMUM), shop.quote(amount=MAXIMUM), value=0)


def test_given_a_sound_cart__it_accepts_the_erc1271_signature_of_a_contract_as_seller(
    shop, escrow, seller, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, seller)
    sale = shop.quote(seller=wallet.address)
    paid = shop.checkout(sale)
    assert paid.events == [_funded(escrow, sale, paid.timestamp + 2 * DAY)]


def test_given_a_sound_cart__it_accepts_the_key_of_an_eip7702_seller_without_erc1271(
    shop, escrow, seller, deployer, project
):
    seller.set_delegate(deployer.deploy(project.AcceptingDelegate))
    sale = shop.quote()
    paid = shop.checkout(sale)
    assert paid.events == [_funded(escrow, sale, paid.timestamp + 2 * DAY)]
