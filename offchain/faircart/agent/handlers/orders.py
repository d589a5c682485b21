"""Orders of the escrow in which this enterprise is the seller."""

from dataclasses import replace

from faircart.agent.context import Context
from faircart.agent.handlers.outcome import NOTHING, Outcome, View
from faircart.ethereum.events import Completed, Disputed, Funded, OrderEvent, Refunded, Resolved, Shipped
from faircart.store.records import Order

STATE_AFTER: dict[type[OrderEvent], str] = {
    Shipped: "Shipped",
    Disputed: "Disputed",
    Completed: "Completed",
    Refunded: "Refunded",
    Resolved: "Resolved",
}
"""The contract's state after each event."""


def funded(ctx: Context, view: View, event: Funded) -> Outcome:  # noqa: ARG001
    """A buyer has paid one of our orders into the escrow."""
    if event.seller != ctx.address:
        return NOTHING
    row = Order(event.order_id, event.buyer, event.seller, event.amount, "Funded", event.at.timestamp)
    return Outcome((row,))


def changed(ctx: Context, view: View, event: OrderEvent) -> Outcome:  # noqa: ARG001
    """One of our orders goes on."""
    order = view.get(Order, event.order_id)
    if order is None:
        return NOTHING
    return Outcome((replace(order, state=STATE_AFTER[type(event)], changed_at=event.at.timestamp),))
