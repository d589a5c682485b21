# SPDX-License-Identifier: Apache-2.0
"""What a custodian writes for the record: access log, receipts, retractions.

Sealed here, published by the stream lane.
"""

import secrets
from typing import Any

import sqlalchemy as sa

from faircart import canonical, documents, papers
from faircart.agent import effects, sealed
from faircart.agent.handlers import Outcome
from faircart.agent.tools import Tools
from faircart.agent.work.done import Done, NotYet, moot
from faircart.errors import FairCartError
from faircart.multichain import names
from faircart.rights import receipts
from faircart.store import Effect, EffectRow, Work
from faircart.store import tables as t
from faircart.store.records import AccessEntry, Consent, Customer, Exchange, Offer, Participant, Proposal

WHO = {
    "granted": "customer",
    "withdrawn": "customer",
    "opened": "consumer",
    "delivered": "custodian",
    "settled": "consumer",
    "conceded": "custodian",
    "faulted": "consumer",
    "aborted": "custodian",
    "cancelled": "consumer",
}
"""Whose act each step is."""


def access_entry(tools: Tools, effect: EffectRow) -> Done:
    """One step of a consent or an exchange:

    who, what, with whom, when, by what means, what for, on what condition.
    """
    body = effect.body
    subject = bytes.fromhex(body["subject"])
    with tools.store.read() as work:
        if "corrects" not in body and _state_of(work, body) == "orphaned":
            return moot("the event was orphaned")
        try:
            consent_id, proposal, readers, customer = _parties(tools, work, subject)
        except NotOurs as error:
            return moot(str(error))
    record = documents.read_consent_record(proposal.terms)
    parties = {
        "customer": customer,
        "custodian": tools.ctx.address,
        "consumer": record.consumer,
    }
    step = body["step"]
    who = WHO[step.split("-")[0]]
    entry_id = secrets.token_hex(32)
    entry: dict[str, Any] = {
        "version": 1,
        "id": entry_id,
        "step": step,
        "who": {"role": who, "address": parties[who]},
        "what": {"category": record.category, "dataRoot": "0x" + proposal.data_root.hex()},
        "withWhom": [{"role": role, "address": address} for role, address in parties.items() if role != who],
        "when": body["when"],
        "means": f"{body['contract']}.{body['event']}",
        "purpose": record.purpose,
        "condition": {
            "consent": consent_id.hex(),
            "rewardWei": str(record.reward),
            "validUntil": record.valid_until,
            "notice": record.notice_version,
            "retentionDays": record.retention_days,
            "processing": list(record.processing),
            "storageLocation": record.storage_location,
            "jurisdiction": record.jurisdiction,
            "conditions": record.conditions,
        },
        "evidence": {
            "chainId": tools.ctx.chain_id,
            "contract": dict(tools.ctx.contracts)[body["contract"]],
            "subject": body["subject"],
            "transaction": body["transaction"],
            "logIndex": body["logIndex"],
        },
        "salt": canonical.new_salt(),
    }
    if "corrects" in body:
        entry["corrects"] = body["corrects"]
    commitment = canonical.commitment(entry)
    copies = sealed.seal(sealed.ACCESS_ENTRY, entry_id, readers, entry)
    value = {"version": 1, "commitment": commitment.hex(), "sealed": copies}
    publish = effects.publish_json(effect.effect_id + "/publish", names.ACCESSLOG, [entry_id], value)
    row = AccessEntry(entry_id, effect.effect_id, customer, commitment, copies)
    return Done({"entry": entry_id}, Outcome((row,), (publish,)))


def receipt(tools: Tools, effect: EffectRow) -> Done:
    """The consent receipt, signed by us, committed to in clear and sealed to its three parties."""
    consent_id = bytes.fromhex(effect.body["consent"])
    with tools.store.read() as work:
        granted = work.get(Consent, consent_id)
        if granted is None:
            raise NotYet("the consent is not confirmed on chain")
        _, proposal, readers, _ = _parties(tools, work, consent_id)
    receipt_id = secrets.token_hex(32)
    evidence = receipts.Evidence(
        chain_id=tools.ctx.chain_id,
        registry=dict(tools.ctx.contracts)["ConsentRegistry"],
        consent_id=consent_id,
        transaction=granted.transaction,
        block_time=granted.granted_at,
        chain_name=tools.ctx.chain_name,
    )
    consent, key = papers.Consent.from_json(proposal.consent), bytes(tools.account.key)
    document = receipts.make(receipt_id, proposal.terms, consent, evidence, tools.clock.now(), key)
    data = canonical.canonical(sealed.committed(sealed.RECEIPT, receipt_id, readers, document))
    publish = effects.publish_bytes(effect.effect_id + "/publish", names.RECEIPTS, [receipt_id], data)
    # Where the evidence stands, so that a receipt is written anew if a reorganisation moves it.
    evidence_at = {"transaction": granted.transaction.hex(), "when": granted.granted_at}
    return Done({"receipt": receipt_id, **evidence_at}, Outcome(effects=(publish,)))


