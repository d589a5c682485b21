# SPDX-License-Identifier: Apache-2.0
"""What carrying out a transaction effect comes to before anything is sent."""

from dataclasses import dataclass

from faircart.agent.work.done import Done
from faircart.errors import FairCartError


class WouldCheat(FairCartError):
    """What would be sent is wrong by our own books: it is parked, never sent."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A contract call to be sent: `value` in wei."""

    contract: str
    function: str
    arguments: tuple[object, ...]
    value: int = 0


Decision = Wanted | Done
