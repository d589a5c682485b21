# SPDX-License-Identifier: Apache-2.0
"""Whether a market in which nothing changes just now has come to rest, or only pauses.

On a slow machine an agent may not have read yet what there is, and an effect that waits for something looks
for it at growing intervals. So silence alone says nothing: both agents must have read everything since, and
whatever waits must have looked once more, in vain.
"""

import time
from typing import TYPE_CHECKING

import sqlalchemy as sa
from faircart.multichain import names
from faircart.multichain.errors import EntityNotFound
from faircart.store import tables as t

from tests.support.forked import Company

if TYPE_CHECKING:
    from tests.torture.scenario import World

SOON = 20
"""Seconds: what waits for something looks again within that time, what waits for an act does not."""
BLOCKS = 3
"""So many blocks after the last change both agents have read, too."""
_EFFECT = t.effects.c


class Quiet:
    """A time in which nothing changed, from now on."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._block = world.ethereum.w3.eth.block_number
        self._companies = (world.shop, world.consumer)
        self._waiting = [self._soon(company) for company in self._companies]

    def is_rest(self) -> bool:
        """Whether nothing can change any more by itself."""
        return (
            all(self._has_read_blocks(company) for company in self._companies)
            and all(
                self._has_looked(company, before)
                for company, before in zip(self._companies, self._waiting, strict=True)
            )
            and self._has_read_streams()
        )

    def _has_read_blocks(self, company: Company) -> bool:
        with company.store.read() as work:
            return (work.cursor("ethereum") or 0) >= self._block + BLOCKS

    def _has_looked(self, company: Company, before: dict[str, int]) -> bool:
        with company.store.read() as work:
            if work.outbox.by_state("running"):
                return False
        now = self._soon(company)
        return all(before.get(effect, due) != due for effect, due in now.items())

    def _has_read_streams(self) -> bool:
        """Whether both wallets know the same items, and both agents have read what they follow."""
        address = self._world.consumer.address
        plans = [*names.SHARED, *names.consumer_plans(address, ("orders",))]
        for stream in (plan.name for plan in plans):
            try:
                there = [self._items(stream, wallet) for wallet in range(len(self._companies))]
            except EntityNotFound:
                return False
            read = [self._cursor(company, stream) for company in self._companies]
            if there[0] != there[1] or any(cursor not in (None, there[0]) for cursor in read):
                return False
        return True

    def _items(self, stream: str, wallet: int) -> int:
        node = self._world.streams.node(wallet)
        node.subscribe(stream)
        return len(node.arrivals(stream, count=10_000, start=0))

    def _cursor(self, company: Company, stream: str) -> int | None:
        with company.store.read() as work:
            return work.cursor(f"stream/{stream}")

    def _soon(self, company: Company) -> dict[str, int]:
        """When what waits for something will look again."""
        latest = max(int(time.time()), self._world.now()) + SOON
        query = sa.select(_EFFECT.effect_id, _EFFECT.not_before)
        query = query.where(_EFFECT.state == "waiting", _EFFECT.not_before <= latest)
        with company.store.read() as work:
            return {row.effect_id: row.not_before for row in work.connection.execute(query)}
