# SPDX-License-Identifier: Apache-2.0
"""What customers answer beside consents: decline, other terms, erasure; and what consumers answer to that.

Whose signature a statement needs says `signatory`; the signature itself is checked before the handlers are
asked.
"""

from dataclasses import replace
from typing import Any

from eth_utils.address import is_checksum_address

from faircart import documents
from faircart.agent import effects, rights_effects
from faircart.agent.context import Context
from faircart.agent.handlers.outcome import Ignore, Later, Outcome, PaperRefused, View
from faircart.rights import statements
from faircart.store.records import (
    Consent,
    Counter,
    Customer,
    Offer,
    Paper,
    Participant,
    Proposal,
    Request,
    Withdrawal,
)

MAX_VALID_FOR = 10 * 366 * 86400
ERASURE_AGE = 3600
"""Seconds for which a signed erasure is taken, so that an old one cannot be sent again."""


def decline(ctx: Context, view: View, body: Any, signature: bytes, now: int) -> Outcome:
    """A customer does not want: the proposal is not shown again."""
    said, proposal = _answer(ctx, view, body, statements.DECLINE)
    if proposal.state == "Declined":
        return Outcome()
    if proposal.state not in ("Proposed", "Countered"):
        raise PaperRefused(409, f"proposal: it is {proposal.state.lower()}")
    stored = Paper(statements.digest(said), "decline", proposal.customer, said, signature, now)
    return Outcome((stored, replace(proposal, state="Declined")))


def counter(ctx: Context, view: View, body: Any, signature: bytes, now: int) -> Outcome:
    """A customer would consent on other terms: another reward (wei), another duration (seconds)."""
    said, proposal = _answer(ctx, view, body, statements.COUNTER)
    reward, valid_for = said["rewardWei"], said["validFor"]
    if not isinstance(reward, str) or not reward.isdecimal() or not 0 <= int(reward) < 2**128:
        raise PaperRefused(422, "rewardWei: it is no amount of wei")
    if (
        isinstance(valid_for, bool)
        or not isinstance(valid_for, int)
        or not 3600 <= valid_for <= MAX_VALID_FOR
    ):
        raise PaperRefused(422, f"validFor: from 3600 to {MAX_VALID_FOR} seconds")
    counter_id = statements.digest(said).hex()
    if view.get(Counter, counter_id) is not None:
        return Outcome()
    if proposal.state != "Proposed":
        raise PaperRefused(409, f"proposal: it is {proposal.state.lower()}")
    row = Counter(
        counter_id=counter_id,
        request_id=proposal.request_id,
        proposal_id=proposal.proposal_id,
        customer=proposal.customer,
        category=proposal.category,
        reward=int(reward),
        valid_for=valid_for,
        state="Sent",
        reason="",
    )
    stored = Paper(statements.digest(said), "counter", proposal.customer, said, signature, now)
    return Outcome(
        (stored, row, replace(proposal, state="Countered")), (rights_effects.send_counter(ctx, counter_id),)
    )


def erasure(ctx: Context, view: View, body: Any, signature: bytes, now: int) -> Outcome:
    """A customer has categories of its data erased."""
    said = _statement(ctx, body, statements.ERASURE)
    if view.get(Customer, said["customer"]) is None:
        raise PaperRefused(404, "customer: nothing is held about this account")
    categories = said["categories"]
    if (
        not isinstance(categories, list)
        or not categories
        or len(set(map(str, categories))) != len(categories)
    ):
        raise PaperRefused(422, "categories: name at least one, each once")
    for category in categories:
        if category not in documents.CATEGORIES:
            known = ", ".join(documents.CATEGORIES)
            raise PaperRefused(
                422, f"categories: there is no category {str(category)[:20]!r}: known are {known}"
            )
    asked = said["requestedAt"]
    if not isinstance(asked, int) or abs(now - asked) > ERASURE_AGE:
        raise PaperRefused(422, "requestedAt: the request must be signed within the hour")
    digest = statements.digest(said)
    if view.get(Paper, digest) is not None:
        return Outcome()
    stored = Paper(digest, "erasure", said["customer"], said, signature, now)
    # Whoever opens an offer whose keys are destroyed gets our deposit: none may be left standing.
    live = [
        offer
        for offer in view.find(Offer, customer=said["customer"], state="Offered")
        if offer.custodian == ctx.address and offer.category in categories and offer.valid_until >= now
    ]
    voided = tuple(effects.exchange_call(ctx, offer.exchange_id, "voidOffer") for offer in live)
    return Outcome((stored,), (*voided, rights_effects.erase(ctx, digest)))


