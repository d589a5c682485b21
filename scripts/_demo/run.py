"""The demo, step by step."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from faircart import retail
from faircart.agent.client import CustomerClient
from faircart.canonical import canonical
from faircart.documents import orders_document
from faircart.envelope import encode_public_key, new_request_key
from faircart.papers import Domain
from web3 import Web3

from scripts._demo import sharing
from scripts._demo.chain import Chain, start_anvil
from scripts._demo.companies import Company, admit, found_company, start_agent
from scripts._demo.networks import contracts_at, deploy_contracts, start_streams
from scripts._demo.processes import Processes
from scripts._demo.progress import Progress
from scripts._demo.report import Checks, CustomerLine, Report, ether
from scripts._demo.shopping import DAY, Customer, customers_of, quote, shop_for

CUSTODIAN_SHOP = retail.SHOPS[0]
REWARD = 10**15
GAS_MONEY = 10**18
COMPANY_MONEY = 100 * 10**18
BANK_MNEMONIC = "test test test test test test test test test test test junk"
# Granted, opened, delivered and settled: an entry each.
LOG_STEPS = 4


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


def run(folder: Path, count: int, streams: str, progress: Progress) -> Report:
    """Do everything with `count` customers, keeping files in `folder`, and report.

    `streams` is `embedded` for the stand-in or `real` for MultiChain nodes.

    Raises FairCartError when a part cannot be done; nothing that was started runs afterwards.
    """
    orders = retail.load()
    customers = customers_of(orders, count, CUSTODIAN_SHOP)
    with Processes(folder) as processes:
        world = _build(processes, folder, streams, progress)
        return _walk_through(processes, world, folder, orders, customers, progress)


def _build(processes: Processes, folder: Path, kind: str, progress: Progress) -> World:
    progress.step("Networks, contracts and agents")
    ethereum_url = start_anvil(processes)
    web3 = Web3(Web3.HTTPProvider(ethereum_url))
    streams = start_streams(processes, folder, kind)
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


def _walk_through(
    processes: Processes,
    world: World,
    folder: Path,
    orders: retail.Retail,
    customers: tuple[Customer, ...],
    progress: Progress,
) -> Report:
    progress.step("Orders of a real shop, split into three shops by stock code")
    taken = sum(len(invoice.lines) for invoice in orders.invoices)
    progress.say(f"{taken} order lines taken, {orders.tidied} of them tidied; left out:")
    for reason, number in orders.left_out.items():
        progress.say(f"{number:>6}  {retail.EXPLANATION[reason]}")

    chain = world.chain
    chain.pay(world.bank, [(one.account.address, one.total + GAS_MONEY) for one in customers])
    accounts = _accounts(world, customers)
    start = chain.web3.eth.block_number
    before = chain.balances(accounts, start)

    progress.step("Customers pay their carts through escrow; shops ship, customers confirm, sellers are paid")
    _shop(world, customers, progress)

    progress.step(f"The shop {CUSTODIAN_SHOP} makes its customers' orders into documents and offers them")
    reading_keys = {one.id: new_request_key() for one in customers}
    documents = {one.id: _document(one) for one in customers}
    sharing.import_documents(
        world.custodian,
        [
            {
                "customer": one.account.address,
                "readingKey": "0x" + encode_public_key(reading_keys[one.id][1]).hex(),
                "category": sharing.CATEGORY,
                "document": documents[one.id],
            }
            for one in customers
        ],
    )
    progress.say(f"documents: {len(documents)}")

    progress.step("The consumer asks; each customer is shown its document and consents by signature")
    request = sharing.publish_request(world.consumer, REWARD)
    progress.say(f"request {request}: {sharing.CATEGORY} for {sharing.PURPOSE}, {ether(REWARD)} ETH each")
    clients = {
        one.id: CustomerClient(world.custodian.api, one.account, reading_keys[one.id][0]) for one in customers
    }
    shown: dict[str, bytes] = {}
    with progress.counting("consents signed", len(customers)) as consented:

        def accepted(number: str, proposal: Any) -> None:
            shown[number] = canonical(proposal.document)
            consented(len(shown))

        sharing.consent(processes, clients, accepted)

    progress.step("The agents exchange item, envelope, key and reward")
    with progress.counting("rewards paid", len(customers)) as paid:
        sales = sharing.wait_for_sales(processes, world.consumer, len(customers), paid)
    received = sharing.exported_documents(world.consumer, folder / "received")
    log = sharing.wait_for_log(clients[customers[0].id], LOG_STEPS)

    progress.step("Checks")
    end = chain.web3.eth.block_number
    after = chain.balances(accounts, end)
    burned = chain.burned(start + 1, end)
    by_customer = {sale.customer: sale for sale in sales}
    return Report(
        customers=tuple(_line(one, by_customer[one.account.address]) for one in customers),
        left_out={str(reason): number for reason, number in orders.left_out.items()},
        access_log=log,
        before=before,
        after=after,
        burned=burned,
        checks=Checks(
            ether_conserved=sum(before.values()) == sum(after.values()) + burned,
            documents_equal=all(
                received.get(by_customer[one.account.address].exchange_id)
                == shown[one.id]
                == canonical(documents[one.id])
                for one in customers
            ),
        ),
    )


def _shop(world: World, customers: tuple[Customer, ...], progress: Progress) -> None:
    escrow = world.contracts["CheckoutEscrow"]
    domain = Domain(world.chain.web3.eth.chain_id, escrow.address)
    valid_until = world.chain.web3.eth.get_block("latest")["timestamp"] + DAY
    carts = [
        quote(one, invoice, world.sellers, world.arbiter.address, domain, valid_until)
        for one in customers
        for invoice in one.invoices
    ]
    with progress.counting("carts paid, shipped and confirmed", len(carts)) as counted:
        shop_for(world.chain, escrow, carts, list(world.sellers.values()), counted)


def _document(customer: Customer) -> dict[str, Any]:
    # At random, so that it cannot be traced back to the number in the file.
    pseudonym = f"customer-{secrets.token_hex(8)}"
    return orders_document(pseudonym, CUSTODIAN_SHOP, customer.invoices)


def _line(customer: Customer, sale: sharing.Sale) -> CustomerLine:
    return CustomerLine(
        id=customer.id,
        orders=customer.orders,
        escrowed_wei=customer.total,
        data_bytes=sale.data_bytes,
        reward_wei=sale.reward,
        open_to_reward_seconds=sale.closed_at - sale.opened_at,
    )


def _accounts(world: World, customers: tuple[Customer, ...]) -> dict[str, ChecksumAddress]:
    """Every account that takes part in any way, by the name that the report gives it.

    Were ether to come from or go to any other account, the check would fail.
    """
    named: dict[str, ChecksumAddress] = {
        **{f"customer {one.id}": one.account.address for one in customers},
        **{f"shop {shop}": seller.address for shop, seller in world.sellers.items()},
        "consumer": world.consumer.account.address,
        **{name: contract.address for name, contract in world.contracts.items()},
        "bank": world.bank.address,
    }
    web3 = world.chain.web3
    deployer = web3.eth.accounts[0]
    named["deployer"] = deployer
    named["block producer"] = web3.eth.get_block("latest")["miner"]
    return named
