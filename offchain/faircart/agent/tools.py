# SPDX-License-Identifier: Apache-2.0
"""What workers work with: the three I/O modules, the keys, the clock."""

import threading
import time
from dataclasses import dataclass, field

from eth_account.signers.local import LocalAccount

from faircart.agent.config import Config
from faircart.agent.context import Context
from faircart.agent.secrets import Secrets
from faircart.ethereum.contracts import Contracts
from faircart.ethereum.node import EthereumNode
from faircart.multichain import StreamNode
from faircart.store import Store


@dataclass
class Clock:
    """Seconds UTC: the later of the machine's clock and that of the newest block that was read, since
    deadlines are the chain's. Never that of a head which is not confirmed: what is destroyed at a deadline
    does not come back.
    """

    chain: int = 0

    def now(self) -> int:
        """The time that deadlines are compared with."""
        return max(int(time.time()), self.chain)

    def saw(self, timestamp: int) -> None:
        """The newest block that was read has this timestamp. A reorganisation takes the time back, too."""
        self.chain = timestamp


@dataclass(frozen=True)
class Tools:
    """Shared by all threads of one agent."""

    config: Config
    ctx: Context
    store: Store
    ethereum: EthereumNode
    contracts: Contracts
    streams: StreamNode
    account: LocalAccount
    hpke_private: bytes = field(repr=False)
    secrets: Secrets = field(repr=False)
    hpke_former: tuple[bytes, ...] = field(default=(), repr=False)
    """Private keys from before rotations: others may have sealed to them, or still do."""
    clock: Clock = field(default_factory=Clock)
    stop: threading.Event = field(default_factory=threading.Event)
    wake: threading.Condition = field(default_factory=threading.Condition)
    disclosing: threading.Lock = field(default_factory=threading.Lock)
    """Held while a key is sent, and while a withdrawal is taken: one is before the other."""

    @property
    def hpke_privates(self) -> tuple[bytes, ...]:
        """All that something may be sealed to, the current one first."""
        return (self.hpke_private, *self.hpke_former)

    def nudge(self) -> None:
        """There is something new to do."""
        with self.wake:
            self.wake.notify_all()
