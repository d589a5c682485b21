"""An exchange whose custodian has put in enough for its deposits."""

from typing import Any

import pytest
from ape.api import AccountAPI
from ape.contracts import ContractInstance

from tests.support.trade import STANDING, Trade


@pytest.fixture(scope="session")
def exchange(deployer: AccountAPI, project: Any, registry: ContractInstance) -> ContractInstance:
    return deployer.deploy(project.DataExchange, registry)


@pytest.fixture
def trade(
    chain: Any, registry: Any, exchange: Any, customer: Any, consumer: Any, custodian: Any, stranger: Any
) -> Trade:
    trade = Trade(chain, registry, exchange, customer, consumer, custodian, stranger)
    exchange.fund(sender=custodian, value=STANDING)
    return trade
