# SPDX-License-Identifier: Apache-2.0
"""What the client adds to a call, measured beside two bare callers on kept connections to the same node.

The *ready* one sends a body that was made before the clock starts and throws the answer away: against it the
goal is judged. The *whole* one does what any caller must: it makes its JSON, with the payload as hex, and
takes the payload out of the answer, each by the standard library's shortest way.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from http import HTTPStatus
from itertools import repeat
from typing import Any, NamedTuple

from faircart.errors import FairCartError
from faircart.multichain import StreamNode
from faircart.streams.network import Node

Work = Callable[[], Any]


class Trio(NamedTuple):
    """The same call by each caller."""

    ready: Work
    whole: Work
    client: Work


def ms(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum in milliseconds."""
    ordered = sorted(seconds)
    return {
        "median": round(statistics.median(ordered) * 1000, 3),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000, 3),
        "max": round(ordered[-1] * 1000, 3),
        "n": len(ordered),
    }


def compared(trios: Iterable[Trio]) -> dict[str, Any]:
    """The three in turn: milliseconds on the clock, and what the client adds.

    `overheadMs` (over the ready caller) and `overWholeMs` are median differences on the clock, which a node
    whose answers take long now and then blurs; `processorMs` and `processorOverWholeMs` are those of this
    thread's processor time, in which the node has no part.
    """
    clock: tuple[list[float], ...] = ([], [], [])
    processor: tuple[list[float], ...] = ([], [], [])
    for number, trio in enumerate(trios):
        # each comes as often first, second and last: what a node still does for one call delays the next
        for place in range(3):
            which = (number + place) % 3
            busy, since = time.thread_time(), time.perf_counter()
            trio[which]()
            clock[which].append(time.perf_counter() - since)
            processor[which].append(time.thread_time() - busy)
    return {
        "readyMs": ms(clock[0]),
        "wholeMs": ms(clock[1]),
        "clientMs": ms(clock[2]),
        "overheadMs": _median_difference(clock[0], clock[2]),
        "overWholeMs": _median_difference(clock[1], clock[2]),
        "processorMs": _median_difference(processor[0], processor[2]),
        "processorOverWholeMs": _median_difference(processor[1], processor[2]),
    }


def _median_difference(bare: list[float], client: list[float]) -> float:
    return round(statistics.median(two - one for one, two in zip(bare, client, strict=True)) * 1000, 3)


class Bare:
    """JSON-RPC by `http.client` on one kept connection, without a check of anything but the status."""

    def __init__(self, node: Node) -> None:
        host, port = node.url.removeprefix("http://").strip("/").split(":")
        word = f"{node.user}:{node.password_file.read_text().strip()}".encode()
        self._headers = {"Authorization": "Basic " + base64.b64encode(word).decode()}
        self._connection = http.client.HTTPConnection(host, int(port), timeout=60)

    def post(self, body: bytes) -> bytes:
        self._connection.request("POST", "/", body, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != HTTPStatus.OK:
            raise FairCartError(f"the node answered {response.status} to a bare call")
        return content

    def ready(self, method: str, *params: Any) -> Work:
        return partial(self.post, body(method, *params))

    def result(self, method: str, *params: Any) -> Any:
        return json.loads(self.post(body(method, *params)))["result"]

    def close(self) -> None:
        self._connection.close()


def body(method: str, *params: Any) -> bytes:
    return json.dumps({"method": method, "params": params, "id": 1}).encode()


def height(bare: Bare, client: StreamNode, number: int) -> Iterable[Trio]:
    """An empty call."""
    ready = bare.ready("getblockcount")
    return repeat(Trio(ready, partial(bare.result, "getblockcount"), client.block_count), number)


def publishing(
    bare: Bare, client: StreamNode, stream: str, address: str, size: int, offchain: bool, number: int
) -> Iterator[Trio]:
    """Payloads of `size` bytes, each published once."""
    option = "offchain" if offchain else ""
    for i in range(number):
        first, second, third = (os.urandom(size) for _ in range(3))

        def whole(payload: bytes = second, i: int = i) -> None:
            bare.result("publishfrom", address, stream, [f"whole{i}"], payload.hex(), option)

        yield Trio(
            bare.ready("publishfrom", address, stream, [f"ready{i}"], first.hex(), option),
            whole,
            partial(client.publish, stream, f"k{i}", third, address=address, offchain=offchain),
        )


def reading(
    bare: Bare, client: StreamNode, stream: str, address: str, size: int, offchain: bool, number: int
) -> Iterable[Trio]:
    """By the call that carries the payload: the item's own, or `gettxoutdata` where it is too large."""
    txid = client.publish(stream, "k", os.urandom(size), address=address, offchain=offchain)
    item = client.item(stream, txid)
    if item.shown:
        trio = Trio(
            bare.ready("getstreamitem", stream, txid, True),
            lambda: bytes.fromhex(bare.result("getstreamitem", stream, txid, True)["data"]),
            lambda: client.payload(client.item(stream, txid)),
        )
    else:
        trio = Trio(
            bare.ready("gettxoutdata", txid, item.vout),
            lambda: bytes.fromhex(bare.result("gettxoutdata", txid, item.vout)),
            lambda: client.payload(item),
        )
    return repeat(trio, number)
