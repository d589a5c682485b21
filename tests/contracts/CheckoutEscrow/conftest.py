# SPDX-License-Identifier: Apache-2.0
"""An escrow that sells, and everybody's balances."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.ledger import Ledger
from tests.support.shop import Shop


@pytest.fixture
def shop(chain: Any, escrow: Any, buyer: Any, seller: Any, arbiter: Any) -> Shop:
    return Shop(chain, escrow, buyer, seller, arbiter)


@pytest.fixture
def ledger(
    escrow: Any, buyer: Any, seller: Any, second_seller: Any, third_seller: Any, arbiter: Any, stranger: Any
) -> Callable[..., Ledger]:
    """Called before something happens; holds everybody's balance and those of who is named."""

    def begin(*more: Any) -> Ledger:
        return Ledger(escrow, buyer, seller, second_seller, third_seller, arbiter, stranger, *more)

    return begin
