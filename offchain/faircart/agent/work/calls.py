# SPDX-License-Identifier: Apache-2.0
"""What each transaction effect sends, decided at the moment of sending: a call, or that it is not wanted
any more.

The guards here are the last look before money moves or a key is disclosed.
"""

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from faircart import papers, sealing
from faircart.agent import log
from faircart.agent.handlers import Outcome
from faircart.agent.lag import require_fresh
from faircart.agent.tools import Tools
from faircart.agent.work import consumer, order_calls, standing
from faircart.agent.work.done import Done, NotYet, moot
from faircart.agent.work.wanted import Decision, Wanted, WouldCheat
from faircart.ethereum.errors import Reverted
from faircart.ethereum.transactions import Call
from faircart.store import EffectRow, Work
from faircart.store import tables as t
from faircart.store.records import Consent, Exchange, Offer, Paper, Participant, Withdrawal

LATE_SECONDS = 3600
"""An orphaned opening is waited for so long after its offer has expired."""


LATER = {
    "DataExchange_WrongState": "the chain is further than what is confirmed",
    "DataExchange_OfferUsed": "the chain is further than what is confirmed",
    "DataExchange_TooEarly": "the chain's clock is not there yet",
    "DataExchange_ConsentActive": "the withdrawal is not mined yet",
    "DataExchange_GraceNotOver": "the custodian may still abort",
    "DataExchange_ConsentUnknown": "the consent was orphaned; it may come back",
    "DataExchange_BalanceTooLow": "a standing balance is too low",
    "ConsentRegistry_AlreadyRecorded": "the grant is mined, and not confirmed",
    "ConsentRegistry_AlreadyRevoked": "the withdrawal is mined, and not confirmed",
    "ConsentRegistry_NotRecorded": "the grant was orphaned; then the whole consent is needed",
    "CheckoutEscrow_WrongState": "the chain is further than what is confirmed",
    "CheckoutEscrow_TooEarly": "the chain's clock is not there yet",
}
"""Refusals by which a contract says no more than: not now. What is confirmed later decides."""
OVER = {
    "DataExchange_TooLate": "its window is over",
    "DataExchange_GraceOver": "the consent has ended",
    "DataExchange_OfferExpired": "the offer expired",
    "DataExchange_ConsentEnded": "the consent has ended",
    "DataExchange_ConsentEndsTooSoon": "the consent ends too soon",
    "ConsentRegistry_WrongEpoch": "everything of its epoch was withdrawn",
    "ConsentRegistry_Expired": "it is over",
    "CheckoutEscrow_SettlementExpired": "the settlement expired",
    "CheckoutEscrow_SettlementVoid": "the settlement was voided",
}
"""Refusals that no waiting mends, and no operator either."""


def decide(tools: Tools, effect: EffectRow) -> Decision:
    """What to send for an effect now. Raises NotYet, WouldCheat."""
    return _DECISIONS[effect.kind](tools, effect)


def refused(tools: Tools, effect: EffectRow, error: Reverted) -> Done:
    """What follows from a contract's refusal to take a call now: it is over, or it has to wait.

    Raises NotYet, and the error itself if neither is the case.
    """
    if effect.kind in ("grantFor", "revokeFor") and _never_granted(tools, effect, error):
        return moot("it was withdrawn")
    if effect.kind == "abort" and error.name == "DataExchange_TooLate":
        raise NotYet("the deliver window has just ended", 5)
    if error.name in LATER:
        raise NotYet(LATER[error.name], 5)
    if error.name in OVER:
        return _nothing(tools, effect, OVER[error.name])
    raise error


def _never_granted(tools: Tools, effect: EffectRow, error: Reverted) -> bool:
    """Whether the registry has a consent only as withdrawn: then no event of a grant will come."""
    if error.name not in ("ConsentRegistry_AlreadyRecorded", "ConsentRegistry_AlreadyRevoked"):
        return False
    consent_id = bytes.fromhex(effect.body["consent"])
    with tools.store.read() as work:
        if work.get(Consent, consent_id) is not None:
            return False
    return bool(tools.contracts.view(tools.ethereum, "ConsentRegistry", "endedAt", consent_id))


def _nothing(tools: Tools, effect: EffectRow, reason: str) -> Done:
    """Moot; an offer that was to be opened is free for the next one."""
    done = moot(reason)
    if effect.kind != "open":
        return done
    with tools.store.read() as work:
        offer, exchange = _sale(work, effect)
    if exchange is not None:
        return done
    return replace(done, outcome=Outcome((replace(offer, state="Ended", reason=reason),)))


def _grant_for(tools: Tools, effect: EffectRow) -> Decision:
    consent_id = bytes.fromhex(effect.body["consent"])
    with tools.store.read() as work:
        paper = work.get(Paper, consent_id)
        if work.get(Consent, consent_id) is not None:
            return moot("it is granted")
        if paper is None or work.get(Withdrawal, consent_id) is not None:
            return moot("it was withdrawn")
    consent = papers.Consent.from_json(paper.body)
    if consent.valid_until <= tools.clock.now():
        return moot("it is over")
    return Wanted("ConsentRegistry", "grantFor", (consent.abi(), paper.signature))


