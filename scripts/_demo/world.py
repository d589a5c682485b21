# SPDX-License-Identifier: Apache-2.0
"""Everything that runs in the demo, and everybody who takes part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from faircart import retail
from faircart.streams.network import Network
from web3 import Web3

from scripts._demo.chain import Chain, start_anvil
from scripts._demo.companies import Company, admit, found_company, start_agent
from scripts._demo.networks import contracts_at, deploy_contracts
from scripts._demo.processes import Processes
from scripts._demo.progress import Progress

CUSTODIAN_SHOP = retail.SHOPS[0]
GAS_MONEY = 10**18
COMPANY_MONEY = 100 * 10**18
BANK_MNEMONIC = "test test test test test test test test test test test junk"


@dataclass(frozen=True)
class World:
    """Everything that runs, and everybody who takes part."""

    chain: Chain
    contracts: Mapping[str, Any]
    custodian: Company
    consumer: Company
    sellers: Mapping[str, LocalAccount]
    bank: LocalAccount
    arbiter: LocalAccount


def build(processes: Processes, folder: Path, streams: Network, progress: Progress) -> World:
    """Start Ethereum, deploy, found both companies on the stream nodes and start their agents.

    Files are kept in `folder`; raises FairCartError when a part cannot be done.
    """
    ethereum_url = start_anvil(processes)
    web3 = Web3(Web3.HTTPProvider(ethereum_url))
    progress.say(f"Ethereum: anvil at {ethereum_url}; MultiChain: {streams.kind}, chain {streams.chain}")
    records = folder / "deployments"
    deploy_contracts(ethereum_url, records)
    contracts = contracts_at(web3, records)
    for name, contract in contracts.items():
        progress.say(f"{name} at {contract.address}")
    roles = ((CUSTODIAN_SHOP, "custodian"), ("consumer", "consumer"))
    custodian, consumer = (
        found_company(
            name,
            role,
            folder,
            ethereum_url=ethereum_url,
            chain_id=web3.eth.chain_id,
            records=records,
            node=node,
            chain_name=streams.chain,
        )
        for (name, role), node in zip(roles, streams.nodes, strict=True)
    )
    chain = Chain(web3)
    Account.enable_unaudited_hdwallet_features()
    bank = Account.from_mnemonic(BANK_MNEMONIC, account_path="m/44'/60'/0'/0/9")
    others = {shop: Account.create() for shop in retail.SHOPS if shop != CUSTODIAN_SHOP}
    chain.pay(
        bank,
        [
            *((company.account.address, COMPANY_MONEY) for company in (custodian, consumer)),
            *((seller.address, GAS_MONEY) for seller in others.values()),
        ],
    )
    admit(custodian, consumer)
    for company in (custodian, consumer):
        start_agent(processes, company)
        progress.say(f"{company.name}: {company.role}'s agent, account {company.account.address}")
    sellers = {CUSTODIAN_SHOP: custodian.account, **others}
    return World(chain, contracts, custodian, consumer, sellers, bank, Account.create())
