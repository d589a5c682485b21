# SPDX-License-Identifier: Apache-2.0
"""A part of the agent that fails in a way nobody has thought of shows in `agent status` while it does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from faircart.agent import daemon, status
from faircart.agent.tools import Tools


class Part:
    """A part of the agent that does what it is told, step by step, and notes what the status said before."""

    def __init__(self, tools: Tools, *steps: Exception | None) -> None:
        self._tools, self._steps = tools, list(steps)
        self.said: list[list[dict[str, Any]]] = []

    def step(self) -> bool:
        self.said.append(status.status(self._tools.config)["failing"])
        if not self._steps:
            self._tools.stop.set()
            return False
        if (failure := self._steps.pop(0)) is not None:
            raise failure
        return False


def run(tools: Tools, *steps: Exception | None) -> list[list[dict[str, Any]]]:
    part = Part(tools, *steps)
    daemon._loop(tools, "streams", part)()
    return part.said


def on_its_database(tools: Tools, folder: Path) -> Tools:
    """The tools with short pauses, and a configuration that finds the database that they write."""
    agent = tools.config.agent.model_copy(
        update={"database": f"sqlite:///{folder}/agent.db", "poll_seconds": 0.01}
    )
    return replace(tools, config=tools.config.model_copy(update={"agent": agent}))


def test_the_status_names_what_fails_since_when_and_where_until_it_works(
    tools: Tools, tmp_path: Path
) -> None:
    tools = on_its_database(tools, tmp_path)
    before = tools.clock.now()
    well, once, twice, again = run(tools, ValueError("a secret"), KeyError("another"), None)
    assert well == again == []
    [first], [second] = once, twice
    assert (first["part"], second["part"]) == ("streams", "streams")
    assert before <= first["since"] == second["since"] <= tools.clock.now()
    assert first["error"].startswith("ValueError at ")
    assert second["error"].startswith("KeyError at ")


def test_the_status_for_people_says_it_too(tools: Tools, tmp_path: Path) -> None:
    tools = on_its_database(tools, tmp_path)
    daemon._note(tools, "streams", "ValueError at /agent/x.py:1")
    [line] = [line for line in status.as_text(status.status(tools.config)).splitlines() if "FAILING" in line]
    assert line.endswith("Z: streams, ValueError at /agent/x.py:1")


def test_what_an_earlier_process_noted_is_gone_when_the_part_works(tools: Tools, tmp_path: Path) -> None:
    tools = on_its_database(tools, tmp_path)
    daemon._note(tools, "streams", "ValueError at /agent/x.py:1")
    before, after = run(tools, None)
    assert [entry["part"] for entry in before] == ["streams"]
    assert after == []
