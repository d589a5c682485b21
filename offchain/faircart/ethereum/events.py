# SPDX-License-Identifier: Apache-2.0
"""The contract events that agents follow, as typed values. Amounts are wei, times seconds (UTC).

Fields after `at` are fields of the Solidity event; `logs.LogDecoder` finds them by name in the ABI.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class At:
    """Where an event stands, and when its block was made."""

    block_number: int
    block_hash: bytes
    timestamp: int
    transaction: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""

    at: At

    @property
    def subject(self) -> bytes:
        """The id of the order, consent or exchange it is about; of a RevokedAll the customer's."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ConsentEvent(Event):
    """About one consent."""

    consent_id: bytes

    @property
    def subject(self) -> bytes:
        return self.consent_id


@dataclass(frozen=True, slots=True)
class Granted(ConsentEvent):
    """A customer consented: the fields are the consent's."""

    customer: str
    consumer: str
    custodian: str
    data_root: bytes
    terms: bytes
    reward: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Revoked(ConsentEvent):
    """A consent was withdrawn."""

    customer: str


@dataclass(frozen=True, slots=True)
class RevokedAll(Event):
    """A customer ended an epoch, and with it every consent granted in it."""

    customer: str
    epoch: int
    next_epoch: int

    @property
    def subject(self) -> bytes:
        return bytes.fromhex(self.customer[2:]).rjust(32, b"\0")


@dataclass(frozen=True, slots=True)
class ExchangeEvent(Event):
    """About one exchange."""

    exchange_id: bytes

    @property
    def subject(self) -> bytes:
        return self.exchange_id


@dataclass(frozen=True, slots=True)
class Opened(ExchangeEvent):
    """A consumer pays: the windows begin."""

    consumer: str
    custodian: str
    consent_id: bytes
    fee: int
    custodian_deposit: int
    consumer_deposit: int
    deliver_by: int


@dataclass(frozen=True, slots=True)
class Delivered(ExchangeEvent):
    """The custodian gave the key, hidden under the pad."""

    wrapped_key: bytes
    respond_by: int


@dataclass(frozen=True, slots=True)
class Confirmed(ExchangeEvent):
    """The consumer confirmed; everybody is paid."""


@dataclass(frozen=True, slots=True)
class Settled(ExchangeEvent):
    """The consumer kept silent; its deposit goes to the customer."""


@dataclass(frozen=True, slots=True)
class Conceded(ExchangeEvent):
    """The custodian admitted a fault."""


@dataclass(frozen=True, slots=True)
class FaultProven(ExchangeEvent):
    """The consumer proved a fault."""

    fault: int
    index: int


@dataclass(frozen=True, slots=True)
class Aborted(ExchangeEvent):
    """The consent ended before the delivery."""


@dataclass(frozen=True, slots=True)
class Cancelled(ExchangeEvent):
    """The deliver window passed without a delivery."""

    consent_ended: bool


@dataclass(frozen=True, slots=True)
class OfferVoided(ExchangeEvent):
    """The custodian withdrew an offer."""

    custodian: str


@dataclass(frozen=True, slots=True)
class OrderEvent(Event):
    """About one order."""

    order_id: bytes

    @property
    def subject(self) -> bytes:
        return self.order_id


@dataclass(frozen=True, slots=True)
class Funded(OrderEvent):
    """A buyer paid an order into the escrow."""

    buyer: str
    seller: str
    amount: int
    order_hash: bytes
    ship_by: int


@dataclass(frozen=True, slots=True)
class Shipped(OrderEvent):
    """The seller shipped."""

    confirm_by: int


@dataclass(frozen=True, slots=True)
class Disputed(OrderEvent):
    """The buyer disputes."""

    evidence_hash: bytes
    rule_by: int


@dataclass(frozen=True, slots=True)
class Completed(OrderEvent):
    """The seller was paid."""

    seller_amount: int


@dataclass(frozen=True, slots=True)
class Refunded(OrderEvent):
    """The buyer was paid back."""

    buyer_amount: int


@dataclass(frozen=True, slots=True)
class Resolved(OrderEvent):
    """The amount was split."""

    how: int
    buyer_amount: int
    seller_amount: int


CONTRACT_OF: dict[type[Event], str] = {
    **dict.fromkeys((Granted, Revoked, RevokedAll), "ConsentRegistry"),
    **dict.fromkeys(
        (
            Opened,
            Delivered,
            Confirmed,
            Settled,
            Conceded,
            FaultProven,
            Aborted,
            Cancelled,
            OfferVoided,
        ),
        "DataExchange",
    ),
    **dict.fromkeys((Funded, Shipped, Disputed, Completed, Refunded, Resolved), "CheckoutEscrow"),
}
EVENTS: dict[tuple[str, str], type[Event]] = {
    (contract, kind.__name__): kind for kind, contract in CONTRACT_OF.items()
}
