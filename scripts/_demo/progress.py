# SPDX-License-Identifier: Apache-2.0
"""Progress of the demo, on stderr: numbered steps, a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar


class Progress:
    """Says what is going on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = 0

    def step(self, text: str) -> None:
        """A new numbered step begins."""
        self._step += 1
        self._console.print(f"[bold]{self._step}.[/bold] {text}", highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """A detail of the current step."""
        self._console.print(f"   {text}", highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def counting(self, text: str, total: int) -> Iterator[Callable[[int], None]]:
        """A count that grows to `total`; the function that it gives takes the count so far."""
        if not self._console.is_terminal:
            yield lambda _: None
            self.say(f"{text}: {total}")
            return
        columns = (TextColumn("   {task.description}"), BarColumn(), MofNCompleteColumn())
        with Bar(*columns, console=self._console) as bar:
            task = bar.add_task(text, total=total)
            yield lambda done: bar.update(task, completed=done)
