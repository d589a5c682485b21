# SPDX-License-Identifier: Apache-2.0
"""Both agents are killed at every labelled boundary between two steps; afterwards nothing shows it."""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support import story
from tests.support.agents import Enterprise, Ethereum, Shopper, Streams, wait_for

PEOPLE = [Shopper(number) for number in range(3)]
LABELS = {
    "chain.applied",
    "effect.begun",
    "effect.carried_out",
    "effect.done",
    "paper.stored",
    "publish.after",
    "publish.before",
    "streams.applied",
    "transaction.broadcast",
    "transaction.mined",
    "transaction.stored",
}
FREE = ("--block-time", "1", "--base-fee", "0", "--gas-price", "0")
CHANGES = {"max_fee_wei = 500000000000": "max_fee_wei = 0"}

# `make torture` runs it; `make test` has the random kills of tests/torture.
pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


def tell(folder: Path, command: Callable[[str], list[str]]) -> dict[str, Any]:
    """The story with agents run by `command`, and its picture."""
    folder.mkdir()
    with Ethereum(folder, options=FREE) as ethereum, Streams(folder) as streams:
        shop = Enterprise("shop", "custodian", folder, ethereum, streams, 0, CHANGES, command("shop"))
        consumer = Enterprise(
            "consumer", "consumer", folder, ethereum, streams, 1, CHANGES, command("consumer")
        )
        both = [shop, consumer]
        try:
            for one in both:
                one.start()
            story.import_documents(shop, PEOPLE, folder)
            story.ask(consumer)
            story.consent(shop, PEOPLE)
            wait_for(partial(settled, both), "three settled exchanges on both sides", 180)
            wait_for(partial(quiet, both), "nothing left to do", 60)
            return story.picture(ethereum, streams, both)
        finally:
            for one in both:
                one.kill()


def settled(both: list[Enterprise]) -> bool:
    return all(list(story.exchanges(one).values()) == ["Settled"] * 3 for one in both)


def quiet(both: list[Enterprise]) -> bool:
    return all(story.quiet(one, int(time.time())) for one in both)


def test_an_agent_killed_at_every_boundary_leaves_what_one_that_was_never_killed_leaves(
    tmp_path: Path,
) -> None:
    undisturbed = tell(tmp_path / "undisturbed", lambda _: [sys.executable, "-m", "faircart.cli"])
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    killed = tell(
        tmp_path / "killed",
        lambda name: [sys.executable, "-m", "tests.support.mortal", str(deaths / name)],
    )
    died_at = {name: {mark.name for mark in (deaths / name).iterdir()} for name in ("shop", "consumer")}
    assert died_at == {"shop": LABELS, "consumer": LABELS - {"paper.stored"}}
    assert killed == undisturbed
