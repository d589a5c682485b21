# SPDX-License-Identifier: Apache-2.0
"""CheckoutEscrow against its model: people of every kind, in any order, at any second.

After every step all that can be seen is compared with the model: every balance, credit, nonce, order and
event, or the exact error at both sides of every deadline. Of the numbered invariants of contracts/README.md
these are checked besides, on the model, with which the contract agrees: conservation of ether (P1, E2),
final states (E1), who gets an order's amount (E3), and, when an example ends, that nothing is stuck (E6).
Short gas may make a call fail but not end otherwise (P3); refusing, burning and re-entering receivers are
among the people (P2, P5).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from faircart.papers import CreditWithdrawal, Order, Settlement
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from hypothesis.strategies import DataObject

from tests.machines.cast import deploy
from tests.machines.drawing import DAY, HOUR, Draw
from tests.machines.models.escrow import FINAL, LIVE, MAX_AMOUNT, MAX_WINDOW, Escrow, State
from tests.machines.models.world import ZERO, Call, Script, Signature, digest
from tests.machines.node import CHAIN_ID, GAS_LIMIT
from tests.machines.profiles import run
from tests.machines.stage import Stage, set_stage

NONE, FUNDED, SHIPPED, DISPUTED = State.NONE, State.FUNDED, State.SHIPPED, State.DISPUTED

CLOSING = ("confirm", "claim", "refund", "rule", "settle", "lapse")
"""The calls that end an order."""


class EscrowMachine(RuleBasedStateMachine):
    """Carts, orders, settlements and credits."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.driver = self.stage.begin()
        self.world, self.cast = self.driver.world, self.stage.cast
        self.address = self.stage.contracts["CheckoutEscrow"]
        self.escrow = Escrow(self.world, self.address, CHAIN_ID)
        self.quotes: dict[Order, Signature] = {}
        self.settlements: list[tuple[Order, Settlement, Signature]] = []
        self.ended: dict[bytes, State] = {}
        self.total = sum(self.world.balances.values())

    # -- drawing -------------------------------------------------------------------------------------------

    def draw(self, data: DataObject) -> Draw:
        return Draw(data, self.world, self.cast)

    def new_quote(self, draw: Draw, buyer: str, sound: bool = False) -> Order:
        """A signed quote, with some luck one that is not sound."""
        now = self.world.now
        others = [person.address for person in self.cast.people if person.address != buyer]
        seller = draw.one(others)
        windows = [draw.one([HOUR, HOUR + 1, DAY, MAX_WINDOW]) for _ in range(3)]
        order = Order(
            seller=seller,
            buyer=buyer,
            arbiter=draw.one([account for account in others if account != seller]),
            amount=draw.amount(MAX_AMOUNT),
            order_hash=draw.bytes32(),
            valid_until=now + draw.one([DAY, HOUR, 2**63, 0, 1]),
            ship_within=windows[0],
            confirm_within=windows[1],
            arbitration_within=windows[2],
            salt=len(self.quotes),
        )
        if not sound and draw.seldom(4):
            order = replace(order, **draw.one(draw.one(self._flaws(order))))
        order_id = digest(order, self.escrow.domain)
        if sound:
            self.quotes[order] = self.cast.at(order.seller).sign(order_id)
        else:
            self.quotes[order] = draw.signature(order.seller, order_id)
        return order

    def _flaws(self, order: Order) -> list[list[dict[str, Any]]]:
        windows = ("ship_within", "confirm_within", "arbitration_within")
        lengths = (0, HOUR - 1, MAX_WINDOW + 1, 2**32 - 1)
        return [
            [{"buyer": self.cast.people[1].address}, {"buyer": ZERO}],
            [{"seller": ZERO}, {"arbiter": ZERO}],
            [{"seller": order.buyer}],
            [{"arbiter": order.buyer}, {"arbiter": order.seller}],
            [{"amount": MAX_AMOUNT + 1}, {"amount": 2**129}],
            [{"valid_until": self.world.now - 1}, {"valid_until": 0}],
            [{window: length} for window in windows for length in lengths],
        ]

    def some_order(self, draw: Draw, *states: State) -> Order:
        """Most often one in such a state; sometimes one of which a field was changed since."""
        fitting = [order for order in self.quotes if self.state(order)[0] in states]
        order = draw.one(fitting if fitting and not draw.seldom(12) else list(self.quotes))
        if draw.seldom(25):
            return replace(order, amount=max(0, order.amount - 1))
        return order

    def state(self, order: Order) -> tuple[State, int]:
        return self.escrow.slot(digest(order, self.escrow.domain))

    def any_in(self, *states: State) -> bool:
        return any(self.state(order)[0] in states for order in self.quotes)

    def do(self, sender: str, name: str, *arguments: Any, value: int = 0, gas: int = GAS_LIMIT) -> str:
        call = Call(self.address, name, arguments)
        if self.world.balances.get(sender, 0) < value:
            return "cannot pay"
        note(self.driver.tell(sender, call))
        before = self.wealth()
        outcome = self.driver.do(sender, call, value, gas)
        if outcome == "done" and name in CLOSING:
            self.check_shares(arguments[0], before)
        return outcome

    def wealth(self) -> dict[str, int]:
        """What each person has, credits included (wei)."""
        credits = self.escrow.credits
        return {each: self.world.balances[each] + credits.get(each, 0) for each in self.cast.addresses}

    def check_shares(self, order: Order, before: dict[str, int]) -> None:
        """E3: buyer and seller together get exactly the amount, and nobody else anything."""
        gains = {each: wei - before[each] for each, wei in self.wealth().items() if wei != before[each]}
        assert gains.keys() <= {order.buyer, order.seller}
        assert sum(gains.values()) == order.amount
        assert all(gain > 0 for gain in gains.values())

    # -- checkout ------------------------------------------------------------------------------------------

    @initialize(data=st.data())
    def first_cart(self, data: DataObject) -> None:
        draw = self.draw(data)
        buyer = draw.one(
            [person.address for person in self.cast.people if self.world.balances[person.address]]
        )
        orders = [self.new_quote(draw, buyer, sound=True) for _ in range(draw.one([2, 3]))]
        value = sum(order.amount for order in orders)
        signatures = [self.quotes[order] for order in orders]
        assert self.do(buyer, "checkout", orders, signatures, value=value) == "done"

    @rule(data=st.data())
    def pay_cart(self, data: DataObject) -> None:
        draw = self.draw(data)
        again = draw.one(list(self.quotes)) if draw.seldom(4) else None
        buyer = draw.sender() if again is None else again.buyer
        orders = [self.new_quote(draw, buyer) for _ in range(draw.one([1, 2, 3]))]
        if again is not None:
            orders[-1] = again
        signatures = [self.quotes[order] for order in orders]
        value = sum(order.amount for order in orders)
        if draw.seldom(5):
            flaw = draw.one(["wei more", "wei less", "one less", "one more", "empty"])
            value = max(0, value + {"wei less": -1, "wei more": 1}.get(flaw, 0))
            if flaw == "one less":
                signatures.pop()
            elif flaw == "one more":
                signatures.append(signatures[0])
            elif flaw == "empty":
                orders, signatures = [], []
        draw.time_passes(*(order.valid_until for order in orders if order.valid_until < 2**33))
        caller = draw.sender(buyer) if draw.seldom(20) else buyer
        self.do(caller, "checkout", orders, signatures, value=value)

    # -- fulfilment ----------------------------------------------------------------------------------------

    @precondition(lambda self: self.any_in(FUNDED))
    @rule(data=st.data())
    def ship(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, FUNDED)
        draw.time_passes(self.state(order)[1])
        self.do(draw.sender(order.seller), "ship", order)

    @precondition(lambda self: self.any_in(*LIVE))
    @rule(data=st.data())
    def confirm(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, *LIVE)
        draw.time_passes(self.state(order)[1])
        self.do(draw.sender(order.buyer), "confirm", order, gas=draw.gas())

    @precondition(lambda self: self.any_in(SHIPPED))
    @rule(data=st.data())
    def claim(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, SHIPPED)
        draw.time_passes(self.state(order)[1], late=True)
        self.do(draw.sender(), "claim", order, gas=draw.gas())

    @precondition(lambda self: self.any_in(*LIVE))
    @rule(data=st.data())
    def refund_by_the_seller(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, *LIVE)
        draw.time_passes(self.state(order)[1])
        self.do(draw.sender(order.seller), "refund", order, gas=draw.gas())

    @precondition(lambda self: self.any_in(FUNDED))
    @rule(data=st.data())
    def refund_by_anyone(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, FUNDED)
        draw.time_passes(self.state(order)[1], late=True)
        self.do(draw.sender(), "refund", order, gas=draw.gas())

    @precondition(lambda self: self.any_in(*LIVE))
    @rule(data=st.data())
    def go_on(self, data: DataObject) -> None:
        """The next step of an order, by whom it is up to."""
        draw = self.draw(data)
        order = draw.one([order for order in self.quotes if self.state(order)[0] in LIVE])
        state, _ = self.state(order)
        draw.time_passes()
        if state is FUNDED:
            self.do(order.seller, "ship", order)
        elif state is SHIPPED:
            self.do(order.buyer, "dispute", order, draw.bytes32())
        else:
            self.do(order.arbiter, "rule", order, self.some_split(draw, order), gas=draw.gas())

    # -- dispute and settlement ----------------------------------------------------------------------------

    @precondition(lambda self: self.any_in(SHIPPED))
    @rule(data=st.data())
    def dispute(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, SHIPPED)
        draw.time_passes(self.state(order)[1])
        self.do(draw.sender(order.buyer), "dispute", order, draw.bytes32())

    @precondition(lambda self: self.any_in(DISPUTED))
    @rule(data=st.data())
    def rule_on_it(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, DISPUTED)
        draw.time_passes(self.state(order)[1])
        split = self.some_split(draw, order)
        self.do(draw.sender(order.arbiter), "rule", order, split, gas=draw.gas())

    @precondition(lambda self: self.any_in(DISPUTED))
    @rule(data=st.data())
    def lapse(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, DISPUTED)
        draw.time_passes(self.state(order)[1], late=True)
        self.do(draw.sender(), "lapse", order, gas=draw.gas())

    @rule(data=st.data())
    def settle(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw, *LIVE)
        settlement, signature, signer = self.some_settlement(draw, order)
        draw.time_passes(settlement.valid_until, self.state(order)[1])
        caller = draw.sender(order.buyer if signer == order.seller else order.seller)
        self.do(caller, "settle", order, settlement, signature, gas=draw.gas())

    @rule(data=st.data())
    def void_a_paper(self, data: DataObject) -> None:
        """A quote or a settlement is voided, and then somebody tries to use it."""
        draw = self.draw(data)
        draw.time_passes()
        if draw.one([False, True]):
            order = self.some_order(draw, NONE) if draw.seldom(2) else self.new_quote(draw, draw.sender())
            self.do(draw.sender(order.seller), "voidOrder", order)
            if order in self.quotes and draw.seldom(2):
                self.do(order.buyer, "checkout", [order], [self.quotes[order]], value=order.amount)
        else:
            order = self.some_order(draw, *LIVE)
            settlement, signature, signer = self.some_settlement(draw, order)
            self.do(draw.sender(signer), "voidSettlement", settlement)
            if draw.seldom(2):
                other = order.buyer if signer == order.seller else order.seller
                self.do(other, "settle", order, settlement, signature)

    def some_split(self, draw: Draw, order: Order) -> int:
        return order.amount + 1 if draw.seldom(10) else draw.amount(order.amount)

    def some_settlement(self, draw: Draw, order: Order) -> tuple[Settlement, Signature, str]:
        """One that was signed before for this order or, seldom, another; or a new one."""
        foreign = draw.seldom(5)
        known = [signed for signed in self.settlements if foreign or signed[0] == order]
        if known and draw.seldom(2):
            _, settlement, signature = draw.one(known)
            return settlement, signature, signature.signer or order.seller
        settlement = Settlement(
            digest(order, self.escrow.domain),
            self.some_split(draw, order),
            max(0, self.world.now + draw.one([HOUR, 0, 90, 2**63, -1])),
        )
        signer = draw.one([order.buyer, order.seller])
        signature = draw.signature(signer, digest(settlement, self.escrow.domain))
        self.settlements.append((order, settlement, signature))
        return settlement, signature, signer

    # -- credits -------------------------------------------------------------------------------------------

    @precondition(lambda self: any(self.escrow.credits.values()))
    @rule(data=st.data())
    def withdraw_credit(self, data: DataObject) -> None:
        draw = self.draw(data)
        owner = draw.sender(*(account for account, wei in self.escrow.credits.items() if wei))
        draw.time_passes()
        self.do(owner, "withdrawCredit", self.some_receiver(draw), self.some_part(draw, owner))

    @precondition(lambda self: any(self.escrow.credits.values()))
    @rule(data=st.data())
    def withdraw_credit_by_signature(self, data: DataObject) -> None:
        draw = self.draw(data)
        owner = draw.sender(*(account for account, wei in self.escrow.credits.items() if wei))
        nonce = self.escrow.nonces.get(owner, 0)
        paper = CreditWithdrawal(
            owner=owner,
            to=self.some_receiver(draw),
            amount=self.some_part(draw, owner),
            nonce=nonce if not draw.seldom() else draw.one([nonce + 1, max(0, nonce - 1)]),
            valid_until=self.world.now + draw.one([HOUR, DAY, 0, -1]),
        )
        if draw.seldom():
            self.do(owner, "voidCreditWithdrawal", draw.one([nonce, nonce + 1]))
        draw.time_passes(paper.valid_until)
        signature = draw.signature(owner, digest(paper, self.escrow.domain))
        outcome = self.do(draw.sender(), "withdrawCreditFor", paper, signature)
        if outcome == "done" and self.world.now <= paper.valid_until:
            assert self.do(draw.sender(), "withdrawCreditFor", paper, signature) == "InvalidAccountNonce"

    def some_receiver(self, draw: Draw) -> str:
        return draw.one([ZERO, self.address]) if draw.seldom(4) else draw.sender()

    def some_part(self, draw: Draw, owner: str) -> int:
        credit = self.escrow.credits.get(owner, 0)
        return credit + 1 if draw.seldom(12) else draw.one([credit, credit // 2, 0])

    # -- whatever else people try --------------------------------------------------------------------------

    @rule(data=st.data())
    def anything_by_anyone(self, data: DataObject) -> None:
        draw = self.draw(data)
        order = self.some_order(draw)
        draw.time_passes(self.state(order)[1])
        arguments = {"dispute": (bytes(32),), "rule": (order.amount // 2,)}
        names = ["ship", "confirm", "claim", "refund", "dispute", "rule", "lapse", "voidOrder"]
        name = draw.one(names)
        sender = draw.sender(order.buyer, order.seller, order.arbiter)
        self.do(sender, name, order, *arguments.get(name, ()), value=1 if draw.seldom(12) else 0)

    @rule(data=st.data())
    def ether_from_outside(self, data: DataObject) -> None:
        """Plain ether is refused; forced ether belongs to nobody and disturbs nothing."""
        wei = self.draw(data).one([1, 10**18])
        self.driver.send_plain_ether(self.cast.named("Ada").address, self.address, wei)
        self.driver.force_ether(self.cast.named("Ben").address, self.address, wei)
        self.escrow.forced += wei

    @rule(data=st.data())
    def arm_rea(self, data: DataObject) -> None:
        """What Rea tries when she is paid: to be paid twice, or something that is her right."""
        draw = self.draw(data)
        rea = self.cast.named("Rea").address
        order = self.some_order(draw, *LIVE)
        hers = [quote for quote in self.quotes if rea in (quote.buyer, quote.seller)]
        order = draw.one(hers * 3 + [order])
        settlement = Settlement(digest(order, self.escrow.domain), 0, self.world.now + DAY)
        calls = [
            Call(self.address, "withdrawCredit", (rea, self.escrow.credits.get(rea, 0))),
            Call(self.address, "voidCreditWithdrawal", (self.escrow.nonces.get(rea, 0),)),
            Call(self.address, "voidSettlement", (settlement,)),
            Call(self.address, "dispute", (order, bytes(32))),
            *(
                Call(self.address, name, (order,))
                for name in ("confirm", "refund", "claim", "lapse", "ship", "voidOrder")
            ),
        ]
        call = draw.one([None, *calls])
        script = None if call is None else Script(call, strict=draw.one([False, True]))
        self.driver.arm(rea, script)
        note(f"Rea is to try {script}")

    # -- what always holds ---------------------------------------------------------------------------------

    @invariant()
    def the_contract_is_as_the_model(self) -> None:
        slots = [(digest(order, self.escrow.domain), self.state(order)) for order in self.quotes]
        self.driver.compare(
            [
                *(((self.address, "stateOf", (order_id,)), slot) for order_id, slot in slots),
                *(
                    ((self.address, name, (account,)), values.get(account, 0))
                    for name, values in (("creditOf", self.escrow.credits), ("nonces", self.escrow.nonces))
                    for account in self.cast.addresses
                ),
            ]
        )

    @invariant()
    def ether_is_conserved(self) -> None:
        """P1 and E2: the contract holds what it owes, and beyond that only what was forced in."""
        assert self.world.balances[self.address] == self.escrow.owed() + self.escrow.forced
        assert sum(self.world.balances.values()) == self.total

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        """E1: no call leads out of a final state."""
        for order_id, state in self.ended.items():
            assert self.escrow.slot(order_id) == (state, 0)
        self.ended |= {key: state for key, (state, _) in self.escrow.slots.items() if state in FINAL}

    def teardown(self) -> None:
        """E6: a stranger's calls and the owners' withdrawals empty the contract in the end."""
        if not self.driver.agrees:
            return
        self.driver.arm(self.cast.named("Rea").address, None)
        stranger, ada = self.cast.named("Cem").address, self.cast.named("Ada").address
        for order in list(self.quotes):
            state, deadline = self.state(order)
            if state not in LIVE:
                continue
            self.world.now = max(self.world.now, deadline + 1)
            exit_ = {FUNDED: "refund", SHIPPED: "claim", DISPUTED: "lapse"}[state]
            assert self.do(stranger, exit_, order) == "done"
        for owner, credit in list(self.escrow.credits.items()):
            assert self.do(owner, "withdrawCredit", ada, credit) == "done"
        self.the_contract_is_as_the_model()
        assert self.world.balances[self.address] == self.escrow.forced


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with set_stage(
        lambda node, deployer: {"CheckoutEscrow": deploy(node, deployer, "CheckoutEscrow")}
    ) as stage:
        yield stage


@pytest.mark.timeout(0)
def test_the_escrow_does_what_its_model_does(stage: Stage) -> None:
    EscrowMachine.stage = stage
    run(EscrowMachine)
    print("\n" + "\n".join(f"{count:6} {what}" for what, count in sorted(stage.seen.items())))
    stage.check_reach()
