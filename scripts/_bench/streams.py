# SPDX-License-Identifier: Apache-2.0
"""`make bench-streams`: what publishing, discovering and retrieving stream items costs.

Starts two nodes (MultiChain where it is found, else the stand-in), measures, and writes
`reports/streams.json` and `reports/streams.png`. On the stand-in, rates and latencies say nothing about
MultiChain.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import psutil
from faircart.errors import FairCartError
from faircart.multichain import Item, NewItem
from faircart.streams.network import Network, running

from scripts._bench import exchange, overhead
from scripts._bench.overhead import ms
from scripts._bench.streams_picture import draw
from scripts._demo.ending import end_on_signals

KIB, MIB = 1024, 1024 * 1024
SIZES = {"1 KiB": KIB, "64 KiB": 64 * KIB, "1 MiB": MIB}
GOALS = {
    "clientOverheadMs": "client overhead under 1 ms a call at the median, over a bare call with body ready",
    "batchRatio": "1 KiB items through publishmulti at least 5 times the rate of single publishes",
    "memoryMib": "agent memory flat within 10 MiB over 10,000 items",
}
MEMORY_ITEMS = 10_000
VERDICTS = {True: "reached", False: "MISSED ", None: "unknown"}
_POLL_SECONDS = 0.002
_ROUNDS = 5
_ARRIVE_SECONDS = 120.0


def timed(work: Callable[[], Any]) -> float:
    since = time.perf_counter()
    work()
    return time.perf_counter() - since


class Bench:
    """Two nodes and a client for each; this process stands for the agent."""

    def __init__(self, network: Network, scale: float) -> None:
        self.network = network
        self.scale = scale
        self.publisher, self.reader = (node.client(timeout=60) for node in network.nodes[:2])
        self.address = network.nodes[0].address
        self._streams = iter(range(1_000_000))

    def many(self, number: int) -> int:
        return max(3, round(number * self.scale))

    def memory(self) -> dict[str, float]:
        """Resident MiB of this process and of each node's (one for all wallets of a stand-in)."""
        nodes = [psutil.Process(pid).memory_info().rss for pid in self.network.pids]
        return {
            "agent": round(psutil.Process().memory_info().rss / MIB, 1),
            **{f"node{i}": round(rss / MIB, 1) for i, rss in enumerate(nodes, start=1)},
        }

    def stream(self) -> str:
        """A new stream that both follow."""
        name = f"bench-{os.getpid()}-{next(self._streams)}"
        self.publisher.create_stream(name, [])
        self.publisher.subscribe(name)
        # on a busy node a stream that is in no block yet can be unknown for a moment
        self.until(lambda: self.reader.has_stream(name) and self.reader.stream(name).streamref)
        self.reader.subscribe(name)
        return name

    @staticmethod
    def until(look: Callable[[], Any], seconds: float = _ARRIVE_SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := look()):
            if time.monotonic() > deadline:
                raise FairCartError("an item did not arrive within two minutes")
            time.sleep(_POLL_SECONDS)
        return found

    def available(self, stream: str, txid: str) -> Item:
        def look() -> Item | None:
            found = self.reader.transaction_items(stream, txid)
            return found[0] if found and found[0].available else None

        item: Item = self.until(look)
        return item

    # --- publish, discover, retrieve ---
    def items(self, size: int, offchain: bool) -> dict[str, Any]:
        stream = self.stream()
        number = self.many(300 if size < 10 * KIB else 120 if size < MIB else 24)
        payloads = [os.urandom(size) for _ in range(number)]
        since = time.perf_counter()
        calls = [
            timed(lambda i=i: self.publish(stream, f"k{i}", payloads[i], offchain)) for i in range(number)
        ]
        seconds = time.perf_counter() - since
        memory = {"publish": self.memory()}
        self.until(lambda: self.present(stream) == number)
        latency = []
        for i in range(self.many(60 if size < MIB else 24)):
            payload = os.urandom(size)
            begun = time.perf_counter()
            self.available(stream, self.publish(stream, f"single{i}", payload, offchain))
            latency.append(time.perf_counter() - begun)
        found: list[Item] = []
        discover = timed(lambda: found.extend(self.discover(stream)))
        memory["discover"] = self.memory()
        retrieve = [timed(lambda item=item: self.reader.payload(item)) for item in found[:number]]
        memory["retrieve"] = self.memory()
        return {
            "publishPerSecond": round(number / seconds, 1),
            "mibPerSecond": round(number * size / MIB / seconds, 2),
            "publishCallMs": ms(calls),
            "availableMs": ms(latency),
            "discoverItemsPerSecond": round(len(found) / discover, 1),
            "retrieveMs": ms(retrieve),
            "residentMib": memory,
        }

    def publish(self, stream: str, key: str, payload: bytes, offchain: bool) -> str:
        return self.publisher.publish(stream, key, payload, address=self.address, offchain=offchain)

    def present(self, stream: str) -> int:
        return sum(item.available for item in self.discover(stream))

    def discover(self, stream: str) -> Iterator[Item]:
        """All items, page by page, as an agent reads them."""
        start = 0
        while page := self.reader.arrivals(stream, count=200, start=start):
            yield from (item for transaction in page for item in transaction)
            start += len(page)

    # --- the goals ---
    def batches(self) -> dict[str, Any]:
        """1 KiB items one by one and by 32, in turn, so that what else the machine does hits both alike."""
        number = self.many(320)
        single, batch = self.stream(), self.stream()
        one, many = [], []
        for part in range(_ROUNDS):
            items = [NewItem((f"k{part}-{i}",), os.urandom(KIB)) for i in range(number)]
            one.append(timed(partial(self.publish_singly, single, items)))
            many.append(timed(partial(self.publisher.publish_many, batch, items, address=self.address)))
        rates = [statistics.median(number / seconds for seconds in took) for took in (one, many)]
        ratios = [single / batch for single, batch in zip(one, many, strict=True)]
        return {
            "singlePerSecond": round(rates[0], 1),
            "batchPerSecond": round(rates[1], 1),
            "ratio": round(statistics.median(ratios), 2),
        }

    def publish_singly(self, stream: str, items: list[NewItem]) -> None:
        for item in items:
            self.publisher.publish(stream, item.keys, item.data, address=self.address)

    def overhead(self) -> dict[str, Any]:
        """What the client adds to the same calls by bare HTTP."""
        stream, client = self.stream(), self.publisher
        bare = overhead.Bare(self.network.nodes[0])
        answer = {"getblockcount": overhead.compared(overhead.height(bare, client, self.many(1000)))}
        for name, size in SIZES.items():
            number = self.many(1000 if size < 10 * KIB else 200 if size < MIB else 40)
            for offchain in (False, True):
                what = (bare, client, stream, self.address, size, offchain, number)
                label = f"{name} {'off' if offchain else 'on'} chain"
                answer[f"publish {label}"] = overhead.compared(overhead.publishing(*what))
                answer[f"read {label}"] = overhead.compared(overhead.reading(*what))
        bare.close()
        return answer

    def memory_over(self, number: int) -> dict[str, Any]:
        """Resident memory while `number` items of 1 KiB are published, discovered and retrieved."""
        stream = self.stream()
        series: list[dict[str, Any]] = [{"items": 0, **self.memory()}]
        read = transactions = 0
        for start in range(0, number, 1000):
            items = [NewItem((f"k{start + i}",), os.urandom(KIB)) for i in range(min(1000, number - start))]
            self.publisher.publish_many(stream, items, address=self.address)
            deadline = time.monotonic() + _ARRIVE_SECONDS
            while read < start + len(items):
                page = self.reader.arrivals(stream, count=200, start=transactions)
                transactions += len(page)
                for item in (item for transaction in page for item in transaction):
                    self.reader.payload(item)
                    read += 1
                if not page and time.monotonic() > deadline:
                    raise FairCartError("items did not arrive within two minutes")
                time.sleep(0 if page else _POLL_SECONDS)
            series.append({"items": start + len(items), **self.memory()})
        agent = [point["agent"] for point in series]
        return {"items": number, "series": series, "growthMib": round(max(agent) - agent[0], 1)}


