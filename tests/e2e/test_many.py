# SPDX-License-Identifier: Apache-2.0
"""The normal case: several shops, several consumers, and companies that are both, all at the same time."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from faircart.store.records import Exchange

from tests.support.agents import Ethereum, Shopper, Streams, wait_for
from tests.support.documents import orders
from tests.support.forked import AWAY, Company

pytestmark = pytest.mark.timeout(600)
ROLES = {"meadow": "custodian", "bazaar": "both", "atelier": "both", "insight": "consumer"}
SHOPS, BUYERS = ("meadow", "bazaar", "atelier"), ("bazaar", "atelier", "insight")
CUSTOMERS = {name: [Shopper(2 * place), Shopper(2 * place + 1)] for place, name in enumerate(SHOPS)}
SALES = {(shop, buyer) for shop, buyer in product(SHOPS, BUYERS) if shop != buyer}
"""Nobody asks its own customers for what it has: seven pairs, each with two customers."""
REWARD, FEE, CONSUMER_DEPOSIT = 10**15, 10**13, 10**14
STANDING = 10**16
# One offer for each consent, valid for longer than any machine takes.
SHOP = {"offers_per_consent": 1, "offer_valid_for": 7200}
QUICK = ("--block-seconds", "0.2", "--relay-seconds", "0.02", "--payload-seconds", "0.02")
CHAIN = (
    *("--block-time", "1", "--mixed-mining"),
    *("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee"),
)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Ethereum, Streams]]:
    folder = tmp_path_factory.mktemp("many")
    with Ethereum(folder, CHAIN) as ethereum, Streams(folder, wallets=len(ROLES), delays=QUICK) as streams:
        yield folder, ethereum, streams


@pytest.fixture(scope="module")
def companies(networks: tuple[Path, Ethereum, Streams]) -> Iterator[dict[str, Company]]:
    """All of them after the last sale: each customer has consented to each proposal that it got."""
    found = {
        name: Company(name, role, *networks, wallet, SHOP if name in SHOPS else None)
        for wallet, (name, role) in enumerate(ROLES.items())
    }
    try:
        for name in SHOPS:
            people = [(person, orders(person.number, items=5)) for person in CUSTOMERS[name]]
            found[name].take(found[name].home, people)
        for company in found.values():
            company.start()
        for company in found.values():
            company.ready()
        for name in BUYERS:
            found[name].ask(REWARD)
        for name in SHOPS:
            for person in CUSTOMERS[name]:
                consent_to_all(found[name], person, len([shop for shop, _ in SALES if shop == name]))
        wait_for(lambda: all(settled(found[name]) for name in ROLES), "all sales to be settled", 300)
        yield found
    finally:
        for company in found.values():
            company.kill()


def consent_to_all(shop: Company, person: Shopper, count: int) -> None:
    """A customer waits for so many proposals and consents to each."""

    def proposals() -> Any:
        try:
            there = shop.client(person).proposals()
        except AWAY:
            return None
        return there if len(there) == count else None

    for proposal in wait_for(proposals, f"{count} proposals of {shop.name}", 120):
        shop.patiently(partial(shop.client(person).accept, proposal))


def settled(company: Company) -> bool:
    """Whether an agent knows of all its sales as settled, bought or sold."""
    wanted = 2 * len([pair for pair in SALES if company.name in pair])
    with company.store.read() as work:
        return Counter(row.state for row in work.find(Exchange)) == {"Settled": wanted}


def test_every_buyer_bought_once_from_each_customer_of_every_other_shop(
    companies: dict[str, Company], networks: tuple[Path, Ethereum, Streams]
) -> None:
    names = {company.address: name for name, company in companies.items()}
    bought: Counter[tuple[str, str, str]] = Counter()
    for name in BUYERS:
        company = companies[name]
        with company.store.read() as work:
            bought.update(
                (names[row.custodian], name, row.customer)
                for row in work.find(Exchange, consumer=company.address)
            )
    assert bought == Counter(
        (shop, buyer, person.address) for shop, buyer in SALES for person in CUSTOMERS[shop]
    )
    chain = Counter(name for name, _ in networks[1].events("DataExchange"))
    sales = 2 * len(SALES)
    assert chain == {"Funded": len(SHOPS), "Opened": sales, "Delivered": sales, "Confirmed": sales}


def test_every_wei_is_where_it_belongs(
    companies: dict[str, Company], networks: tuple[Path, Ethereum, Streams]
) -> None:
    ethereum = networks[1]
    standing = ethereum.contracts["DataExchange"].functions.balanceOf
    for name, company in companies.items():
        sold = 2 * len([pair for pair in SALES if pair[0] == name])
        bought = 2 * len([pair for pair in SALES if pair[1] == name])
        kept = (STANDING if name in SHOPS else 0) + sold * FEE + bought * CONSUMER_DEPOSIT
        assert standing(company.address).call() == kept, name
    for shop, people in CUSTOMERS.items():
        rewards = REWARD * len([pair for pair in SALES if pair[0] == shop])
        assert [ethereum.w3.eth.get_balance(person.address) for person in people] == [rewards] * 2


def test_nothing_is_parked_and_all_end_with_0(companies: dict[str, Company]) -> None:
    assert {name: company.parked() for name, company in companies.items()} == {name: [] for name in ROLES}
    assert {name: company.stop() for name, company in companies.items()} == dict.fromkeys(ROLES, 0)
