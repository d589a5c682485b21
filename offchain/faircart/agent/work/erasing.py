# SPDX-License-Identifier: Apache-2.0
"""Erasures and withdrawals on their way: at the custodian, to the recipients, back, and into a certificate.

Destroying a key means: its wrapped form leaves the database, and the write-ahead log with it (`Store.scrub`),
before anybody is told that it is gone.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from faircart import documents
from faircart.agent import effects, log, rights_effects, sealed
from faircart.agent.handlers import Outcome
from faircart.agent.handlers.orders import ORDER
from faircart.agent.tools import Tools
from faircart.agent.work import calls
from faircart.agent.work.done import Done, NotYet, moot
from faircart.errors import FairCartError
from faircart.multichain import errors as streams
from faircart.multichain import names
from faircart.rights import erasure
from faircart.store import EffectRow, Work
from faircart.store import tables as t
from faircart.store.errors import StoreBusy
from faircart.store.records import (
    Consent,
    Customer,
    Document,
    ErasureItem,
    Exchange,
    Offer,
    Paper,
    Participant,
    Proposal,
)

AWAY = (streams.Unreachable, streams.TimedOut, streams.ConnectionCut, streams.Overloaded, streams.WarmingUp)
OPEN_PROPOSALS = ("Proposed", "Countered")
Secret = tuple[str, str]


# --- the custodian ----------------------------------------------------------------------------------------


def erase(tools: Tools, effect: EffectRow) -> Done:
    """Destroys the keys of all versions of a customer's documents, and of every item made of them."""
    paper_id = bytes.fromhex(effect.body["paper"])
    with tools.store.read() as work:
        asked = _asked(work, paper_id)
        customer, categories = asked["customer"], asked["categories"]
        erased = {*categories, *([ORDER] if "orders" in categories else [])}
        held = [row for row in work.find(Document, customer=customer) if row.category in erased]
        offers = [row for row in work.find(Offer, customer=customer) if row.category in categories]
        offers = [row for row in offers if row.custodian == tools.ctx.address]
        if any(state_of(work, offer) == "Open" for offer in offers):
            raise NotYet("an exchange waits for its key or its end", 2)
        live = [
            row
            for row in offers
            if row.state == "Offered" and row.valid_until >= tools.clock.now() and state_of(work, row) is None
        ]
        proposals = [row for row in work.find(Proposal, customer=customer) if row.category in categories]
        recipients = sorted({consumer for consumer, _ in _recipients(work, customer, categories)})
        doomed = [("document", row.data_root.hex()) for row in held]
        doomed += [(kind, row.exchange_id.hex()) for row in offers for kind in ("key", "pad")]
        counts = count(work, doomed)
    for row in live:
        if calls.state_on_chain(tools, row.exchange_id) != calls.VOIDED:
            raise NotYet("an offer is still to be voided", 1)
    emptied = tuple(
        replace(row, current=False, size=0, records=0, period_from="", period_to="", order_id=b"")
        for row in held
    )
    ended = tuple(replace(row, state="Ended") for row in offers if row.state == "Offered")
    over = tuple(replace(row, state="Erased") for row in proposals if row.state in OPEN_PROPOSALS)
    after = [rights_effects.tell_erasure(tools.ctx, paper_id, consumer) for consumer in recipients]
    if tools.ctx.custodian.catalog:
        emptying = sorted({row.category for row in held if row.current})
        after += [rights_effects.announce_after(tools.ctx, paper_id, category) for category in emptying]
    if recipients:
        late = tools.clock.now() + erasure.ACKNOWLEDGE_WITHIN
        after.append(rights_effects.certify(tools.ctx, paper_id, late, late=True))
    else:
        after.append(rights_effects.certify(tools.ctx, paper_id))
    result = {name: counts.get(name, 0) for name in ("document", "key", "pad")}
    return Done(result, Outcome((*emptied, *ended, *over), tuple(after)), destroy=tuple(doomed))


def tell_erasure(tools: Tools, effect: EffectRow) -> Done:
    """One recipient is told which consents are concerned."""
    paper_id, consumer = bytes.fromhex(effect.body["paper"]), effect.body["consumer"]
    with tools.store.read() as work:
        asked = _asked(work, paper_id)
        found = _recipients(work, asked["customer"], asked["categories"])
    consents = [consent_id for recipient, consent_id in found if recipient == consumer]
    return _tell(
        tools, effect, erasure.ERASURE, paper_id, asked["customer"], consumer, asked["categories"], consents
    )


