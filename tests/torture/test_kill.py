# SPDX-License-Identifier: Apache-2.0
"""Agents that are killed at any instant lose nothing and do nothing twice.

`make test` tells the story undisturbed and once while both agents die at every labelled boundary;
`make torture` tells it again and again with deaths by chance, too (FAIRCART_TORTURE=100 tellings, two at a
time where there are two cores).
"""

import multiprocessing
import os
import random
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import pytest

from tests.support.undying import Plan
from tests.torture import TELLINGS, ledgers, runs

AT_A_TIME = min(2, TELLINGS, os.cpu_count() or 1)
EVERYWHERE = {f"{name}: {label}" for name, labels in runs.COMPANIES.items() for label in labels}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> runs.Told:
    begun = time.monotonic()
    told = runs.undisturbed(tmp_path_factory.mktemp("undisturbed") / "market")
    _say(f"\nthe story undisturbed: {time.monotonic() - begun:.0f} s")
    return told


def test_the_story_leads_both_agents_across_every_boundary(model: runs.Told) -> None:
    crossed = {f"{name}: {label}" for name, labels in model.labels.items() for label in labels}
    assert crossed == EVERYWHERE


@pytest.mark.timeout(3600)
def test_agents_killed_at_any_instant_leave_the_same_databases_streams_and_balances(
    model: runs.Told, tmp_path: Path
) -> None:
    dice = random.Random(runs.SEED)
    plans = [runs.by_chance(dice, model) if number else runs.everywhere() for number in range(TELLINGS)]
    killed: Counter[str] = Counter()
    problems: list[str] = []
    begun = time.monotonic()
    with ProcessPoolExecutor(AT_A_TIME, multiprocessing.get_context("spawn")) as pool:
        tellings = [
            pool.submit(_tell, tmp_path / f"telling-{number}", model, plan)
            for number, plan in enumerate(plans, 1)
        ]
        for done, telling in enumerate(as_completed(tellings), 1):
            deaths, problem = telling.result()
            killed.update(deaths)
            problems += [problem] if problem else []
            spent = time.monotonic() - begun
            rest = f"{killed.total()} kills, {len(problems)} differences, {spent:.0f} s"
            _say(f"{done} of {TELLINGS} tellings: {rest}" + (f"\n{problem}" if problem else ""))
    _say(_summary(killed, time.monotonic() - begun))
    assert not problems, "\n\n".join(problems)
    assert killed.keys() >= EVERYWHERE
    assert TELLINGS < 100 or killed["shop: at random"] + killed["consumer: at random"] >= 100


def _tell(folder: Path, model: runs.Told, plans: dict[str, Plan]) -> tuple[list[str], str]:
    """Tells the story in a process of its own: where agents died, and what was wrong, if anything."""
    try:
        told = runs.disturbed(folder, model, plans)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - told with the others
        return [], f"{folder.name}, {plans}: {error!r}"
    difference = ledgers.differences(model.ledgers, told.ledgers)
    if difference or not told.killed:
        return told.killed, f"{folder.name}, {plans}, killed {told.killed}:\n{difference or 'nobody'}"
    shutil.rmtree(folder)
    return told.killed, ""


def _summary(killed: Counter[str], seconds: float) -> str:
    lines = [f"{killed.total()} kills in {TELLINGS} tellings, {seconds:.0f} s; killed at"]
    for label in sorted({place.split(": ")[1] for place in killed}):
        lines.append(
            f"  {label:24} shop {killed[f'shop: {label}']:4}  consumer {killed[f'consumer: {label}']:4}"
        )
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
