# SPDX-License-Identifier: Apache-2.0
"""What an agent knows, as frozen rows: one class a table, the table's columns in the same order.

Amounts are wei, times seconds (UTC), hashes and ids bytes, Ethereum addresses checksummed text. Two kinds
of rows: rows of `CHAIN` follow from contract events alone and are taken back when their block is orphaned;
all other rows are the agent's own and never are.
"""

from dataclasses import dataclass
from typing import Any, ClassVar


class Record:
    """Base of all rows; `KEY` names the columns of the primary key."""

    KEY: ClassVar[tuple[str, ...]]
    __slots__ = ()

    @property
    def key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.KEY)


# --- follow from contract events --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Consent(Record):
    """A consent that the registry has seen. `ended_at` is 0 while it is active (its own end aside)."""

    KEY: ClassVar[tuple[str, ...]] = ("consent_id",)
    consent_id: bytes
    customer: str
    consumer: str
    custodian: str
    data_root: bytes
    terms: bytes
    reward: int
    valid_until: int
    granted_at: int
    ended_at: int
    transaction: bytes


@dataclass(frozen=True, slots=True)
class Exchange(Record):
    """An exchange as the contract last told it; `state` is a name of the contract's states."""

    KEY: ClassVar[tuple[str, ...]] = ("exchange_id",)
    exchange_id: bytes
    consent_id: bytes
    customer: str
    consumer: str
    custodian: str
    reward: int
    fee: int
    custodian_deposit: int
    consumer_deposit: int
    state: str
    opened_at: int
    deliver_by: int
    delivered_at: int
    respond_by: int
    wrapped_key: bytes
    closed_at: int
    transaction: bytes


@dataclass(frozen=True, slots=True)
class Order(Record):
    """An order of the escrow in which this enterprise is seller."""

    KEY: ClassVar[tuple[str, ...]] = ("order_id",)
    order_id: bytes
    buyer: str
    seller: str
    amount: int
    state: str
    changed_at: int


# --- the agent's own --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Participant(Record):
    """An enterprise's binding, checked in both directions; the highest version wins."""

    KEY: ClassVar[tuple[str, ...]] = ("address",)
    address: str
    multichain_address: str
    hpke_key: bytes
    version: int


@dataclass(frozen=True, slots=True)
class CatalogEntry(Record):
    """What a custodian announced last that it can offer in a category; `body` as published.

    `entry_id` is `PUBLISHER/CATEGORY`."""

    KEY: ClassVar[tuple[str, ...]] = ("entry_id",)
    entry_id: str
    publisher: str
    category: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Customer(Record):
    """A customer of this custodian; `reading_key` is public (suite id and X25519 key)."""

    KEY: ClassVar[tuple[str, ...]] = ("address",)
    address: str
    reading_key: bytes


@dataclass(frozen=True, slots=True)
class Document(Record):
    """One version of a customer's document; with an `order_id` it waits for that order to be completed.

    Plaintext and salts lie in the vault as `document`, hex(data_root).
    """

    KEY: ClassVar[tuple[str, ...]] = ("data_root",)
    data_root: bytes
    customer: str
    category: str
    version: int
    current: bool
    size: int
    records: int
    period_from: str
    period_to: str
    order_id: bytes


@dataclass(frozen=True, slots=True)
class Request(Record):
    """A consumer's request, its own or one read from the stream. `state`: Draft, Open, Closed, Refused."""

    KEY: ClassVar[tuple[str, ...]] = ("request_id",)
    request_id: bytes
    consumer: str
    own: bool
    categories: list[str]
    purpose: str
    reward: int
    expires_at: int
    request_key: bytes
    body: dict[str, Any]
    state: str


@dataclass(frozen=True, slots=True)
class Proposal(Record):
    """What a custodian lays before one customer for one request: the consent to sign and its record
    (`terms`). Its id is the consent's, in hex.

    `state`: Proposed, Accepted, Withdrawn, Declined."""

    KEY: ClassVar[tuple[str, ...]] = ("proposal_id",)
    proposal_id: str
    request_id: bytes
    customer: str
    consent_id: bytes
    data_root: bytes
    category: str
    consent: dict[str, Any]
    terms: dict[str, Any]
    state: str


@dataclass(frozen=True, slots=True)
class Paper(Record):
    """A signed paper that came by the HTTP API; kept for good, since a withdrawal binds from then on."""

    KEY: ClassVar[tuple[str, ...]] = ("digest",)
    digest: bytes
    kind: str
    signer: str
    body: dict[str, Any]
    signature: bytes
    received_at: int


@dataclass(frozen=True, slots=True)
class Withdrawal(Record):
    """A signed withdrawal that this agent holds: from its receipt on nothing is delivered under it."""

    KEY: ClassVar[tuple[str, ...]] = ("consent_id",)
    consent_id: bytes
    known_at: int


@dataclass(frozen=True, slots=True)
class Offer(Record):
    """A signed offer, made (custodian) or received (consumer). K and pad lie in the vault as `key` and `pad`.

    `state`: Offered, Received, Accepted, Refused, Used, Ended; `reason` says why it was refused."""

    KEY: ClassVar[tuple[str, ...]] = ("exchange_id",)
    exchange_id: bytes
    consent_id: bytes
    request_id: bytes
    ordinal: int
    customer: str
    consumer: str
    custodian: str
    data_root: bytes
    reward: int
    offer: dict[str, Any]
    consent: dict[str, Any]
    signature: bytes
    item_stream: str
    item_key: str
    category: str
    valid_until: int
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataSet(Record):
    """A document that the consumer bought. Plaintext lies in the vault as `data`, hex(exchange_id)."""

    KEY: ClassVar[tuple[str, ...]] = ("exchange_id",)
    exchange_id: bytes
    consent_id: bytes
    category: str
    size: int
    valid: bool
    tag_ok: bool
    keep_until: int


@dataclass(frozen=True, slots=True)
class AccessEntry(Record):
    """An entry of the access log written by this custodian; `sealed` holds a copy for each party."""

    KEY: ClassVar[tuple[str, ...]] = ("entry_id",)
    entry_id: str
    effect_id: str
    customer: str
    commitment: bytes
    sealed: list[str]


@dataclass(frozen=True, slots=True)
class Counter(Record):
    """Other terms that a customer proposes: reward (wei) and duration (seconds).

    `state`: Sent, Agreed, Refused; `reason` says why it was refused, in the consumer's words."""

    KEY: ClassVar[tuple[str, ...]] = ("counter_id",)
    counter_id: str
    request_id: bytes
    proposal_id: str
    customer: str
    category: str
    reward: int
    valid_for: int
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class ErasureItem(Record):
    """An item of the stream `erasures`, written or read here: a notice, an acknowledgement, a certificate.

    `erasure_id` is what it is about: the digest of the customer's statement, or the withdrawn consent;
    `step`:
    requested, acknowledged, certified; `sealed` holds a copy for each party; `body` has counts, no more."""

    KEY: ClassVar[tuple[str, ...]] = ("item_id",)
    item_id: str
    erasure_id: bytes
    step: str
    customer: str
    author: str
    consumer: str
    notice: str
    commitment: bytes
    sealed: list[str]
    body: dict[str, Any]


CHAIN: tuple[type[Record], ...] = (Consent, Exchange, Order)
OWN: tuple[type[Record], ...] = (
    Participant,
    CatalogEntry,
    Customer,
    Document,
    Request,
    Proposal,
    Paper,
    Withdrawal,
    Offer,
    DataSet,
    AccessEntry,
    Counter,
    ErasureItem,
)