def granular(view: View, proposal: Proposal, now: int) -> None:
    """One consent for each category, purpose and recipient, unless it renews. Raises PaperRefused."""
    if len(view.find(Proposal, customer=proposal.customer, category=proposal.category)) == 1:
        return
    terms = documents.read_consent_record(proposal.terms)
    for other in same_terms(view, proposal.customer, terms.consumer, terms.category, terms.purpose, now):
        if other.consent_id not in (proposal.consent_id, terms.replaces):
            raise PaperRefused(
                409,
                "consent: there is an active one for the same category, purpose and recipient, "
                f"0x{other.consent_id.hex()}: a renewal has to name it",
            )


def same_terms(
    view: View, customer: str, consumer: str, category: str, purpose: str, now: int
) -> list[Consent]:
    """The active consents for the same category, purpose and recipient, but for those that were renewed;
    the latest last."""
    found: list[Consent] = []
    renewed: set[bytes | None] = set()
    for proposal in view.find(Proposal, customer=customer, category=category):
        granted = view.get(Consent, proposal.consent_id)
        if granted is None or granted.consumer != consumer:
            continue
        terms = documents.read_consent_record(proposal.terms)
        if terms.purpose != purpose:
            continue
        withdrawn = granted.ended_at or view.get(Withdrawal, granted.consent_id) is not None
        if not withdrawn and granted.valid_until >= now:
            found.append(granted)
            renewed.add(terms.replaces)
    current = [granted for granted in found if granted.consent_id not in renewed]
    return sorted(current, key=lambda granted: (granted.granted_at, granted.consent_id))


# --- stream items -----------------------------------------------------------------------------------------


def counter_item(ctx: Context, view: View, item: Any) -> Outcome:
    """Other terms for a request of ours, sealed to us."""
    request_id = _request_id(item)
    asked = view.get(Request, request_id)
    if asked is None or not asked.own or asked.state != "Open":
        raise Ignore("other terms for no open request of ours")
    publisher = _bound(view, item.publisher).address
    wanted = rights_effects.judge_counter(ctx, request_id, item.txid, publisher, str(item.value["counter"]))
    return Outcome(effects=(wanted,))


def answer_item(ctx: Context, view: View, item: Any) -> Outcome:
    """A consumer's answer; to whom is sealed, so every custodian tries."""
    if not ctx.is_custodian:
        raise Ignore("for custodians")
    request_id = _request_id(item)
    asked = view.get(Request, request_id)
    consumer = _bound(view, item.publisher).address
    if asked is None or asked.own or asked.consumer != consumer:
        raise Ignore("an answer to no request that is known here, or not by its consumer")
    wanted = rights_effects.read_answer(ctx, request_id, item.txid, consumer, str(item.value["answer"]))
    return Outcome(effects=(wanted,))


def erasure_item(ctx: Context, view: View, item: Any) -> Outcome:
    """An item of `erasures`: a notice for us, an acknowledgement for us, or somebody else's."""
    value = item.value
    if item.publisher == ctx.multichain_address:
        raise Ignore("our own")
    if (
        not isinstance(value, dict)
        or set(value) != {"version", "commitment", "sealed"}
        or len(item.keys) != 1
    ):
        raise Ignore("no item of erasures")
    author = _bound(view, item.publisher).address
    wanted = rights_effects.read_erasure(ctx, item.txid, item.vout, author, item.keys[0], value)
    return Outcome(effects=(wanted,))


def _request_id(item: Any) -> bytes:
    try:
        return bytes.fromhex(item.keys[0])
    except (IndexError, ValueError):
        raise Ignore("an item without a request id") from None


def _bound(view: View, publisher: str) -> Participant:
    found = view.find(Participant, multichain_address=publisher)
    if not found:
        raise Later("the publisher has not bound its keys")
    return found[0]


# --- statements -------------------------------------------------------------------------------------------


def signatory(ctx: Context, view: View, kind: str, body: Any) -> str:
    """Whose signature a statement of this kind needs (address). Raises PaperRefused."""
    if kind == statements.ERASURE:
        customer = _statement(ctx, body, kind)["customer"]
        if not is_checksum_address(customer):
            raise PaperRefused(422, "customer: it is no address with checksum")
        return str(customer)
    return _answer(ctx, view, body, kind)[1].customer


def _answer(ctx: Context, view: View, body: Any, kind: str) -> tuple[dict[str, Any], Proposal]:
    said = _statement(ctx, body, kind)
    proposal = view.get(Proposal, str(said["proposal"]))
    if proposal is None:
        raise PaperRefused(404, "proposal: there is no such proposal")
    return said, proposal


def _statement(ctx: Context, body: Any, kind: str) -> dict[str, Any]:
    try:
        return statements.check(body, kind, ctx.chain_id, ctx.address)
    except statements.StatementWrong as error:
        raise PaperRefused(422, str(error)) from None
