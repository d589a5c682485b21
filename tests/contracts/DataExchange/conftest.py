# SPDX-License-Identifier: Apache-2.0
"""An exchange whose custodian has put in enough for its deposits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ape.contracts import ContractInstance

from tests.support.market import Market
from tests.support.trade import STANDING, Trade


@pytest.fixture
def trade(
    chain: Any, registry: Any, exchange: Any, customer: Any, consumer: Any, custodian: Any, stranger: Any
) -> Trade:
    trade = Trade(chain, registry, exchange, customer, consumer, custodian, stranger)
    exchange.fund(sender=custodian, value=STANDING)
    return trade


@pytest.fixture
def as_contract(trade: Trade, deployer: Any, project: Any) -> Callable[[str], tuple[Any, Market]]:
    """A market in which this role is a contract account, which has put in enough and can do several things in
    one second."""

    def market(role: str) -> tuple[ContractInstance, Market]:
        owner, exchange = getattr(trade, role), trade.exchange
        wallet = deployer.deploy(project.AcceptingWallet, owner)
        wallet.execute(exchange, STANDING, exchange.fund.encode_input(), sender=owner, value=STANDING)
        return wallet, replace(trade.market, **{role: getattr(trade.market, role).at(wallet.address)})

    return market