def tell_withdrawal(tools: Tools, effect: EffectRow) -> Done:
    """The consumer is told that a consent was withdrawn."""
    consent_id = bytes.fromhex(effect.body["consent"])
    with tools.store.read() as work:
        granted = work.get(Consent, consent_id)
        proposal = next(iter(work.find(Proposal, consent_id=consent_id)), None)
    if granted is None or proposal is None:
        return moot("the consent is not one of ours")
    return _tell(
        tools,
        effect,
        erasure.WITHDRAWAL,
        consent_id,
        granted.customer,
        granted.consumer,
        [proposal.category],
        [consent_id],
    )


def _tell(
    tools: Tools,
    effect: EffectRow,
    kind: str,
    erasure_id: bytes,
    customer: str,
    consumer: str,
    categories: Sequence[str],
    consents: Sequence[bytes],
) -> Done:
    with tools.store.read() as work:
        reader, bound = work.get(Customer, customer), work.get(Participant, consumer)
    if reader is None or bound is None:
        raise NotYet("a party's key is not known", 5)
    notice = erasure.notice(
        kind,
        secrets.token_hex(32),
        custodian=tools.ctx.address,
        consumer=consumer,
        customer=customer,
        reading_key=reader.reading_key,
        categories=categories,
        consents=consents,
        when=tools.clock.now(),
    )
    readers = [reader.reading_key, tools.ctx.hpke_key, bound.hpke_key]
    return publish(tools, effect, notice["id"], notice, readers, erasure_id, "requested", customer, consumer)


def certify(tools: Tools, effect: EffectRow) -> Done:
    """The certificate: what was destroyed here, who acknowledged, who did not, what remains."""
    paper_id = bytes.fromhex(effect.body["paper"])
    with tools.store.read() as work:
        asked = _asked(work, paper_id)
        items = work.find(ErasureItem, erasure_id=paper_id)
        concerned = _concerned(work, paper_id)
        if effect.body["late"] and any(item.step == "certified" for item in items):
            return moot("it is certified")
        own = work.outbox.get(rights_effects.erase(tools.ctx, paper_id).effect_id)
        reader = work.get(Customer, asked["customer"])
    if own is None or own.state != "done" or reader is None:
        raise NotYet("the erasure is not done")
    answered = [item for item in items if item.step == "acknowledged"]
    silent = concerned - {item.author for item in answered}
    scrub(tools)
    payloads = _drop_published(tools, asked)
    edition = edition_of(tools)
    now = tools.clock.now()
    item_id = secrets.token_hex(32)
    value = erasure.certificate(
        item_id,
        chain_id=tools.ctx.chain_id,
        custodian=tools.ctx.address,
        customer=asked["customer"],
        asked=asked,
        own={
            "documentKeysDestroyed": own.result["document"],
            "itemKeysDestroyed": own.result["key"],
            "padsDestroyed": own.result["pad"],
            "payloads": payloads,
            "edition": edition,
            "completedAt": documents.utc(now),
        },
        recipients=[item.body for item in answered],
        silent=sorted(silent),
        when=now,
        private_key=bytes(tools.account.key),
    )
    readers = [reader.reading_key, tools.ctx.hpke_key]
    return publish(tools, effect, item_id, value, readers, paper_id, "certified", asked["customer"], "")


def _drop_published(tools: Tools, asked: dict[str, Any]) -> str:
    """Removes our own copies of ciphertext and envelopes, if our node can; in words what came of it."""
    with tools.store.read() as work:
        txids = sorted(
            {
                row.result["txid"]
                for offer in work.find(Offer, customer=asked["customer"], custodian=tools.ctx.address)
                if offer.category in asked["categories"]
                for name in effects.published_for(tools.ctx, offer)
                if (row := work.outbox.get(name)) is not None and "txid" in row.result
            }
        )
    if not txids:
        return "none were published"
    try:
        tools.streams.purge_published(txids)
    except streams.EnterpriseOnly:
        return "the publisher's ciphertext stays at its node; without its key nobody can read it"
    except AWAY:
        raise
    except streams.MultiChainError as error:
        log.trouble("purge.refused", reason=type(error).__name__)
        return "the publisher's node did not remove its ciphertext; without its key nobody can read it"
    return f"removed from the publisher's node: {len(txids)} items"


