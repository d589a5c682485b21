# SPDX-License-Identifier: Apache-2.0
"""Telling the story once, with or without agents that die while it is told."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.agents import Ethereum, Streams
from tests.support.forked import Undying
from tests.torture import ledgers
from tests.torture.scenario import ANVIL, ENDS, QUICK, World

SEED = 20_260_101
Plan = list[tuple[str, float]]


@dataclass
class Told:
    """What a telling came to: the state after each act, all ledgers, the steps that were crossed."""

    rests: list[dict[str, int]]
    ledgers: dict[str, list[str]]
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)


@contextmanager
def world(folder: Path, seed: int = SEED) -> Iterator[World]:
    """A market of its own, before its agents start."""
    folder.mkdir(parents=True)
    with Ethereum(folder, ANVIL) as ethereum, Streams(folder, delays=QUICK) as streams:
        yield World(folder, ethereum, streams, seed)


def undisturbed(folder: Path) -> Told:
    """The story as it should go."""
    with world(folder) as told:
        for company in (told.shop, told.consumer):
            company.labels = str(folder / f"{company.name}.labels")
        told.before()
        with Undying(told.shop, []), Undying(told.consumer, []):
            rests = []
            for _, act in told.acts:
                act()
                rests.append(told.rest())
            found = ledgers.of(told)
        check_ends(told, found)
        labels = {
            company.name: Counter(Path(company.labels).read_text().split())
            for company in (told.shop, told.consumer)
        }
        return Told(rests, found, labels)


def disturbed(folder: Path, model: Told, plans: dict[str, Plan]) -> Told:
    """The same story, while agents are killed as planned; it must come to the same."""
    with world(folder) as told:
        told.before()
        with (
            Undying(told.shop, plans["shop"]) as shop,
            Undying(told.consumer, plans["consumer"]) as consumer,
        ):
            for (name, act), wanted in zip(told.acts, model.rests, strict=True):
                act()
                told.reach(wanted, name)
            shop.spare()
            consumer.spare()
            found = ledgers.of(told)
            killed = [f"shop: {label}" for label in shop.killed]
            killed += [f"consumer: {label}" for label in consumer.killed]
    return Told(model.rests, found, killed=killed)


def check_ends(told: World, found: dict[str, list[str]]) -> None:
    """The story is the one that it is meant to be: every customer came to the end that was planned."""
    from faircart.store.records import Exchange

    numbers = {person.address: number for number, person in enumerate(told.people)}
    for company in (told.shop, told.consumer):
        ends: dict[str, set[int]] = {}
        with company.store.read() as work:
            for exchange in work.find(Exchange):
                ends.setdefault(exchange.state, set()).add(numbers[exchange.customer])
        assert ends == ENDS, f"{company.name}: {ends}"
        assert company.parked() == []
    assert len(found["documents bought"]) == len(ENDS["Settled"]) - 2  # the silent one keeps nothing


def plan(dice: random.Random, labels: Counter[str], kills: int) -> Plan:
    """`kills` deaths: at labelled steps (of those that are crossed often, an early one), or at random."""
    found: Plan = []
    for _ in range(kills):
        if dice.random() < 0.3:
            found.append(("", dice.uniform(0.05, 3)))
        else:
            label = dice.choice(sorted(labels))
            found.append((label, dice.randint(1, min(labels[label], 12))))
    return found
