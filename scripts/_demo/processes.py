# SPDX-License-Identifier: Apache-2.0
"""Child processes that never outlive the demo: not on success, not on failure, not on Ctrl-C."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from faircart.errors import FairCartError

STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1


class ProcessFailed(FairCartError):
    """A part of the demo ended or did not become ready; the message quotes the end of its log."""


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _die_with_parent() -> None:
    # A demo that is killed with SIGKILL runs no clean-up; on Linux the kernel then ends its children.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One running process and the file that its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self, lines: int = 15) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def fail_if_ended(self) -> None:
        """Raise `ProcessFailed` with the end of the log if the process is no longer running."""
        code = self.process.poll()
        if code is not None:
            raise ProcessFailed(
                f"{self.name} ended with exit code {code}. The end of its log:\n{self.tail()}"
            )


@dataclass
class Processes:
    """Starts children, waits until they are ready, stops them in reverse order on leaving the block."""

    folder: Path
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> Child:
        """Start `command` in a session of its own, so that a Ctrl-C reaches it through `stop` only."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def wait_until(self, child: Child, ready: Callable[[], bool], seconds: float) -> None:
        """Poll `ready` until it is true; raise `ProcessFailed` when the child ends or time runs out."""
        end = time.monotonic() + seconds
        while not ready():
            child.fail_if_ended()
            if time.monotonic() > end:
                raise ProcessFailed(
                    f"{child.name} was not ready within {seconds:.0f} s. The end of its log:\n{child.tail()}"
                )
            time.sleep(0.05)

    def fail_if_any_ended(self) -> None:
        """Raise `ProcessFailed` for the first child that is no longer running."""
        for child in self.children:
            child.fail_if_ended()

    def stop(self) -> None:
        """End all children, the last started first; kill what does not end in time."""
        for child in reversed(self.children):
            if child.process.poll() is None:
                child.process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for child in reversed(self.children):
            try:
                child.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
        self.children.clear()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A second Ctrl-C must not interrupt the clean-up that the first one started.
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.stop()
        finally:
            signal.signal(signal.SIGINT, previous)
