# SPDX-License-Identifier: Apache-2.0
"""Exchanges: opened, delivered, closed in one of its ways."""

from dataclasses import replace

from faircart.agent import effects
from faircart.agent.context import Context
from faircart.agent.handlers.consents import facts
from faircart.agent.handlers.outcome import NOTHING, Outcome, View
from faircart.errors import FairCartError
from faircart.ethereum.events import (
    Aborted,
    Cancelled,
    Conceded,
    Confirmed,
    Delivered,
    ExchangeEvent,
    FaultProven,
    Opened,
    Settled,
)
from faircart.store.records import Consent, Exchange, Withdrawal

STATE_AFTER: dict[type[ExchangeEvent], str] = {
    Confirmed: "Settled",
    Settled: "Settled",
    Conceded: "Conceded",
    FaultProven: "Faulted",
    Aborted: "Aborted",
    Cancelled: "Cancelled",
}
"""The contract's state after each event that closes an exchange."""


PAD_SECONDS = 86400
"""A consumer keeps the pad for so long after an exchange's end: a reorganisation may open it again."""


class ConsentMissing(FairCartError):
    """An exchange's consent is unknown here."""


def opened(ctx: Context, view: View, event: Opened) -> Outcome:
    """The custodian delivers unless it knows of a withdrawal; the consumer cancels when time is over."""
    if ctx.address not in (event.custodian, event.consumer):
        return NOTHING
    consent = view.get(Consent, event.consent_id)
    if consent is None:
        raise ConsentMissing("an exchange was opened under a consent that the registry never announced")
    row = Exchange(
        exchange_id=event.exchange_id,
        consent_id=event.consent_id,
        customer=consent.customer,
        consumer=event.consumer,
        custodian=event.custodian,
        reward=consent.reward,
        fee=event.fee,
        custodian_deposit=event.custodian_deposit,
        consumer_deposit=event.consumer_deposit,
        state="Open",
        opened_at=event.at.timestamp,
        deliver_by=event.deliver_by,
        delivered_at=0,
        respond_by=0,
        wrapped_key=bytes(32),
        closed_at=0,
        transaction=event.at.transaction,
    )
    outcome = Outcome((row,))
    if ctx.address == event.custodian:
        withdrawn = bool(consent.ended_at) or view.get(Withdrawal, event.consent_id) is not None
        outcome += Outcome(
            effects=(
                effects.exchange_call(ctx, event.exchange_id, "abort" if withdrawn else "deliver"),
                effects.access_entry(ctx, "DataExchange", event.exchange_id, "opened", facts(event)),
            )
        )
    else:
        cancel = effects.exchange_call(ctx, event.exchange_id, "cancel", event.deliver_by + 1)
        outcome += Outcome(effects=(cancel,))
    return outcome


def delivered(ctx: Context, view: View, event: Delivered) -> Outcome:
    """The consumer opens and judges the item; the custodian settles if the consumer keeps silent."""
    exchange = view.get(Exchange, event.exchange_id)
    if exchange is None:
        return NOTHING
    row = replace(
        exchange,
        state="Delivered",
        delivered_at=event.at.timestamp,
        respond_by=event.respond_by,
        wrapped_key=event.wrapped_key,
    )
    outcome = Outcome((row,))
    if ctx.address == exchange.consumer:
        return outcome + Outcome(effects=(effects.open_item(ctx, event.exchange_id),))
    return outcome + Outcome(
        effects=(
            effects.exchange_call(ctx, event.exchange_id, "settle", event.respond_by + 1),
            effects.access_entry(ctx, "DataExchange", event.exchange_id, "delivered", facts(event)),
        )
    )


def closed(ctx: Context, view: View, event: ExchangeEvent) -> Outcome:
    """However it ended:

    the state is noted, the custodian writes it down, the keys have served their purpose.
    """
    exchange = view.get(Exchange, event.exchange_id)
    if exchange is None:
        return NOTHING
    state = STATE_AFTER[type(event)]
    row = replace(exchange, state=state, closed_at=event.at.timestamp)
    outcome = Outcome((row,))
    if ctx.address == exchange.custodian:
        outcome += Outcome(
            effects=(
                effects.access_entry(ctx, "DataExchange", event.exchange_id, state.lower(), facts(event)),
                effects.destroy_keys(ctx, event.exchange_id),
            )
        )
    elif not isinstance(event, Confirmed):  # else the pad goes with the data that were bought
        forget = effects.forget_pad(ctx, event.exchange_id, event.at.timestamp + PAD_SECONDS)
        outcome += Outcome(effects=(forget,))
    return outcome
