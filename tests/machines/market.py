# SPDX-License-Identifier: Apache-2.0
"""What people in the exchange machine hold and draw: consents, terms, offers, proofs, sound and unsound."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from faircart.papers import Consent, Offer, Terms
from faircart.sealing import FaultProof, prove_chunk
from hypothesis import note
from hypothesis.stateful import (
    RuleBasedStateMachine,
)
from hypothesis.strategies import DataObject

from tests.machines.deals import DOCUMENT_SIZES, Deal, Honesty, sealed, version
from tests.machines.drawing import DAY, HOUR, Draw
from tests.machines.models.exchange import (
    CHUNK_SIZE,
    GRACE,
    MAX_AMOUNT,
    MAX_CHUNK_INDEX,
    MAX_DELIVER_WINDOW,
    MAX_RESPOND_WINDOW,
    MIN_WINDOW,
    Exchange,
    Slot,
    State,
)
from tests.machines.models.registry import MAX_VALID_UNTIL, Registry
from tests.machines.models.world import ZERO, Call, Refused, digest
from tests.machines.node import CHAIN_ID, GAS_LIMIT
from tests.machines.stage import Stage

NONE, OPEN, DELIVERED = State.NONE, State.OPEN, State.DELIVERED
CONSUMERS, CUSTODIANS = ("Ada", "Ben", "Ray"), ("Cem", "Rea", "Dot")
"""Who most often is one."""
STANDING = 3 * 10**18
"""Wei that everybody but Fay has in the exchange when an example begins."""

CLOSING = ("confirm", "settle", "concede", "proveFault", "abort", "cancel")
"""The calls that end one exchange."""


class Market(RuleBasedStateMachine):
    """Everybody's papers so far, and how the next ones are drawn."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.driver = self.stage.begin()
        self.world, self.cast = self.driver.world, self.stage.cast
        self.address = self.stage.contracts["DataExchange"]
        self.registry_address = self.stage.contracts["ConsentRegistry"]
        self.registry = Registry(self.world, self.registry_address, CHAIN_ID)
        self.exchange = Exchange(self.world, self.address, CHAIN_ID, self.registry)
        self.exchange.standing = dict.fromkeys(funded(self.stage), STANDING)
        self.consents: list[Consent] = []
        self.deals: list[Deal] = []
        self.epochs: set[tuple[str, int]] = set()
        self.ends: dict[bytes, int] = {}
        self.closed: dict[bytes, Slot] = {}
        self.total = sum(self.world.balances.values())

    # -- drawing -------------------------------------------------------------------------------------------

    def draw(self, data: DataObject) -> Draw:
        return Draw(data, self.world, self.cast)

    def consent_id(self, consent: Consent) -> bytes:
        return digest(consent, self.registry.domain)

    def slot(self, deal: Deal) -> Slot:
        return self.exchange.slot(digest(deal.offer, self.exchange.domain))

    def any_in(self, *states: State) -> bool:
        return any(self.slot(deal).state in states for deal in self.deals)

    def ended_at(self, consent: Consent) -> int | None:
        """When it ended, 0 if it has not; None if it is not on record."""
        try:
            return self.registry.ended_at(self.consent_id(consent))
        except Refused:
            return None

    def new_consent(self, draw: Draw, sound: bool = False) -> Consent:
        """A consent, with some luck one that is not sound. Few companies, so that batches come about."""
        people = [person.address for person in self.cast.people]
        consumers = [self.cast.named(name).address for name in CONSUMERS]
        custodians = [self.cast.named(name).address for name in CUSTODIANS]
        consumer = draw.one(consumers if sound or not draw.seldom(4) else people)
        custodian = draw.one(custodians if sound or not draw.seldom(4) else people)
        customer = draw.one(people)
        consent = Consent(
            customer=customer,
            consumer=consumer,
            custodian=custodian,
            data_root=version(draw.one(DOCUMENT_SIZES)).root,
            terms=len(self.consents).to_bytes(32, "big"),
            reward=draw.amount(10**18),
            valid_until=self.world.now + (30 * DAY if sound else draw.one([30 * DAY, 2 * DAY, MIN_WINDOW])),
            epoch=self.registry.epochs.get(customer, 0),
        )
        if not sound and draw.seldom(3):
            consent = replace(consent, **draw.one(draw.one(self._consent_flaws(consent))))
        self.consents.append(consent)
        return consent

    def _consent_flaws(self, consent: Consent) -> list[list[dict[str, Any]]]:
        now = self.world.now
        return [
            [{"customer": ZERO}],
            [{"consumer": ZERO}, {"custodian": ZERO}],
            [{"consumer": consent.custodian}],
            [{"valid_until": now - 1}, {"valid_until": now}],
            [{"valid_until": MAX_VALID_UNTIL + 1}, {"valid_until": 2**64 - 1}],
            [{"valid_until": MAX_VALID_UNTIL}, {"reward": MAX_AMOUNT + 1}],
            [{"epoch": consent.epoch ^ 1}, {"epoch": 0}, {"epoch": 2**32 - 1}],
            [{"customer": consent.custodian}, {"customer": consent.consumer}],
        ]

    def some_consent(self, draw: Draw, *, active: bool = True) -> Consent:
        """Most often one that is active (or, if that is asked for, is not)."""
        fitting = [consent for consent in self.consents if (self.ended_at(consent) == 0) == active]
        return draw.one(fitting if fitting and not draw.seldom(8) else self.consents)

    def new_terms(self, draw: Draw, consent: Consent, sound: bool = False) -> Terms:
        terms = Terms(
            consumer=consent.consumer,
            custodian=consent.custodian,
            fee=draw.amount(10**18),
            custodian_deposit=draw.one([1, 7, 10**17, STANDING]),
            consumer_deposit=draw.one([1, 10**17 + 1]),
            deliver_within=draw.one([HOUR, MIN_WINDOW, MAX_DELIVER_WINDOW]),
            respond_within=draw.one([HOUR, MIN_WINDOW, MAX_RESPOND_WINDOW]),
            valid_until=self.world.now + draw.one([HOUR, DAY, 0, 2**63]),
        )
        if not sound and draw.seldom(8):
            terms = replace(terms, **draw.one(draw.one(self._terms_flaws(consent))))
        return terms

    def _terms_flaws(self, consent: Consent) -> list[list[dict[str, Any]]]:
        amounts = ("fee", "custodian_deposit", "consumer_deposit")
        return [
            [{"consumer": person.address} for person in self.cast.people[:4]],
            [{"custodian": consent.consumer}, {"custodian": self.cast.people[0].address}],
            [{"deliver_within": length} for length in (0, MIN_WINDOW - 1, MAX_DELIVER_WINDOW + 1)],
            [{"respond_within": length} for length in (0, MIN_WINDOW - 1, MAX_RESPOND_WINDOW + 1)],
            [{"custodian_deposit": 0}, {"consumer_deposit": 0}],
            [{amount: MAX_AMOUNT + 1} for amount in amounts],
            [{amount: MAX_AMOUNT} for amount in amounts],
            [{"valid_until": self.world.now - 1}],
        ]

    def new_deal(self, draw: Draw, consent: Consent, terms: Terms, sound: bool = False) -> Deal:
        """An offer under a consent, with some luck not one that fits it."""
        size = next(size for size in DOCUMENT_SIZES if version(size).root == consent.data_root)
        honesty = draw.one(list(Honesty))
        item = sealed(size, honesty, len(self.deals))
        offer = Offer(self.consent_id(consent), consent.customer, consent.reward, terms, item.sealing)
        if not sound and draw.seldom(12):
            flaws: list[dict[str, Any]] = [
                {"reward": offer.reward + 1},
                {"reward": MAX_AMOUNT + 1},
                {"customer": self.cast.people[0].address},
                {"consent_id": self.consent_id(self.consents[0])},
            ]
            offer = replace(offer, **draw.one(flaws))
        offer_id = digest(offer, self.exchange.domain)
        custodian = terms.custodian
        signature = self.cast.at(custodian).sign(offer_id) if sound else draw.signature(custodian, offer_id)
        deal = Deal(consent, offer, signature, item)
        self.deals.append(deal)
        return deal

    def some_deal(self, draw: Draw, *states: State) -> Deal:
        """Most often one in such a state."""
        fitting = [deal for deal in self.deals if self.slot(deal).state in states]
        return draw.one(fitting if fitting and not draw.seldom(12) else self.deals)

    def with_these_terms(self, draw: Draw, first: Deal) -> list[Deal]:
        """A batch: deals that share their terms, some twice."""
        terms = first.offer.terms
        batch = [first, *(deal for deal in self.deals if deal.offer.terms == terms and deal is not first)]
        return [*batch, first] if draw.seldom(4) else batch

    def dates(self, deal: Deal) -> list[int]:
        """When something changes for it."""
        ended_at = self.ended_at(deal.consent)
        grace = [] if not ended_at else [ended_at + GRACE]
        return [self.slot(deal).deadline, *grace]

    def some_receiver(self, draw: Draw) -> str:
        return draw.one([ZERO, self.address]) if draw.seldom(4) else draw.sender()

    def some_part(self, draw: Draw, wei: int) -> int:
        return wei + 1 if draw.seldom(8) else draw.one([wei, wei // 2, 0])

    def spoil(self, draw: Draw, lists: list[list[Any]]) -> None:
        """Seldom, make the lists empty or unequal."""
        if draw.seldom(12):
            draw.one(lists).pop()
        elif draw.seldom(12):
            for each in lists:
                each.clear()

    def some_value(self, draw: Draw, deals: Sequence[Deal]) -> int:
        """What it costs, or less (the standing balance pays the rest), or more."""
        price = sum(deal.offer.reward + deal.offer.terms.fee for deal in deals)
        price += len(deals) * deals[0].offer.terms.consumer_deposit
        return draw.one([price, price + 5, 0, price // 2])

    def some_key(self, draw: Draw, deal: Deal) -> bytes:
        return draw.bytes32() if draw.seldom(12) else deal.sealed.wrapped_key

    def some_proof(self, draw: Draw, deal: Deal) -> FaultProof:
        """A proof as people make them up: of a right chunk, or with one member changed."""
        item, slot = deal.sealed.item, self.slot(deal)
        chunk = prove_chunk(item, draw.number(0, len(item.data_leaves) - 1))
        key = slot.wrapped_key or deal.sealed.wrapped_key
        whole = FaultProof(
            key, deal.sealed.pad, chunk.index, chunk.ciphertext_chunk, chunk.data_leaf, tuple(chunk.path)
        )
        change: dict[str, Any] = draw.one(
            [
                {},
                {"ciphertext": b""},
                {"wrapped_key": bytes(32)},
                {"pad": bytes(32)},
                {"index": whole.index + 1},
                {"index": MAX_CHUNK_INDEX + 1},
                {"ciphertext": bytes(CHUNK_SIZE + 1)},
                {"ciphertext": whole.ciphertext[:-1] or b"\0"},
                {"data_leaf": bytes(32)},
                {"path": whole.path[1:] or (bytes(32),)},
            ]
        )
        return replace(whole, **change)

    def deadlines(self) -> list[int]:
        return [self.slot(deal).deadline for deal in self.deals if self.slot(deal).deadline]

    def do(self, sender: str, name: str, *arguments: Any, value: int = 0, gas: int = GAS_LIMIT) -> str:
        return self.call(sender, Call(self.address, name, arguments), value, gas)

    def do_registry(self, sender: str, name: str, *arguments: Any) -> str:
        return self.call(sender, Call(self.registry_address, name, arguments))

    def call(self, sender: str, call: Call, value: int = 0, gas: int = GAS_LIMIT) -> str:
        if self.world.balances.get(sender, 0) < value:
            return "cannot pay"
        note(self.driver.tell(sender, call))
        before = self.wealth()
        outcome = self.driver.do(sender, call, value, gas)
        if outcome == "done" and call.name in CLOSING:
            offer = call.arguments[0] if call.name == "proveFault" else call.arguments[1].offer
            self.check_shares(offer, before)
        return outcome

    def wealth(self) -> dict[str, int]:
        """What each person has, credits and standing balances included (wei)."""
        exchange = self.exchange
        return {
            each: self.world.balances[each] + exchange.credits.get(each, 0) + exchange.standing.get(each, 0)
            for each in self.cast.addresses
        }

    def check_shares(self, offer: Offer, before: dict[str, int]) -> None:
        """X2: the three parties together get exactly what was locked, and nobody else anything."""
        gains = {each: wei - before[each] for each, wei in self.wealth().items() if wei != before[each]}
        terms = offer.terms
        assert gains.keys() <= {offer.customer, terms.consumer, terms.custodian}
        locked = offer.reward + terms.fee + terms.custodian_deposit + terms.consumer_deposit
        assert sum(gains.values()) == locked
        assert all(gain > 0 for gain in gains.values())


def funded(stage: Stage) -> list[str]:
    """Who has a standing balance when an example begins."""
    return [person.address for person in stage.cast.people if not person.name.startswith("Fay")]
