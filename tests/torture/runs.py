# SPDX-License-Identifier: Apache-2.0
"""Telling the story once, with or without agents that die while it is told."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from faircart.agent import steps

from tests.support import seed
from tests.support.agents import Ethereum, Streams
from tests.support.undying import Plan, Undying
from tests.torture import ledgers
from tests.torture.scenario import ANVIL, BUYERS, ENDS, QUICK, World

SEED = "FairCart 2026-01-01"
COMPANIES = {"shop": steps.LABELS, "consumer": steps.LABELS - steps.CUSTODIANS_ONLY}
"""The boundaries that each agent has to cross in the story."""


@dataclass
class Told:
    """What a telling came to: the state after each act, all ledgers, the steps that were crossed."""

    rests: list[dict[str, int]]
    ledgers: dict[str, list[str]]
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A market of its own, before its agents start."""
    folder.mkdir(parents=True)
    seed.install()
    try:
        with Ethereum(folder, ANVIL) as ethereum, Streams(folder, delays=QUICK, seed=SEED) as streams:
            yield World(folder, ethereum, streams, SEED)
    finally:
        seed.remove()


def undisturbed(folder: Path) -> Told:
    """The story as it should go."""
    with world(folder) as told:
        for company in (told.shop, told.consumer):
            company.labels = str(folder / f"{company.name}.labels")
        told.before()
        with Undying(told.shop), Undying(told.consumer):
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
    from faircart.store.records import Exchange, Order

    numbers = {person.address: number for number, person in enumerate(told.people)}
    for company in (told.shop, told.consumer):
        ends: dict[str, set[int]] = {}
        with company.store.read() as work:
            for exchange in work.find(Exchange):
                ends.setdefault(exchange.state, set()).add(numbers[exchange.customer])
        assert ends == ENDS, f"{company.name}: {ends}"
        assert company.parked() == []
    with told.shop.store.read() as work:
        orders = {numbers[order.buyer]: order.state for order in work.find(Order)}
    assert orders == dict(zip(BUYERS, ("Completed", "Resolved"), strict=True)), orders
    assert len(found["documents bought"]) == len(ENDS["Settled"]) - 2  # the silent one keeps nothing


def everywhere() -> dict[str, Plan]:
    """Each agent dies at every boundary, the first time that it comes there."""
    return {name: Plan(dict.fromkeys(labels, 1)) for name, labels in COMPANIES.items()}


def by_chance(dice: random.Random, model: Told) -> dict[str, Plan]:
    """Each agent dies at two random instants and at some boundaries, not always the first time."""
    plans = {}
    for name, crossed in model.labels.items():
        labels = dice.sample(sorted(crossed), dice.randint(1, 4))
        chosen = {label: dice.randint(1, min(crossed[label], 6)) for label in labels}
        plans[name] = Plan(chosen, [dice.uniform(0.05, 8) for _ in range(2)])
    return plans
