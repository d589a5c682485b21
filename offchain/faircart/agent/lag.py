# SPDX-License-Identifier: Apache-2.0
"""A node that is behind: it has fewer blocks than we have read, none at all, or none that is new."""

import time

from faircart.agent import log
from faircart.agent.config import Config
from faircart.agent.tools import Tools
from faircart.agent.work.done import NotYet
from faircart.ethereum.node import Head

LAG_SECONDS = 10
"""A node may be behind for so long before that is told of: those behind a balancer differ by blocks."""
RETRY_SECONDS = 5


class Lag:
    """Tells once of a node that stays behind, and once when it has caught up."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._told = False

    def note(self, behind: bool, **facts: int | None) -> None:
        """How it is now; `facts` are told with it."""
        if not behind:
            self._since = None
            if self._told:
                self._told = False
                log.event("ethereum.caught_up", **facts)
            return
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if not self._told and now - self._since >= LAG_SECONDS:
            self._told = True
            log.trouble("ethereum.behind", **facts)


def stands_still(config: Config, latest: Head | None) -> bool:
    """Whether a node's latest block is so old that newer ones must be there, or there is none."""
    if latest is None:
        return True
    tolerance = config.ethereum.clock_tolerance
    return bool(tolerance) and time.time() - latest.timestamp > tolerance


def believable(config: Config, timestamp: int) -> int:
    """A block's time, cut where it is ahead of our clock by more than any honest block is."""
    tolerance = config.ethereum.clock_tolerance
    return min(timestamp, int(time.time()) + tolerance) if tolerance else timestamp


def require_fresh(tools: Tools) -> None:
    """Raises NotYet while the node stands still: what was mined since, such as a withdrawal, is not seen."""
    if stands_still(tools.config, tools.ethereum.head()):
        raise NotYet(
            "the Ethereum node's latest block is old: newer ones may hold a withdrawal", RETRY_SECONDS
        )
