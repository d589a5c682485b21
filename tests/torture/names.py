# SPDX-License-Identifier: Apache-2.0
"""Names for what differs from telling to telling, so that it still has to stand where it stands.

An id that follows from the clock (a consent's, since its end is in it) or from the chain becomes the name of
what it is the id of: "consent of customer 7". People and companies get names, too, which read better.
"""

import re
from typing import Any

import sqlalchemy as sa
from faircart.multichain import names
from faircart.store import tables as t
from faircart.store.records import Offer, Paper, Proposal

from tests.torture.scenario import World

HEX = re.compile(r"(?:0x)?[0-9a-fA-F]{40,}")
CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
YEAR_2020, YEAR_2100 = 1_577_836_800, 4_102_444_800
FOLLOWS = {"block_number", "log_index", "logIndex", "timestamp"}
"""Fields that hold a place on the chain."""
SIGNED_OR_SEALED = {"signature", "sealed", "hex", "concede", "faircart:signature"}
"""Fields whose bytes follow from all that was signed or sealed; how long they are must be the same."""


class Names:
    """What each id that is born of the clock or the chain is the id of."""

    def __init__(self, world: World) -> None:
        self._known: dict[str, str] = {}
        self._plain: dict[str, str] = {}
        for number, person in enumerate(world.people):
            self.name(person.address, f"customer {number}")
        for company in (world.shop, world.consumer):
            self.name(company.address, company.name)
            self._plain[company.stream_address] = f"stream address of {company.name}"
            self._chain_ids(company)
        for plan in names.consumer_plans(world.consumer.address, ("orders",)):
            self._plain[plan.name] = plan.name.split("-")[0] + " of the consumer"
        with world.shop.store.read() as work:
            for proposal in work.find(Proposal):
                who = self(proposal.customer)
                self.name(proposal.consent_id, f"consent of {who}")
                self.name(proposal.consent["terms"], f"terms for {who}")
            for offer in work.find(Offer):
                self.name(offer.exchange_id, f"exchange {offer.ordinal} with {self(offer.customer)}")
            for paper in work.find(Paper):
                if paper.kind != "consent":
                    which = self(paper.body.get("salt", paper.signer))
                    self.name(paper.digest, f"{paper.kind} {which} of {self(paper.signer)}")

    def _chain_ids(self, company: Any) -> None:
        queries = {
            "a block": sa.select(t.events.c.block_hash),
            "a transaction": sa.select(t.events.c.transaction),
            "an item": sa.select(t.stream_items.c.txid),
        }
        with company.store.read() as work:
            for kind, query in queries.items():
                for found in work.connection.execute(query).scalars():
                    self.name(found, kind)
            for hashes in work.connection.execute(sa.select(t.transactions.c.hashes)).scalars():
                for found in hashes:
                    self.name(found, "a transaction")
            for result in work.connection.execute(sa.select(t.effects.c.result)).scalars():
                if "txid" in result:
                    self.name(result["txid"], "an item")

    def name(self, given: bytes | str, name: str) -> None:
        """From now on this id is called so."""
        text = given.hex() if isinstance(given, bytes) else given.lower().removeprefix("0x")
        assert self._known.setdefault(text, name) == name, f"{name} is also {self._known[text]}"

    def __call__(self, value: Any, field: str = "") -> Any:
        """A value with names in it."""
        if isinstance(value, bytes):
            value = value.hex()
        if isinstance(value, dict):
            return {self(key): self(entry, key) for key, entry in value.items()}
        if field in SIGNED_OR_SEALED and isinstance(value, str):
            return f"<{len(value)} digits>"
        if isinstance(value, list | tuple):
            return [self(entry, field) for entry in value]
        if field in FOLLOWS:
            return "<from the chain>"
        if isinstance(value, bool):
            return value
        if isinstance(value, int) and YEAR_2020 < value < YEAR_2100:
            return "<time>"
        if isinstance(value, str):
            return self._text(value)
        return value

    def _text(self, value: str) -> str:
        if value.isdigit() and YEAR_2020 < int(value) < YEAR_2100:
            return "<time>"
        for plain, name in self._plain.items():
            value = value.replace(plain, name)
        return HEX.sub(self._replaced, CLOCK.sub("<time>", value))

    def _replaced(self, found: re.Match[str]) -> str:
        text = found.group(0).lower().removeprefix("0x")
        return f"<{self._known[text]}>" if text in self._known else found.group(0)
