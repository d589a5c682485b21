# SPDX-License-Identifier: Apache-2.0
"""What `agent status` and `agent parked` say, read from the database alone."""

from typing import Any

import sqlalchemy as sa

from faircart.agent.config import Config
from faircart.store import Store, Work
from faircart.store import tables as t
from faircart.store.records import Consent, DataSet, Document, Exchange, Offer, Proposal, Request


def status(config: Config) -> dict[str, Any]:
    """The agent's state as one JSON object (see README.md)."""
    with Store(config.database) as store, store.read() as work:
        pins: dict[str, str] = {row.name: row.value for row in work.connection.execute(sa.select(t.pins))}
        counts = work.outbox.counts()
        return {
            "name": config.agent.name,
            "roles": list(config.agent.roles),
            "address": pins.get("account"),
            "multichainAddress": pins.get("stream address"),
            "cursor": work.cursor("ethereum"),
            "documents": len(work.find(Document, current=True)),
            "requests": [_request(row) for row in work.find(Request)],
            "proposals": len(work.find(Proposal)),
            "consents": [_consent(row) for row in work.find(Consent)],
            "offers": [_offer(row) for row in work.find(Offer)],
            "exchanges": [_exchange(work, row) for row in work.find(Exchange)],
            "effects": {
                state: counts.get(state, 0) for state in ("waiting", "running", "done", "dropped", "parked")
            },
            "parked": {
                "events": _count(work, t.events),
                "items": _count(work, t.stream_items),
                "effects": counts.get("parked", 0),
            },
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
    lines += [f"exchange {entry['id'][:16]}  {entry['state']}" for entry in report["exchanges"]]
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
        parts = name.split(":")
        if len(parts) != 3:
            return False
        if parts[0].isdigit():
            table = t.events
            where = (
                table.c.block_number == int(parts[0]),
                table.c.log_index == int(parts[1]),
                table.c.block_hash == bytes.fromhex(parts[2]),
            )
        else:
            table = t.stream_items
            where = (table.c.stream == parts[0], table.c.txid == parts[1], table.c.vout == int(parts[2]))
            state = "dropped" if decision == "drop" else "awaiting"
        query = sa.update(table).where(*where, table.c.state == "parked").values(state=state)
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


def _consent(row: Consent) -> dict[str, Any]:
    state = "Ended" if row.ended_at else "Active"
    return {"id": row.consent_id.hex(), "customer": row.customer, "consumer": row.consumer, "state": state}


def _offer(row: Offer) -> dict[str, Any]:
    return {
        "id": row.exchange_id.hex(),
        "consentId": row.consent_id.hex(),
        "state": row.state,
        "reason": row.reason,
        "validUntil": row.valid_until,
    }


def _exchange(work: Work, row: Exchange) -> dict[str, Any]:
    offer = work.get(Offer, row.exchange_id)
    data = work.get(DataSet, row.exchange_id)
    document = None if offer is None else work.get(Document, offer.data_root)
    size = data.size if data is not None else document.size if document is not None else None
    return {
        "id": row.exchange_id.hex(),
        "consentId": row.consent_id.hex(),
        "requestId": None if offer is None else offer.request_id.hex(),
        "customer": row.customer,
        "state": row.state,
        "stored": data is not None,
        "rewardWei": row.reward,
        "dataBytes": size,
        "openedAt": row.opened_at,
        "deliveredAt": row.delivered_at,
        "closedAt": row.closed_at,
    }
