# SPDX-License-Identifier: Apache-2.0
"""Starting beside nodes that are away: waited for by an agent that has run before, and told of once.

After a reboot the agent is up before its nodes, and whatever starts it again and again would only fill a log.
What waiting does not mend (another chain, other contracts, a password or certificate that is not accepted)
ends it with an error.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from faircart.agent import log
from faircart.agent.config import Config
from faircart.agent.spells import Patience
from faircart.ethereum.errors import NodeUnreachable
from faircart.multichain import errors as streams
from faircart.store import Store

T = TypeVar("T")
AWAY = (
    NodeUnreachable,
    streams.Unreachable,
    streams.TimedOut,
    streams.ConnectionCut,
    streams.Overloaded,
    streams.WarmingUp,
    streams.NotANode,
)
"""A node is away, or not yet what it will be."""
PART = "start"
FIRST_PAUSE, LONGEST_PAUSE = 1, 15
"""Seconds between two attempts."""


def has_run(config: Config) -> bool:
    """Whether the agent's database is tied to its chains already: then its nodes were right once."""
    prefix = "sqlite:///"
    if config.database.startswith(prefix) and not Path(config.database.removeprefix(prefix)).exists():
        return False
    with Store(config.database) as store:
        return store.pinned("chain id") is not None


def until_there(act: Callable[[], T]) -> T:
    """What `act` comes to, once the nodes that it needs answer."""
    patience = Patience()
    kinds: list[str] = []
    while True:
        try:
            found = act()
        except streams.CertificateRefused:
            raise
        except AWAY as error:
            kind = type(error).__name__
            if kind not in kinds:
                kinds.append(kind)
                log.trouble("away", part=PART, kind=kind, reason=str(error))
            time.sleep(patience.pause(PART, FIRST_PAUSE, LONGEST_PAUSE))
        else:
            for kind in kinds:
                log.event("back", part=PART, kind=kind)
            return found
