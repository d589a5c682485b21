# SPDX-License-Identifier: Apache-2.0
"""ConsentRegistry and DataExchange against their models: consents, offers, deliveries and faults.

After every step all that can be seen is compared with the models: every balance, credit, nonce, record,
exchange and event, or the exact error at both sides of every deadline. Of the numbered invariants of
contracts/README.md these are checked besides, on the models, with which the contracts agree: conservation of
ether (P1), an end of a consent that never changes (C2, C4), final states (X1), who gets what was locked (X2),
that an honest custodian is never convicted and a cheating one always can be (X3), and, when an example ends,
that nothing is stuck (X4).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from faircart.papers import CreditWithdrawal, Revocation, RevocationOfAll
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
)
from hypothesis.strategies import DataObject

from tests.machines.cast import codec, deploy
from tests.machines.deals import Deal, Honesty
from tests.machines.drawing import DAY, Draw
from tests.machines.market import STANDING, Market, funded
from tests.machines.models.exchange import (
    FINAL,
    Sale,
    Scope,
    State,
)
from tests.machines.models.world import ZERO, Call, Refused, Script, digest
from tests.machines.node import Node
from tests.machines.profiles import run
from tests.machines.stage import Stage, set_stage

NONE, OPEN, DELIVERED = State.NONE, State.OPEN, State.DELIVERED


class ExchangeMachine(Market):
    """Consents, standing balances, exchanges and credits."""

    # -- consents ------------------------------------------------------------------------------------------

    @initialize(data=st.data())
    def first_deals(self, data: DataObject) -> None:
        draw = self.draw(data)
        first = self.new_consent(draw, sound=True)
        second = replace(first, customer=draw.sender(), terms=b"second".ljust(32))
        self.consents.append(second)
        for consent in (first, second):
            assert self.do_registry(consent.customer, "grant", consent) == "done"
        terms = self.new_terms(draw, first, sound=True)
        deals = [self.new_deal(draw, consent, terms, sound=True) for consent in (first, second)]
        scopes, sales = [Scope(deal.consent) for deal in deals], [Sale(deal.offer) for deal in deals]
        signatures = [deal.signature for deal in deals]
        value = 2 * (first.reward + terms.fee + terms.consumer_deposit)
        opened = self.do(first.consumer, "openMany", scopes, terms, sales, signatures, value=value)
        assert opened == "done"
        if draw.one([True, False]):
            self.do(terms.custodian, "deliver", terms, sales[0], self.some_key(draw, deals[0]))

    @precondition(lambda self: self.any_in(OPEN, DELIVERED))
    @rule(data=st.data())
    def go_on(self, data: DataObject) -> None:
        """The next step of an exchange, by whom it is up to."""
        draw = self.draw(data)
        live = [deal for deal in self.deals if self.slot(deal).state in (OPEN, DELIVERED)]
        in_time = [deal for deal in live if self.slot(deal).deadline >= self.world.now]
        deal = draw.one(in_time or live)
        for _ in range(draw.one([2, 1, 2])):
            draw.time_passes()
            self._go_on(draw, deal)

    def _go_on(self, draw: Draw, deal: Deal) -> None:
        slot, terms, sale = self.slot(deal), deal.offer.terms, Sale(deal.offer)
        if slot.state is OPEN:
            self.do(terms.custodian, "deliver", terms, sale, deal.sealed.wrapped_key)
        elif slot.state is DELIVERED:
            proof = deal.sealed.fault(slot.wrapped_key)
            if proof is not None:
                outcome = self.do(terms.consumer, "proveFault", deal.offer, proof)
                assert outcome == ("done" if self.world.now <= slot.deadline else "DataExchange_TooLate")
            elif draw.one([True, False]):
                self.do(terms.consumer, "confirm", terms, sale)
            else:
                self.world.now = max(self.world.now, slot.deadline + 1)
                self.do(draw.sender(), "settle", terms, sale)

    @rule(data=st.data())
    def grant(self, data: DataObject) -> None:
        draw = self.draw(data)
        for _ in range(draw.one([3, 2, 1])):
            again = draw.seldom(5)
            consent = self.some_consent(draw, active=False) if again else self.new_consent(draw)
            draw.time_passes(*(end for end in [self.ended_at(consent)] if end))
            if draw.one([False, True]):
                signature = draw.signature(consent.customer, self.consent_id(consent))
                self.do_registry(draw.sender(), "grantFor", consent, signature)
            else:
                self.do_registry(draw.sender(consent.customer), "grant", consent)

    @rule(data=st.data())
    def revoke(self, data: DataObject) -> None:
        draw = self.draw(data)
        consent = self.new_consent(draw) if draw.seldom(5) else self.some_consent(draw)
        consent_id = self.consent_id(consent)
        draw.time_passes(consent.valid_until, *self.deadlines())
        name = draw.one(["revokeById", "revoke", "revokeByIdFor", "revokeFor"])
        paper: Any = consent_id if "ById" in name else consent
        if name.endswith("For"):
            signed = digest(Revocation(consent_id), self.registry.domain)
            self.do_registry(draw.sender(), name, paper, draw.signature(consent.customer, signed))
        else:
            likely = [consent.customer] * draw.one([1, 1, 0])
            self.do_registry(draw.sender(*likely), name, paper)

    @rule(data=st.data())
    def revoke_all(self, data: DataObject) -> None:
        draw = self.draw(data)
        customer = self.some_consent(draw).customer
        if customer == ZERO:
            customer = draw.sender()
        current = self.registry.epochs.get(customer, 0)
        next_epoch = draw.one([(current + 1) % 2**32, 2**32 - 1, 0, current])
        self.epochs |= {(customer, epoch) for epoch in (current, next_epoch)}
        draw.time_passes(*self.deadlines())
        if draw.one([False, True]):
            epoch = current if not draw.seldom(6) else draw.one([current ^ 1, 2**32 - 1])
            paper = RevocationOfAll(customer, epoch, next_epoch)
            signature = draw.signature(customer, digest(paper, self.registry.domain))
            self.do_registry(draw.sender(), "revokeAllFor", paper, signature)
        else:
            self.do_registry(customer, "revokeAll", next_epoch)

    # -- standing balances and credits ---------------------------------------------------------------------

    @rule(data=st.data())
    def fund_or_withdraw(self, data: DataObject) -> None:
        draw = self.draw(data)
        draw.time_passes()
        owner = draw.sender()
        if draw.one([False, True]):
            self.do(owner, "fund", value=draw.amount(10**18))
        else:
            standing = self.exchange.standing.get(owner, 0)
            self.do(owner, "withdraw", self.some_receiver(draw), self.some_part(draw, standing))

    @precondition(lambda self: any(self.exchange.credits.values()))
    @rule(data=st.data())
    def withdraw_credit(self, data: DataObject) -> None:
        draw = self.draw(data)
        owner = draw.sender(*(account for account, wei in self.exchange.credits.items() if wei))
        part = self.some_part(draw, self.exchange.credits.get(owner, 0))
        to = self.some_receiver(draw)
        if draw.one([False, True]):
            draw.time_passes()
            self.do(owner, "withdrawCredit", to, part)
            return
        nonce = self.exchange.nonces.get(owner, 0) + (1 if draw.seldom(6) else 0)
        paper = CreditWithdrawal(owner, to, part, nonce, self.world.now + draw.one([DAY, 0, -1]))
        draw.time_passes(paper.valid_until)
        signature = draw.signature(owner, digest(paper, self.exchange.domain))
        if self.do(draw.sender(), "withdrawCreditFor", paper, signature) == "done":
            assert self.do(draw.sender(), "withdrawCreditFor", paper, signature) == "InvalidAccountNonce"

    @rule(data=st.data())
    def void_credit_withdrawal(self, data: DataObject) -> None:
        draw = self.draw(data)
        owner = draw.sender(*self.exchange.credits)
        draw.time_passes()
        nonce = self.exchange.nonces.get(owner, 0)
        self.do(owner, "voidCreditWithdrawal", nonce + 1 if draw.seldom(6) else nonce)

    # -- opening -------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def open(self, data: DataObject) -> None:
        draw = self.draw(data)
        if draw.seldom(6):
            deal = self.some_deal(draw, NONE)
        else:
            consent = self.some_consent(draw)
            deal = self.new_deal(draw, consent, self.new_terms(draw, consent))
        draw.time_passes(deal.offer.terms.valid_until, deal.consent.valid_until)
        self._open(draw, deal)

    def _open(self, draw: Draw, deal: Deal) -> None:
        terms, value = deal.offer.terms, self.some_value(draw, [deal])
        scope = Scope(self.consents[0] if draw.seldom(20) else deal.consent)
        sender = draw.sender(terms.consumer)
        self.do(sender, "open", scope, terms, Sale(deal.offer), deal.signature, value=value)

    @rule(data=st.data())
    def open_many(self, data: DataObject) -> None:
        draw = self.draw(data)
        first = self.some_consent(draw)
        terms = self.new_terms(draw, first)
        parties = (first.consumer, first.custodian)
        others = [c for c in self.consents if (c.consumer, c.custodian) == parties and c is not first]
        chosen = [first, *others[: draw.number(0, 3)]]
        deals = [self.new_deal(draw, consent, terms) for consent in chosen]
        if draw.seldom(4):
            deals.append(deals[0])
        draw.time_passes(terms.valid_until)
        self._open_many(draw, deals)

    @rule(data=st.data())
    def open_many_again(self, data: DataObject) -> None:
        draw = self.draw(data)
        deals = self.with_these_terms(draw, self.some_deal(draw, NONE))
        draw.time_passes(deals[0].offer.terms.valid_until)
        self._open_many(draw, deals)

    def _open_many(self, draw: Draw, deals: Sequence[Deal]) -> None:
        terms = deals[0].offer.terms
        lists: list[list[Any]] = [
            [Scope(deal.consent) for deal in deals],
            [Sale(deal.offer) for deal in deals],
            [deal.signature for deal in deals],
        ]
        self.spoil(draw, lists)
        value = self.some_value(draw, deals)
        self.do(draw.sender(terms.consumer), "openMany", lists[0], terms, *lists[1:], value=value)

    @rule(data=st.data())
    def void_offer(self, data: DataObject) -> None:
        draw = self.draw(data)
        if draw.seldom(3):
            consent = self.some_consent(draw)
            deal = self.new_deal(draw, consent, self.new_terms(draw, consent))
        else:
            deal = self.some_deal(draw, NONE)
        draw.time_passes()
        self.do(draw.sender(deal.offer.terms.custodian), "voidOffer", deal.offer.terms, Sale(deal.offer))
        if draw.seldom(2):
            self._open(draw, deal)

    # -- delivering ----------------------------------------------------------------------------------------

    @precondition(lambda self: self.any_in(OPEN))
    @rule(data=st.data())
    def deliver(self, data: DataObject) -> None:
        draw = self.draw(data)
        deal = self.some_deal(draw, OPEN)
        draw.time_passes(*self.dates(deal))
        sender, wrapped_key = draw.sender(deal.offer.terms.custodian), self.some_key(draw, deal)
        self.do(sender, "deliver", deal.offer.terms, Sale(deal.offer), wrapped_key)

    @precondition(lambda self: self.any_in(OPEN))
    @rule(data=st.data())
    def deliver_many(self, data: DataObject) -> None:
        draw = self.draw(data)
        deals = self.with_these_terms(draw, self.some_deal(draw, OPEN))
        draw.time_passes(*self.dates(deals[0]))
        lists: list[list[Any]] = [
            [Sale(deal.offer) for deal in deals],
            [self.some_key(draw, deal) for deal in deals],
        ]
        self.spoil(draw, lists)
        terms = deals[0].offer.terms
        self.do(draw.sender(terms.custodian), "deliverMany", terms, *lists)

    # -- closing -------------------------------------------------------------------------------------------

    @precondition(lambda self: self.any_in(DELIVERED))
    @rule(data=st.data())
    def confirm(self, data: DataObject) -> None:
        draw = self.draw(data)
        deal = self.some_deal(draw, DELIVERED)
        draw.time_passes(*self.dates(deal))
        sender = draw.sender(deal.offer.terms.consumer)
        self.do(sender, "confirm", deal.offer.terms, Sale(deal.offer), gas=draw.gas())

    @precondition(lambda self: self.any_in(DELIVERED))
    @rule(data=st.data())
    def confirm_many(self, data: DataObject) -> None:
        draw = self.draw(data)
        deals = self.with_these_terms(draw, self.some_deal(draw, DELIVERED))
        draw.time_passes(*self.dates(deals[0]))
        sales = [] if draw.seldom(12) else [Sale(deal.offer) for deal in deals]
        terms = deals[0].offer.terms
        self.do(draw.sender(terms.consumer), "confirmMany", terms, sales, gas=draw.gas())

    @precondition(lambda self: self.any_in(DELIVERED))
    @rule(data=st.data())
    def settle(self, data: DataObject) -> None:
        draw = self.draw(data)
        deal = self.some_deal(draw, DELIVERED)
        draw.time_passes(*self.dates(deal), late=True)
        self.do(draw.sender(), "settle", deal.offer.terms, Sale(deal.offer), gas=draw.gas())

    @precondition(lambda self: self.any_in(DELIVERED))
    @rule(data=st.data())
    def concede(self, data: DataObject) -> None:
        draw = self.draw(data)
        deal = self.some_deal(draw, DELIVERED)
        draw.time_passes(*self.dates(deal))
        self.do(draw.sender(deal.offer.terms.custodian), "concede", deal.offer.terms, Sale(deal.offer))

    @precondition(lambda self: self.any_in(DELIVERED))
    @rule(data=st.data())
    def prove_the_fault(self, data: DataObject) -> None:
        """X3: what the consumer's agent finds convicts; where it finds nothing, nothing does."""
        draw = self.draw(data)
        deal = self.some_deal(draw, DELIVERED)
        draw.time_passes(*self.dates(deal))
        slot, sender = self.slot(deal), draw.sender(deal.offer.terms.consumer)
        honest = deal.sealed.honesty is Honesty.HONEST and slot.wrapped_key == deal.sealed.wrapped_key
        for _ in range(draw.one([4, 2, 1])):
            outcome = self.do(sender, "proveFault", deal.offer, self.some_proof(draw, deal))
            assert not (honest and outcome == "done"), "an honest custodian was convicted"
        proof = deal.sealed.fault(slot.wrapped_key) if slot.wrapped_key else None
        if proof is not None:
            self.do(sender, "proveFault", deal.offer, proof)

    @precondition(lambda self: self.any_in(OPEN) and any(self.ends.values()))
    @rule(data=st.data())
    def abort(self, data: DataObject) -> None:
        draw = self.draw(data)
        deal = self.some_deal(draw, OPEN)
        ended = [deal for deal in self.deals if self.slot(deal).state is OPEN and self.ended_at(deal.consent)]
        if ended and not draw.seldom(4):
            deal = draw.one(ended)
        draw.time_passes(*self.dates(deal), late=draw.seldom(2))
        self.do(draw.sender(deal.offer.terms.custodian), "abort", deal.offer.terms, Sale(deal.offer))

    @precondition(lambda self: self.any_in(OPEN))
    @rule(data=st.data())
    def withdraw_the_consent_of_an_open_exchange(self, data: DataObject) -> None:
        """A delivery may be on its way: the grace decides who can still do what."""
        draw = self.draw(data)
        deal = draw.one([deal for deal in self.deals if self.slot(deal).state is OPEN])
        terms, sale = deal.offer.terms, Sale(deal.offer)
        draw.time_passes()
        self.do_registry(deal.consent.customer, "revoke", deal.consent)
        draw.time_passes(*self.dates(deal)[1:], late=draw.seldom(2))
        if draw.seldom(2):
            self.do(terms.custodian, "deliver", terms, sale, deal.sealed.wrapped_key)
        self.do(draw.sender(terms.custodian) if draw.seldom(2) else draw.sender(), "abort", terms, sale)

    @precondition(lambda self: self.any_in(OPEN))
    @rule(data=st.data())
    def cancel(self, data: DataObject) -> None:
        draw = self.draw(data)
        deal = self.some_deal(draw, OPEN)
        draw.time_passes(*self.dates(deal), late=True)
        self.do(draw.sender(), "cancel", deal.offer.terms, Sale(deal.offer))

    # -- whatever else people try --------------------------------------------------------------------------

    @rule(data=st.data())
    def anything_by_anyone(self, data: DataObject) -> None:
        draw = self.draw(data)
        deal = self.some_deal(draw)
        draw.time_passes(*self.dates(deal))
        terms = deal.offer.terms
        sender = draw.sender(terms.consumer, terms.custodian, deal.offer.customer)
        name = draw.one(["confirm", "settle", "concede", "abort", "cancel", "voidOffer", "deliver"])
        offer = replace(deal.offer, reward=deal.offer.reward // 2) if draw.seldom(12) else deal.offer
        key = (deal.sealed.wrapped_key,) if name == "deliver" else ()
        self.do(sender, name, terms, Sale(offer), *key, value=1 if draw.seldom(12) else 0)

    @rule(data=st.data())
    def ether_from_outside(self, data: DataObject) -> None:
        """Plain ether is refused; forced ether belongs to nobody and disturbs nothing."""
        draw = self.draw(data)
        wei, contract = draw.one([1, 10**18]), draw.one([self.address, self.registry_address])
        self.driver.send_plain_ether(self.cast.named("Ada").address, contract, wei)
        self.driver.force_ether(self.cast.named("Ben").address, contract, wei)
        if contract == self.address:
            self.exchange.forced += wei

    @rule(data=st.data())
    def arm_rea(self, data: DataObject) -> None:
        """What Rea tries when she is paid: to be paid twice, or to withdraw her consent."""
        draw = self.draw(data)
        rea = self.cast.named("Rea").address
        hers = [consent for consent in self.consents if consent.customer == rea]
        consent = draw.one(hers or self.consents)
        deal = self.some_deal(draw, DELIVERED)
        papers = (deal.offer.terms, Sale(deal.offer))
        calls = [
            Call(self.registry_address, "revokeById", (self.consent_id(consent),)),
            Call(self.registry_address, "grant", (consent,)),
            Call(self.address, "withdrawCredit", (rea, self.exchange.credits.get(rea, 0))),
            Call(self.address, "withdraw", (rea, self.exchange.standing.get(rea, 0))),
            *(Call(self.address, name, papers) for name in ("confirm", "settle", "concede", "cancel")),
        ]
        call = draw.one([None, *calls])
        script = None if call is None else Script(call, strict=draw.one([False, True]))
        self.driver.arm(rea, script)
        note(f"Rea is to try {script}")

    # -- what always holds ---------------------------------------------------------------------------------

    @invariant()
    def the_contracts_are_as_the_models(self) -> None:
        views: list[Any] = []
        for exchange_id in {digest(deal.offer, self.exchange.domain) for deal in self.deals}:
            slot = self.exchange.slot(exchange_id)
            views.append(((self.address, "stateOf", (exchange_id,)), (slot.state, slot.deadline)))
        for consent in self.consents:
            consent_id = self.consent_id(consent)
            record = self.registry.records.get(consent_id)
            words = (0, 0, 0, 0) if record is None else record.words()
            views.append(((self.registry_address, "recordOf", (consent_id,)), words))
            expected: Any
            try:
                expected = self.registry.ended_at(consent_id)
            except Refused as refusal:
                expected = refusal
            views.append(((self.registry_address, "endedAt", (consent_id,)), expected))
        for account in self.cast.addresses:
            for name, values in (
                ("creditOf", self.exchange.credits),
                ("nonces", self.exchange.nonces),
                ("balanceOf", self.exchange.standing),
            ):
                views.append(((self.address, name, (account,)), values.get(account, 0)))
            epoch = self.registry.epochs.get(account, 0)
            views.append(((self.registry_address, "epochOf", (account,)), epoch))
        for customer, epoch in self.epochs:
            end = self.registry.epoch_ends.get((customer, epoch), 0)
            views.append(((self.registry_address, "epochEndedAt", (customer, epoch)), end))
        self.driver.compare(views)

    @invariant()
    def ether_is_conserved(self) -> None:
        """P1: the exchange holds what it owes, and beyond that only what was forced in."""
        assert self.world.balances[self.address] == self.exchange.owed() + self.exchange.forced
        assert sum(self.world.balances.values()) == self.total

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        """X1, C2 and C4: final states are final; the end of a consent never changes once it is there."""
        for exchange_id, slot in self.closed.items():
            assert self.exchange.slot(exchange_id) == slot
        self.closed |= {key: slot for key, slot in self.exchange.slots.items() if slot.state in FINAL}
        for consent_id, end in self.ends.items():
            assert self.registry.ended_at(consent_id) == end
        known = {consent_id: self.registry.ended_at(consent_id) for consent_id in self.registry.records}
        self.ends |= {consent_id: end for consent_id, end in known.items() if end}

    def teardown(self) -> None:
        """X4: a stranger's calls and the owners' withdrawals empty the exchange in the end."""
        if not self.driver.agrees:
            return
        self.driver.arm(self.cast.named("Rea").address, None)
        stranger, ada = self.cast.named("Cem").address, self.cast.named("Ada").address
        for deal in self.deals:
            slot = self.slot(deal)
            if slot.state not in (OPEN, DELIVERED):
                continue
            self.world.now = max(self.world.now, slot.deadline + 1)
            exit_ = "cancel" if slot.state is OPEN else "settle"
            assert self.do(stranger, exit_, deal.offer.terms, Sale(deal.offer)) == "done"
        untouched = {owner for owner, wei in self.exchange.standing.items() if wei == STANDING}
        for owner, wei in list(self.exchange.standing.items()):
            if wei and owner not in untouched:
                assert self.do(owner, "withdraw", ada, wei) == "done"
        for owner, wei in list(self.exchange.credits.items()):
            if wei:
                assert self.do(owner, "withdrawCredit", ada, wei) == "done"
        self.the_contracts_are_as_the_models()
        assert self.world.balances[self.address] == self.exchange.forced + STANDING * len(untouched)


def build(node: Node, deployer: str) -> dict[str, str]:
    """Registry and exchange."""
    registry = deploy(node, deployer, "ConsentRegistry")
    return {"ConsentRegistry": registry, "DataExchange": deploy(node, deployer, "DataExchange", registry)}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with set_stage(build) as stage:
        fund = codec("DataExchange").call("fund", ())
        for account in funded(stage):
            assert stage.node.transact(
                account, stage.contracts["DataExchange"], fund, value=STANDING
            ).succeeded
        stage.keep()
        yield stage


@pytest.mark.timeout(0)
def test_registry_and_exchange_do_what_their_models_do(stage: Stage) -> None:
    ExchangeMachine.stage = stage
    run(ExchangeMachine)
    print("\n" + "\n".join(f"{count:6} {what}" for what, count in sorted(stage.seen.items())))
    # Only a constructor, or a caller that checks nothing before it decrypts, can meet these.
    stage.check_reach({"DataExchange_NoRegistry", "ChaCha20_CounterOutOfRange", "ChaCha20_DataTooLong"})
