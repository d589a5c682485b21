# SPDX-License-Identifier: Apache-2.0
"""Agents that are killed by a plan and started again whenever they die."""

import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Self

from tests.support.forked import Company


@dataclass
class Plan:
    """How an agent dies: at which crossing of which labels, once each; after how many seconds of a life."""

    labels: dict[str, int] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)


class Undying:
    """Starts an agent again whenever it is killed; kills it by a plan."""

    def __init__(self, company: Company, plan: Plan | None = None) -> None:
        plan = plan or Plan()
        self.company = company
        self._labels, self._moments = dict(plan.labels), list(plan.moments)
        self.killed: list[str] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._dies_at = float("inf")

    def __enter__(self) -> Self:
        self._live()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.spare()
        self._thread.join()
        self.company.kill()

    def spare(self) -> None:
        """No kills from now on."""
        self._end.set()

    def _live(self) -> None:
        self._dies_at = time.monotonic() + self._moments[0] if self._moments else float("inf")
        self.company.start(self._labels)

    def _watch(self) -> None:
        while not self._end.wait(0.01):
            process = self.company.process
            if time.monotonic() >= self._dies_at:
                process.kill()
            if process.is_alive():
                continue
            process.join()
            if process.exitcode != -signal.SIGKILL:
                return  # it ended by itself: whoever waits for it finds out why
            self._note()
            self._live()

    def _note(self) -> None:
        try:
            label = self.company.died_at.read_text()
        except FileNotFoundError:
            self.killed.append("at random")
            del self._moments[0]
        else:
            self.company.died_at.unlink()
            self.killed.append(label)
            del self._labels[label]
