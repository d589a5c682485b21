# SPDX-License-Identifier: Apache-2.0
"""People and contracts for the contract tests: everybody has a role and an account of its own."""

from typing import Any

import pytest
from ape.api import AccountAPI
from ape.contracts import ContractInstance


@pytest.fixture(scope="session")
def deployer(accounts: Any) -> AccountAPI:
    return accounts[0]


@pytest.fixture(scope="session")
def buyer(accounts: Any) -> AccountAPI:
    return accounts[1]


@pytest.fixture(scope="session")
def seller(accounts: Any) -> AccountAPI:
    return accounts[2]


@pytest.fixture(scope="session")
def second_seller(accounts: Any) -> AccountAPI:
    return accounts[3]


@pytest.fixture(scope="session")
def third_seller(accounts: Any) -> AccountAPI:
    return accounts[4]


@pytest.fixture(scope="session")
def arbiter(accounts: Any) -> AccountAPI:
    return accounts[5]


@pytest.fixture(scope="session")
def stranger(accounts: Any) -> AccountAPI:
    """Has nothing to do with it; submits what others signed."""
    return accounts[6]


@pytest.fixture(scope="session")
def customer(accounts: Any) -> AccountAPI:
    return accounts[7]


@pytest.fixture(scope="session")
def consumer(accounts: Any) -> AccountAPI:
    return accounts[8]


@pytest.fixture(scope="session")
def custodian(accounts: Any) -> AccountAPI:
    return accounts[9]


@pytest.fixture(scope="session")
def escrow(deployer: AccountAPI, project: Any) -> ContractInstance:
    return deployer.deploy(project.CheckoutEscrow)


@pytest.fixture(scope="session")
def registry(deployer: AccountAPI, project: Any) -> ContractInstance:
    return deployer.deploy(project.ConsentRegistry)


@pytest.fixture(scope="session")
def exchange(deployer: AccountAPI, project: Any, registry: ContractInstance) -> ContractInstance:
    return deployer.deploy(project.DataExchange, registry)
