# SPDX-License-Identifier: Apache-2.0
"""Every command of the README runs: its blocks are taken from it and run as they stand."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from tests.support.agents import free_port
from tests.support.marked import Marked

ROOT = Path(__file__).parents[2]


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)


def test_a_reader_who_goes_step_by_step_gets_paid_and_leaves_the_document_with_the_consumer(
    tmp_path: Path,
) -> None:
    [walk] = blocks()
    listing = 'ls "$work/received"\n'
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]]
    )
    walking = Marked(
        ["bash", "-euo", "pipefail", "-c", walk + listing],
        {
            **{name: value for name, value in os.environ.items() if not name.startswith("APE_")},
            "HOME": str(tmp_path),
            "PATH": path,
            "PORT": str(free_port()),
            "SOLCX_BINARY_PATH": str(ROOT / ".ape" / "solcx"),
            "TMPDIR": str(tmp_path),
        },
    )
    try:
        out, err = walking.process.communicate(timeout=1000)
    finally:
        walking.end()
    assert walking.process.returncode == 0, out[-3000:] + err[-3000:]
    lines = out.splitlines()
    # The export's count, then the one document under its exchange's id.
    assert lines[-2] == '{"exported": 1}'
    assert re.fullmatch(r"[0-9a-f]{64}\.json", lines[-1])
    steps = [line.split()[1:] for line in lines if re.match(r"\d{4}-\d\d-\d\dT\S+Z  ", line)]
    assert steps == [[step, "[verified]"] for step in ("granted", "opened", "delivered", "settled")]


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    named = re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert named == ["demo", "test"]
    for target in named:
        assert re.search(rf"^{target}: setup", (ROOT / "Makefile").read_text(), re.MULTILINE)
