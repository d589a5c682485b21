# SPDX-License-Identifier: Apache-2.0
"""What happened on the network before it was forked. Both sides of the fork make the same papers from it."""

import json
from dataclasses import asdict, dataclass

from eth_account import Account
from faircart.papers import Domain, Order, sign
from web3.contract import Contract

from tests.support.anvil import Anvil
from tests.support.market import Deal, Market, Person

MNEMONIC = "test test test test test test test test test test test junk"
DAY = 24 * 3600
AMOUNT = 10**17 + 1
STANDING = 10**18


def person(number: int) -> Person:
    """Account `number` of the mnemonic that ape's and anvil's test accounts come from."""
    Account.enable_unaudited_hdwallet_features()
    account = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{number}")
    return Person(bytes(account.key), account.address)


BUYER, SELLER, ARBITER, CUSTOMER, CONSUMER, CUSTODIAN = (person(number) for number in range(1, 7))


@dataclass(frozen=True)
class Papers:
    """Where the contracts are and when it all began; every paper follows from that."""

    chain_id: int
    escrow: str
    registry: str
    exchange: str
    now: int

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @property
    def market(self) -> Market:
        """Customer, consumer and custodian."""
        registry, exchange = (Domain(self.chain_id, address) for address in (self.registry, self.exchange))
        return Market(registry, exchange, CUSTOMER, CONSUMER, CUSTODIAN)

    def order(self, number: int) -> tuple[Order, bytes, bytes]:
        """An order, its id and the seller's signature."""
        order = Order(
            seller=SELLER.address,
            buyer=BUYER.address,
            arbiter=ARBITER.address,
            amount=AMOUNT,
            order_hash=number.to_bytes(32, "big"),
            valid_until=self.now + DAY,
            ship_within=DAY,
            confirm_within=2 * DAY,
            arbitration_within=3 * DAY,
            salt=number,
        )
        domain = Domain(self.chain_id, self.escrow)
        return order, order.digest(domain), sign(order, domain, SELLER.key)

    def deal(self, number: int) -> Deal:
        """A consent and an offer under it."""
        return self.market.deal(self.now, number=number)


FUNDED, SHIPPED = 1, 2
"""Numbers of the two orders."""
OPENED, GRANTED, TO_REVOKE = 1, 2, 3
"""Numbers of the three deals."""


@dataclass(frozen=True)
class Before:
    """Makes it happen on the network."""

    devnet: Anvil
    papers: Papers
    escrow: Contract
    registry: Contract
    exchange: Contract

    def happens(self) -> None:
        """Two orders are paid and one of them is shipped; three consents are granted, one is used."""
        cart = [self.papers.order(number) for number in (FUNDED, SHIPPED)]
        orders, signatures = [order.abi() for order, _, _ in cart], [signature for _, _, signature in cart]
        self.devnet.send(self.escrow.functions.checkout(orders, signatures), BUYER.address, 2 * AMOUNT)
        self.devnet.send(self.escrow.functions.ship(orders[1]), SELLER.address)

        for number in (OPENED, GRANTED, TO_REVOKE):
            consent = self.papers.deal(number).consent
            self.devnet.send(self.registry.functions.grant(consent.abi()), CUSTOMER.address)
        self.devnet.send(self.exchange.functions.fund(), CUSTODIAN.address, STANDING)
        deal = self.papers.deal(OPENED)
        opening = self.exchange.functions.open(deal.scope, *deal.papers, deal.offer_signature)
        self.devnet.send(opening, CONSUMER.address, deal.consumer_pays)
