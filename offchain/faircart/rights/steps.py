# SPDX-License-Identifier: Apache-2.0
"""Which events an access log has to tell of, as which step, and whose act each is. Pure."""

from collections.abc import Sequence

from faircart.ethereum import events as e

CLOSING = (e.Confirmed, e.Settled, e.Conceded, e.FaultProven, e.Aborted, e.Cancelled)
"""The events that end an exchange."""


def step_of(event: e.Event) -> str:
    """The step that the access log writes for an event."""
    return {
        e.Granted: "granted",
        e.Revoked: "withdrawn",
        e.RevokedAll: "withdrawn",
        e.Opened: "opened",
        e.Delivered: "delivered",
        e.Confirmed: "settled",
        e.Settled: "settled",
        e.Conceded: "conceded",
        e.FaultProven: "faulted",
        e.Aborted: "aborted",
        e.Cancelled: "cancelled",
    }.get(type(event), type(event).__name__)


ACTOR: dict[type[e.Event], str] = {
    e.Granted: "customer",
    e.Revoked: "customer",
    e.RevokedAll: "customer",
    e.Opened: "consumer",
    e.Delivered: "custodian",
    e.Confirmed: "consumer",
    e.Settled: "consumer",
    e.Conceded: "custodian",
    e.FaultProven: "consumer",
    e.Aborted: "custodian",
    e.Cancelled: "consumer",
}
"""Whose act each event is, as the access log writes it."""


def concerning(customer: str, events: Sequence[e.Event]) -> list[tuple[e.Event, e.Granted]]:
    """The events that a customer's access log has to tell of, each with the consent it is about."""
    granted: dict[bytes, e.Granted] = {}
    ended: set[bytes] = set()
    exchanges: dict[bytes, e.Granted] = {}
    found: list[tuple[e.Event, e.Granted]] = []
    for event in events:
        if isinstance(event, e.Granted) and event.customer == customer:
            granted[event.consent_id] = event
            found.append((event, event))
        elif isinstance(event, e.Revoked) and event.consent_id in granted and event.consent_id not in ended:
            ended.add(event.consent_id)
            found.append((event, granted[event.consent_id]))
        elif isinstance(event, e.RevokedAll) and event.customer == customer:
            for consent_id in sorted(set(granted) - ended):
                found.append((event, granted[consent_id]))
            ended |= set(granted)
        elif isinstance(event, e.Opened) and event.consent_id in granted:
            exchanges[event.exchange_id] = granted[event.consent_id]
            found.append((event, granted[event.consent_id]))
        elif isinstance(event, (e.Delivered, *CLOSING)) and event.exchange_id in exchanges:
            found.append((event, exchanges[event.exchange_id]))
    return found
