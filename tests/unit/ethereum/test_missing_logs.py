# SPDX-License-Identifier: Apache-2.0
"""A node that leaves logs out: near the head that is noticed wherever they stand; far below it would cost too
much.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from faircart.agent.chain_reader import KEPT_BLOCKS, SOURCE, ChainReader
from faircart.agent.missing import CHECKED_BLOCKS, LogsMissing
from faircart.agent.tools import Tools
from faircart.ethereum.errors import NodeUnreachable
from faircart.ethereum.node import Log

from tests.support.agents import Ethereum
from tests.unit.ethereum.test_chain_reader import consents, grant, read_all


@pytest.fixture
def tools(tools: Tools) -> Tools:
    """An agent that reads long ranges."""
    section = tools.config.ethereum.model_copy(update={"log_range": 300})
    return replace(tools, config=tools.config.model_copy(update={"ethereum": section}))


@pytest.fixture
def leave_out(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[tuple[int, int]]]:
    """Answers to eth_getLogs, so many, lack their first log; which ranges were asked for."""

    def leave_out(answers: int) -> list[tuple[int, int]]:
        logs, asked = tools.ethereum.logs, []

        def forgetful(first: int, last: int, addresses: list[str]) -> list[Log]:
            found: Any = logs(first, last, addresses)
            asked.append((first, last))
            return found[1:] if len(asked) <= answers else found

        monkeypatch.setattr(tools.ethereum, "logs", forgetful)
        return asked

    return leave_out


@pytest.mark.parametrize("depth", [5, CHECKED_BLOCKS - 3, CHECKED_BLOCKS + 3, 200])
def test_a_log_that_is_left_out_below_the_head_is_asked_for_again_and_read(
    tools: Tools, ethereum: Ethereum, leave_out: Callable[[int], list[tuple[int, int]]], depth: int
) -> None:
    read_all(tools)
    granted = {grant(tools, ethereum, 1000 + 2 * depth + number) for number in range(2)}
    ethereum.rpc("anvil_mine", hex(depth))
    leave_out(1)
    reader = ChainReader(tools)
    with pytest.raises(LogsMissing, match="asked again"):
        reader.step()
    assert consents(tools) == {}
    read_all(tools, reader)
    assert consents(tools).keys() == granted


def test_what_an_old_node_keeps_leaving_out_near_the_head_is_told_by_its_receipts(
    tools: Tools, ethereum: Ethereum, leave_out: Callable[[int], list[tuple[int, int]]]
) -> None:
    read_all(tools)
    grant(tools, ethereum, 2000)
    ethereum.rpc("anvil_mine", hex(20))
    leave_out(10)
    for _ in range(3):
        with pytest.raises(LogsMissing):
            ChainReader(tools).step()
    assert consents(tools) == {}


def test_history_is_asked_for_once(
    tools: Tools,
    ethereum: Ethereum,
    leave_out: Callable[[int], list[tuple[int, int]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ethereum.rpc("anvil_mine", hex(KEPT_BLOCKS + 700))
    newest = ethereum.w3.eth.block_number
    asked, head, headers = leave_out(0), tools.ethereum.head, []

    def counted(tag: Any = "latest") -> Any:
        headers.append(tag)
        return head(tag)

    monkeypatch.setattr(tools.ethereum, "head", counted)
    read_all(tools)
    history = [(first, last) for first, last in asked if last <= newest - KEPT_BLOCKS]
    assert len(history) >= 2
    assert len(set(history)) == len(history)
    assert len(headers) < 2 * CHECKED_BLOCKS


def test_a_node_that_fails_in_one_call_of_five_is_read_to_its_end_however_far_behind_we_are(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(tools)
    consent_id = grant(tools, ethereum, 990)
    ethereum.rpc("anvil_mine", hex(CHECKED_BLOCKS))
    ask, dice = tools.ethereum._ask, random.Random(1)

    def flaky(*call: Any) -> Any:
        if dice.random() < 0.2:
            raise NodeUnreachable("503")
        return ask(*call)

    monkeypatch.setattr(tools.ethereum, "_ask", flaky)
    reader, head = ChainReader(tools), ethereum.w3.eth.block_number
    for _ in range(1000):
        with suppress(NodeUnreachable):
            reader.step()
    with tools.store.read() as work:
        assert work.cursor(SOURCE) == head
    assert consent_id in consents(tools)
