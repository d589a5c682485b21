# SPDX-License-Identifier: Apache-2.0
"""The demo itself, run small, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from faircart import retail

from tests.support import kinds

ROOT = Path(__file__).parents[2]
APE = Path(sys.executable).parent / "ape"
REWARD = 10**15
STEPS = ["granted", "opened", "delivered", "settled"]
MARK = "FAIRCART_E2E_MARK"


@dataclass
class Demo:
    """A running demo, and a mark in the environment by which all its descendants are found."""

    process: subprocess.Popen[str]
    mark: str

    def left_behind(self) -> list[str]:
        """The command lines of processes that carry the mark and still run (Linux)."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGTERM)
            demo.process.wait(30)


def start(demos: list[Demo], *arguments: str) -> Demo:
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [str(APE), "run", "demo", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, MARK: mark},
        start_new_session=True,
    )
    demos.append(Demo(process, mark))
    return demos[-1]


def read_until(demo: Demo, text: str) -> None:
    """Read the progress until a line holds `text`."""
    assert demo.process.stderr is not None
    for line in demo.process.stderr:
        if text in line:
            return
    raise AssertionError(f"the demo ended without saying {text!r}")


def wait_until_nothing_runs(demo: Demo, seconds: float = 15) -> list[str]:
    end = time.monotonic() + seconds
    while demo.left_behind() and time.monotonic() < end:
        time.sleep(0.2)
    return demo.left_behind()


STREAMS = [
    pytest.param("embedded", id="on-the-stand-in"),
    pytest.param("real", id="on-two-multichain-nodes", marks=pytest.mark.multichain),
]


@pytest.mark.timeout(290)
@pytest.mark.parametrize("streams", STREAMS)
def test_two_customers_buy_consent_and_are_paid_for_their_data(demos: list[Demo], streams: str) -> None:
    if streams == "real":
        kinds.chosen(kinds.MULTICHAIN)
    demo = start(demos, "--customers", "2", "--json", "--streams", streams)
    out, err = demo.process.communicate(timeout=280)
    assert demo.process.returncode == 0, err
    report = json.loads(out)
    assert set(report) == {"customers", "leftOut", "accessLog", "balances", "checks"}
    assert report["checks"] == {"etherConserved": True, "documentsEqual": True}

    sample = retail.load()
    assert report["leftOut"] == {str(reason): count for reason, count in sample.left_out.items()}
    numbers = sample.customers(2, shop=retail.SHOPS[0])
    carts = {number: sample.invoices_of(number) for number in numbers}
    paid = {number: [order for invoice in carts[number] for order in invoice.orders] for number in numbers}
    assert [line["id"] for line in report["customers"]] == numbers
    for line in report["customers"]:
        assert set(line) == {
            *("id", "orders", "escrowedWei", "dataBytes", "rewardWei", "openToRewardSeconds"),
        }
        assert line["orders"] == len(paid[line["id"]])
        assert line["escrowedWei"] == sum(order.wei for order in paid[line["id"]])
        assert line["rewardWei"] == REWARD
        assert line["dataBytes"] > 20 * len(paid[line["id"]])
        assert 0 <= line["openToRewardSeconds"] < 60

    before, after = report["balances"]["before"], report["balances"]["after"]
    assert before.keys() == after.keys()
    assert sum(before.values()) == sum(after.values()) + report["balances"]["burnedFees"]
    assert (after["CheckoutEscrow"], after["ConsentRegistry"]) == (0, 0)
    for line in report["customers"]:
        name = f"customer {line['id']}"
        gas = before[name] - after[name] - line["escrowedWei"] + line["rewardWei"]
        # Checkout and confirmations cost gas; the consent and the reward cost the customer nothing.
        assert 0 < gas < 10**16
    for shop in retail.SHOPS[1:]:
        sold = sum(order.wei for orders in paid.values() for order in orders if order.shop == shop)
        assert sold - 10**16 < after[f"shop {shop}"] - before[f"shop {shop}"] < sold

    assert [entry["step"] for entry in report["accessLog"]] == STEPS
    for entry in report["accessLog"]:
        for word in ("who", "what", "when", "withWhom", "means", "purpose", "condition"):
            assert entry[word]

    assert demo.left_behind() == []


def test_a_newcomer_who_presses_ctrl_c_leaves_no_process_behind(demos: list[Demo]) -> None:
    demo = start(demos, "--customers", "2")
    read_until(demo, "agent, account")
    assert len(demo.left_behind()) >= 4
    os.killpg(demo.process.pid, signal.SIGINT)
    _, err = demo.process.communicate(timeout=30)
    assert demo.process.returncode != 0
    assert "Traceback" not in err
    assert wait_until_nothing_runs(demo) == []


def test_a_demo_that_is_killed_takes_its_processes_with_it(demos: list[Demo]) -> None:
    demo = start(demos, "--customers", "2")
    read_until(demo, "CheckoutEscrow at")
    demo.process.kill()
    demo.process.wait()
    assert wait_until_nothing_runs(demo) == []


def test_more_customers_than_the_file_holds_is_one_clear_sentence(demos: list[Demo]) -> None:
    demo = start(demos, "--customers", "100000")
    out, err = demo.process.communicate(timeout=60)
    assert demo.process.returncode == 1
    assert out == ""
    assert "asked for 100000 customers, but the file holds only 281" in err
    assert "Traceback" not in err
    assert demo.left_behind() == []
