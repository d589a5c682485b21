# SPDX-License-Identifier: Apache-2.0
"""Which handler answers which contract event."""

from collections.abc import Callable
from typing import Any

from faircart.agent.context import Context
from faircart.agent.handlers import consents, exchanges, orders
from faircart.agent.handlers.outcome import Outcome, View
from faircart.ethereum import events

_HANDLERS: dict[type[events.Event], Callable[[Context, View, Any], Outcome]] = {
    events.Granted: consents.granted,
    events.Revoked: consents.revoked,
    events.RevokedAll: consents.revoked_all,
    events.Opened: exchanges.opened,
    events.Delivered: exchanges.delivered,
    **dict.fromkeys(exchanges.STATE_AFTER, exchanges.closed),
    events.Funded: orders.funded,
    events.Shipped: orders.changed,
    events.Disputed: orders.changed,
    events.Completed: orders.changed,
    events.Refunded: orders.changed,
    events.Resolved: orders.changed,
}


def handle(ctx: Context, view: View, event: events.Event) -> Outcome:
    """The outcome of one event; nothing for an event that concerns no handler."""
    handler = _HANDLERS.get(type(event))
    return Outcome() if handler is None else handler(ctx, view, event)
