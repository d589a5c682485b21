# SPDX-License-Identifier: Apache-2.0
"""The full paid exchange, measured: consent signed to reward paid, for documents of three sizes.

The agents, the contracts and the stream nodes are those of the demo; Ethereum has a block a second, which is
most of the time that passes (grant, open, deliver and confirm are a block each).
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil
from eth_account import Account
from faircart import retail
from faircart.agent.client import CustomerClient
from faircart.canonical import canonical
from faircart.documents import orders_document
from faircart.envelope import encode_public_key, new_request_key
from faircart.errors import FairCartError
from faircart.multichain import Json, JsonValue, NewItem, names
from faircart.streams.network import Network
from rich.console import Console

from scripts._demo import sharing
from scripts._demo.processes import Processes
from scripts._demo.progress import Progress
from scripts._demo.world import CUSTODIAN_SHOP, World, build

SIZES = {"1 KiB": (1024, 5), "64 KiB": (64 * 1024, 5), "1 MiB": (1024 * 1024, 3)}
"""Bytes that a document has at most (after padding, exactly), and how many are sold."""
REWARD = 10**12
PATIENCE_SECONDS = 300
MIB = 1024 * 1024


class NotPaid(FairCartError):
    """A reward did not arrive in time."""


def measure(network: Network, items: int) -> dict[str, Any]:
    """Seconds from signed consent to paid reward by size, and resident memory (MiB) of nodes and agents,
    also while the consumer's agent reads `items` catalogue entries.
    """
    with tempfile.TemporaryDirectory(prefix="faircart-bench-") as name, Processes(Path(name)) as processes:
        world = build(processes, Path(name), network, Progress(Console(stderr=True)))
        sharing.publish_request(world.consumer, REWARD)
        result: dict[str, Any] = {"blockSeconds": 1, "sizes": {}}
        for label, (size, count) in SIZES.items():
            document = _document(size)
            seconds = [_sell(world, document) for _ in range(count)]
            result["sizes"][label] = {
                "n": count,
                "consentToRewardSeconds": {
                    "median": round(statistics.median(seconds), 2),
                    "max": round(max(seconds), 2),
                },
                "residentMib": _memory(processes, world, network),
            }
        result["memory"] = _memory_over(items, world, processes, network)
    return result


def _memory_over(items: int, world: World, processes: Processes, network: Network) -> dict[str, Any]:
    """Resident memory while the custodian publishes entries of 1 KiB that the consumer's agent stores."""
    node = network.nodes[0]
    database = world.consumer.folder / "agent.db"
    entry: dict[str, JsonValue] = {
        "category": sharing.CATEGORY,
        "custodian": world.custodian.account.address,
        "filler": "x" * 900,
    }
    before = _catalogue(database)
    series: list[dict[str, Any]] = [{"items": 0, **_memory(processes, world, network)}]
    with node.client(timeout=60) as client:
        for start in range(0, items, 1000):
            end = min(start + 1000, items)
            batch = [NewItem((f"bench{i}",), Json(entry)) for i in range(start, end)]
            client.publish_many(names.CATALOG, batch, address=node.address)
            _until(lambda end=end: _catalogue(database) >= before + end, "the catalogue at the consumer")
            series.append({"items": end, **_memory(processes, world, network)})
    sizes = [point["consumerAgent"] for point in series]
    return {"items": items, "series": series, "growthMib": round(max(sizes) - sizes[0], 1)}


def _catalogue(database: Path) -> int:
    """How many catalogue entries an agent has taken in."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found: int = connection.execute(
            "SELECT count(*) FROM stream_items WHERE stream = 'catalog' AND state = 'applied'"
        ).fetchone()[0]
    return found


def _sell(world: World, document: dict[str, Any]) -> float:
    """One new customer sells one document; seconds from the signature to the reward."""
    account = Account.create()
    private, public = new_request_key()
    line = {
        "customer": account.address,
        "readingKey": "0x" + encode_public_key(public).hex(),
        "category": sharing.CATEGORY,
        "document": document,
    }
    sharing.import_documents(world.custodian, [line])
    client = CustomerClient(world.custodian.api, account, private)
    [proposal] = _until(client.proposals, "a proposal")
    started = time.monotonic()
    client.accept(proposal)
    balance = world.chain.web3.eth.get_balance
    _until(lambda: balance(account.address) == REWARD, "the reward")
    return time.monotonic() - started


def _until(look: Any, what: str) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > end:
            raise NotPaid(f"waited {PATIENCE_SECONDS} s in vain for {what}")
        time.sleep(0.05)
    return found


def _document(size: int) -> dict[str, Any]:
    """A data set of real order lines, as many as fit into `size` bytes once it is padded."""
    lines = [
        line for invoice in retail.load().invoices for line in invoice.lines if line.shop == CUSTODIAN_SHOP
    ]
    step = count = 1
    document = _orders(lines[:1])
    while step:
        candidate = _orders(list(islice(cycle(lines), count + step)))
        if len(canonical(candidate)) <= size:
            count, document, step = count + step, candidate, 2 * step
        else:
            step //= 2
    return document


def _orders(lines: list[retail.Line]) -> dict[str, Any]:
    placed = datetime(2010, 12, 1, 8, 26)
    invoice = retail.Invoice("bench", "bench", placed, "United Kingdom", tuple(lines))
    return orders_document("customer-bench", CUSTODIAN_SHOP, [invoice])


def _memory(processes: Processes, world: World, network: Network) -> dict[str, float]:
    """Resident memory (MiB) of each agent and each stream node process."""
    running = {child.name: child.process.pid for child in processes.children}
    named = {
        "custodianAgent": running[f"{world.custodian.name}-agent"],
        "consumerAgent": running[f"{world.consumer.name}-agent"],
        **{f"node{number}": pid for number, pid in enumerate(network.pids, 1)},
    }
    return {name: round(psutil.Process(pid).memory_info().rss / MIB, 1) for name, pid in named.items()}


def main() -> None:
    """Measure on stream nodes of its own and print the result."""
    from faircart.streams.network import running

    with tempfile.TemporaryDirectory(prefix="faircart-bench-") as name, running(Path(name)) as network:
        print(json.dumps(measure(network, 10_000), indent=2))


if __name__ == "__main__":
    main()
