# SPDX-License-Identifier: Apache-2.0
"""An agent that has run before starts beside nodes that are away, and goes on when they are back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agents import Enterprise, Ethereum, Streams, wait_for
from tests.support.faults import Answer, FaultProxy


class Gate(FaultProxy):
    """Passes calls on unless it is shut: then they, or those that contain `shut`, get no answer."""

    def __init__(self, target: str) -> None:
        super().__init__(target, [], rate=0, seed=0)
        self.shut: bytes | None = None
        self.refused = 0

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if self.shut is None or self.shut not in body:
            return super().answer(path, headers, body)
        self.refused += 1
        return 503, b"Service Unavailable"


ALL, NONE = b"", None
CHAIN, STREAMS = "NodeUnreachable", "Overloaded"
"""What a node is called that answers 503."""


@pytest.fixture(scope="module")
def gates(ethereum: Ethereum, streams: Streams) -> Iterator[tuple[Gate, Gate]]:
    with Gate(ethereum.url) as chain, Gate(streams.access[0]["url"]) as market:
        yield chain, market


@pytest.fixture(scope="module")
def consumer(
    folder: Path, ethereum: Ethereum, streams: Streams, gates: tuple[Gate, Gate]
) -> Iterator[Enterprise]:
    """A consumer that has run before."""
    changes = {
        f'url = "{ethereum.url}"': f'url = "{gates[0].url}"',
        f'url = "{streams.access[0]["url"]}"': f'url = "{gates[1].url}"',
        "timeout_seconds = 30": "timeout_seconds = 3",
    }
    made = Enterprise("consumer", "consumer", folder, ethereum, streams, 0, changes)
    try:
        made.start()
        assert made.stop() == 0
        yield made
    finally:
        made.kill()


@pytest.fixture
def company(consumer: Enterprise, gates: tuple[Gate, Gate]) -> Iterator[Enterprise]:
    """The same, with an empty log, not running, its nodes there."""
    (consumer.home / "agent.log").unlink()
    yield consumer
    consumer.kill()
    for gate in gates:
        gate.shut = NONE


def told(company: Enterprise, event: str) -> list[str]:
    """The kinds of trouble that the log names in lines of this event, while it starts."""
    lines = [line.split() for line in company.log.splitlines()]
    return [
        next(word for word in line if word.startswith("kind=")).removeprefix("kind=")
        for line in lines
        if f"event={event}" in line and "part=start" in line
    ]


def test_nodes_that_are_away_at_the_start_are_waited_for_and_told_of_once(
    company: Enterprise, gates: tuple[Gate, Gate]
) -> None:
    chain, market = gates
    chain.shut = market.shut = ALL
    company.launch()
    wait_for(lambda: chain.refused >= 3, "the agent to ask the chain again and again", 120)
    chain.shut = NONE
    wait_for(lambda: told(company, "away").count(STREAMS) == 1, "the streams to be missed", 120)
    market.shut = b'"subscribe"'  # the first call of a consumer that looks after its streams
    wait_for(lambda: told(company, "away").count(STREAMS) == 2, "the streams to be missed again", 120)
    assert "event=ready" not in company.log
    market.shut = NONE
    wait_for(lambda: "event=ready" in company.log, "the agent to be ready", 120)
    away = told(company, "away")
    assert away.count(CHAIN) == 1
    assert away.count(STREAMS) == 2
    assert sorted(away) == sorted(told(company, "back"))
    assert company.stop() == 0


def test_an_agent_that_waits_for_its_nodes_ends_with_0_when_it_is_asked_to(
    company: Enterprise, gates: tuple[Gate, Gate]
) -> None:
    gates[0].shut = ALL
    company.launch()
    wait_for(lambda: told(company, "away") == [CHAIN], "the chain to be missed", 120)
    assert company.stop() == 0
    assert "Traceback" not in company.log


def test_what_waiting_does_not_mend_ends_the_agent_although_it_has_run_before(
    company: Enterprise, gates: tuple[Gate, Gate]
) -> None:
    text = company.config.read_text()
    company.config.write_text(text.replace("chain_id = 31337", "chain_id = 1"))
    company.launch()
    assert company.process is not None
    assert company.process.wait(timeout=120) == 1
    company.process = None
    assert f"{gates[0].url} serves chain 31337, but ethereum.chain_id is 1" in company.log
