# SPDX-License-Identifier: Apache-2.0
"""Orders of the escrow in which this enterprise is the seller."""

from dataclasses import replace

from faircart.agent import effects
from faircart.agent.context import Context
from faircart.agent.handlers.outcome import NOTHING, Outcome, View
from faircart.ethereum.events import Completed, Disputed, Funded, OrderEvent, Refunded, Resolved, Shipped
from faircart.store.records import Document, Order, Request

STATE_AFTER: dict[type[OrderEvent], str] = {
    Shipped: "Shipped",
    Disputed: "Disputed",
    Completed: "Completed",
    Refunded: "Refunded",
    Resolved: "Resolved",
}
"""The contract's state after each event."""


ORDER = "order"
"""The category of a row that holds one order's document. It is never offered: it goes into `orders`."""


def funded(ctx: Context, view: View, event: Funded) -> Outcome:  # noqa: ARG001
    """A buyer has paid one of our orders into the escrow."""
    if event.seller != ctx.address:
        return NOTHING
    row = Order(event.order_id, event.buyer, event.seller, event.amount, "Funded", event.at.timestamp)
    refund = effects.order_call(ctx, event.order_id, "refund", event.ship_by + 1)
    return Outcome((row,), (refund,))


def changed(ctx: Context, view: View, event: OrderEvent) -> Outcome:
    """One of our orders goes on."""
    order = view.get(Order, event.order_id)
    if order is None:
        return NOTHING
    row = replace(order, state=STATE_AFTER[type(event)], changed_at=event.at.timestamp)
    outcome = Outcome((row,))
    if isinstance(event, Shipped):
        claim = effects.order_call(ctx, event.order_id, "claim", event.confirm_by + 1)
        return outcome + Outcome(effects=(claim,))
    if isinstance(event, Disputed):
        lapse = effects.order_call(ctx, event.order_id, "lapse", event.rule_by + 1)
        return outcome + Outcome(effects=(lapse,))
    if isinstance(event, Completed | Resolved):
        for document in view.find(Document, order_id=event.order_id):
            outcome += completed(ctx, view, document)
            if ctx.custodian.catalog and document.category != ORDER:
                renewal = effects.announce_renewal(ctx, document.category, event.at.timestamp)
                outcome += Outcome(effects=(renewal,))
    return outcome


def completed(ctx: Context, view: View, document: Document) -> Outcome:
    """What waited for an order's completion: a whole document, or that order's part of the next one."""
    if document.category == ORDER:
        return Outcome(effects=(effects.renew_document(ctx, document.data_root),))
    return made_current(ctx, view, document)


def made_current(ctx: Context, view: View, document: Document) -> Outcome:
    """A customer's document becomes the one that is offered; open requests for it are laid before it."""
    held = view.find(Document, customer=document.customer, category=document.category)
    if document.current:
        return NOTHING
    newest = max((row.version for row in held), default=0)
    changed = tuple(replace(row, current=False) for row in held if row.current)
    row = replace(document, current=True, version=newest + 1)
    proposals = tuple(
        effects.propose(ctx, request.request_id, row.data_root)
        for request in view.find(Request, own=False, state="Open")
        if document.category in request.categories
    )
    return Outcome((*changed, row), proposals)
