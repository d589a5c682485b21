# SPDX-License-Identifier: Apache-2.0
"""Enterprises whose agents run inside the test's own process, step by step: the same parts as the
daemon's, on the
same networks, without the seconds that a process takes to start. Commands run in the same process, too."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from click.testing import CliRunner
from faircart.agent import startup
from faircart.agent.chain_reader import ChainReader
from faircart.agent.config import load
from faircart.agent.daemon import LANES, Step, introduce, make_streams
from faircart.agent.http_api import Api
from faircart.agent.stream_reader import StreamReader
from faircart.agent.tools import Tools
from faircart.agent.work.runner import Runner
from faircart.cli import main

from tests.support.agents import Enterprise, wait_for


def faircart(*arguments: str, code: int = 0) -> str:
    """A command: what it prints, or its error if it must fail with `code`."""
    done = CliRunner(mix_stderr=False).invoke(main, list(arguments), prog_name="faircart")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.stderr + done.stdout
    return done.stderr if code else done.stdout


@dataclass
class Office(Enterprise):
    """An enterprise with its agent in this process; `work` carries it forward."""

    parts: list[Step] = field(default_factory=list)

    def run(self, *arguments: str) -> str:
        return faircart(*arguments)

    def start(self) -> Self:
        self.tools: Tools = startup.start(load(self.config))
        self.tools.store.lock()
        if self.tools.ctx.is_consumer:
            make_streams(self.tools)
        introduce(self.tools)
        self._server = Api(self.tools)
        self.parts = [
            ChainReader(self.tools),
            StreamReader(self.tools),
            *(Runner(self.tools, lane) for lane in LANES),
        ]
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_for((self.home / "http.json").exists, f"{self.name} to be ready")
        return self

    def work(self) -> bool:
        """One step of every part; whether anything went on."""
        went_on = False
        for part in self.parts:
            went_on |= part.step()
        return went_on

    def kill(self) -> None:
        self.tools.stop.set()
        self._server.stop()
        self._thread.join(10)
        self.tools.store.close()


def until(condition: Callable[[], Any], what: str, *offices: Office, seconds: float = 240) -> Any:
    """Lets the offices work until `condition` holds; its value. Fails the test when `seconds` are over."""
    end = time.monotonic() + seconds
    while True:
        for office in offices:
            while office.work() and time.monotonic() < end:
                pass
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)
