# SPDX-License-Identifier: Apache-2.0
"""The full paid exchange, measured: consent signed to reward paid, for documents of three sizes.

The agents, the contracts and the stream nodes are those of the demo; Ethereum has a block a second, which is
most of the time that passes (grant, open, deliver and confirm are a block each).
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
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
from faircart.streams.network import Network
from rich.console import Console

from scripts._demo import sharing
from scripts._demo.processes import Processes
from scripts._demo.progress import Progress
from scripts._demo.world import CUSTODIAN_SHOP, World, build

SIZES = {"1 KiB": (1024, 5), "64 KiB": (64 * 1024, 5), "1 MiB": (1024 * 1024, 3)}
"""Bytes that a document has at most (after padding, exactly), and how many are sold."""
REWARD = 10**12
PAID_SECONDS = 120
MIB = 1024 * 1024


class NotPaid(FairCartError):
    """A reward did not arrive in time."""


def measure(network: Network) -> dict[str, Any]:
    """Seconds from signed consent to paid reward by size, and resident memory (MiB) of nodes and agents."""
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
                "residentMib": _memory(processes, network),
            }
    return result


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
    end = time.monotonic() + PAID_SECONDS
    while not (found := look()):
        if time.monotonic() > end:
            raise NotPaid(f"waited {PAID_SECONDS} s in vain for {what}")
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


def _memory(processes: Processes, network: Network) -> dict[str, float]:
    """Resident memory (MiB) of each stream node process and each agent."""
    named = {f"node {number}": pid for number, pid in enumerate(network.pids, 1)}
    named |= {child.name: child.process.pid for child in processes.children if "agent" in child.name}
    return {name: round(psutil.Process(pid).memory_info().rss / MIB, 1) for name, pid in named.items()}


def main() -> None:
    """Measure on stream nodes of its own and print the result."""
    from faircart.streams.network import running

    with tempfile.TemporaryDirectory(prefix="faircart-bench-") as name, running(Path(name)) as network:
        print(json.dumps(measure(network), indent=2))


if __name__ == "__main__":
    main()
