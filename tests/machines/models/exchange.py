# SPDX-License-Identifier: Apache-2.0
"""The model of DataExchange. Trees, keys and ciphers are those of `faircart.sealing`."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from faircart.papers import Consent, Offer, Sealing, Terms
from faircart.sealing import ChunkProof, FaultProof, merkle, shows_fault, wrap

from tests.machines.models.payouts import Payouts
from tests.machines.models.registry import Registry
from tests.machines.models.world import ZERO, Refused, Signature, World, digest

MINUTE, DAY = 60, 24 * 3600
GRACE = MIN_WINDOW = 10 * MINUTE
MAX_DELIVER_WINDOW, MAX_RESPOND_WINDOW = DAY, 7 * DAY
MAX_AMOUNT = 2**128 - 1
CHUNK_SIZE = 256
MAX_CHUNK_INDEX = (2**32 - 1 - 3 - 1) // 4


class State(enum.IntEnum):
    """`IDataExchange.State`."""

    NONE = 0
    OPEN = 1
    DELIVERED = 2
    SETTLED = 3
    CONCEDED = 4
    FAULTED = 5
    ABORTED = 6
    CANCELLED = 7
    VOIDED = 8


FINAL = tuple(state for state in State if state > State.DELIVERED)


class Skip(enum.IntEnum):
    """`IDataExchange.SkipReason`."""

    OFFER_USED = 1
    OFFER_EXPIRED = 2
    CONSENT_UNKNOWN = 3
    CONSENT_ENDED = 4
    CONSENT_ENDS_TOO_SOON = 5
    CUSTODIAN_BALANCE_TOO_LOW = 6
    NOT_OPEN = 7
    NOT_DELIVERED = 8
    WINDOW_OVER = 9
    GRACE_OVER = 10


class Obstacle(Exception):
    """A step that the chain's state does not allow: a single call is refused, a batch skips it."""

    def __init__(self, reason: Skip, name: str, *values: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refusal = Refused(f"DataExchange_{name}", *values)


@dataclass(frozen=True)
class Scope:
    """What `open` takes of a consent."""

    consent: Consent

    def abi(self) -> tuple[Any, ...]:
        """As the call takes it."""
        return self.consent.scope()


@dataclass(frozen=True)
class Sale:
    """An offer without its terms."""

    offer: Offer

    def abi(self) -> tuple[Any, ...]:
        """As the call takes it."""
        return self.offer.sale()


@dataclass(frozen=True)
class Slot:
    """Where an exchange stands, and what it holds (wei)."""

    state: State = State.NONE
    deadline: int = 0
    wrapped_key: bytes = b""
    held: int = 0


class Exchange(Payouts):
    """Exchanges by id, and standing balances."""

    GUARDED = Payouts.GUARDED | {"withdraw", "confirm", "confirmMany", "settle"}
    LOOKING = Payouts.LOOKING | {
        "fund",
        "open",
        "openMany",
        "deliver",
        "deliverMany",
        "concede",
        "proveFault",
    }
    LOOKING |= {"abort", "cancel", "voidOffer"}
    PAYABLE = frozenset({"fund", "open", "openMany"})

    def __init__(self, world: World, address: str, chain_id: int, registry: Registry) -> None:
        super().__init__(world, address, chain_id)
        self.registry = registry
        self.slots: dict[bytes, Slot] = {}
        self.standing: dict[str, int] = {}

    def save(self) -> Any:
        return super().save(), dict(self.slots), dict(self.standing)

    def restore(self, state: Any) -> None:
        payouts, slots, standing = state
        super().restore(payouts)
        self.slots, self.standing = dict(slots), dict(standing)

    def owed(self) -> int:
        held = sum(slot.held for slot in self.slots.values())
        return super().owed() + held + sum(self.standing.values())

    def slot(self, exchange_id: bytes) -> Slot:
        """Where an exchange stands."""
        return self.slots.get(exchange_id, Slot())

    def exchange_id(self, terms: Terms, sale: Sale) -> bytes:
        """The digest of the offer that terms and sale make together."""
        offer = sale.offer if sale.offer.terms == terms else replace(sale.offer, terms=terms)
        return digest(offer, self.domain)

    # -- standing balances ---------------------------------------------------------------------------------

    def do_fund(self, caller: str, value: int) -> None:
        self._add(caller, value)
        self.emit("Funded", caller, value)

    def do_withdraw(self, caller: str, value: int, to: str, amount: int) -> None:
        if to == ZERO:
            raise Refused("Payouts_ZeroReceiver")
        balance = self.standing.get(caller, 0)
        if amount > balance:
            raise Refused("DataExchange_BalanceTooLow", caller, balance, amount)
        self._add(caller, -amount)
        self.emit("Withdrawn", caller, to, amount)
        self.send(to, amount)

    # -- opening -------------------------------------------------------------------------------------------

    def do_open(
        self, caller: str, value: int, scope: Scope, terms: Terms, sale: Sale, signature: Signature
    ) -> None:
        self._terms_are_sound(caller, terms)
        self._offer_is_sound(0, scope, terms, sale, signature)
        try:
            needed = self._open(scope, terms, sale)
        except Obstacle as obstacle:
            raise obstacle.refusal from None
        self._charge(caller, value, needed)

    def do_openMany(  # noqa: N802
        self,
        caller: str,
        value: int,
        scopes: Sequence[Scope],
        terms: Terms,
        sales: Sequence[Sale],
        signatures: Sequence[Signature],
    ) -> None:
        self._lists(sales, scopes, signatures)
        self._terms_are_sound(caller, terms)
        needed = 0
        for index, (scope, sale, signature) in enumerate(zip(scopes, sales, signatures, strict=True)):
            self._offer_is_sound(index, scope, terms, sale, signature)
            try:
                needed += self._open(scope, terms, sale)
            except Obstacle as obstacle:
                self.emit("Skipped", self.exchange_id(terms, sale), obstacle.reason)
        self._charge(caller, value, needed)

    def _terms_are_sound(self, caller: str, terms: Terms) -> None:
        self._only_consumer(caller, terms)
        if terms.custodian == caller:
            raise Refused("DataExchange_ConsumerIsCustodian", caller)
        windows = ((terms.deliver_within, MAX_DELIVER_WINDOW), (terms.respond_within, MAX_RESPOND_WINDOW))
        for window, (length, maximum) in enumerate(windows):
            if not MIN_WINDOW <= length <= maximum:
                raise Refused("DataExchange_WindowOutOfRange", window, length, MIN_WINDOW, maximum)
        for deposit, wei in enumerate((terms.custodian_deposit, terms.consumer_deposit)):
            if wei == 0:
                raise Refused("DataExchange_ZeroDeposit", deposit)
        for wei in (terms.fee, terms.custodian_deposit, terms.consumer_deposit):
            if wei > MAX_AMOUNT:
                raise Refused("DataExchange_AmountTooLarge", wei, MAX_AMOUNT)

    def _offer_is_sound(
        self, index: int, scope: Scope, terms: Terms, sale: Sale, signature: Signature
    ) -> None:
        offer = sale.offer
        if offer.reward > MAX_AMOUNT:
            raise Refused("DataExchange_RewardTooLarge", index, offer.reward, MAX_AMOUNT)
        meant = replace(
            scope.consent,
            customer=offer.customer,
            reward=offer.reward,
            consumer=terms.consumer,
            custodian=terms.custodian,
        )
        computed = digest(meant, self.registry.domain)
        if computed != offer.consent_id:
            raise Refused("DataExchange_OfferNotForConsent", index, offer.consent_id, computed)
        exchange_id = self.exchange_id(terms, sale)
        if not signature.by(terms.custodian, exchange_id):
            raise Refused("DataExchange_InvalidOffer", index, exchange_id, terms.custodian)

    def _open(self, scope: Scope, terms: Terms, sale: Sale) -> int:
        """Opens if nothing is in the way; what the consumer has to pay."""
        exchange_id, now = self.exchange_id(terms, sale), self.world.now
        consent_id = sale.offer.consent_id
        state = self.slot(exchange_id).state
        if state is not State.NONE:
            raise Obstacle(Skip.OFFER_USED, "OfferUsed", exchange_id, state)
        if now > terms.valid_until:
            raise Obstacle(Skip.OFFER_EXPIRED, "OfferExpired", terms.valid_until, now)
        try:
            ended_at = self.registry.ended_at(consent_id)
        except Refused:
            raise Obstacle(Skip.CONSENT_UNKNOWN, "ConsentUnknown", consent_id) from None
        if ended_at:
            raise Obstacle(Skip.CONSENT_ENDED, "ConsentEnded", consent_id, ended_at)
        deliver_by, valid_until = now + terms.deliver_within, scope.consent.valid_until
        if valid_until < deliver_by:
            raise Obstacle(Skip.CONSENT_ENDS_TOO_SOON, "ConsentEndsTooSoon", valid_until, deliver_by)
        balance = self.standing.get(terms.custodian, 0)
        if balance < terms.custodian_deposit:
            raise Obstacle(
                Skip.CUSTODIAN_BALANCE_TOO_LOW,
                "BalanceTooLow",
                terms.custodian,
                balance,
                terms.custodian_deposit,
            )
        paid = self._paid(terms, sale)
        self._add(terms.custodian, -terms.custodian_deposit)
        self.slots[exchange_id] = Slot(State.OPEN, deliver_by, held=paid + terms.custodian_deposit)
        self.emit(
            "Opened",
            exchange_id,
            consent_id,
            terms.custodian,
            terms.consumer,
            terms.fee,
            terms.custodian_deposit,
            terms.consumer_deposit,
            deliver_by,
        )
        return paid

    def _charge(self, caller: str, value: int, needed: int) -> None:
        available = self.standing.get(caller, 0) + value
        if value != needed and available < needed:
            raise Refused("DataExchange_BalanceTooLow", caller, available, needed)
        self._add(caller, value - needed)
        if value > needed:
            self.emit("Funded", caller, value - needed)
        elif value < needed:
            self.emit("Drawn", caller, needed - value)

    def do_voidOffer(self, caller: str, value: int, terms: Terms, sale: Sale) -> None:  # noqa: N802
        self._only_custodian(caller, terms)
        exchange_id = self.exchange_id(terms, sale)
        state = self.slot(exchange_id).state
        if state is not State.NONE:
            raise Refused("DataExchange_OfferUsed", exchange_id, state)
        self.slots[exchange_id] = Slot(State.VOIDED)
        self.emit("OfferVoided", exchange_id, caller)

    # -- delivering ----------------------------------------------------------------------------------------

    def do_deliver(self, caller: str, value: int, terms: Terms, sale: Sale, wrapped_key: bytes) -> None:
        self._only_custodian(caller, terms)
        try:
            self._deliver(terms, sale, wrapped_key)
        except Obstacle as obstacle:
            raise obstacle.refusal from None

    def do_deliverMany(  # noqa: N802
        self, caller: str, value: int, terms: Terms, sales: Sequence[Sale], wrapped_keys: Sequence[bytes]
    ) -> None:
        self._lists(sales, wrapped_keys)
        self._only_custodian(caller, terms)
        for sale, wrapped_key in zip(sales, wrapped_keys, strict=True):
            try:
                self._deliver(terms, sale, wrapped_key)
            except Obstacle as obstacle:
                self.emit("Skipped", self.exchange_id(terms, sale), obstacle.reason)

    def _deliver(self, terms: Terms, sale: Sale, wrapped_key: bytes) -> None:
        exchange_id, now = self.exchange_id(terms, sale), self.world.now
        consent_id = sale.offer.consent_id
        slot = self.slot(exchange_id)
        if slot.state is not State.OPEN:
            raise Obstacle(Skip.NOT_OPEN, "WrongState", exchange_id, slot.state)
        if now > slot.deadline:
            raise Obstacle(Skip.WINDOW_OVER, "TooLate", exchange_id, slot.deadline, now)
        ended_at = self.registry.ended_at(consent_id)
        if ended_at and now > ended_at + GRACE:
            raise Obstacle(Skip.GRACE_OVER, "GraceOver", consent_id, ended_at + GRACE, now)
        respond_by = now + terms.respond_within
        self.slots[exchange_id] = Slot(State.DELIVERED, respond_by, wrapped_key, slot.held)
        self.emit("Delivered", exchange_id, wrapped_key, respond_by)

    # -- closing after a delivery --------------------------------------------------------------------------

    def do_confirm(self, caller: str, value: int, terms: Terms, sale: Sale) -> None:
        self._only_consumer(caller, terms)
        exchange_id = self._inside(terms, sale, State.DELIVERED)
        self._settle(exchange_id, terms)
        self._add(terms.consumer, terms.consumer_deposit)
        self.emit("Confirmed", exchange_id)
        self.pay(sale.offer.customer, sale.offer.reward)

    def do_confirmMany(  # noqa: N802
        self, caller: str, value: int, terms: Terms, sales: Sequence[Sale]
    ) -> None:
        self._lists(sales)
        self._only_consumer(caller, terms)
        confirmed = []
        for sale in sales:
            exchange_id = self.exchange_id(terms, sale)
            slot = self.slot(exchange_id)
            if slot.state is not State.DELIVERED:
                self.emit("Skipped", exchange_id, Skip.NOT_DELIVERED)
            elif self.world.now > slot.deadline:
                self.emit("Skipped", exchange_id, Skip.WINDOW_OVER)
            else:
                self._settle(exchange_id, terms)
                self._add(terms.consumer, terms.consumer_deposit)
                self.emit("Confirmed", exchange_id)
                confirmed.append(sale.offer)
        for offer in confirmed:
            self.pay(offer.customer, offer.reward)

    def do_settle(self, caller: str, value: int, terms: Terms, sale: Sale) -> None:
        exchange_id = self._after(terms, sale, State.DELIVERED)
        self._settle(exchange_id, terms)
        self.emit("Settled", exchange_id)
        self.pay(sale.offer.customer, sale.offer.reward + terms.consumer_deposit)

    def do_concede(self, caller: str, value: int, terms: Terms, sale: Sale) -> None:
        self._only_custodian(caller, terms)
        exchange_id = self._inside(terms, sale, State.DELIVERED)
        self._all_to_consumer(exchange_id, State.CONCEDED, terms, sale)
        self.emit("Conceded", exchange_id)

    def do_proveFault(self, caller: str, value: int, offer: Offer, proof: FaultProof) -> None:  # noqa: N802
        terms, sale = offer.terms, Sale(offer)
        self._only_consumer(caller, terms)
        exchange_id = self._inside(terms, sale, State.DELIVERED)
        wrong_chunk = self._find_fault(exchange_id, offer.sealing, proof)
        self._all_to_consumer(exchange_id, State.FAULTED, terms, sale)
        self.emit("FaultProven", exchange_id, wrong_chunk, proof.index if wrong_chunk else 0)

    def _find_fault(self, exchange_id: bytes, sealing: Sealing, proof: FaultProof) -> int:
        """0 for a wrong key, 1 for a wrong chunk."""
        if proof.wrapped_key != self.slot(exchange_id).wrapped_key:
            raise Refused("DataExchange_WrongWrappedKey", exchange_id, proof.wrapped_key)
        pad_hash = sha256(proof.pad).digest()
        if pad_hash != sealing.pad_hash:
            raise Refused("DataExchange_WrongPad", exchange_id, pad_hash)
        key = wrap(proof.wrapped_key, proof.pad)
        if sha256(key).digest() != sealing.key_hash:
            return 0
        if not proof.ciphertext:
            raise Refused("DataExchange_KeyIsRight", exchange_id)
        if len(proof.ciphertext) > CHUNK_SIZE:
            raise Refused("DataExchange_ChunkTooLong", len(proof.ciphertext), CHUNK_SIZE)
        if proof.index > MAX_CHUNK_INDEX:
            raise Refused("DataExchange_ChunkIndexTooLarge", proof.index, MAX_CHUNK_INDEX)
        position = proof.index.to_bytes(4, "big")
        leaf = sha256(b"\x02" + position + proof.ciphertext + proof.data_leaf).digest()
        root = merkle.root_of_path(leaf, proof.path)
        if root != sealing.item_root:
            raise Refused("DataExchange_ChunkNotInItem", proof.index, root, sealing.item_root)
        chunk = ChunkProof(proof.index, proof.ciphertext, proof.data_leaf, list(proof.path))
        if not shows_fault(chunk, sealing.item_root, key):
            raise Refused("DataExchange_ChunkIsRight", exchange_id, proof.index)
        return 1

    # -- closing without a delivery ------------------------------------------------------------------------

    def do_abort(self, caller: str, value: int, terms: Terms, sale: Sale) -> None:
        exchange_id = self._inside(terms, sale, State.OPEN)
        consent_id = sale.offer.consent_id
        ended_at = self.registry.ended_at(consent_id)
        if not ended_at:
            raise Refused("DataExchange_ConsentActive", consent_id)
        if self.world.now <= ended_at + GRACE and caller != terms.custodian:
            raise Refused("DataExchange_GraceNotOver", consent_id, ended_at + GRACE, self.world.now)
        self._close(exchange_id, State.ABORTED)
        self._add(terms.consumer, self._paid(terms, sale))
        self._add(terms.custodian, terms.custodian_deposit)
        self.emit("Aborted", exchange_id)

    def do_cancel(self, caller: str, value: int, terms: Terms, sale: Sale) -> None:
        exchange_id = self._after(terms, sale, State.OPEN)
        deliver_by = self.slot(exchange_id).deadline
        ended_at = self.registry.ended_at(sale.offer.consent_id)
        consent_ended = 0 < ended_at <= deliver_by
        self._close(exchange_id, State.CANCELLED)
        self._add(terms.consumer, self._paid(terms, sale))
        self._add(terms.custodian if consent_ended else terms.consumer, terms.custodian_deposit)
        self.emit("Cancelled", exchange_id, consent_ended)

    # -- what several calls do -----------------------------------------------------------------------------

    def _settle(self, exchange_id: bytes, terms: Terms) -> None:
        self._close(exchange_id, State.SETTLED)
        self._add(terms.custodian, terms.fee + terms.custodian_deposit)

    def _all_to_consumer(self, exchange_id: bytes, state: State, terms: Terms, sale: Sale) -> None:
        self._close(exchange_id, state)
        self._add(terms.consumer, self._paid(terms, sale) + terms.custodian_deposit)

    def _close(self, exchange_id: bytes, state: State) -> None:
        self.slots[exchange_id] = Slot(state)

    def _add(self, account: str, wei: int) -> None:
        self.standing[account] = self.standing.get(account, 0) + wei
        assert self.standing[account] >= 0, "the model overdraws"

    def _paid(self, terms: Terms, sale: Sale) -> int:
        return sale.offer.reward + terms.fee + terms.consumer_deposit

    # -- what several calls check --------------------------------------------------------------------------

    def _only_consumer(self, caller: str, terms: Terms) -> None:
        if caller != terms.consumer:
            raise Refused("DataExchange_NotTheConsumer", caller, terms.consumer)

    def _only_custodian(self, caller: str, terms: Terms) -> None:
        if caller != terms.custodian:
            raise Refused("DataExchange_NotTheCustodian", caller, terms.custodian)

    def _lists(self, sales: Sequence[Sale], *others: Sequence[Any]) -> None:
        if not sales:
            raise Refused("DataExchange_EmptyBatch")
        for other in others:
            if len(other) != len(sales):
                raise Refused("DataExchange_UnequalLists", len(sales), len(other))

    def _in_state(self, terms: Terms, sale: Sale, state: State) -> bytes:
        exchange_id = self.exchange_id(terms, sale)
        actual = self.slot(exchange_id).state
        if actual is not state:
            raise Refused("DataExchange_WrongState", exchange_id, actual)
        return exchange_id

    def _inside(self, terms: Terms, sale: Sale, state: State) -> bytes:
        exchange_id = self._in_state(terms, sale, state)
        deadline = self.slot(exchange_id).deadline
        if self.world.now > deadline:
            raise Refused("DataExchange_TooLate", exchange_id, deadline, self.world.now)
        return exchange_id

    def _after(self, terms: Terms, sale: Sale, state: State) -> bytes:
        exchange_id = self._in_state(terms, sale, state)
        deadline = self.slot(exchange_id).deadline
        if self.world.now <= deadline:
            raise Refused("DataExchange_TooEarly", exchange_id, deadline, self.world.now)
        return exchange_id