def _revoke_for(tools: Tools, effect: EffectRow) -> Decision:
    """By the whole consent, which also works before it was submitted; by its id, which is cheaper, once it is
    on record for certain."""
    consent_id = bytes.fromhex(effect.body["consent"])
    with tools.store.read() as work:
        granted = work.get(Consent, consent_id)
        paper = work.get(Paper, bytes.fromhex(effect.body["paper"]))
    if paper is None or (granted is not None and granted.ended_at):
        return moot("it is withdrawn")
    if granted is not None:
        return Wanted("ConsentRegistry", "revokeByIdFor", (consent_id, paper.signature))
    consent = papers.Consent.from_json(paper.body["consent"])
    return Wanted("ConsentRegistry", "revokeFor", (consent.abi(), paper.signature))


def _revoke_all_for(tools: Tools, effect: EffectRow) -> Decision:
    with tools.store.read() as work:
        paper = work.get(Paper, bytes.fromhex(effect.body["paper"]))
    if paper is None:
        return moot("there is no such paper")
    revocation = papers.RevocationOfAll.from_json(paper.body)
    current = int(tools.contracts.view(tools.ethereum, "ConsentRegistry", "epochOf", revocation.customer))
    if current != revocation.epoch:
        return moot("that epoch has ended")
    return Wanted("ConsentRegistry", "revokeAllFor", (revocation.abi(), paper.signature))


def _open(tools: Tools, effect: EffectRow) -> Decision:
    with tools.store.read() as work:
        offer, exchange = _sale(work, effect)
        granted = work.get(Consent, offer.consent_id)
        withdrawn = work.get(Withdrawal, offer.consent_id) is not None
        withdrawn |= granted is not None and granted.ended_at != 0
    if exchange is not None:
        return moot("it is opened")
    if withdrawn:
        return _nothing(tools, effect, "the consent was withdrawn")
    if offer.valid_until <= tools.clock.now():
        return _nothing(tools, effect, "the offer expired")
    consent, offered = papers.Consent.from_json(offer.consent), papers.Offer.from_json(offer.offer)
    terms = offered.terms
    value = standing.missing(tools, offered.reward + terms.fee + terms.consumer_deposit)
    scope = (consent.data_root, consent.terms, consent.valid_until, consent.epoch)
    arguments = (scope, terms.abi(), sale(offered), offer.signature)
    return Wanted("DataExchange", "open", arguments, value)


def _deliver(tools: Tools, effect: EffectRow) -> Decision:
    """K is disclosed when this is broadcast: only now and only here, and never under a withdrawn consent."""
    exchange_id = bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        offer, exchange = _sale(work, effect)
        if exchange is None:
            return _orphaned(tools, offer)
        if exchange.state != "Open":
            return moot(f"it is {exchange.state}")
        if work.get(Withdrawal, exchange.consent_id) is not None:
            return moot("the consent was withdrawn")
        consent = work.get(Consent, exchange.consent_id)
        key = tools.secrets.get(work, "key", exchange_id.hex())
        pad = tools.secrets.get(work, "pad", exchange_id.hex())
        disclosed = _disclosed(work, effect)
    if consent is None:
        raise NotYet("the consent is not confirmed")
    now = tools.clock.now()
    if consent.ended_at or consent.valid_until < now:
        return moot("the consent has ended")
    if int(tools.contracts.view(tools.ethereum, "ConsentRegistry", "endedAt", exchange.consent_id)):
        raise NotYet("the consent is being withdrawn")
    half = exchange.opened_at + (exchange.deliver_by - exchange.opened_at) // 2
    if now > half:
        log.trouble("deliver.too_late", exchange=log.short(exchange_id))
        return moot("the first half of the window is over")
    require_fresh(tools)
    offered = papers.Offer.from_json(offer.offer)
    if disclosed is not None and (key is None or pad is None):
        return Wanted("DataExchange", "deliver", (offered.terms.abi(), sale(offered), disclosed))
    if key is None or pad is None:
        raise WouldCheat("the key of an open exchange is gone")
    if not sealing.opens(key, offered.sealing.key_hash) or not sealing.opens(pad, offered.sealing.pad_hash):
        raise WouldCheat("the key is not the one that the offer commits to")
    arguments = (offered.terms.abi(), sale(offered), sealing.wrap(key, pad))
    return Wanted("DataExchange", "deliver", arguments)


def _disclosed(work: Work, effect: EffectRow) -> bytes | None:
    """The wrapped key that was broadcast for this delivery before: it is delivered again after a
    reorganisation took it back, when K and pad may be destroyed already.
    """
    query = sa.select(t.transactions.c.raw).where(
        t.transactions.c.effect_id == effect.effect_id, t.transactions.c.state != "signed"
    )
    raw = work.connection.execute(query).scalars().first()
    return None if raw is None else Call.of_raw(raw).data[-32:]  # the last of its static arguments


