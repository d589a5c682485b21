# SPDX-License-Identifier: Apache-2.0
"""A small pure world for handlers: rows in a dictionary, two enterprises, a customer, events at will."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from eth_account import Account
from faircart.agent.config import ConsumerSection, CustodianSection
from faircart.agent.context import Context
from faircart.agent.handlers import Outcome
from faircart.envelope import encode_public_key, new_request_key
from faircart.ethereum import events
from faircart.ethereum.events import At
from faircart.papers import Consent as ConsentPaper
from faircart.store.records import Record

R = TypeVar("R", bound=Record)
NOW = 1_800_000_000
CONTRACTS = (
    ("CheckoutEscrow", "0x" + "e1" * 20),
    ("ConsentRegistry", "0x" + "c0" * 20),
    ("DataExchange", "0x" + "de" * 20),
)
SHOP = Account.from_key(b"\x01" * 32)
CONSUMER = Account.from_key(b"\x02" * 32)
CUSTOMER = Account.from_key(b"\x03" * 32)
STRANGER = Account.from_key(b"\x04" * 32)
EXCHANGE, REQUEST, ROOT = b"\xee" * 32, b"\xaa" * 32, b"\xdd" * 32
REWARD = 10**15


def context(who: Any, *, custodian: bool = False, consumer: bool = False) -> Context:
    """One enterprise's view of itself."""
    return Context(
        address=who.address,
        multichain_address=f"1{who.address[2:10]}",
        hpke_key=encode_public_key(new_request_key()[1]),
        chain_name="faircart",
        chain_id=31337,
        contracts=CONTRACTS,
        is_custodian=custodian,
        is_consumer=consumer,
        custodian=CustodianSection(),
        consumer=ConsumerSection(),
    )


SHOP_CONTEXT = context(SHOP, custodian=True)
CONSUMER_CONTEXT = context(CONSUMER, consumer=True)


@dataclass
class Rows:
    """The rows as of now; `take` writes an outcome, as the agent does in one transaction."""

    rows: dict[type[Record], dict[tuple[Any, ...], Record]] = field(default_factory=dict)

    def get(self, kind: type[R], *key: Any) -> R | None:
        return self.rows.get(kind, {}).get(key)  # type: ignore[return-value]

    def find(self, kind: type[R], **equals: Any) -> list[R]:
        found = self.rows.get(kind, {})
        return [
            row  # type: ignore[misc]
            for _, row in sorted(found.items())
            if all(getattr(row, name) == value for name, value in equals.items())
        ]

    def take(self, outcome: Outcome) -> list[str]:
        """Writes the rows; the kinds of the effects, in order."""
        for row in outcome.changes:
            self.rows.setdefault(type(row), {})[row.key] = row
        return [effect.kind for effect in outcome.effects]

    def having(self, *records: Record) -> "Rows":
        self.take(Outcome(records))
        return self


def at(second: int = NOW, block: int = 1) -> At:
    """A place on chain."""
    return At(block, block.to_bytes(32, "big"), second, b"\x77" * 32, 0)


def consent_paper(**changes: Any) -> ConsentPaper:
    """The customer's consent to the shop's offer for the consumer."""
    values: dict[str, Any] = {
        "customer": CUSTOMER.address,
        "consumer": CONSUMER.address,
        "custodian": SHOP.address,
        "data_root": ROOT,
        "terms": b"\x55" * 32,
        "reward": REWARD,
        "valid_until": NOW + 86400,
        "epoch": 0,
    }
    return ConsentPaper(**{**values, **changes})


CONSENT_ID = consent_paper().digest(SHOP_CONTEXT.domain("ConsentRegistry"))


def granted() -> events.Granted:
    paper = consent_paper()
    return events.Granted(
        at(),
        CONSENT_ID,
        paper.customer,
        paper.consumer,
        paper.custodian,
        paper.data_root,
        paper.terms,
        paper.reward,
        paper.valid_until,
    )


def opened() -> events.Opened:
    return events.Opened(
        at(), EXCHANGE, CONSUMER.address, SHOP.address, CONSENT_ID, 10**13, 10**15, 10**14, NOW + 3600
    )


def delivered() -> events.Delivered:
    return events.Delivered(at(NOW + 10), EXCHANGE, b"\x99" * 32, NOW + 86400)
