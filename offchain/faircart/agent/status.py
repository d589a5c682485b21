# SPDX-License-Identifier: Apache-2.0
"""What `agent status` and `agent parked` say, read from the database alone."""

import re
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from faircart.agent.config import Config
from faircart.store import Store, Work
from faircart.store import tables as t
from faircart.store.records import (
    CatalogEntry,
    Consent,
    DataSet,
    Document,
    Exchange,
    Offer,
    Participant,
    Proposal,
    Request,
)

EVENT_ID = re.compile(r"([0-9]{1,18}):([0-9]{1,18}):([0-9a-f]{64})")
ITEM_ID = re.compile(r"([^:]+):([0-9a-f]{64}):([0-9]{1,9})")
"""What `parked` calls an event (block, log index, block hash) and a stream item (stream, txid, vout)."""
SHOWN = 20
"""How many exchanges the report for people lists, the newest ones."""


def status(config: Config) -> dict[str, Any]:
    """The agent's state as one JSON object (see README.md)."""
    with Store(config.database) as store, store.read() as work:
        pins: dict[str, str] = {row.name: row.value for row in work.connection.execute(sa.select(t.pins))}
        counts, now = work.outbox.counts(), int(time.time())
        return {
            "name": config.agent.name,
            "roles": list(config.agent.roles),
            "address": pins.get("account"),
            "multichainAddress": pins.get("stream address"),
            "cursor": work.cursor("ethereum"),
            "documents": len(work.find(Document, current=True)),
            "requests": [_request(row) for row in work.find(Request)],
            "proposals": len(work.find(Proposal)),
            "consents": [_consent(row, now) for row in work.find(Consent)],
            "offers": [_offer(row) for row in work.find(Offer)],
            "exchanges": _exchanges(work),
            "catalog": _catalog(work),
            "effects": {
                state: counts.get(state, 0) for state in ("waiting", "running", "done", "dropped", "parked")
            },
            "parked": {
                "events": _count(work, t.events),
                "items": _count(work, t.stream_items),
                "effects": counts.get("parked", 0),
            },
            "failing": [dict(row) for row in work.connection.execute(sa.select(t.troubles)).mappings()],
        }


def as_text(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['name']} ({', '.join(report['roles'])}), account {report['address']}",
        f"read up to block {report['cursor']}; documents {report['documents']}, "
        f"requests {len(report['requests'])}, consents {len(report['consents'])}, "
        f"offers {len(report['offers'])}",
        "effects: " + ", ".join(f"{count} {state}" for state, count in report["effects"].items()),
        "parked: " + ", ".join(f"{count} {what}" for what, count in report["parked"].items()),
    ]
    lines += [
        f"FAILING since {datetime.fromtimestamp(entry['since'], UTC):%Y-%m-%dT%H:%M:%SZ}: {entry['part']}, "
        f"{entry['error']}"
        for entry in report["failing"]
    ]
    states = Counter(entry["state"] for entry in report["exchanges"])
    lines.append("exchanges: " + (", ".join(f"{count} {name}" for name, count in states.items()) or "none"))
    newest = sorted(report["exchanges"], key=lambda entry: int(entry["openedAt"]))[-SHOWN:]
    lines += [f"exchange {entry['id'][:16]}  {entry['state']}" for entry in newest]
    return "\n".join(lines)


def parked(config: Config) -> list[dict[str, str]]:
    """Everything that is set aside: kind, id, error."""
    with Store(config.database) as store, store.read() as work:
        found = [
            {"kind": "effect", "id": row.effect_id, "error": row.error}
            for row in work.outbox.by_state("parked")
        ]
        for row in work.connection.execute(sa.select(t.events).where(t.events.c.state == "parked")):
            name = f"{row.block_number}:{row.log_index}:{row.block_hash.hex()}"
            found.append({"kind": "event", "id": name, "error": row.error})
        for row in work.connection.execute(
            sa.select(t.stream_items).where(t.stream_items.c.state == "parked")
        ):
            found.append({"kind": "item", "id": f"{row.stream}:{row.txid}:{row.vout}", "error": row.error})
        return found


