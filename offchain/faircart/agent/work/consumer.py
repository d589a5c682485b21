# SPDX-License-Identifier: Apache-2.0
"""A consumer's local work: envelopes, checks before paying, decrypting, the end of a request."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from faircart import canonical, documents, envelope, papers, sealing
from faircart.agent import effects, log
from faircart.agent.handlers import Outcome
from faircart.agent.tools import Tools
from faircart.agent.work import policy
from faircart.agent.work.done import Done, NotYet, moot
from faircart.errors import FairCartError
from faircart.multichain import Item, names
from faircart.multichain.errors import PayloadNotHere
from faircart.store import EffectRow, Work
from faircart.store import tables as t
from faircart.store.records import (
    Consent,
    Counter,
    DataSet,
    Exchange,
    Offer,
    Participant,
    Request,
    Withdrawal,
)


def open_envelope(tools: Tools, effect: EffectRow) -> Done:
    """Opens an envelope with its request's key, and keeps the offer in it if it is what was asked for."""
    request_id = bytes.fromhex(effect.body["request"])
    with tools.store.read() as work:
        request = work.get(Request, request_id)
        private = tools.secrets.get(work, "request", request_id.hex())
    if request is None or private is None:
        return moot("the request is closed")
    stream = names.envelopes_stream(tools.ctx.address)
    items = tools.streams.transaction_items(stream, effect.body["txid"])
    item = next((found for found in items if found.vout == effect.body["vout"]), None)
    if item is None:
        raise NotYet("the envelope is not known to the node")
    try:
        payload = json.loads(envelope.open_envelope(request_id, private, _payload(tools, item)))
        offer, pad = _offer(tools, request, payload)
        with tools.store.read() as work:
            _from_its_custodian(work.get(Participant, offer.custodian), item)
            if work.get(Offer, offer.exchange_id) is not None:
                return moot("the offer is known")
    except (envelope.EnvelopeError, papers.PaperError, canonical.CanonicalError) as error:
        return _refused(request_id, type(error).__name__)  # the text may name a customer
    except documents.DocumentInvalid as error:  # its text may name members that a stranger has made up
        return _refused(request_id, f"the consent record is not valid at {error.pointer or 'the top'}")
    except documents.DocumentError as error:
        return _refused(request_id, type(error).__name__)
    except policy.Refused as error:
        return _refused(request_id, str(error))
    except (ValueError, KeyError, TypeError):
        return _refused(request_id, "the envelope does not hold what an envelope holds")
    wanted = (effects.check_item(tools.ctx, offer.exchange_id),)
    return Done(
        {"exchange": offer.exchange_id.hex()},
        Outcome((offer,), wanted),
        keep=(("pad", offer.exchange_id.hex(), pad),),
    )


def _refused(request_id: bytes, reason: str) -> Done:
    log.trouble("envelope.refused", request=log.short(request_id), reason=reason)
    return Done({"refused": reason})


def _offer(tools: Tools, request: Request, payload: dict[str, Any]) -> tuple[Offer, bytes]:
    if payload["version"] != 1 or payload["request"] != request.request_id.hex():
        raise policy.Refused("the envelope is of another version or request")
    ctx = tools.ctx
    consent = papers.Consent.from_json(payload["consent"])
    offer = papers.Offer.from_json(payload["offer"])
    signature = bytes.fromhex(payload["signature"][2:])
    terms, pad = payload["terms"], bytes.fromhex(payload["pad"][2:])
    consent_id = consent.digest(ctx.domain("ConsentRegistry"))
    with tools.store.read() as work:
        counters = work.find(
            Counter, request_id=request.request_id, customer=consent.customer, state="Agreed"
        )
    agreed = max((counter.reward for counter in counters), default=0)
    policy.check_offer(ctx, request, consent, consent_id, offer, terms, pad, agreed)
    domain = ctx.domain("DataExchange")
    if papers.signer(offer, domain, signature) != consent.custodian:
        raise policy.Refused("the offer is not signed by its custodian")
    category = documents.read_consent_record(terms).category
    if payload["item"]["stream"] != names.items_stream(ctx.address, category):
        raise policy.Refused("the item lies in another stream")
    row = Offer(
        exchange_id=offer.digest(domain),
        consent_id=consent_id,
        request_id=request.request_id,
        ordinal=0,
        customer=consent.customer,
        consumer=ctx.address,
        custodian=consent.custodian,
        data_root=consent.data_root,
        reward=consent.reward,
        offer=payload["offer"],
        consent=payload["consent"],
        signature=signature,
        item_stream=payload["item"]["stream"],
        item_key=str(payload["item"]["key"]),
        category=category,
        valid_until=offer.terms.valid_until,
        state="Received",
        reason="",
    )
    return row, pad