def measure(network: Network, scale: float) -> dict[str, Any]:
    bench = Bench(network, scale)
    info = bench.publisher.info()
    real = network.kind == "multichain"
    report: dict[str, Any] = {
        "node": f"MultiChain {info.version} {info.edition}" if real else "development stand-in",
        "note": "one run; orders of magnitude"
        if real
        else "rates and latencies of the stand-in say nothing about MultiChain",
        "machine": {"python": platform.python_version(), "cpus": os.cpu_count(), "system": platform.system()},
        "residentMibAtStart": bench.memory(),
        "items": {},
    }
    # before all else: what other measurements leave free would hide growth
    number = bench.many(MEMORY_ITEMS)
    click.echo(f"memory over {number:,} items ...", err=True)
    report["memory"] = bench.memory_over(number)
    # before the large items, which nodes pass on for a while
    click.echo("batches ...", err=True)
    report["batches"] = bench.batches()
    for name, size in SIZES.items():
        for offchain in (False, True):
            label = f"{name} {'off' if offchain else 'on'} chain"
            click.echo(f"{label} ...", err=True)
            report["items"][label] = bench.items(size, offchain)
    click.echo("client overhead ...", err=True)
    report["overhead"] = bench.overhead()
    for client in (bench.publisher, bench.reader):
        client.close()
    return report


