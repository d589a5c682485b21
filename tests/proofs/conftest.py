# SPDX-License-Identifier: Apache-2.0
"""One anvil with the contracts on it, and a consumer and a custodian with money inside."""

from collections.abc import Iterator

import pytest

from tests.proofs.stage import Stage
from tests.support.anvil import Anvil


@pytest.fixture(scope="session")
def chain() -> Iterator[Anvil]:
    with Anvil() as anvil:
        yield anvil


@pytest.fixture(scope="session")
def stage(chain: Anvil) -> Stage:
    return Stage(chain)
