# SPDX-License-Identifier: Apache-2.0
"""Consents: granted, withdrawn, all of a customer's withdrawn."""

from dataclasses import replace
from typing import Any

from faircart.agent import effects, rights_effects
from faircart.agent.context import Context
from faircart.agent.handlers.outcome import NOTHING, Outcome, View
from faircart.ethereum.events import CONTRACT_OF, Event, Granted, Revoked, RevokedAll
from faircart.store.records import Consent, Exchange, Proposal, Request

GRACE = 600
"""DataExchange.GRACE: for so many seconds after a consent's end only the custodian may abort."""


def granted(ctx: Context, view: View, event: Granted) -> Outcome:
    """Both parties note the consent; the custodian writes the receipt and makes an offer for the request."""
    if ctx.address not in (event.custodian, event.consumer):
        return NOTHING
    row = Consent(
        consent_id=event.consent_id,
        customer=event.customer,
        consumer=event.consumer,
        custodian=event.custodian,
        data_root=event.data_root,
        terms=event.terms,
        reward=event.reward,
        valid_until=event.valid_until,
        granted_at=event.at.timestamp,
        ended_at=0,
        transaction=event.at.transaction,
    )
    outcome = Outcome((row,))
    if ctx.address != event.custodian:
        return outcome
    for proposal in view.find(Proposal, consent_id=event.consent_id):
        request = view.get(Request, proposal.request_id)
        outcome += Outcome(
            effects=(
                effects.access_entry(ctx, "ConsentRegistry", event.consent_id, "granted", facts(event)),
                effects.receipt(ctx, event.consent_id),
            )
        )
        if request is not None and request.state == "Open":
            outcome += Outcome(effects=(effects.make_offer(ctx, event.consent_id, proposal.request_id, 0),))
    return outcome


def revoked(ctx: Context, view: View, event: Revoked) -> Outcome:
    """A withdrawal ends the consent now; an exchange that waits for its key is aborted."""
    return _end(ctx, view, event, view.get(Consent, event.consent_id))


def revoked_all(ctx: Context, view: View, event: RevokedAll) -> Outcome:
    """A withdrawal of everything ends every consent granted so far: all are of the epoch that ends."""
    outcome = NOTHING
    for consent in view.find(Consent, customer=event.customer, ended_at=0):
        outcome += _end(ctx, view, event, consent)
    return outcome


def _end(ctx: Context, view: View, event: Event, consent: Consent | None) -> Outcome:
    if consent is None or consent.ended_at:
        return NOTHING
    now = event.at.timestamp
    outcome = Outcome((replace(consent, ended_at=now),)) + stop_exchanges(ctx, view, consent.consent_id, now)
    if ctx.address == consent.custodian:
        entry = effects.access_entry(ctx, "ConsentRegistry", consent.consent_id, "withdrawn", facts(event))
        outcome += Outcome(effects=(entry,))
    return outcome


def stop_exchanges(ctx: Context, view: View, consent_id: bytes, now: int) -> Outcome:
    """A consent has ended or is about to: what waits for its key is aborted, by the consumer after GRACE."""
    outcome = NOTHING
    for exchange in view.find(Exchange, consent_id=consent_id):
        if exchange.state == "Open":
            wait = 0 if exchange.custodian == ctx.address else now + GRACE + 1
            abort = effects.exchange_call(ctx, exchange.exchange_id, "abort", wait)
            outcome += Outcome(effects=(abort,))
    granted = view.get(Consent, consent_id)
    if granted is not None and granted.custodian == ctx.address:
        outcome += Outcome(effects=(rights_effects.tell_withdrawal(ctx, consent_id),))
    if granted is not None and granted.consumer == ctx.address:
        outcome += Outcome(effects=(rights_effects.obey_withdrawal(ctx, consent_id),))
    return outcome


def facts(event: Event) -> dict[str, Any]:
    """Where on chain an event stands, for the access log."""
    return {
        "contract": CONTRACT_OF[type(event)],
        "event": type(event).__name__,
        "eventSubject": event.subject.hex(),
        "transaction": event.at.transaction.hex(),
        "logIndex": event.at.log_index,
        "when": event.at.timestamp,
    }