def measure_exchange(network: Network, report: dict[str, Any]) -> None:
    """Add the full paid exchange, and what only it tells, to a report."""
    click.echo("full paid exchange ...", err=True)
    report["paidExchange"] = exchange.measure(network, report["memory"]["items"])


def judge(report: dict[str, Any]) -> None:
    """Add the memory by scenario and the goals to a report."""
    report["residentMib"] = _scenarios(report)
    strict = {name: call["overheadMs"] for name, call in report["overhead"].items()}
    # of this process, which only has the client, and of a company's agent, which also keeps what it reads
    number = report["memory"]["items"]
    growths = [report["memory"]["growthMib"]]
    if "paidExchange" in report:
        growths.append(report["paidExchange"]["memory"]["growthMib"])
    grown = max(growths)
    report["goals"] = {
        GOALS["clientOverheadMs"]: {
            "measured": max(strict.values()),
            "reached": max(strict.values()) < 1,
            "missedBy": sorted(name for name, value in strict.items() if value >= 1),
            "overWholeMs": max(call["overWholeMs"] for call in report["overhead"].values()),
        },
        GOALS["batchRatio"]: {
            "measured": report["batches"]["ratio"],
            "reached": report["batches"]["ratio"] >= 5,
        },
        GOALS["memoryMib"]: {
            "measured": grown,
            "items": number,
            # fewer items say nothing about this many
            "reached": grown <= 10 if number >= MEMORY_ITEMS else None,
        },
    }


def _scenarios(report: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The most resident MiB of each process in each scenario, over all sizes."""
    items = [entry["residentMib"] for entry in report["items"].values()]
    seen = {
        "publish": [entry["publish"] for entry in items],
        "discover and retrieve": [entry[step] for entry in items for step in ("discover", "retrieve")],
    }
    if "paidExchange" in report:
        sizes = report["paidExchange"]["sizes"].values()
        seen["full paid exchange"] = [size["residentMib"] for size in sizes]
    return {
        scenario: {name: max(point[name] for point in points) for name in points[0]}
        for scenario, points in seen.items()
    }


def write(report: dict[str, Any], output: Path) -> None:
    judge(report)
    output.write_text(json.dumps(report, indent=2) + "\n")


@click.command()
@click.option("--real/--stand-in", default=None, help="Insist on MultiChain, or the stand-in.")
@click.option("--scale", type=click.FloatRange(0.001, 10), default=1.0, help="Of the numbers of items.")
@click.option("--block-seconds", type=float, default=5.0, show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("reports/streams.json"), show_default=True
)
def main(real: bool | None, scale: float, block_seconds: float, output: Path) -> None:
    """Measure publishing, discovering and retrieving on two nodes of this machine."""
    # before minutes of measuring, at the end of which it would be missed
    if shutil.which("anvil") is None:
        raise click.ClickException("anvil was not found. Measure through make, which puts it on the PATH.")
    end_on_signals()
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="bench-streams-") as folder,
            running(Path(folder), 2, real=real, block_seconds=block_seconds) as network,
        ):
            report = measure(network, scale)
            # first without it: starting a whole market can fail, and the rest took minutes
            write(report, output)
            measure_exchange(network, report)
    except FairCartError as error:
        raise click.ClickException(str(error)) from None
    write(report, output)
    draw(report, output.with_suffix(".png"))
    click.echo(f"{output} and {output.with_suffix('.png')}, on the {report['node']}:")
    for goal, result in report["goals"].items():
        click.echo(f"  {VERDICTS[result['reached']]}  {result['measured']:>8}  {goal}")


if __name__ == "__main__":
    main()
