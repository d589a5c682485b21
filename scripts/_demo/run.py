# SPDX-License-Identifier: Apache-2.0
"""The demo, step by step."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from faircart import retail
from faircart.agent.client import CustomerClient
from faircart.canonical import canonical
from faircart.documents import orders_document
from faircart.envelope import encode_public_key, new_request_key
from faircart.papers import Domain

from scripts._demo import sharing
from scripts._demo.networks import start_streams
from scripts._demo.processes import Processes
from scripts._demo.progress import Progress
from scripts._demo.report import Checks, CustomerLine, Report, ether
from scripts._demo.shopping import DAY, Customer, customers_of, quote, shop_for
from scripts._demo.world import CUSTODIAN_SHOP, GAS_MONEY, World, build

REWARD = 10**15
# Granted, opened, delivered and settled: an entry each.
LOG_STEPS = 4


def run(folder: Path, count: int, streams: str, progress: Progress) -> Report:
    """Do everything with `count` customers, keeping files in `folder`, and report.

    `streams` is `embedded` for the stand-in or `real` for MultiChain nodes.

    Raises FairCartError when a part cannot be done; nothing that was started runs afterwards.
    """
    orders = retail.load()
    customers = customers_of(orders, count, CUSTODIAN_SHOP)
    with Processes(folder) as processes:
        progress.step("Networks, contracts and agents")
        world = build(processes, folder, start_streams(processes, folder, streams), progress)
        return _walk_through(processes, world, folder, orders, customers, progress)


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
