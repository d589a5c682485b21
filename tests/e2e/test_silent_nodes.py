# SPDX-License-Identifier: Apache-2.0
"""Nodes that accept a connection and never answer: an agent that is asked to end does so all the same."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from faircart.agent import daemon

from tests.support.agents import Enterprise, Ethereum, Streams, wait_for
from tests.support.faults import Answer, FaultProxy

PATIENCE = 900
"""Seconds that an agent would wait for an answer: it ends long before, however slow the machine is."""


class SilentProxy(FaultProxy):
    """Passes calls on until it falls silent; `waiting` counts the calls that get no answer then."""

    def __init__(self, target: str) -> None:
        super().__init__(target, [], rate=0, seed=0)
        self.silent, self.over, self.waiting = threading.Event(), threading.Event(), 0

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if not self.silent.is_set():
            return super().answer(path, headers, body)
        self.waiting += 1
        self.over.wait(PATIENCE)
        return None

    def __exit__(self, *_: object) -> None:
        self.over.set()
        super().__exit__()


@pytest.fixture
def proxies(ethereum: Ethereum, streams: Streams) -> Iterator[tuple[SilentProxy, SilentProxy]]:
    chain, market = SilentProxy(ethereum.url), SilentProxy(streams.access[0]["url"])
    with chain, market:
        yield chain, market


Make = Callable[[str, str], Enterprise]


@pytest.fixture
def make(
    folder: Path, ethereum: Ethereum, streams: Streams, proxies: tuple[SilentProxy, SilentProxy]
) -> Iterator[Make]:
    made: list[Enterprise] = []

    def enterprise(name: str, role: str) -> Enterprise:
        changes = {
            f'url = "{ethereum.url}"': f'url = "{proxies[0].url}"',
            f'url = "{streams.access[0]["url"]}"': f'url = "{proxies[1].url}"',
            "timeout_seconds = 10": f"timeout_seconds = {PATIENCE}",
            "timeout_seconds = 30": f"timeout_seconds = {PATIENCE}",
        }
        made.append(Enterprise(name, role, folder, ethereum, streams, 0, changes))
        return made[-1]

    yield enterprise
    for company in made:
        company.kill()


def test_an_agent_whose_nodes_fall_silent_ends_with_0_within_ten_seconds(
    make: Make, proxies: tuple[SilentProxy, SilentProxy]
) -> None:
    company = make("overtaken", "custodian").start()
    for proxy in proxies:
        proxy.silent.set()
    wait_for(lambda: all(proxy.waiting for proxy in proxies), "calls that get no answer")

    def ask() -> None:
        with contextlib.suppress(requests.RequestException):
            requests.get(f"{company.api}/v1/customers/{company.address}/epoch", timeout=PATIENCE)

    before = proxies[0].waiting
    threading.Thread(target=ask, daemon=True).start()
    wait_for(lambda: proxies[0].waiting > before, "a question to the API that waits for the chain")
    assert company.stop() == 0
    assert "event=stopped" in company.log
    assert daemon.LAST_WORD_SECONDS <= 5  # all that it waits for; the rest of the ten is reserve


@pytest.mark.parametrize(("role", "silent"), [("custodian", 0), ("consumer", 1)], ids=["chain", "streams"])
def test_an_agent_that_never_got_an_answer_ends_at_once(
    make: Make, proxies: tuple[SilentProxy, SilentProxy], role: str, silent: int
) -> None:
    proxies[silent].silent.set()
    company = make(f"waiting-{role}", role)
    company.launch()
    wait_for(lambda: proxies[silent].waiting, "a call that gets no answer")
    assert company.stop() == 0
    assert "Traceback" not in company.log