def decide(config: Config, name: str, decision: str) -> bool:
    """`retry` or `drop` what is parked under `name`; false if nothing is."""
    with Store(config.database) as store, store.write() as work:
        if work.outbox.get(name) is not None:
            return work.outbox.retry(name) if decision == "retry" else work.outbox.drop(name)
        state = "dropped" if decision == "drop" else "retry"
        event, item = EVENT_ID.fullmatch(name), ITEM_ID.fullmatch(name)
        if event is not None:
            table = t.events
            where = (
                table.c.block_number == int(event[1]),
                table.c.log_index == int(event[2]),
                table.c.block_hash == bytes.fromhex(event[3]),
            )
        elif item is None:
            return False
        else:
            table = t.stream_items
            where = (table.c.stream == item[1], table.c.txid == item[2], table.c.vout == int(item[3]))
            state = "dropped" if decision == "drop" else "awaiting"
        changes = {"state": state} if decision == "drop" else {"state": state, "error": ""}
        query = sa.update(table).where(*where, table.c.state == "parked").values(**changes)
        return bool(work.connection.execute(query).rowcount)


def _count(work: Work, table: sa.Table) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(table.c.state == "parked")
    return int(work.connection.execute(query).scalar_one())


def _request(row: Request) -> dict[str, Any]:
    return {
        "id": row.request_id.hex(),
        "consumer": row.consumer,
        "categories": row.categories,
        "purpose": row.purpose,
        "rewardWei": row.reward,
        "state": row.state,
    }


def _consent(row: Consent, now: int) -> dict[str, Any]:
    state = "Ended" if row.ended_at or row.valid_until < now else "Active"
    return {"id": row.consent_id.hex(), "customer": row.customer, "consumer": row.consumer, "state": state}


def _offer(row: Offer) -> dict[str, Any]:
    return {
        "id": row.exchange_id.hex(),
        "consentId": row.consent_id.hex(),
        "state": row.state,
        "reason": row.reason,
        "validUntil": row.valid_until,
    }


def _exchanges(work: Work) -> list[dict[str, Any]]:
    offers = {row.exchange_id: row for row in work.find(Offer)}
    sets = {row.exchange_id: row for row in work.find(DataSet)}
    documents = {row.data_root: row for row in work.find(Document)}
    kept = sa.select(t.vault.c.name).where(t.vault.c.kind == "data", t.vault.c.wrapped_key.is_not(None))
    stored = set(work.connection.execute(kept).scalars())
    found = []
    for row in work.find(Exchange):
        offer, data = offers.get(row.exchange_id), sets.get(row.exchange_id)
        document = None if offer is None else documents.get(offer.data_root)
        size = data.size if data is not None else document.size if document is not None else None
        found.append(_exchange(row, offer, size, row.exchange_id.hex() in stored))
    return found


def _catalog(work: Work) -> list[dict[str, Any]]:
    """What each custodian said last that it can offer in a category, as consumer."""
    address = {row.multichain_address: row.address for row in work.find(Participant)}
    return [
        {
            "custodian": address.get(row.publisher),
            **{name: row.body.get(name) for name in ("category", "documents", "records", "period")},
        }
        for row in work.find(CatalogEntry)
    ]


def _exchange(row: Exchange, offer: Offer | None, size: int | None, stored: bool) -> dict[str, Any]:
    return {
        "id": row.exchange_id.hex(),
        "consentId": row.consent_id.hex(),
        "requestId": None if offer is None else offer.request_id.hex(),
        "customer": row.customer,
        "state": row.state,
        "stored": stored,
        "rewardWei": row.reward,
        "dataBytes": size,
        "openedAt": row.opened_at,
        "deliveredAt": row.delivered_at,
        "closedAt": row.closed_at,
    }
