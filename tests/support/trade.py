# SPDX-License-Identifier: Apache-2.0
"""Exchanges as the ape tests speak of them: consented, opened, delivered."""

from itertools import count
from typing import Any

from ape.api import AccountAPI, ReceiptAPI
from ape.contracts import ContractInstance
from faircart.papers import Domain, Revocation, sign

from tests.support.ledger import Holder, Ledger
from tests.support.market import Deal, Market, Person
from tests.support.shop import key_of
from tests.support.states import STATES

NUMBER = {name: number for number, name in enumerate(STATES)}
SKIP = {
    name: number
    for number, name in enumerate(
        (
            "None",
            "OfferUsed",
            "OfferExpired",
            "ConsentUnknown",
            "ConsentEnded",
            "ConsentEndsTooSoon",
            "CustodianBalanceTooLow",
            "NotOpen",
            "NotDelivered",
            "WindowOver",
            "GraceOver",
        )
    )
}
GRACE = 600
STANDING = 10**18  # wei that the custodian, and nobody else, has in its standing balance at first
WRONG_KEY = b"\x66" * 32


class Trade:
    """A customer, a consumer, a custodian, the contracts between them; and the clock that they share."""

    def __init__(
        self,
        chain: Any,
        registry: ContractInstance,
        exchange: ContractInstance,
        customer: AccountAPI,
        consumer: AccountAPI,
        custodian: AccountAPI,
        stranger: AccountAPI,
    ) -> None:
        self.chain, self.registry, self.exchange = chain, registry, exchange
        self.customer, self.consumer, self.custodian, self.stranger = customer, consumer, custodian, stranger
        self.market = Market(
            Domain(chain.chain_id, registry.address),
            Domain(chain.chain_id, exchange.address),
            *(Person(key_of(account), account.address) for account in (customer, consumer, custodian)),
        )
        self._numbers = count(1)

    @property
    def now(self) -> int:
        """The second of the last block."""
        return int(self.chain.blocks.head.timestamp)

    def at(self, second: int) -> None:
        """The next block is made in this second."""
        self.chain.pending_timestamp = second

    def deal(self, market: Market | None = None, **changes: Any) -> Deal:
        """A new deal between the three, or those of another market, with usual terms but for `changes`."""
        return (market or self.market).deal(self.now, number=next(self._numbers), **changes)

    def deals(self, number: int, **changes: Any) -> list[Deal]:
        """Several deals under the same terms, all of them consented to."""
        terms = self.market.terms(self.now, **changes)
        deals = [self.deal(terms=terms) for _ in range(number)]
        for deal in deals:
            self.grant(deal)
        return deals

    def grant(self, deal: Deal, market: Market | None = None) -> ReceiptAPI:
        """The stranger submits the customer's consent."""
        signature = (market or self.market).consent_signature(deal)
        return self.registry.grantFor(deal.consent.abi(), signature, sender=self.stranger)

    def revoke(self, deal: Deal) -> ReceiptAPI:
        """The customer withdraws the consent."""
        return self.registry.revoke(deal.consent.abi(), sender=self.customer)

    def withdrawal(self, deal: Deal) -> bytes:
        """Calldata by which anyone submits the withdrawal that the customer signed."""
        signature = sign(Revocation(deal.consent_id), self.market.registry, key_of(self.customer))
        return bytes(self.registry.revokeByIdFor.encode_input(deal.consent_id, signature))

    def consented(self, **changes: Any) -> Deal:
        """A deal whose consent is granted."""
        deal = self.deal(**changes)
        self.grant(deal)
        return deal

    def open(self, deal: Deal, *, value: int | None = None, **options: Any) -> ReceiptAPI:
        """The consumer opens, with the exact value unless another is given."""
        value = deal.consumer_pays if value is None else value
        options.setdefault("sender", self.consumer)
        return self.exchange.open(deal.scope, *deal.papers, deal.offer_signature, value=value, **options)

    def open_many(self, deals: list[Deal], *, value: int | None = None, **options: Any) -> ReceiptAPI:
        """The consumer opens a batch, with the exact value for all unless another is given."""
        value = sum(deal.consumer_pays for deal in deals) if value is None else value
        options.setdefault("sender", self.consumer)
        return self.exchange.openMany(*opening(deals), value=value, **options)

    def deliver(self, deal: Deal, wrapped_key: bytes | None = None, **options: Any) -> ReceiptAPI:
        """The custodian delivers the right key unless another is given."""
        options.setdefault("sender", self.custodian)
        return self.exchange.deliver(*deal.papers, wrapped_key or deal.wrapped_key, **options)

    def deliver_many(self, deals: list[Deal], **options: Any) -> ReceiptAPI:
        """The custodian delivers the right keys of a batch."""
        options.setdefault("sender", self.custodian)
        keys = [deal.wrapped_key for deal in deals]
        return self.exchange.deliverMany(*batch(deals), keys, **options)

    def opened(self, **changes: Any) -> Deal:
        """An open exchange."""
        deal = self.consented(**changes)
        self.open(deal)
        return deal

    def delivered(self, wrapped_key: bytes | None = None, **changes: Any) -> Deal:
        """A delivered exchange."""
        deal = self.opened(**changes)
        self.deliver(deal, wrapped_key)
        return deal

    def state(self, deal: Deal) -> tuple[str, int]:
        """Name of the exchange's state, and its deadline."""
        state, deadline = self.exchange.stateOf(deal.exchange_id)
        return STATES[state], deadline

    def deadline(self, deal: Deal) -> int:
        """The last second of the window that runs."""
        return self.state(deal)[1]

    def books(self, *more: Holder) -> "Books":
        """What everybody has now."""
        people = (self.customer, self.consumer, self.custodian, self.stranger, *more)
        return Books(self.exchange, *people)


