# SPDX-License-Identifier: Apache-2.0
"""The model of CheckoutEscrow."""

import enum
from collections.abc import Sequence
from typing import Any

from faircart.papers import Order, Settlement

from tests.machines.models.payouts import Payouts
from tests.machines.models.world import ZERO, Refused, Signature, digest

HOUR = 3600
MIN_WINDOW, MAX_WINDOW = HOUR, 180 * 24 * HOUR
MAX_AMOUNT = 2**128 - 1


class State(enum.IntEnum):
    """`ICheckoutEscrow.State`."""

    NONE = 0
    FUNDED = 1
    SHIPPED = 2
    DISPUTED = 3
    COMPLETED = 4
    REFUNDED = 5
    RESOLVED = 6
    VOIDED = 7


LIVE = (State.FUNDED, State.SHIPPED, State.DISPUTED)
FINAL = (State.COMPLETED, State.REFUNDED, State.RESOLVED, State.VOIDED)
RULING, SETTLEMENT, LAPSE = range(3)


class Escrow(Payouts):
    """Orders by id: where each stands, the deadline that runs, and the wei that it holds."""

    GUARDED = Payouts.GUARDED | {"confirm", "claim", "refund", "rule", "settle", "lapse"}
    LOOKING = Payouts.LOOKING | {"checkout", "ship", "dispute", "voidOrder", "voidSettlement"}
    PAYABLE = frozenset({"checkout"})

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.slots: dict[bytes, tuple[State, int]] = {}
        self.held: dict[bytes, int] = {}
        self.void_settlements: frozenset[tuple[str, bytes]] = frozenset()

    def save(self) -> Any:
        return super().save(), dict(self.slots), dict(self.held), self.void_settlements

    def restore(self, state: Any) -> None:
        payouts, slots, held, self.void_settlements = state
        super().restore(payouts)
        self.slots, self.held = dict(slots), dict(held)

    def owed(self) -> int:
        return super().owed() + sum(self.held.values())

    def slot(self, order_id: bytes) -> tuple[State, int]:
        """State and deadline of an order."""
        return self.slots.get(order_id, (State.NONE, 0))

    # -- checkout ------------------------------------------------------------------------------------------

    def do_checkout(
        self, caller: str, value: int, orders: Sequence[Order], signatures: Sequence[Signature]
    ) -> None:
        if not orders:
            raise Refused("CheckoutEscrow_EmptyCart")
        if len(orders) != len(signatures):
            raise Refused("CheckoutEscrow_UnequalLists", len(orders), len(signatures))
        for index, (order, signature) in enumerate(zip(orders, signatures, strict=True)):
            self._fund(caller, index, order, signature)
        required = sum(order.amount for order in orders)
        if value != required:
            raise Refused("CheckoutEscrow_WrongValue", value, required)

    def _fund(self, caller: str, index: int, order: Order, signature: Signature) -> None:
        if caller != order.buyer:
            raise Refused("CheckoutEscrow_NotTheOrdersBuyer", index, caller, order.buyer)
        if order.seller == ZERO:
            raise Refused("CheckoutEscrow_ZeroSeller", index)
        if order.arbiter == ZERO:
            raise Refused("CheckoutEscrow_ZeroArbiter", index)
        if order.seller == order.buyer:
            raise Refused("CheckoutEscrow_SellerIsBuyer", index, order.seller)
        if order.arbiter in (order.buyer, order.seller):
            raise Refused("CheckoutEscrow_ArbiterIsParty", index, order.arbiter)
        if order.amount > MAX_AMOUNT:
            raise Refused("CheckoutEscrow_AmountTooLarge", index, order.amount, MAX_AMOUNT)
        windows = (order.ship_within, order.confirm_within, order.arbitration_within)
        for window, length in enumerate(windows):
            if not MIN_WINDOW <= length <= MAX_WINDOW:
                raise Refused(
                    "CheckoutEscrow_WindowOutOfRange", index, window, length, MIN_WINDOW, MAX_WINDOW
                )
        now = self.world.now
        if now > order.valid_until:
            raise Refused("CheckoutEscrow_QuoteExpired", index, order.valid_until, now)
        order_id = digest(order, self.domain)
        state, _ = self.slot(order_id)
        if state is not State.NONE:
            raise Refused("CheckoutEscrow_OrderUsed", index, order_id, state)
        if not signature.by(order.seller, order_id):
            raise Refused("CheckoutEscrow_InvalidQuote", index, order_id, order.seller)
        ship_by = now + order.ship_within
        self.slots[order_id] = State.FUNDED, ship_by
        self.held[order_id] = order.amount
        self.emit("Funded", order_id, order.buyer, order.seller, order.amount, order.order_hash, ship_by)

    def do_voidOrder(self, caller: str, value: int, order: Order) -> None:  # noqa: N802
        self._only("Seller", caller, order.seller)
        order_id = self._in_state(order, State.NONE)
        self.slots[order_id] = State.VOIDED, 0
        self.emit("OrderVoided", order_id, caller)

    # -- fulfilment ----------------------------------------------------------------------------------------

    def do_ship(self, caller: str, value: int, order: Order) -> None:
        self._only("Seller", caller, order.seller)
        order_id = self._inside(order, State.FUNDED)
        confirm_by = self.world.now + order.confirm_within
        self.slots[order_id] = State.SHIPPED, confirm_by
        self.emit("Shipped", order_id, confirm_by)

    def do_confirm(self, caller: str, value: int, order: Order) -> None:
        self._only("Buyer", caller, order.buyer)
        self._complete(self._in_state(order, *LIVE), order)

    def do_claim(self, caller: str, value: int, order: Order) -> None:
        self._complete(self._after(order, State.SHIPPED), order)

    def do_refund(self, caller: str, value: int, order: Order) -> None:
        seller = caller == order.seller
        order_id = self._in_state(order, *LIVE) if seller else self._after(order, State.FUNDED)
        self._end(order_id, State.REFUNDED)
        self.emit("Refunded", order_id, order.amount)
        self.pay(order.buyer, order.amount)

    def _complete(self, order_id: bytes, order: Order) -> None:
        self._end(order_id, State.COMPLETED)
        self.emit("Completed", order_id, order.amount)
        self.pay(order.seller, order.amount)

    # -- dispute and settlement ----------------------------------------------------------------------------

    def do_dispute(self, caller: str, value: int, order: Order, evidence_hash: bytes) -> None:
        self._only("Buyer", caller, order.buyer)
        order_id = self._inside(order, State.SHIPPED)
        rule_by = self.world.now + order.arbitration_within
        self.slots[order_id] = State.DISPUTED, rule_by
        self.emit("Disputed", order_id, order.arbiter, evidence_hash, rule_by)

    def do_rule(self, caller: str, value: int, order: Order, buyer_amount: int) -> None:
        self._only("Arbiter", caller, order.arbiter)
        order_id = self._inside(order, State.DISPUTED)
        self._split_fits(order_id, buyer_amount, order)
        self._resolve(order_id, order, RULING, buyer_amount)

    def do_settle(
        self, caller: str, value: int, order: Order, settlement: Settlement, signature: Signature
    ) -> None:
        order_id = digest(order, self.domain)
        if caller not in (order.buyer, order.seller):
            raise Refused("CheckoutEscrow_NotAParty", caller, order_id)
        other = order.seller if caller == order.buyer else order.buyer
        self._in_state(order, *LIVE)
        if settlement.order_id != order_id:
            raise Refused("CheckoutEscrow_OtherOrder", order_id, settlement.order_id)
        if self.world.now > settlement.valid_until:
            raise Refused(
                "CheckoutEscrow_SettlementExpired", order_id, settlement.valid_until, self.world.now
            )
        self._split_fits(order_id, settlement.buyer_amount, order)
        paper_id = digest(settlement, self.domain)
        if (other, paper_id) in self.void_settlements:
            raise Refused("CheckoutEscrow_SettlementVoid", other, paper_id)
        if not signature.by(other, paper_id):
            raise Refused("CheckoutEscrow_InvalidSettlement", paper_id, other)
        self._resolve(order_id, order, SETTLEMENT, settlement.buyer_amount)

    def do_lapse(self, caller: str, value: int, order: Order) -> None:
        order_id = self._after(order, State.DISPUTED)
        self._resolve(order_id, order, LAPSE, (order.amount + 1) // 2)

    def do_voidSettlement(self, caller: str, value: int, settlement: Settlement) -> None:  # noqa: N802
        paper_id = digest(settlement, self.domain)
        if (caller, paper_id) in self.void_settlements:
            raise Refused("CheckoutEscrow_SettlementVoid", caller, paper_id)
        self.void_settlements |= {(caller, paper_id)}
        self.emit("SettlementVoided", settlement.order_id, caller, paper_id)

    def _resolve(self, order_id: bytes, order: Order, how: int, buyer_amount: int) -> None:
        self._end(order_id, State.RESOLVED)
        seller_amount = order.amount - buyer_amount
        self.emit("Resolved", order_id, how, buyer_amount, seller_amount)
        self.pay(order.buyer, buyer_amount)
        self.pay(order.seller, seller_amount)

    # -- what several calls check --------------------------------------------------------------------------

    def _end(self, order_id: bytes, state: State) -> None:
        self.slots[order_id] = state, 0
        del self.held[order_id]

    def _only(self, role: str, caller: str, account: str) -> None:
        if caller != account:
            raise Refused(f"CheckoutEscrow_NotThe{role}", caller, account)

    def _in_state(self, order: Order, *states: State) -> bytes:
        order_id = digest(order, self.domain)
        state, _ = self.slot(order_id)
        if state not in states:
            raise Refused("CheckoutEscrow_WrongState", order_id, state)
        return order_id

    def _inside(self, order: Order, state: State) -> bytes:
        order_id = self._in_state(order, state)
        _, deadline = self.slot(order_id)
        if self.world.now > deadline:
            raise Refused("CheckoutEscrow_TooLate", order_id, deadline, self.world.now)
        return order_id

    def _after(self, order: Order, state: State) -> bytes:
        order_id = self._in_state(order, state)
        _, deadline = self.slot(order_id)
        if self.world.now <= deadline:
            raise Refused("CheckoutEscrow_TooEarly", order_id, deadline, self.world.now)
        return order_id

    def _split_fits(self, order_id: bytes, buyer_amount: int, order: Order) -> None:
        if buyer_amount > order.amount:
            raise Refused("CheckoutEscrow_SplitTooLarge", order_id, buyer_amount, order.amount)