def _asked(work: Work, paper_id: bytes) -> dict[str, Any]:
    paper = work.get(Paper, paper_id)
    if paper is None:
        raise ErasureUnknown("there is no such erasure")
    return paper.body


class ErasureUnknown(FairCartError):
    """An effect is about an erasure that nobody asked for."""


def _recipients(work: Work, customer: str, categories: Iterable[str]) -> list[tuple[str, bytes]]:
    """(consumer, consent id) of every consent that was granted in these categories, ended or not."""
    found = []
    for proposal in work.find(Proposal, customer=customer):
        granted = work.get(Consent, proposal.consent_id)
        if granted is not None and proposal.category in categories:
            found.append((granted.consumer, granted.consent_id))
    return sorted(found)


def _concerned(work: Work, paper_id: bytes) -> set[str]:
    """The consumers that an erasure has to reach."""
    asked = _asked(work, paper_id)
    return {consumer for consumer, _ in _recipients(work, asked["customer"], asked["categories"])}


def note(tools: Tools, effect: EffectRow, answer: dict[str, Any]) -> Done:
    with tools.store.read() as work:
        notice = work.get(ErasureItem, answer["notice"])
        if notice is None or notice.step != "requested" or notice.consumer != answer["author"]:
            return moot("it answers no notice of ours")
        others = work.find(ErasureItem, erasure_id=notice.erasure_id)
        # Whom the erasure concerns, not whom a notice has reached so far.
        asked = _concerned(work, notice.erasure_id) if answer["kind"] == erasure.ERASURE else set()
    value = effect.body["value"]
    txid = effect.effect_id.split("/")[2]
    row = ErasureItem(
        item_id=answer["id"],
        erasure_id=notice.erasure_id,
        step="acknowledged",
        customer=notice.customer,
        author=answer["author"],
        consumer=answer["author"],
        notice=notice.item_id,
        commitment=bytes.fromhex(value["commitment"]),
        sealed=value["sealed"],
        body={**{name: answer[name] for name in NOTED}, "streamItem": txid},
    )
    answered = {item.author for item in others if item.step == "acknowledged"} | {row.author}
    after: tuple[Any, ...] = ()
    if answer["kind"] == erasure.ERASURE and asked <= answered:
        after = (rights_effects.certify(tools.ctx, notice.erasure_id),)
    return Done({"acknowledged": len(answered)}, Outcome((row,), after))


NOTED = (
    *("author", "multichainAddress", "dataKeysDestroyed", "padsDestroyed"),
    *("requestKeysDestroyed", "payloads", "edition", "when"),
)


# --- both -------------------------------------------------------------------------------------------------


def publish(
    tools: Tools,
    effect: EffectRow,
    item_id: str,
    document: dict[str, Any],
    readers: Sequence[bytes],
    erasure_id: bytes,
    step: str,
    customer: str,
    consumer: str,
    notice: str = "",
) -> Done:
    value = sealed.committed(sealed.ERASURE, item_id, readers, document)
    row = ErasureItem(
        item_id=item_id,
        erasure_id=erasure_id,
        step=step,
        customer=customer,
        author=tools.ctx.address,
        consumer=consumer,
        notice=notice,
        commitment=bytes.fromhex(value["commitment"]),
        sealed=value["sealed"],
        body={},
    )
    item = effects.publish_json(effect.effect_id + "/publish", names.ERASURES, [item_id], value)
    return Done({"item": item_id}, Outcome((row,), (item,)))


def count(work: Work, secrets_: Iterable[Secret]) -> dict[str, int]:
    """How many of these the vault holds or held, by kind: after this, all of them are destroyed."""
    counts: dict[str, int] = {}
    for kind, name in secrets_:
        query = sa.select(sa.func.count()).where(t.vault.c.kind == kind, t.vault.c.name == name)
        counts[kind] = counts.get(kind, 0) + int(work.connection.execute(query).scalar_one())
    return counts


def state_of(work: Work, offer: Offer) -> str | None:
    exchange = work.get(Exchange, offer.exchange_id)
    return None if exchange is None else exchange.state


def scrub(tools: Tools) -> None:
    """No trace of a destroyed key is left in the database's files after this. Raises NotYet."""
    try:
        tools.store.scrub()
    except StoreBusy as error:
        raise NotYet(str(error), 1) from None


def edition_of(tools: Tools) -> str:
    return f"MultiChain {tools.streams.info().edition}"[:40]