def _from_its_custodian(participant: Participant | None, item: Item) -> None:
    if participant is None:
        raise NotYet("the custodian has not bound its keys")
    if item.publishers != (participant.multichain_address,):
        raise policy.Refused("the item was published by somebody else than the custodian")


def check_item(tools: Tools, effect: EffectRow) -> Done:
    """Retrieves the item and checks it: after this, any false chunk could be proven.

    Then the exchange is opened.
    """
    exchange_id = bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        offer = work.get(Offer, exchange_id)
        if offer is None or offer.state != "Received":
            return moot("no offer to check")
        participant = work.get(Participant, offer.custodian)
        granted = work.get(Consent, offer.consent_id)
        withdrawn = work.get(Withdrawal, offer.consent_id) is not None
    now = tools.clock.now()
    try:
        if withdrawn or (granted is not None and granted.ended_at):
            raise policy.Refused("the consent was withdrawn")
        if offer.valid_until <= now:
            raise policy.Refused("the offer expired before its item was here")
        if granted is None:
            raise NotYet("the consent is not confirmed on chain")
        with tools.store.read() as work:
            opening = partial(_may_be_opened, tools, work, now)
            policy.check_purchase(tools.ctx, work, offer, opening, _spent(tools, work, now))
            _check_fresh(work, offer)
        item = retrieve(tools, offer, participant)
        sealing.check(item, offer.data_root, papers.Offer.from_json(offer.offer).sealing.item_root)
    except (policy.Refused, sealing.SealingError) as error:
        log.trouble("offer.refused", exchange=log.short(exchange_id), reason=str(error))
        row = replace(offer, state="Refused", reason=str(error))
        return Done({"refused": str(error)}, Outcome((row,)), destroy=(("pad", exchange_id.hex()),))
    row = replace(offer, state="Accepted")
    return Done({}, Outcome((row,), (effects.exchange_call(tools.ctx, exchange_id, "open"),)))


def _may_be_opened(tools: Tools, work: Work, now: int, offer: Offer) -> bool:
    """Whether an accepted offer's opening is still to come: it may be mined in its last second, and be
    confirmed much later."""
    opening = work.outbox.get(effects.exchange_call(tools.ctx, offer.exchange_id, "open").effect_id)
    under_way = opening is not None and (
        opening.state == "running" or (opening.state == "done" and not opening.moot)
    )
    return under_way or offer.valid_until >= now


def _spent(tools: Tools, work: Work, now: int) -> int:
    """Rewards and fees of the exchanges of the last 24 hours that were not ended unpaid, wei."""
    table = t.exchanges.c
    query = sa.select(table.reward, table.fee).where(
        table.opened_at > now - policy.DAY,
        table.consumer == tools.ctx.address,
        table.state.not_in(policy.UNPAID),
    )
    return sum(row.reward + row.fee for row in work.connection.execute(query))


def _check_fresh(work: Work, offer: Offer) -> None:
    # Whoever knows a pad, or a key, of another sale could read this one's from the chain.
    hashes = offer.offer["sealing"]
    column = t.offers.c.offer["sealing"]
    same = sa.or_(
        column["padHash"].as_string() == hashes["padHash"], column["keyHash"].as_string() == hashes["keyHash"]
    )
    taken = t.offers.c.state.in_(("Accepted", "Used")) & (t.offers.c.exchange_id != offer.exchange_id)
    if work.connection.execute(sa.select(t.offers.c.exchange_id).where(same, taken).limit(1)).first():
        raise policy.Refused("the pad or the key is one that was used before")


