# SPDX-License-Identifier: Apache-2.0
"""What is sent for an order in which we are the seller, decided at the moment of sending."""

from collections.abc import Callable

import sqlalchemy as sa

from faircart import papers
from faircart.agent.tools import Tools
from faircart.agent.work.done import NotYet, moot
from faircart.agent.work.wanted import Decision, Wanted, WouldCheat
from faircart.store import EffectRow, Work
from faircart.store import tables as t
from faircart.store.records import Order, Paper

QUOTE_SECONDS = 300
"""How often it is looked whether the quote of an order has come that a call needs."""
CONFIRMED_SECONDS = 12
"""How often it is looked whether the end of a window is confirmed."""


def _after_window(state: str, function: str) -> Callable[[Tools, EffectRow], Decision]:
    """`claim` of what is shipped, `lapse` of what is disputed, when nobody has spoken in time."""

    def decision(tools: Tools, effect: EffectRow) -> Decision:
        order_id = bytes.fromhex(effect.body["order"])
        with tools.store.read() as work:
            paper, order = work.get(Paper, order_id), work.get(Order, order_id)
        if order is None or order.state != state:
            return moot(f"it is not {state.lower()}")
        if paper is None:
            raise NotYet("the quote of this order is not known here: POST /v1/papers/quotes", QUOTE_SECONDS)
        return Wanted("CheckoutEscrow", function, (papers.Order.from_json(paper.body).abi(),))

    return decision


def _refund(tools: Tools, effect: EffectRow) -> Decision:
    """What was paid for and not shipped in time goes back.

    The contract lets a seller refund at any time, even what was shipped: so the window's end has to lie
    before what we have read, after which no shipping can come any more.
    """
    order_id = bytes.fromhex(effect.body["order"])
    with tools.store.read() as work:
        order, read_to = work.get(Order, order_id), _read_to(work)
    if order is not None and order.state == "Funded":
        _, ship_by = tools.contracts.view(tools.ethereum, "CheckoutEscrow", "stateOf", order_id)
        if read_to <= int(ship_by):
            raise NotYet("the end of the ship window is not confirmed yet", CONFIRMED_SECONDS)
    return _after_window("Funded", "refund")(tools, effect)


def _read_to(work: Work) -> int:
    """The time of the newest block that is read."""
    newest = work.connection.execute(sa.select(sa.func.max(t.blocks.c.timestamp))).scalar_one()
    return int(newest or 0)


def _settle_order(tools: Tools, effect: EffectRow) -> Decision:
    order_id = bytes.fromhex(effect.body["order"])
    with tools.store.read() as work:
        quote, order = work.get(Paper, order_id), work.get(Order, order_id)
        paper = work.get(Paper, bytes.fromhex(effect.body["paper"]))
    if quote is None or paper is None or order is None:
        raise NotYet("the order is not confirmed on chain", 5)
    if order.state not in ("Funded", "Shipped", "Disputed"):
        return moot(f"it is {order.state}")
    settlement = papers.Settlement.from_json(paper.body)
    if settlement.buyer_amount:
        raise WouldCheat("a settlement that gives money away is for people to decide")
    arguments = (papers.Order.from_json(quote.body).abi(), settlement.abi(), paper.signature)
    return Wanted("CheckoutEscrow", "settle", arguments)


DECISIONS: dict[str, Callable[[Tools, EffectRow], Decision]] = {
    "claim": _after_window("Shipped", "claim"),
    "lapse": _after_window("Disputed", "lapse"),
    "refund": _refund,
    "settleOrder": _settle_order,
}
