# SPDX-License-Identifier: Apache-2.0
"""Troubles that last: told of when they begin and when they are over, and never in between.

A node that is away, an account without ether, a budget that is spent: the agent tries on, and its log says so
once, however often it tries and whatever the numbers in the message are by then.
"""

import time
from collections.abc import Callable

from faircart.agent import log

QUIET_SECONDS = 5.0
"""A part has to work for so long before its trouble is over: failing in every other call is one trouble."""
FORGOTTEN_AT = 10_000
"""So many pauses are remembered: what is beyond begins anew with short ones."""


class Spells:
    """The troubles of one part of the agent, by kind (the error's class) and by who suffers from them."""

    def __init__(self, part: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._part = part
        self._clock = clock
        self._sufferers: dict[str, set[str]] = {}
        self._last: dict[str, float] = {}

    def begins(self, error: Exception, who: str = "") -> None:
        """`who` suffers from this; told of if nobody did before."""
        kind = type(error).__name__
        if kind not in self._sufferers:
            log.trouble("away", part=self._part, kind=kind, reason=str(error))
        self._sufferers.setdefault(kind, set()).add(who)
        self._last[kind] = self._clock()

    def ends(self, who: str = "") -> None:
        """`who` got through; told of if nobody suffers any more, and nobody did for a while."""
        for kind, sufferers in list(self._sufferers.items()):
            sufferers.discard(who)
            if not sufferers and self._clock() - self._last[kind] >= QUIET_SECONDS:
                del self._sufferers[kind], self._last[kind]
                log.event("back", part=self._part, kind=kind)


class Patience:
    """Growing pauses for what has to wait again and again, so that it leaves the others their turn."""

    def __init__(self) -> None:
        self._waited: dict[str, int] = {}

    def pause(self, who: str, first: float, longest: float) -> float:
        """Seconds until `who` is looked at again: `first` some times, then doubling up to `longest`."""
        if len(self._waited) > FORGOTTEN_AT:
            self._waited.clear()
        waited = self._waited[who] = self._waited.get(who, 0) + 1
        return min(first * 2.0 ** min(max(0, waited - PATIENT), 20), max(first, longest))

    def forget(self, who: str) -> None:
        """`who` has got through."""
        self._waited.pop(who, None)


PATIENT = 5
"""So many pauses are short: most of what has to wait is there in a moment."""
