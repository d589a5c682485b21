# SPDX-License-Identifier: Apache-2.0
"""The demo itself, run small, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faircart import retail

from tests.support import kinds
from tests.support.marked import Marked

APE = Path(sys.executable).parent / "ape"
REWARD = 10**15
STEPS = ["granted", "opened", "delivered", "settled"]


@pytest.fixture
def demos() -> Iterator[list[Marked]]:
    started: list[Marked] = []
    yield started
    for demo in started:
        demo.end()


def start(demos: list[Marked], *arguments: str, **environment: str) -> Marked:
    demos.append(Marked([str(APE), "run", "demo", *arguments], {**os.environ, **environment}))
    return demos[-1]


def read_until(demo: Marked, text: str) -> None:
    """Read the progress until a line holds `text`."""
    assert demo.process.stderr is not None
    for line in demo.process.stderr:
        if text in line:
            return
    raise AssertionError(f"the demo ended without saying {text!r}")


STREAMS = [
    pytest.param("embedded", id="on-the-stand-in"),
    pytest.param("real", id="on-two-multichain-nodes", marks=pytest.mark.multichain),
]


@pytest.mark.parametrize("streams", STREAMS)
def test_two_customers_buy_consent_and_are_paid_for_their_data(demos: list[Marked], streams: str) -> None:
    if streams == "real":
        kinds.chosen(kinds.MULTICHAIN)
    demo = start(demos, "--customers", "2", "--json", "--streams", streams)
    out, err = demo.process.communicate(timeout=1000)
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
        assert 0 <= line["openToRewardSeconds"] < 600

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


def test_a_newcomer_who_presses_ctrl_c_leaves_no_process_behind(demos: list[Marked]) -> None:
    demo = start(demos, "--customers", "2")
    read_until(demo, "agent, account")
    assert len(demo.left_behind()) >= 4
    os.killpg(demo.process.pid, signal.SIGINT)
    _, err = demo.process.communicate(timeout=240)
    assert demo.process.returncode != 0
    assert "Traceback" not in err
    assert demo.wait_until_nothing_runs() == []


def test_a_demo_that_is_killed_takes_its_processes_with_it(demos: list[Marked], tmp_path: Path) -> None:
    # What it leaves in its folder, keys too, goes with the test's.
    demo = start(demos, "--customers", "2", TMPDIR=str(tmp_path))
    read_until(demo, "CheckoutEscrow at")
    demo.process.kill()
    demo.process.wait()
    assert demo.wait_until_nothing_runs() == []


def test_more_customers_than_the_file_holds_is_one_clear_sentence(demos: list[Marked]) -> None:
    demo = start(demos, "--customers", "100000")
    out, err = demo.process.communicate(timeout=240)
    assert demo.process.returncode == 1
    assert out == ""
    assert "asked for 100000 customers, but the file holds only 281" in err
    assert "Traceback" not in err
    assert demo.left_behind() == []
