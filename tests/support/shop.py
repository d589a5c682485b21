# SPDX-License-Identifier: Apache-2.0
"""Orders as tests speak of them: quoted, paid, shipped, disputed."""

from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from ape.api import AccountAPI, ReceiptAPI
from ape.contracts import ContractInstance
from faircart.papers import Domain, Order, Settlement, sign

ETHER = 10**18
HOUR = 3600
DAY = 24 * HOUR

AMOUNT = ETHER // 100 + 1  # odd, so that halves differ


@dataclass(frozen=True)
class Sale:
    """An order with its id and the seller's signature over it."""

    order: Order
    id: bytes
    signature: bytes

    @property
    def abi(self) -> tuple[Any, ...]:
        """The order as calls take it."""
        return self.order.abi()


def key_of(account: Any) -> bytes:
    """A test account's private key, 32 bytes."""
    return bytes.fromhex(account.private_key.removeprefix("0x"))


class Shop:
    """One buyer, one seller, one arbiter and the escrow; and the clock that they share."""

    def __init__(
        self,
        chain: Any,
        escrow: ContractInstance,
        buyer: AccountAPI,
        seller: AccountAPI,
        arbiter: AccountAPI,
    ) -> None:
        self.chain = chain
        self.escrow = escrow
        self.buyer, self.seller, self.arbiter = buyer, seller, arbiter
        self.domain = Domain(chain.chain_id, escrow.address)
        self._salts = count(1)

    @property
    def now(self) -> int:
        """The second of the last block."""
        return int(self.chain.blocks.head.timestamp)

    def at(self, second: int) -> None:
        """The next block is made in this second."""
        self.chain.pending_timestamp = second

    def quote(self, signer: AccountAPI | None = None, *, key: bytes | None = None, **changes: Any) -> Sale:
        """A quote with usual terms but for `changes`, signed by the seller unless somebody else signs."""
        order = Order(
            seller=(signer or self.seller).address,
            buyer=self.buyer.address,
            arbiter=self.arbiter.address,
            amount=AMOUNT,
            order_hash=b"\x11" * 32,
            valid_until=self.now + DAY,
            ship_within=2 * DAY,
            confirm_within=3 * DAY,
            arbitration_within=4 * DAY,
            salt=next(self._salts),
        )
        order = replace(order, **changes)
        key = key if key is not None else key_of(signer or self.seller)
        return Sale(order, order.digest(self.domain), sign(order, self.domain, key))

    def settlement(
        self, sale: Sale, buyer_amount: int, signer: AccountAPI, **changes: Any
    ) -> tuple[Settlement, bytes]:
        """A settlement of `sale`, valid for a day, and `signer`'s signature over it."""
        paper = Settlement(order_id=sale.id, buyer_amount=buyer_amount, valid_until=self.now + DAY)
        paper = replace(paper, **changes)
        return paper, sign(paper, self.domain, key_of(signer))

    def checkout(self, *sales: Sale, value: int | None = None, **options: Any) -> ReceiptAPI:
        """The buyer pays a cart, with the exact value unless another is given."""
        value = sum(sale.order.amount for sale in sales) if value is None else value
        options.setdefault("sender", self.buyer)
        orders, signatures = [sale.abi for sale in sales], [sale.signature for sale in sales]
        return self.escrow.checkout(orders, signatures, value=value, **options)

    def funded(self, **changes: Any) -> Sale:
        """A paid order."""
        sale = self.quote(**changes)
        self.checkout(sale)
        return sale

    def shipped(self, **changes: Any) -> Sale:
        """A paid and shipped order."""
        sale = self.funded(**changes)
        self.escrow.ship(sale.abi, sender=self.seller)
        return sale

    def disputed(self, **changes: Any) -> Sale:
        """A paid, shipped and disputed order."""
        sale = self.shipped(**changes)
        self.escrow.dispute(sale.abi, b"\x22" * 32, sender=self.buyer)
        return sale

    def in_state(self, state: str, **changes: Any) -> Sale:
        """An order in one of the live states."""
        return {"Funded": self.funded, "Shipped": self.shipped, "Disputed": self.disputed}[state](**changes)

    def state(self, sale: Sale) -> tuple[str, int]:
        """Name of the order's state, and its deadline."""
        state, deadline = self.escrow.stateOf(sale.id)
        return STATES[state], deadline

    def deadline(self, sale: Sale) -> int:
        """The last second of the window that runs."""
        return self.state(sale)[1]


STATES = ("None", "Funded", "Shipped", "Disputed", "Completed", "Refunded", "Resolved", "Voided")
NUMBER = {name: number for number, name in enumerate(STATES)}
LIVE = ("Funded", "Shipped", "Disputed")
