# SPDX-License-Identifier: Apache-2.0
"""Where a customer gets stream items from, since it is no peer of the stream network: a stream node that
it may
use, or the HTTP API of any agent. What an agent hands out is sealed and committed to, so it needs not be
trusted with more than completeness; ask a second one to be sure of that, too.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from faircart.errors import FairCartError
from faircart.multichain import Item, StreamNode
from faircart.multichain.errors import EntityNotFound, PayloadNotHere

PAGE = 200


class SourceUnreachable(FairCartError):
    """Nobody answers who could hand out stream items."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A stream item as a source shows it: `value` is its JSON, None while the payload is not there."""

    stream: str
    txid: str
    publisher: str
    keys: tuple[str, ...]
    value: Any
    confirmations: int


class StreamSource(Protocol):
    """Items of the shared streams; `name` says in words whom one trusts for completeness."""

    name: str

    def all(self, stream: str) -> Iterator[Seen]:
        """Every item of a stream, oldest first."""

    def by_key(self, stream: str, key: str) -> list[Seen]:
        """The items with a key."""


class NodeSource:
    """A stream node of the customer's choice."""

    def __init__(self, node: StreamNode) -> None:
        self._node = node
        self.name = f"the stream node {node.url}"

    def all(self, stream: str) -> Iterator[Seen]:
        if not self._follow(stream):
            return
        start = 0
        while items := self._node.items(stream, count=PAGE, start=start):
            yield from (seen(self._node, item) for item in items)
            start += len(items)

    def by_key(self, stream: str, key: str) -> list[Seen]:
        if not self._follow(stream):
            return []
        return [seen(self._node, item) for item in self._node.key_items(stream, key, count=PAGE, start=0)]

    def _follow(self, stream: str) -> bool:
        try:
            self._node.subscribe(stream)
        except EntityNotFound:
            return False
        return True


class ApiSource:
    """The API of any agent (`GET /v1/streams/...`)."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self.name = f"the agent at {self._url}"

    def all(self, stream: str) -> Iterator[Seen]:
        start = 0
        while found := self._ask(f"/v1/streams/{stream}/items?start={start}&count={PAGE}"):
            yield from found
            start += len(found)

    def by_key(self, stream: str, key: str) -> list[Seen]:
        return self._ask(f"/v1/streams/{stream}/keys/{key}")

    def _ask(self, path: str) -> list[Seen]:
        try:
            answer = requests.get(self._url + path, timeout=30)
            answer.raise_for_status()
            return [Seen(**{**found, "keys": tuple(found["keys"])}) for found in answer.json()]
        except (requests.RequestException, ValueError, TypeError, KeyError):
            raise SourceUnreachable(
                f"{self._url} does not hand out stream items: is an agent running there?"
            ) from None


def seen(node: StreamNode, item: Item) -> Seen:
    """An item with its JSON value, whether it was published as JSON or as its canonical bytes."""
    try:
        value = node.data(item)
        if isinstance(value, bytes):
            value = json.loads(value)
    except (PayloadNotHere, ValueError):
        value = None
    publisher = item.publishers[0] if len(item.publishers) == 1 else ""
    return Seen(item.stream, item.txid, publisher, item.keys, value, item.confirmations)
