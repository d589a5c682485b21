# SPDX-License-Identifier: Apache-2.0
"""What handlers read and what they answer."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from faircart.errors import FairCartError
from faircart.store.outbox import Effect
from faircart.store.records import Record

R = TypeVar("R", bound=Record)


class View(Protocol):
    """The rows as of this event; `store.Work` in the agent, a dictionary in tests."""

    def get(self, kind: type[R], *key: Any) -> R | None:
        """The row with this primary key."""

    def find(self, kind: type[R], **equals: Any) -> list[R]:
        """All rows whose columns equal these values, by primary key."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows to be written and effects to be carried out, together or not at all."""

    changes: tuple[Record, ...] = ()
    effects: tuple[Effect, ...] = ()

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.changes + other.changes, self.effects + other.effects)


NOTHING = Outcome()


class PaperRefused(FairCartError):
    """A paper that this agent does not take; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Ignore(FairCartError):
    """A stream item that does not count: the message says why. Nothing happens but that it is marked."""


class Later(FairCartError):
    """A stream item that cannot be judged yet: the message says what is missing."""
