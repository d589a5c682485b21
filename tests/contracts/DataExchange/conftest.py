# SPDX-License-Identifier: Apache-2.0
"""An exchange whose custodian has put in enough for its deposits."""

from typing import Any

import pytest

from tests.support.trade import STANDING, Trade


@pytest.fixture
def trade(
    chain: Any, registry: Any, exchange: Any, customer: Any, consumer: Any, custodian: Any, stranger: Any
) -> Trade:
    trade = Trade(chain, registry, exchange, customer, consumer, custodian, stranger)
    exchange.fund(sender=custodian, value=STANDING)
    return trade
