# SPDX-License-Identifier: Apache-2.0
"""The streams of FairCart: names, what each one forbids, and who may make it.

A `restrict` word names what is restricted: `write` = only granted addresses write, `onchain` = on-chain
items are forbidden (so payloads stay off chain and can be dropped). Names have at most 32 bytes and ignore
case.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

PARTICIPANTS = "participants"
CATALOG = "catalog"
REQUESTS = "requests"
RECEIPTS = "receipts"
ACCESSLOG = "accesslog"
ERASURES = "erasures"
"""Streams that all participants share. Business relations follow from their keys, publishers, sizes and
times.
"""


@dataclass(frozen=True)
class StreamPlan:
    """How a stream is created. `restrict` in MultiChain's own words; `fields` are its custom fields."""

    name: str
    restrict: tuple[str, ...]
    salted: bool = False
    fields: tuple[tuple[str, str], ...] = ()


SHARED: tuple[StreamPlan, ...] = (
    StreamPlan(PARTICIPANTS, ("write",)),
    StreamPlan(CATALOG, ("write",)),
    StreamPlan(REQUESTS, ("write",)),
    StreamPlan(RECEIPTS, ("write", "onchain")),
    StreamPlan(ACCESSLOG, ("write",)),
    StreamPlan(ERASURES, ("write",)),
)

_CATEGORY = re.compile(r"[a-z0-9]{1,13}")
_ADDRESS = re.compile(r"(0x)?[0-9a-fA-F]{40}")


def consumer_id(consumer_address: str) -> str:
    """First 12 lower-case hex digits of sha256 of the 20 bytes of a consumer's Ethereum address.

    Raises ValueError if it is no 20-byte hex address.
    """
    if not _ADDRESS.fullmatch(consumer_address):
        raise ValueError("a consumer is named by its Ethereum address (20 bytes, hex)")
    return hashlib.sha256(bytes.fromhex(consumer_address.removeprefix("0x"))).hexdigest()[:12]


def items_stream(consumer_address: str, category: str) -> str:
    """`items-<consumer>-<category>`; a category is 1 to 13 of a-z and 0-9, or ValueError."""
    if not _CATEGORY.fullmatch(category):
        raise ValueError("a category is 1 to 13 characters of a-z and 0-9")
    return f"items-{consumer_id(consumer_address)}-{category}"


def envelopes_stream(consumer_address: str) -> str:
    """`envelopes-<consumer>`."""
    return f"envelopes-{consumer_id(consumer_address)}"


def consumer_plans(consumer_address: str, categories: tuple[str, ...] | list[str]) -> tuple[StreamPlan, ...]:
    """The streams that a consumer creates for itself; the full address stands in the custom fields."""
    fields = (("consumer", consumer_address),)
    items = tuple(
        StreamPlan(
            items_stream(consumer_address, category),
            ("write", "onchain"),
            salted=True,
            fields=(*fields, ("category", category)),
        )
        for category in categories
    )
    return (*items, StreamPlan(envelopes_stream(consumer_address), ("write", "onchain"), fields=fields))
