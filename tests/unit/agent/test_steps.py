# SPDX-License-Identifier: Apache-2.0
"""The boundaries at which the kill test ends an agent: none may be missing from the list."""

import re
from pathlib import Path

import faircart.agent
from faircart.agent import steps


def test_the_list_of_labels_names_every_boundary_in_the_agent_and_no_other() -> None:
    folder = Path(faircart.agent.__file__).parent
    sources = (path.read_text() for path in folder.rglob("*.py"))
    assert {label for text in sources for label in re.findall(r'boundary\("([^"]+)"\)', text)} == steps.LABELS


def test_a_watcher_is_told_of_each_boundary_until_there_is_none() -> None:
    seen: list[str] = []
    steps.watch(seen.append)
    steps.boundary("chain.applied")
    steps.watch(None)
    steps.boundary("chain.applied")
    assert seen == ["chain.applied"]
