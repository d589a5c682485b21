# SPDX-License-Identifier: Apache-2.0
"""A custodian's local work: proposals to customers, offers to consumers, the end of keys."""

import secrets
from dataclasses import replace
from typing import Any

from faircart import canonical, documents, envelope, papers, sealing
from faircart.agent import effects
from faircart.agent.handlers import Outcome, rights
from faircart.agent.tools import Tools
from faircart.agent.work import calls
from faircart.agent.work.done import Done, NotYet, moot
from faircart.multichain import names
from faircart.store import EffectRow, Work
from faircart.store.records import Consent, Counter, Document, Exchange, Offer, Proposal, Request, Withdrawal

LAST_VALID_UNTIL = 2**32 - 2
"""The registry keeps ends in 32 bits."""

LATE_SECONDS = 600
"""An expired offer's keys are kept so long:

an `open` in its last second may still be on its way to finality.
"""


def propose(tools: Tools, effect: EffectRow) -> Done:
    """Lays a request before one customer: a consent to sign, with its record, for one document version."""
    request_id, data_root = (bytes.fromhex(effect.body[name]) for name in ("request", "document"))
    now = tools.clock.now()
    with tools.store.read() as work:
        request = work.get(Request, request_id)
        document = work.get(Document, data_root)
        if request is None or document is None or not document.current or request.expires_at <= now:
            return moot("the request is over, or there is a newer document")
        reward, valid_for = request.reward, int(request.body["validFor"])
        if "counter" in effect.body:
            agreed = work.get(Counter, effect.body["counter"])
            if agreed is None:
                return moot("nothing was agreed to")
            reward, valid_for = agreed.reward, agreed.valid_for
        earlier = rights.same_terms(
            work, document.customer, request.consumer, document.category, request.purpose, now
        )
    epoch = int(tools.contracts.view(tools.ethereum, "ConsentRegistry", "epochOf", document.customer))
    valid_until = min(now + valid_for, LAST_VALID_UNTIL)
    terms = documents.consent_record(
        documents.ConsentTerms(
            chain_id=tools.ctx.chain_id,
            customer=document.customer,
            consumer=request.consumer,
            custodian=tools.ctx.address,
            category=document.category,
            purpose=request.purpose,
            retention_days=int(request.body["retentionDays"]),
            valid_until=valid_until,
            notice_version=request.body["notice"],
            notice=request.body["notice"] if "://" in request.body["notice"] else None,
            processing=tuple(request.body["processing"]),
            storage_location=request.body["storageLocation"],
            jurisdiction=request.body["jurisdiction"],
            conditions=request.body["conditions"],
            reward=reward,
            created=now,
            replaces=earlier[-1].consent_id if earlier else None,
        )
    )
    consent = papers.Consent(
        customer=document.customer,
        consumer=request.consumer,
        custodian=tools.ctx.address,
        data_root=data_root,
        terms=canonical.commitment(terms),
        reward=reward,
        valid_until=valid_until,
        epoch=epoch,
    )
    consent_id = consent.digest(tools.ctx.domain("ConsentRegistry"))
    proposal = Proposal(
        # It commits to document and record, so that nothing else can be signed than what was shown under it.
        proposal_id=consent_id.hex(),
        request_id=request_id,
        customer=document.customer,
        consent_id=consent_id,
        data_root=data_root,
        category=document.category,
        consent=consent.to_json(),
        terms=terms,
        state="Proposed",
    )
    return Done({"proposal": proposal.proposal_id}, Outcome((proposal,)))


