# SPDX-License-Identifier: Apache-2.0
"""Agents that are killed at any instant lose nothing and do nothing twice.

A part runs with all tests; `make torture` kills far more often (FAIRCART_TORTURE=100 tellings).
"""

import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.torture import ledgers, runs

TELLINGS = int(os.environ.get("FAIRCART_TORTURE", "1"))
KILLS = 4
"""Planned deaths of each agent in one telling."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> runs.Told:
    return runs.undisturbed(tmp_path_factory.mktemp("undisturbed") / "market")


@pytest.mark.timeout(3600)
def test_agents_killed_at_any_instant_leave_the_same_databases_streams_and_balances(
    model: runs.Told, tmp_path: Path
) -> None:
    dice = random.Random(runs.SEED)
    killed: Counter[str] = Counter()
    # Every labelled step once, in turn, besides those that the dice choose.
    steps = [(name, label) for name, labels in model.labels.items() for label in labels]
    dice.shuffle(steps)
    for telling in range(TELLINGS):
        plans = {name: runs.plan(dice, labels, KILLS) for name, labels in model.labels.items()}
        name, label = steps[telling % len(steps)]
        plans[name].insert(0, (label, dice.randint(1, min(model.labels[name][label], 5))))
        begun = time.monotonic()
        folder = tmp_path / f"telling-{telling}"
        told = runs.disturbed(folder, model, plans)
        difference = ledgers.differences(model.ledgers, told.ledgers)
        assert not difference, f"telling {telling}, plans {plans}, killed {told.killed}:\n{difference}"
        assert told.killed, f"telling {telling}: nobody was killed by {plans}"
        killed.update(told.killed)
        shutil.rmtree(folder)
        print(f"telling {telling}: {len(told.killed)} kills, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{killed.total()} kills in {TELLINGS} tellings: {dict(sorted(killed.items()))}")
    if TELLINGS >= 100:
        assert killed.total() >= 100
        assert {f"{name}: {label}" for name, label in steps} <= killed.keys()