def _prove_fault(tools: Tools, effect: EffectRow) -> Decision:
    exchange_id = bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        offer, exchange = _sale(work, effect)
        pad = tools.secrets.get(work, "pad", exchange_id.hex())
        participant = work.get(Participant, offer.custodian)
    if exchange is None:
        return _orphaned(tools, offer)
    _not_before_delivery(exchange, ("Delivered",))
    if exchange.state != "Delivered":
        return moot(f"it is {exchange.state}")
    if pad is None:
        raise WouldCheat("the pad of a delivered exchange is gone")
    offered = papers.Offer.from_json(offer.offer)
    item = consumer.retrieve(tools, offer, participant)
    proof = sealing.find_fault(item, exchange.wrapped_key, pad, offered.sealing.key_hash)
    if proof is None:
        raise WouldCheat("there is no fault to prove")
    return Wanted("DataExchange", "proveFault", (offered.abi(), proof.abi()))


def _abort(tools: Tools, effect: EffectRow) -> Decision:
    """After the deliver window only `cancel` is left, by which a custodian gets its deposit back, too."""
    with tools.store.read() as work:
        offer, exchange = _sale(work, effect)
    if exchange is None:
        return _orphaned(tools, offer)
    if exchange.state != "Open":
        return moot(f"it is {exchange.state}")
    offered = papers.Offer.from_json(offer.offer)
    arguments = (offered.terms.abi(), sale(offered))
    if tools.clock.now() <= exchange.deliver_by:
        return Wanted("DataExchange", "abort", arguments)
    if exchange.custodian != tools.ctx.address:
        return moot("it is cancelled instead")
    try:
        ended_at = int(
            tools.contracts.view(tools.ethereum, "ConsentRegistry", "endedAt", exchange.consent_id)
        )
    except Reverted:
        ended_at = 0
    if not 0 < ended_at <= exchange.deliver_by:
        return moot("the consent did not end inside the deliver window")
    return Wanted("DataExchange", "cancel", arguments)


def _void_offer(tools: Tools, effect: EffectRow) -> Decision:
    with tools.store.read() as work:
        offer, exchange = _sale(work, effect)
    if exchange is not None:
        return moot("it is opened")
    if offer.valid_until < tools.clock.now():
        return moot("the offer expired")
    if state_on_chain(tools, offer.exchange_id) == VOIDED:
        return moot("it is voided")
    offered = papers.Offer.from_json(offer.offer)
    return Wanted("DataExchange", "voidOffer", (offered.terms.abi(), sale(offered)))


NOT_OPENED, VOIDED = 0, 8
"""`State.None` and `State.Voided` of the exchange contract."""


def state_on_chain(tools: Tools, exchange_id: bytes) -> int:
    """An exchange's state at the newest block, which may not be confirmed yet."""
    state, _ = tools.contracts.view(tools.ethereum, "DataExchange", "stateOf", exchange_id)
    return int(state)


def _in_state(*states: str) -> Callable[[Tools, EffectRow], Decision]:
    def decision(tools: Tools, effect: EffectRow) -> Decision:
        with tools.store.read() as work:
            offer, exchange = _sale(work, effect)
        if exchange is None:
            return _orphaned(tools, offer)
        _not_before_delivery(exchange, states)
        if exchange.state not in states:
            return moot(f"it is {exchange.state}")
        offered = papers.Offer.from_json(offer.offer)
        return Wanted("DataExchange", effect.kind, (offered.terms.abi(), sale(offered)))

    return decision


def _not_before_delivery(exchange: Exchange, states: tuple[str, ...]) -> None:
    # Nobody answers a delivery that never was: it was taken back, and its sender will repeat it.
    if exchange.state == "Open" and "Open" not in states:
        raise NotYet("the delivery was orphaned; it may come back", 2)


def _orphaned(tools: Tools, offer: Offer) -> Done:
    if offer.valid_until + LATE_SECONDS < tools.clock.now():
        return moot("the opening was orphaned, and cannot come back")
    raise NotYet("the opening was orphaned; it may come back", 2)


def sale(offer: papers.Offer) -> tuple[bytes, str, int, bytes]:
    """The contract's `Sale`: an offer without its terms, its sealing by its hash."""
    return (offer.consent_id, offer.customer, offer.reward, offer.sealing.hash_struct())


def _sale(work: Work, effect: EffectRow) -> tuple[Offer, Exchange | None]:
    exchange_id = bytes.fromhex(effect.body["exchange"])
    offer = work.get(Offer, exchange_id)
    if offer is None:
        raise NotYet("the offer is not known here", 60)
    return offer, work.get(Exchange, exchange_id)


_DECISIONS: dict[str, Callable[[Tools, EffectRow], Decision]] = {
    "grantFor": _grant_for,
    "revokeFor": _revoke_for,
    "revokeAllFor": _revoke_all_for,
    "fund": standing.fund,
    "open": _open,
    "deliver": _deliver,
    "confirm": _in_state("Delivered"),
    "settle": _in_state("Delivered"),
    "concede": _in_state("Delivered"),
    "abort": _abort,
    "cancel": _in_state("Open"),
    "proveFault": _prove_fault,
    "voidOffer": _void_offer,
    **order_calls.DECISIONS,
}
