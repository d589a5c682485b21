# SPDX-License-Identifier: Apache-2.0
"""An anvil with the contracts, and an agent's tools on it without a stream node."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from faircart import envelope
from faircart.agent.config import Config, load
from faircart.agent.context import Context
from faircart.agent.secrets import Secrets
from faircart.agent.tools import Tools
from faircart.ethereum import deployments
from faircart.ethereum.contracts import Contracts
from faircart.ethereum.node import EthereumNode
from faircart.store import Store

from tests.support.agents import ETHER, Ethereum

CONFIG = """
[agent]
name = "test"
roles = ["custodian"]
[ethereum]
url = "{url}"
network = "test"
chain_id = 31337
confirmations = 1
password_file = "none"
bump_after_seconds = 60
log_range = 7
[streams]
url = "http://127.0.0.1:1"
user = "nobody"
password_file = "none"
[keys]
password_file = "none"
"""


@pytest.fixture(scope="module")
def ethereum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ethereum]:
    with Ethereum(tmp_path_factory.mktemp("anvil"), options=()) as network:
        yield network


@pytest.fixture
def node(ethereum: Ethereum) -> EthereumNode:
    return EthereumNode(ethereum.url)


@pytest.fixture
def contracts(ethereum: Ethereum) -> Contracts:
    return Contracts(deployments.load("test", ethereum.records))


@pytest.fixture
def config(ethereum: Ethereum, tmp_path: Path) -> Config:
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(url=ethereum.url))
    return load(path)


@pytest.fixture
def tools(
    ethereum: Ethereum, node: EthereumNode, contracts: Contracts, config: Config, tmp_path: Path
) -> Iterator[Tools]:
    account = Account.create()
    ethereum.give(account.address, ETHER)
    nobody: Any = None
    ctx = Context(
        address=account.address,
        multichain_address="1test",
        hpke_key=envelope.encode_public_key(envelope.new_request_key()[1]),
        chain_name="faircart",
        chain_id=31337,
        contracts=tuple((name, found.address) for name, found in contracts.deployments.items()),
        is_custodian=True,
        is_consumer=False,
        custodian=config.custodian,
        consumer=config.consumer,
    )
    with Store(f"sqlite:///{tmp_path}/agent.db") as store:
        yield Tools(
            config=config,
            ctx=ctx,
            store=store,
            ethereum=node,
            contracts=contracts,
            streams=nobody,
            account=account,
            hpke_private=bytes(32),
            secrets=Secrets(bytes(32)),
        )
