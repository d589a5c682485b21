# SPDX-License-Identifier: Apache-2.0
"""One market for all tests of the rights: agents in this process, real networks, orders of the sample."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faircart import documents, papers
from faircart.canonical import commitment

from tests.support import kinds
from tests.support.agents import ETHER, Ethereum, Streams
from tests.support.citizens import (
    DOCUMENTS,
    NUMBERS,
    PROFILES,
    REWARD,
    SAMPLE,
    SHOP,
    Customer,
    ask,
    sold,
)
from tests.support.offices import Office, faircart

CATEGORIES = 'categories = ["orders", "preferences", "profile"]'


@pytest.fixture(scope="package", params=kinds.BOTH)
def kind(request: pytest.FixtureRequest) -> str:
    return kinds.chosen(request.param)


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory, kind: str) -> Path:
    return tmp_path_factory.mktemp(f"market-{kind}")


@pytest.fixture(scope="package")
def ethereum(folder: Path) -> Iterator[Ethereum]:
    with Ethereum(folder, options=()) as network:
        yield network


@pytest.fixture(scope="package")
def streams(folder: Path, kind: str) -> Iterator[Streams]:
    with Streams(folder, wallets=3, real=kind == kinds.MULTICHAIN) as network:
        yield network


@pytest.fixture(scope="package")
def shop(folder: Path, ethereum: Ethereum, streams: Streams) -> Iterator[Office]:
    office = Office("shop", "custodian", folder, ethereum, streams, 0)
    yield office.start()
    office.kill()


@pytest.fixture(scope="package")
def consumer(folder: Path, ethereum: Ethereum, streams: Streams) -> Iterator[Office]:
    changes = {
        'categories = ["orders"]': CATEGORIES,
        "max_counter_reward_wei = 0": f"max_counter_reward_wei = {2 * REWARD}",
    }
    office = Office("consumer", "consumer", folder, ethereum, streams, 1, changes)
    yield office.start()
    office.kill()


@pytest.fixture(scope="package")
def people(folder: Path, shop: Office, consumer: Office) -> list[Customer]:
    """Nine customers of the sample with orders and preferences; two of them gave a profile, too."""
    found = [Customer(place).files(folder) for place in range(len(NUMBERS))]
    lines = [person.import_line(document) for person, document in zip(found, DOCUMENTS, strict=True)]
    for place, profile in PROFILES.items():
        line = json.loads(found[place].import_line(profile))
        lines.append(json.dumps({**line, "category": "profile"}))
    file = folder / "documents.jsonl"
    file.write_text("\n".join(lines))
    said = shop.run("import", "-c", str(shop.config), "--derive-preferences", str(file))
    assert json.loads(said) == {"imported": 20}
    return found


@pytest.fixture(scope="package")
def request_id(people: list[Customer], consumer: Office) -> str:
    return ask(consumer, "orders")


@pytest.fixture(scope="package")
def first_sale(people: list[Customer], request_id: str, shop: Office, consumer: Office) -> bytes:
    return sold(people[0], shop, consumer)


@pytest.fixture(scope="package")
def receipt(first_sale: bytes, people: list[Customer], shop: Office, folder: Path) -> dict[str, Any]:
    out = folder / "receipts"
    said = faircart("receipt", "save", *people[0].reading(shop), "--out", str(out))
    assert json.loads(said) == {"receipts": [first_sale.hex()]}
    found: dict[str, Any] = json.loads((out / f"{first_sale.hex()}.json").read_text())
    return found


@pytest.fixture(scope="package")
def paid(people: list[Customer], shop: Office, ethereum: Ethereum) -> tuple[papers.Order, dict[str, Any]]:
    """A real cart's part, quoted by the shop and paid by the customer through the escrow."""
    person = people[6]
    invoice = next(i for i in SAMPLE.invoices_of(NUMBERS[6]) if any(o.shop == SHOP for o in i.orders))
    order = next(order for order in invoice.orders if order.shop == SHOP)
    document = documents.order_document(invoice, order)
    now = ethereum.w3.eth.get_block("latest")["timestamp"]
    paper = papers.Order(
        seller=shop.address,
        buyer=person.address,
        arbiter=ethereum.rich,
        amount=order.wei,
        order_hash=commitment(document),
        valid_until=now + 3600,
        ship_within=3600,
        confirm_within=3600,
        arbitration_within=3600,
        salt=7,
    )
    escrow = ethereum.contracts["CheckoutEscrow"]
    signature = papers.sign(paper, papers.Domain(31337, escrow.address), bytes(shop.account.key))
    ethereum.give(person.address, ETHER)
    call = escrow.functions.checkout([paper.abi()], [signature])
    transaction = call.build_transaction(
        {"from": person.address, "value": paper.amount, "nonce": 0, "gas": 300_000}
    )
    raw = person.account.sign_transaction(transaction).raw_transaction
    ethereum.w3.eth.wait_for_transaction_receipt(ethereum.w3.eth.send_raw_transaction(raw))
    return paper, document
