# SPDX-License-Identifier: Apache-2.0
"""What carrying out an effect comes to."""

from dataclasses import dataclass, field
from typing import Any

from faircart.agent.handlers import NOTHING, Outcome
from faircart.errors import FairCartError


@dataclass(frozen=True)
class Done:
    """An effect is done: its result, and what is stored in the transaction that says so.

    `keep` and `destroy` concern the vault: (kind, name, secret) and (kind, name).
    """

    result: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = NOTHING
    keep: tuple[tuple[str, str, bytes], ...] = field(default=(), repr=False)
    destroy: tuple[tuple[str, str], ...] = ()


def moot(reason: str) -> Done:
    """There is nothing to do any more."""
    return Done({"moot": reason})


class NotYet(FairCartError):
    """Something is missing that will come by itself:

    looked at again after `seconds`, not counted as a failure.
    """

    def __init__(self, reason: str, seconds: float = 1) -> None:
        super().__init__(reason)
        self.seconds = seconds
