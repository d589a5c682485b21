# SPDX-License-Identifier: Apache-2.0
"""One story told in many tests: documents in, a request out, consents signed."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from faircart.agent import asking, config, offline
from faircart.agent.client import ApiUnreachable
from faircart.store import Store, tables

from tests.support.agents import Enterprise, Shopper, wait_for
from tests.support.documents import orders

REWARD = 10**15


def import_documents(shop: Enterprise, people: Sequence[Shopper], folder: Path) -> None:
    """The shop takes its customers' documents in."""
    lines = folder / "documents.jsonl"
    lines.write_text("\n".join(person.import_line(orders(person.number)) for person in people))
    offline.import_documents(config.load(shop.config), lines)


def ask(consumer: Enterprise, reward: int = REWARD) -> str:
    """The consumer publishes a request for orders; its id."""
    wanted = asking.Wanted(
        categories=("orders",),
        purpose="dpv:ServiceOptimisation",
        notice="notice-1",
        reward=reward,
        valid_for=86400,
        retention_days=30,
        expires_at=int(time.time()) + 86400,
    )
    return offline.publish_request(config.load(consumer.config), wanted).hex()


def consent(shop: Enterprise, people: Sequence[Shopper]) -> list[Any]:
    """Each customer consents to what is proposed; the proposals."""

    def accept(person: Shopper) -> Any:
        try:
            client = person.client(shop)
            proposals = [seen[person.number]] if person.number in seen else client.proposals()
            if proposals:
                seen[person.number] = proposals[0]
                client.accept(proposals[0])
                return proposals[0]
        except ApiUnreachable:
            pass  # the agent was killed just now: the same paper is handed in again
        return None

    seen: dict[int, Any] = {}
    return [wait_for(partial(accept, person), "a proposal", 120) for person in people]


def exchanges(enterprise: Enterprise) -> dict[str, str]:
    """Each exchange's state, read from the agent's database."""
    with Store(f"sqlite:///{enterprise.home}/agent.db") as store, store.read() as work:
        rows = work.connection.execute(sa.select(tables.exchanges))
        return {row.exchange_id.hex(): row.state for row in rows}