def retract(tools: Tools, effect: EffectRow) -> Done:
    """An event that the access log tells of was orphaned: an entry says so."""
    with tools.store.read() as work:
        if _state_of(work, effect.body) == "applied":
            return moot("it is mined again")
        told = _told(tools, work, effect.body)
        taken_back = {row.effect_id: _is_taken_back(work, row) for row, _ in told}
    again = [
        effects.again(
            f"{row.effect_id}/retracted/{effect.body['block']}",
            "accessEntry",
            {**row.body, "step": f"{row.body['step']}-retracted", "corrects": entry.entry_id},
        )
        for row, entry in told
        if not taken_back[row.effect_id]
    ]
    return (
        Done({"entries": len(again)}, Outcome(effects=tuple(again))) if again else moot("nothing was written")
    )


def reinstate(tools: Tools, effect: EffectRow) -> Done:
    """An event that the access log took back is mined again: an entry says so."""
    with tools.store.read() as work:
        if _state_of(work, effect.body) == "orphaned":
            return moot("it was orphaned again")
        again = [
            effects.again(
                f"{row.effect_id}/reinstated/{effect.body['block']}",
                "accessEntry",
                {
                    **row.body,
                    "step": f"{row.body['step']}-reinstated",
                    "corrects": entry.entry_id,
                    "transaction": effect.body["transaction"],
                    "when": effect.body["when"],
                    "logIndex": effect.body["logIndex"],
                },
            )
            for row, entry in _told(tools, work, effect.body)
            if _is_taken_back(work, row)
        ]
        again += _receipt_again(tools, work, effect.body)
    return Done({"entries": len(again)}, Outcome(effects=tuple(again))) if again else moot("nothing changed")


def _is_taken_back(work: Work, row: EffectRow) -> bool:
    """Whether the last correction of an entry took it back: it is not taken back, or reinstated, twice."""

    def count(correction: str) -> int:
        names = work.outbox.ids(f"{row.effect_id}/{correction}/")
        return sum(not name.endswith("/publish") for name in names)

    return count("retracted") > count("reinstated")


def _receipt_again(tools: Tools, work: Work, body: dict[str, Any]) -> list[Effect]:
    """A receipt whose consent was granted again, elsewhere or at another time than the last receipt says."""
    if body["event"] != "Granted":
        return []
    first = effects.receipt(tools.ctx, bytes.fromhex(body["subject"])).effect_id
    written = [row for name in work.outbox.ids(first) if (row := work.outbox.get(name)) is not None]
    written = [row for row in written if row.kind == "receipt" and row.result.get("receipt")]
    stands = (body["transaction"], body["when"])
    if not written or stands in {(row.result.get("transaction"), row.result.get("when")) for row in written}:
        return []
    return [effects.again(f"{first}/reinstated/{body['block']}", "receipt", written[0].body)]


def _told(tools: Tools, work: Work, body: dict[str, Any]) -> list[tuple[EffectRow, AccessEntry]]:
    """What was written about an event, found by its subject and name."""
    found = []
    for name in work.outbox.ids(effects.access_entries_of(tools.ctx, body["contract"], body["subject"])):
        row = work.outbox.get(name)
        if (
            row is None
            or row.kind != "accessEntry"
            or row.body["event"] != body["event"]
            or "corrects" in row.body
        ):
            continue
        found += [(row, entry) for entry in work.find(AccessEntry, effect_id=name)]
    return found


def _state_of(work: Work, body: dict[str, Any]) -> str:
    """What became of the event of an entry: `applied` if it is (again) part of the chain."""
    about = (t.events.c.name == body["event"], t.events.c.subject == bytes.fromhex(body["eventSubject"]))

    def stands_as(state: str) -> bool:
        query = sa.select(t.events.c.block_number).where(t.events.c.state == state, *about).limit(1)
        return work.connection.execute(query).first() is not None

    # Orphaned ones are few and found by their state; only for them all the others are looked through.
    return "orphaned" if stands_as("orphaned") and not stands_as("applied") else "applied"


class NotOurs(FairCartError):
    """Anybody can have a consent recorded that names us as custodian: no proposal of ours led to it."""


def _parties(tools: Tools, work: Work, subject: bytes) -> tuple[bytes, Proposal, list[bytes], str]:
    # There is no exchange while the block that opened it is taken back, but the offer stays.
    sale = work.get(Exchange, subject) or work.get(Offer, subject)
    consent_id = subject if sale is None else sale.consent_id
    consent = work.get(Consent, consent_id)
    proposal = next(iter(work.find(Proposal, consent_id=consent_id)), None)
    if proposal is None:
        raise NotOurs("the consent is not one of ours")
    customer = proposal.customer
    consumer = proposal.consent["consumer"] if consent is None else consent.consumer
    bound = work.get(Participant, consumer)
    reader = work.get(Customer, customer)
    if bound is None or reader is None:
        raise NotYet("a party's key is not known", 5)
    return consent_id, proposal, [reader.reading_key, tools.ctx.hpke_key, bound.hpke_key], customer
