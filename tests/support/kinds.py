# SPDX-License-Identifier: Apache-2.0
"""The kinds of stream nodes that a test can run on: the stand-in everywhere, MultiChain where it is found."""

import pytest
from faircart.streams import real_nodes

STAND_IN, MULTICHAIN = "stand-in", "multichain"
BOTH = (STAND_IN, pytest.param(MULTICHAIN, marks=pytest.mark.multichain))
"""Parameters of a fixture whose tests run on each."""


def chosen(kind: str) -> str:
    """`kind`; skips the test, with the reason, where it needs a node that is not here."""
    if kind == MULTICHAIN and real_nodes.find() is None:
        pytest.skip("multichaind is not on the PATH and MULTICHAIND does not name it")
    return kind
