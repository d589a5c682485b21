# SPDX-License-Identifier: Apache-2.0
"""Customers pay real carts through CheckoutEscrow: quotes, checkout, shipping, confirmation."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eth_account import Account
from eth_account.signers.local import LocalAccount
from faircart.canonical import commitment
from faircart.documents import order_document
from faircart.papers import Domain, Order, sign
from faircart.retail import Invoice, Retail
from web3.contract import Contract

from scripts._demo.chain import Call, Chain

HOUR = 3600
DAY = 24 * HOUR
# Carts in one wave: as many as fit well into one block of 30 million gas.
WAVE = 60


@dataclass(frozen=True)
class Customer:
    """One customer of the file: the real invoices, and an account made for the demo."""

    id: str
    invoices: tuple[Invoice, ...]
    account: LocalAccount

    @property
    def orders(self) -> int:
        """How many orders the carts hold: one per cart and seller."""
        return sum(len(invoice.orders) for invoice in self.invoices)

    @property
    def total(self) -> int:
        """What all carts cost together (wei)."""
        return sum(order.wei for invoice in self.invoices for order in invoice.orders)


@dataclass(frozen=True)
class Cart:
    """One payment: the sellers' quotes and their signatures."""

    buyer: LocalAccount
    quotes: tuple[Order, ...]
    signatures: tuple[bytes, ...]


def customers_of(retail: Retail, count: int, shop: str) -> tuple[Customer, ...]:
    """The first `count` customers that bought something at `shop`, each with a new Ethereum account.

    Raises `faircart.retail.NotEnoughCustomers` if the file holds fewer.
    """
    return tuple(
        Customer(number, tuple(retail.invoices_of(number)), Account.create())
        for number in retail.customers(count, shop=shop)
    )


def quote(
    customer: Customer,
    invoice: Invoice,
    sellers: Mapping[str, LocalAccount],
    arbiter: str,
    domain: Domain,
    valid_until: int,
) -> Cart:
    """The cart of one invoice, with each seller's quote for its part, signed.

    The quote commits to the seller's order document by a salted hash; the document stays with the shop.
    """
    quotes = tuple(
        Order(
            seller=sellers[order.shop].address,
            buyer=customer.account.address,
            arbiter=arbiter,
            amount=order.wei,
            order_hash=commitment(order_document(invoice, order)),
            valid_until=valid_until,
            ship_within=7 * DAY,
            confirm_within=14 * DAY,
            arbitration_within=14 * DAY,
            salt=secrets.randbits(256),
        )
        for order in invoice.orders
    )
    signatures = tuple(
        sign(paper, domain, bytes(sellers[order.shop].key))
        for paper, order in zip(quotes, invoice.orders, strict=True)
    )
    return Cart(customer.account, quotes, signatures)


def shop_for(
    chain: Chain,
    escrow: Contract,
    carts: Sequence[Cart],
    sellers: Sequence[LocalAccount],
    progress: Callable[[int], None],
) -> None:
    """Pay the carts, ship every order, confirm every order, wave by wave.

    `progress` is told how many carts are finished.
    """
    by_address = {seller.address: seller for seller in sellers}
    for start in range(0, len(carts), WAVE):
        wave = carts[start : start + WAVE]
        chain.send([_checkout(escrow, cart) for cart in wave])
        chain.send(
            [
                Call(by_address[paper.seller], escrow.functions.ship(paper.abi()))
                for cart in wave
                for paper in cart.quotes
            ]
        )
        chain.send(
            [
                Call(cart.buyer, escrow.functions.confirm(paper.abi()))
                for cart in wave
                for paper in cart.quotes
            ]
        )
        progress(start + len(wave))


def _checkout(escrow: Contract, cart: Cart) -> Call:
    function = escrow.functions.checkout([paper.abi() for paper in cart.quotes], list(cart.signatures))
    return Call(cart.buyer, function, sum(paper.amount for paper in cart.quotes))
