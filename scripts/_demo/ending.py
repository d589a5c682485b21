# SPDX-License-Identifier: Apache-2.0
"""How signals end the demo: as exceptions, so that every child process is stopped on the way out."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import UnraisableHookArgs

AGAIN_SECONDS = 0.05


def end_on_signals() -> None:
    """From now on SIGINT raises KeyboardInterrupt, SIGTERM and SIGHUP SystemExit, and none is lost."""
    # A process that a script starts in the background inherits that SIGINT is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    sys.unraisablehook = _raise_again


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _raise_again(dropped: UnraisableHookArgs) -> None:
    # A handler may happen to run inside a finalizer or a fork's hook. Python drops what is raised there.
    error = dropped.exc_value
    if not isinstance(error, KeyboardInterrupt | SystemExit):
        sys.__unraisablehook__(dropped)
        return

    def late(_: int, __: FrameType | None) -> None:
        raise error

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
