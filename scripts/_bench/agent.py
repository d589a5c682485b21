# SPDX-License-Identifier: Apache-2.0
"""`make bench-agent`: how fast a fresh agent reads a long history, and how soon a key follows an opening.

Replay: 100,000 real contract events on an anvil, read by one process on one core into a new database. What
counts is the time of that core: the processor time of the agent's process (`clock` says the time on the
wall beside it, with the node's answers). Delivery: two agents and 20 customers on a chain with a block a
second; from the moment when the opening's block is there until the moment when the delivery's block is.
"""

import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts._bench.history import History
from tests.support.agents import ROOT, Ethereum, Shopper, Streams, wait_for
from tests.support.documents import orders
from tests.support.forked import Company

EVENTS = int(os.environ.get("FAIRCART_BENCH_EVENTS", "100000"))
CUSTOMERS = 20
GOAL_EVENTS_S, GOAL_RSS_MIB, GOAL_DELIVERY_S = 5_000, 50, 2
REPORT = ROOT / "reports" / "agent.json"


def replay(folder: Path) -> dict[str, Any]:
    """A history is written, then read by a process of its own."""
    folder.mkdir()
    # An anvil that keeps the state after every block takes a second for each once there are many.
    options = ("--gas-limit", "100000000", "--prune-history")
    with Ethereum(folder, options) as ethereum, Streams(folder) as streams:
        # 10,000 events a range: anvil takes longer for each block the more there are, so they lie close.
        reader = Company("reader", "both", folder, ethereum, streams, 0, {"log_range": 400})
        begun = time.monotonic()
        events = History(ethereum, reader.account).write(EVENTS)
        # What lies deeper than the blocks that a reorganisation may take back is history for good.
        for _ in range(20):  # at once they would take longer than an answer may
            ethereum.rpc("anvil_mine", hex(30))
        print(f"history of {events} events written in {time.monotonic() - begun:.0f} s", flush=True)
        pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_read, args=(str(reader.config_file), theirs)
        )
        process.start()
        theirs.close()
        found: dict[str, Any] = pipe.recv()
        process.join()
    if found["events"] < events:
        raise SystemExit(f"the agent stored {found['events']} events of {events}")
    return found


def _read(config_file: str, pipe: Any) -> None:
    import sqlalchemy as sa
    from faircart.agent import config, startup
    from faircart.agent.chain_reader import ChainReader
    from faircart.store import tables as t

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    tools = startup.start(config.load(Path(config_file)))
    reader = ChainReader(tools)
    sizes: list[float] = []
    clock, processor = time.perf_counter(), time.process_time()
    more = True
    while more:
        more = reader.step()
        sizes.append(_rss_mib())
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    with tools.store.read() as work:
        events = work.connection.execute(sa.select(sa.func.count()).select_from(t.events)).scalar_one()
        effects = work.connection.execute(sa.select(sa.func.count()).select_from(t.effects)).scalar_one()
    # The first tenth fills caches and pools; from there on memory must not grow with what is read.
    first = max(sizes[: max(1, len(sizes) // 10)])
    pipe.send(
        {
            "events": events,
            "effects": effects,
            "seconds": round(processor, 2),
            "clock_seconds": round(clock, 2),
            "events_per_second": round(events / processor),
            "events_per_clock_second": round(events / clock),
            "rss_mib": round(max(sizes), 1),
            "rss_growth_mib": round(max(0.0, max(sizes) - first), 1),
        }
    )


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def delivery(folder: Path) -> dict[str, Any]:
    """Sales on a chain with a block a second."""
    folder.mkdir()
    with Ethereum(folder) as ethereum, Streams(folder) as streams:
        shop = Company("shop", "custodian", folder, ethereum, streams, 0, {"standing_balance_wei": 10**18})
        consumer = Company("consumer", "consumer", folder, ethereum, streams, 1)
        people = [Shopper(number) for number in range(CUSTOMERS)]
        shop.take(folder, [(person, orders(person.number)) for person in people])
        try:
            shop.start().ready()
            consumer.start().ready()
            consumer.ask(10**15)
            seen: dict[int, float] = {}
            for person in people:
                shop.accept(person)
                _watch(ethereum, seen, 1.0)

            def all_delivered() -> bool:
                _watch(ethereum, seen, 0.5)
                return len(_logs(ethereum, "Delivered")) == CUSTOMERS

            wait_for(all_delivered, "the last key", 120)
        finally:
            shop.kill()
            consumer.kill()
        blocks = {
            name: {bytes(log["args"]["exchangeId"]): log["blockNumber"] for log in _logs(ethereum, name)}
            for name in ("Opened", "Delivered")
        }
    took = [seen[blocks["Delivered"][one]] - seen[number] for one, number in blocks["Opened"].items()]
    return {"sales": len(took), "median_s": round(statistics.median(took), 2), "max_s": round(max(took), 2)}


def _watch(ethereum: Ethereum, seen: dict[int, float], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number = ethereum.w3.eth.block_number
        for block in range(max(seen, default=-1) + 1, number + 1):
            seen[block] = time.monotonic()
        time.sleep(0.02)


def _logs(ethereum: Ethereum, name: str) -> Any:
    return getattr(ethereum.contracts["DataExchange"].events, name)().get_logs(from_block=0)


def main() -> None:
    """Measure both, print, write the report; exit code 1 if a goal is missed."""
    with tempfile.TemporaryDirectory(prefix="faircart-bench-") as folder:
        report: dict[str, Any] = {"replay": replay(Path(folder) / "replay")}
        print(json.dumps(report["replay"]), flush=True)
        report["delivery"] = delivery(Path(folder) / "delivery")
        print(json.dumps(report["delivery"]), flush=True)
    report["goals"] = {
        "replay.events_per_second": GOAL_EVENTS_S,
        "replay.rss_growth_mib": GOAL_RSS_MIB,
        "delivery.median_s": GOAL_DELIVERY_S,
    }
    report["goals_met"] = (
        report["replay"]["events_per_second"] >= GOAL_EVENTS_S
        and report["replay"]["rss_growth_mib"] <= GOAL_RSS_MIB
        and report["delivery"]["median_s"] < GOAL_DELIVERY_S
    )
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    print(f"goals {'met' if report['goals_met'] else 'MISSED'}; written to {REPORT}")
    sys.exit(0 if report["goals_met"] else 1)


if __name__ == "__main__":
    main()