class Books:
    """Remembers ether, standing balances and credits; `expect` says how they changed, fees left out."""

    def __init__(self, exchange: ContractInstance, *people: Holder) -> None:
        self._exchange, self._people = exchange, people
        self._ledger = Ledger(exchange, *people)
        self._inside = self._look()

    def expect(
        self,
        *receipts: ReceiptAPI,
        ether: dict[Any, int] | None = None,
        standing: dict[Any, int] | None = None,
        credit: dict[Any, int] | None = None,
    ) -> None:
        """Since these books were made, `receipts` were all that happened, and they changed exactly this."""
        self._ledger.expect(*receipts, changes=ether or {})
        expected = {}
        for person in self._people:
            before = self._inside[person.address]
            expected[person.address] = (
                before[0] + (standing or {}).get(person, 0),
                before[1] + (credit or {}).get(person, 0),
            )
        assert self._look() == expected

    def _look(self) -> dict[str, tuple[int, int]]:
        return {
            person.address: (
                self._exchange.balanceOf(person),
                self._exchange.creditOf(person),
            )
            for person in self._people
        }


def batch(deals: list[Deal]) -> tuple[Any, ...]:
    """Terms and sales of a batch."""
    return deals[0].offer.terms.abi(), [deal.sale for deal in deals]


def opening(deals: list[Deal]) -> tuple[Any, ...]:
    """The arguments of openMany."""
    scopes, signatures = [deal.scope for deal in deals], [deal.offer_signature for deal in deals]
    return scopes, *batch(deals), signatures


def opened(exchange: ContractInstance, deal: Deal, second: int) -> Any:
    """The event of an exchange that was opened in this second."""
    terms = deal.offer.terms
    return exchange.Opened(
        exchangeId=deal.exchange_id,
        consentId=deal.consent_id,
        custodian=terms.custodian,
        consumer=terms.consumer,
        fee=terms.fee,
        custodianDeposit=terms.custodian_deposit,
        consumerDeposit=terms.consumer_deposit,
        deliverBy=second + terms.deliver_within,
    )


def delivered(exchange: ContractInstance, deal: Deal, second: int, wrapped_key: bytes | None = None) -> Any:
    """The event of an exchange that was delivered in this second."""
    return exchange.Delivered(
        exchangeId=deal.exchange_id,
        wrappedKey=wrapped_key or deal.wrapped_key,
        respondBy=second + deal.offer.terms.respond_within,
    )


def skipped(exchange: ContractInstance, deal: Deal, reason: str) -> Any:
    """The event of a batch member that was left out."""
    return exchange.Skipped(exchangeId=deal.exchange_id, reason=SKIP[reason])
