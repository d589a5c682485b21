# SPDX-License-Identifier: Apache-2.0
"""Two wallets of a stand-in whose clock the tests turn by hand, and a client for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from faircart.multichain import StreamNode
from faircart.standin.network import Delays
from faircart.standin.service import StandIn

BY_HAND = Delays(block=0, relay=3600, payload=3600)
"""Nothing arrives before `settle()`, no block is made before `mine()`."""


@dataclass
class Party:
    """One company: its node and the address it publishes from."""

    node: StreamNode
    address: str


def party(standin: StandIn, number: int, *, timeout: float = 60.0) -> Party:
    access = standin.access(number)
    return Party(StreamNode(access.url, access.user, access.password(), timeout=timeout), access.address)


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[StandIn]:
    with StandIn(tmp_path / "standin", delays=BY_HAND) as running:
        yield running


@pytest.fixture
def shop(standin: StandIn) -> Iterator[Party]:
    found = party(standin, 1)
    yield found
    found.node.close()


@pytest.fixture
def consumer(standin: StandIn) -> Iterator[Party]:
    found = party(standin, 2)
    yield found
    found.node.close()