def make_offer(tools: Tools, effect: EffectRow) -> Done:
    """Seals an item afresh and signs an offer for it;

    K, pad and offer are stored with the effects they cause.
    """
    ctx, policy = tools.ctx, tools.ctx.custodian
    consent_id, request_id = (bytes.fromhex(effect.body[name]) for name in ("consent", "request"))
    ordinal = int(effect.body["ordinal"])
    now = tools.clock.now()
    with tools.store.read() as work:
        proposal = next(iter(work.find(Proposal, consent_id=consent_id)), None)
        request, granted = work.get(Request, request_id), work.get(Consent, consent_id)
        if proposal is None or request is None or granted is None:
            return moot("the consent or the request is unknown")
        reason = _why_not(work, request, granted, now + policy.deliver_within, now)
        if reason is not None:
            return moot(reason)
        plaintext = tools.secrets.get(work, "document", proposal.data_root.hex())
        earlier = [row for row in work.find(Offer, consent_id=consent_id) if not _is_known(work, row)]
    if plaintext is None:
        return moot("the document was erased")
    for offered in earlier:
        _require_unopened(tools, offered)
    consent = papers.Consent.from_json(proposal.consent)
    key, pad = sealing.new_key(), sealing.new_key()
    item = sealing.seal(sealing.DocumentVersion.from_plaintext(plaintext), key, pad)
    terms = papers.Terms(
        consumer=consent.consumer,
        custodian=ctx.address,
        fee=policy.fee_wei,
        custodian_deposit=policy.deposit_wei,
        consumer_deposit=max(1, min(policy.consumer_deposit_wei, consent.reward)),
        deliver_within=policy.deliver_within,
        respond_within=policy.respond_within,
        valid_until=now + policy.offer_valid_for,
    )
    offer = papers.Offer(consent_id, consent.customer, consent.reward, terms, item.sealing)
    domain = ctx.domain("DataExchange")
    exchange_id = offer.digest(domain)
    row = Offer(
        exchange_id=exchange_id,
        consent_id=consent_id,
        request_id=request_id,
        ordinal=ordinal,
        customer=consent.customer,
        consumer=consent.consumer,
        custodian=ctx.address,
        data_root=consent.data_root,
        reward=consent.reward,
        offer=offer.to_json(),
        consent=consent.to_json(),
        signature=papers.sign(offer, domain, bytes(tools.account.key)),
        item_stream=names.items_stream(consent.consumer, proposal.category),
        item_key=secrets.token_hex(32),
        category=proposal.category,
        valid_until=terms.valid_until,
        state="Offered",
        reason="",
    )
    payload = canonical.canonical(_envelope(row, proposal.terms, pad))
    sealed = envelope.seal_envelope(request_id, request.request_key, payload)
    wanted = [
        effects.fund(ctx, exchange_id),
        effects.publish_item(ctx, exchange_id),
        effects.publish_bytes(
            effect.effect_id + "/envelope",
            names.envelopes_stream(consent.consumer),
            [request_id.hex()],
            sealed,
        ),
        effects.expire_offer(ctx, exchange_id, terms.valid_until + LATE_SECONDS),
    ]
    if ordinal + 1 < policy.offers_per_consent:
        wanted.append(effects.make_offer(ctx, consent_id, request_id, ordinal + 1, terms.valid_until + 1))
    return Done(
        {"exchange": exchange_id.hex()},
        Outcome((row,), tuple(wanted)),
        keep=(("key", exchange_id.hex(), key), ("pad", exchange_id.hex(), pad)),
    )


def _why_not(work: Work, request: Request, granted: Consent, deliver_by: int, now: int) -> str | None:
    if request.state != "Open" or request.expires_at <= now:
        return "the request is over"
    if granted.ended_at or work.get(Withdrawal, granted.consent_id) is not None:
        return "the consent was withdrawn"
    if granted.valid_until < deliver_by:
        return "the consent ends too soon"
    for offer in work.find(Offer, consent_id=granted.consent_id):
        exchange = work.get(Exchange, offer.exchange_id)
        if exchange is not None and exchange.state not in ("Aborted", "Cancelled", "Conceded", "Faulted"):
            return "the data were sold under this consent"
        if exchange is None and offer.valid_until >= now:
            return "there is a live offer under this consent"
    return None


def _is_known(work: Work, offer: Offer) -> bool:
    return work.get(Exchange, offer.exchange_id) is not None


def _require_unopened(tools: Tools, offer: Offer) -> None:
    """Raises NotYet if the chain has an opening that is not confirmed: mined in the offer's last second,
    perhaps, and final a quarter of an hour later."""
    if calls.state_on_chain(tools, offer.exchange_id) not in (calls.NOT_OPENED, calls.VOIDED):
        raise NotYet("an opening is mined, and not confirmed", 5)


def _envelope(offer: Offer, terms: dict[str, Any], pad: bytes) -> dict[str, Any]:
    return {
        "version": 1,
        "request": offer.request_id.hex(),
        "consent": offer.consent,
        "terms": terms,
        "offer": offer.offer,
        "signature": "0x" + offer.signature.hex(),
        "pad": "0x" + pad.hex(),
        "item": {"stream": offer.item_stream, "key": offer.item_key},
    }


def container(tools: Tools, exchange_id: bytes) -> bytes | None:
    """The container of an offer, made again from the vault: the same bytes every time.

    None if a key is gone.
    """
    with tools.store.read() as work:
        offer = work.get(Offer, exchange_id)
        key = tools.secrets.get(work, "key", exchange_id.hex())
        pad = tools.secrets.get(work, "pad", exchange_id.hex())
        plaintext = None if offer is None else tools.secrets.get(work, "document", offer.data_root.hex())
    if key is None or pad is None or plaintext is None:
        return None
    version = sealing.DocumentVersion.from_plaintext(plaintext)
    return sealing.container.encode(sealing.seal(version, key, pad))


def destroy_keys(tools: Tools, effect: EffectRow) -> Done:
    """K and pad have served their purpose."""
    exchange_id = bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        offer = work.get(Offer, exchange_id)
        if offer is None:
            return moot("no offer of ours")
        item = work.outbox.get(effects.publish_item(tools.ctx, exchange_id).effect_id)
        if item is not None and item.state in ("waiting", "running"):
            raise NotYet("the item is still to be published")
    name = exchange_id.hex()
    return Done({}, Outcome((replace(offer, state="Used"),)), destroy=(("key", name), ("pad", name)))


def expire_offer(tools: Tools, effect: EffectRow) -> Done:
    """An offer that nobody opened in time: its keys are destroyed."""
    exchange_id = bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        offer = work.get(Offer, exchange_id)
        if offer is None or work.get(Exchange, exchange_id) is not None:
            return moot("it was opened")
    _require_unopened(tools, offer)
    name = exchange_id.hex()
    return Done({}, Outcome((replace(offer, state="Ended"),)), destroy=(("key", name), ("pad", name)))
