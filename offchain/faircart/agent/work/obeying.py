# SPDX-License-Identifier: Apache-2.0
"""A recipient's part in withdrawals, erasures and retention: what was got is destroyed, and that is said.

A request's key opens the envelopes that came for it, pads inside, and these stay in the stream. It serves
many customers: an erasure and the end of a retention destroy it at once, a withdrawal leaves it to the
request's end and says until when.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from faircart import canonical
from faircart.agent import log, rights_effects, sealed
from faircart.agent.handlers import Outcome
from faircart.agent.tools import Tools
from faircart.agent.work.done import Done, NotYet, moot
from faircart.agent.work.erasing import Secret, count, edition_of, note, publish, scrub, state_of
from faircart.documents import utc
from faircart.multichain import names
from faircart.rights import erasure
from faircart.store import EffectRow, Work
from faircart.store import tables as t
from faircart.store.records import Consent, DataSet, Offer, Participant, Request


def obey_withdrawal(tools: Tools, effect: EffectRow) -> Done:
    """What was got under a consent that is withdrawn is destroyed: consent was its only legal basis."""
    with tools.store.read() as work:
        changes, doomed, counts = _doomed(
            tools, work, [bytes.fromhex(effect.body["consent"])], requests=False
        )
    return Done(counts, Outcome(changes), destroy=doomed)


def read_erasure(tools: Tools, effect: EffectRow) -> Done:
    """A notice is obeyed, an acknowledgement is noted."""
    body = effect.body
    try:
        document = sealed.open_any(sealed.ERASURE, body["item"], tools.hpke_privates, body["value"]["sealed"])
        if canonical.commitment(document).hex() != body["value"]["commitment"]:
            return moot("it is not what was committed to")
        found = erasure.check(document, body["item"])
    except sealed.NotForUs:
        return moot("it is not for us")
    except (erasure.ErasureWrong, canonical.CanonicalError, ValueError, TypeError, AttributeError) as error:
        log.trouble("erasure.ignored", item=body["item"][:16], reason=type(error).__name__)
        return moot("it is neither notice nor acknowledgement")
    if found["author"] != body["publisher"]:
        return moot("it was published by somebody else than its author")
    if found["step"] == "requested" and found["consumer"] == tools.ctx.address:
        return _obey(tools, found)
    if found["step"] == "acknowledged" and found["custodian"] == tools.ctx.address:
        return note(tools, effect, found)
    return moot("it is not addressed to us")


def _obey(tools: Tools, notice: dict[str, Any]) -> Done:
    with tools.store.read() as work:
        concerned = []
        for text in notice["consents"]:
            granted = work.get(Consent, bytes.fromhex(text))
            # Only the custodian of a consent speaks for its customer.
            if granted is not None and granted.custodian == notice["author"]:
                concerned.append(granted.consent_id)
        erasing = notice["kind"] == erasure.ERASURE
        changes, doomed, counts = _doomed(tools, work, concerned, requests=erasing)
    acknowledge = rights_effects.acknowledge(tools.ctx, notice, counts)
    return Done(counts, Outcome(changes, (acknowledge,)), destroy=doomed)


def _doomed(
    tools: Tools, work: Work, consents: Iterable[bytes], *, requests: bool
) -> tuple[tuple[Any, ...], tuple[Secret, ...], dict[str, int]]:
    """What has to go: changed rows, secrets, and how many of each there ever were.

    With `requests` also the request keys under which the data came, and an open request is closed by that;
    else only those of requests that are over.
    """
    offers = [row for consent_id in consents for row in work.find(Offer, consent_id=consent_id)]
    offers = [row for row in offers if row.consumer == tools.ctx.address]
    if any(state_of(work, offer) in ("Open", "Delivered") for offer in offers):
        raise NotYet("an exchange is not over", 2)
    doomed: list[Secret] = [(kind, row.exchange_id.hex()) for row in offers for kind in ("data", "pad")]
    changes: list[Any] = []
    for offer in offers:
        data = work.get(DataSet, offer.exchange_id)
        if data is not None:
            changes.append(replace(data, size=0, keep_until=min(data.keep_until, tools.clock.now())))
    for request_id in sorted({offer.request_id for offer in offers}):
        request = work.get(Request, request_id)
        if not requests and _is_open(tools, request):
            continue
        closed, key = _close(work, request_id, request)
        changes += closed
        doomed.append(key)
    counts = count(work, doomed)
    return tuple(changes), tuple(doomed), {name: counts.get(name, 0) for name in ("data", "pad", "request")}


def _is_open(tools: Tools, request: Request | None) -> bool:
    return request is not None and request.state != "Closed" and request.expires_at > tools.clock.now()


def _close(work: Work, request_id: bytes, request: Request | None) -> tuple[tuple[Request, ...], Secret]:
    """The request as closed, if it is not yet, and its key. Raises NotYet."""
    if _envelopes_waiting(work, request_id):
        raise NotYet("envelopes of the same request are still to be opened", 1)
    changed = () if request is None or request.state == "Closed" else (replace(request, state="Closed"),)
    return changed, ("request", request_id.hex())


def expire_data(tools: Tools, effect: EffectRow) -> Done:
    """The retention time is over: the plaintext's key is destroyed.

    So are pad and request key: with either the ciphertext in the stream and the delivery on chain give the
    plaintext again.
    """
    name = effect.body["exchange"]
    doomed: list[Secret] = [("data", name), ("pad", name)]
    changes: list[Any] = []
    with tools.store.read() as work:
        row, offer = work.get(DataSet, bytes.fromhex(name)), work.get(Offer, bytes.fromhex(name))
        if row is not None:
            changes.append(replace(row, size=0))
        if offer is not None:
            closed, key = _close(work, offer.request_id, work.get(Request, offer.request_id))
            changes += closed
            doomed.append(key)
    return Done({}, Outcome(tuple(changes)), destroy=tuple(doomed))


def _envelopes_waiting(work: Work, request_id: bytes) -> bool:
    query = sa.select(t.effects.c.body).where(
        t.effects.c.kind == "openEnvelope", t.effects.c.state.in_(("waiting", "running"))
    )
    return any(body["request"] == request_id.hex() for body in work.connection.execute(query).scalars())


def acknowledge(tools: Tools, effect: EffectRow) -> Done:
    """Says so to customer and custodian, after the last trace of the keys has left the database."""
    notice, counts = effect.body["notice"], effect.body["counts"]
    with tools.store.read() as work:
        bound = work.get(Participant, notice["author"])
        busy = _busy(tools, work, notice["categories"])
        payloads = _readable(tools, work, notice["consents"])
    if bound is None:
        raise NotYet("the custodian's key is not known", 5)
    scrub(tools)
    if notice["kind"] == erasure.ERASURE:
        payloads = _drop_payloads(tools, notice["categories"], busy)
    destroyed = erasure.Destroyed(
        counts["data"], counts["pad"], counts["request"], payloads, edition_of(tools)
    )
    item_id = secrets.token_hex(32)
    answer = erasure.acknowledgement(
        item_id, notice, tools.ctx.multichain_address, destroyed, tools.clock.now()
    )
    readers = [bytes.fromhex(notice["readingKey"][2:]), tools.ctx.hpke_key, bound.hpke_key]
    erasure_id = bytes.fromhex(notice["id"])
    return publish(
        tools,
        effect,
        item_id,
        answer,
        readers,
        erasure_id,
        "acknowledged",
        notice["customer"],
        tools.ctx.address,
        notice["id"],
    )


def _readable(tools: Tools, work: Work, consents: Iterable[str]) -> str:
    """What can still be made of ciphertext that came under these consents, in words."""
    until = 0
    for text in consents:
        for offer in work.find(Offer, consent_id=bytes.fromhex(text), consumer=tools.ctx.address):
            request = work.get(Request, offer.request_id)
            if request is not None and state_of(work, offer) is not None and request.state != "Closed":
                until = max(until, request.expires_at)
    if not until:
        return "ciphertext kept, unreadable without its key"
    return (
        "ciphertext kept; unreadable once the key of the request that it came for is destroyed, "
        f"on {utc(until)} at the latest; until then this node could open the envelope with its key again"
    )


def _busy(tools: Tools, work: Work, categories: Iterable[str]) -> set[str]:
    live = work.find(Offer, consumer=tools.ctx.address)
    return {
        offer.category
        for offer in live
        if offer.category in categories
        and (
            state_of(work, offer) in ("Open", "Delivered")
            or offer.state == "Received"
            or (offer.state == "Accepted" and state_of(work, offer) is None)
        )
    }


def _drop_payloads(tools: Tools, categories: Sequence[str], busy: set[str]) -> str:
    said = []
    for category in categories:
        stream = names.items_stream(tools.ctx.address, category)
        if category in busy:
            said.append(f"{category}: kept while other sales are in progress, unreadable without its key")
        elif not tools.streams.has_stream(stream):
            said.append(f"{category}: none")
        else:
            # Followed again when the next item is looked for.
            tools.streams.unsubscribe(stream, purge=True)
            said.append(f"{category}: this node's copies removed")
    return "; ".join(said)
