# SPDX-License-Identifier: Apache-2.0
"""A command with all its descendants, found by a mark in their environment (Linux): none outlives a test."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.anvil import ROOT

MARK = "FAIRCART_TEST_MARK"


@dataclass
class Marked:
    """A running command, in a session of its own."""

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def __post_init__(self) -> None:
        self._mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.env, MARK: self._mark},
            start_new_session=True,
        )

    def left_behind(self) -> list[str]:
        """The command lines of those that still run."""
        found = []
        for pid in self._pids():
            with suppress(OSError):
                found.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def wait_until_nothing_runs(self, seconds: float = 120) -> list[str]:
        """What still runs then; empty as soon as nothing does."""
        end = time.monotonic() + seconds
        while self._pids() and time.monotonic() < end:
            time.sleep(0.2)
        return self.left_behind()

    def end(self) -> None:
        """Ends whatever still runs: asked first, then not."""
        for number, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 30)):
            for pid in self._pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            self.process.poll()
            self.wait_until_nothing_runs(seconds)
        self.process.wait()

    def _pids(self) -> list[int]:
        wanted = f"{MARK}={self._mark}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found