def retrieve(tools: Tools, offer: Offer, participant: Participant | None) -> sealing.Item:
    """The item of an offer, out of the consumer's own stream.

    Raises NotYet, ContainerError, policy.Refused.
    """
    tools.streams.subscribe(offer.item_stream)
    found = tools.streams.key_items(offer.item_stream, offer.item_key, count=2)
    if not found:
        raise NotYet("the item has not arrived")
    _from_its_custodian(participant, found[0])
    return sealing.container.decode(_payload(tools, found[0]))


def _payload(tools: Tools, item: Item) -> bytes:
    try:
        return tools.streams.payload(item)
    except PayloadNotHere:
        raise NotYet("the payload has not arrived") from None


def open_item(tools: Tools, effect: EffectRow) -> Done:
    """Decrypts what was delivered. Right: it is kept and confirmed. Wrong:

    the custodian is asked to concede.
    """
    ctx, exchange_id = tools.ctx, bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        exchange, offer = work.get(Exchange, exchange_id), work.get(Offer, exchange_id)
        pad = tools.secrets.get(work, "pad", exchange_id.hex())
        if exchange is None or offer is None or pad is None or exchange.state != "Delivered":
            return moot("nothing is delivered")
        participant, request = work.get(Participant, offer.custodian), work.get(Request, offer.request_id)
        if request is None:
            return moot("the request is unknown")
    offered = papers.Offer.from_json(offer.offer)
    key = sealing.wrap(exchange.wrapped_key, pad)
    if not sealing.opens(key, offered.sealing.key_hash):
        return _fault(tools, exchange, "the key is wrong")
    opened = sealing.open_item(retrieve(tools, offer, participant), key)
    if opened.wrong_chunks:
        return _fault(tools, exchange, f"chunk {opened.wrong_chunks[0]} is wrong")
    document = opened.document
    try:
        documents.validate(offer.category, json.loads(document))
        valid = True
    except (FairCartError, ValueError):
        # The customer signed exactly these bytes: the consumer has what it bought, and says what
        # is odd about it.
        valid = False
        log.trouble("document.invalid", exchange=log.short(exchange_id))
    if not opened.tag_ok:
        log.trouble("item.tag_wrong", exchange=log.short(exchange_id))
    keep_until = tools.clock.now() + int(request.body["retentionDays"]) * 86400
    row = DataSet(
        exchange_id=exchange_id,
        consent_id=offer.consent_id,
        category=offer.category,
        size=len(document.rstrip(b" ")),
        valid=valid,
        tag_ok=opened.tag_ok,
        keep_until=keep_until,
    )
    return Done(
        {"bytes": row.size},
        Outcome(
            (row, replace(offer, state="Used")),
            (
                effects.exchange_call(ctx, exchange_id, "confirm"),
                effects.expire_data(ctx, exchange_id, keep_until),
            ),
        ),
        keep=(("data", exchange_id.hex(), document.rstrip(b" ")),),
    )


def _fault(tools: Tools, exchange: Exchange, reason: str) -> Done:
    log.trouble("exchange.fault", exchange=log.short(exchange.exchange_id), reason=reason)
    half = exchange.delivered_at + (exchange.respond_by - exchange.delivered_at) // 2
    return Done(
        {"fault": reason},
        Outcome(
            effects=(
                effects.ask_to_concede(tools.ctx, exchange.exchange_id),
                effects.exchange_call(tools.ctx, exchange.exchange_id, "proveFault", half),
            )
        ),
    )


def close_request(tools: Tools, effect: EffectRow) -> Done:
    """The request is over: its key is destroyed, so no envelope for it can be opened any more."""
    request_id = bytes.fromhex(effect.body["request"])
    with tools.store.read() as work:
        request = work.get(Request, request_id)
    if request is None or request.state == "Closed":
        return moot("it is closed")
    row = replace(request, state="Closed")
    return Done({}, Outcome((row,)), destroy=(("request", request_id.hex()),))


def forget_pad(_: Tools, effect: EffectRow) -> Done:
    """The exchange is over for good: nothing has to be opened or proven with the pad any more."""
    return Done({}, destroy=(("pad", effect.body["exchange"]),))
