"""The customer's rights between real agents: receipts, ledger, withdrawal, other terms, portability,
erasure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from faircart import documents, keys
from faircart.rights.customer import RightsClient
from faircart.rights.ledgers import Ledgers
from faircart.rights.sources import ApiSource

from tests.support.agents import PASSWORD, WORK, Ethereum, Shopper, Streams
from tests.support.documents import orders
from tests.support.offices import Office, faircart, until

REWARD = 10**15
CATEGORIES = 'categories = ["orders", "preferences", "profile"]'

pytestmark = pytest.mark.timeout(240)


@dataclass
class Customer(Shopper):
    """A shopper with key files and the `faircart` command."""

    folder: Path = Path()

    def files(self, folder: Path) -> "Customer":
        self.folder = folder / f"customer-{self.number}"
        self.folder.mkdir()
        (self.folder / "pw").write_text(PASSWORD)
        keys.save_account(self.folder / "account.json", PASSWORD, bytes(self.account.key), work=WORK)
        created = keys.create_hpke_key(self.folder / "reading.json", PASSWORD, work=WORK)
        self.reading_key, self.public = created.private, created.public
        return self

    def rights(self, shop: Office) -> RightsClient:
        return RightsClient(shop.api, self.account, self.reading_key)

    def who(self, shop: Office) -> list[str]:
        return [
            *("--api", shop.api, "--reading-key", str(self.folder / "reading.json")),
            *("--password-file", str(self.folder / "pw")),
        ]

    def signing(self, shop: Office) -> list[str]:
        return [*self.who(shop), "--keystore", str(self.folder / "account.json")]

    def reading(self, shop: Office) -> list[str]:
        return [*self.who(shop), "--customer", self.address]


@pytest.fixture(scope="module")
def ethereum(folder: Path) -> Iterator[Ethereum]:
    with Ethereum(folder, options=()) as network:
        yield network


@pytest.fixture(scope="module")
def streams(folder: Path) -> Iterator[Streams]:
    with Streams(folder, wallets=3) as network:
        yield network


@pytest.fixture(scope="module")
def shop(folder: Path, ethereum: Ethereum, streams: Streams) -> Iterator[Office]:
    office = Office("shop", "custodian", folder, ethereum, streams, 0)
    yield office.start()
    office.kill()


@pytest.fixture(scope="module")
def consumer(folder: Path, ethereum: Ethereum, streams: Streams) -> Iterator[Office]:
    changes = {
        'categories = ["orders"]': CATEGORIES,
        "max_counter_reward_wei = 0": f"max_counter_reward_wei = {2 * REWARD}",
    }
    office = Office("consumer", "consumer", folder, ethereum, streams, 1, changes)
    yield office.start()
    office.kill()


@pytest.fixture(scope="module")
def people(folder: Path, shop: Office, consumer: Office) -> list[Customer]:
    """Eight customers with orders and preferences; the last one gave a profile, too."""
    found = [Customer(number).files(folder) for number in range(8)]
    lines = [person.import_line(orders(person.number, items=12)) for person in found]
    given = {"knowsLanguage": ["en"], "name": "Alice Example"}
    profile = documents.profile_document("pseudonym-0007", "meadow", given, date(2026, 1, 2))
    lines.append(json.dumps({**json.loads(found[7].import_line(profile)), "category": "profile"}))
    file = folder / "documents.jsonl"
    file.write_text("\n".join(lines))
    said = shop.run("import", "-c", str(shop.config), "--derive-preferences", str(file))
    assert json.loads(said) == {"imported": 17}
    return found


def ask(consumer: Office, category: str, *, valid_for: int = 86400, purpose: str = "Marketing") -> str:
    said = consumer.run(
        *("request", "publish", "-c", str(consumer.config), "--category", category),
        *("--purpose", f"https://w3id.org/dpv#{purpose}", "--notice", "notice-1"),
        *("--reward", str(REWARD), "--valid-for", str(valid_for)),
    )
    return str(json.loads(said)["request"])


@pytest.fixture(scope="module")
def request_id(people: list[Customer], consumer: Office) -> str:
    return ask(consumer, "orders")


def proposal(
    person: Customer, shop: Office, consumer: Office, *, category: str = "orders", reward: int = REWARD
) -> Any:
    def found() -> Any:
        listed = person.rights(shop).proposals()
        return next((p for p in listed if p.record.category == category and p.record.reward == reward), None)

    return until(found, f"a proposal for {category}", shop, consumer)


def sold(person: Customer, shop: Office, consumer: Office, *, category: str = "orders") -> bytes:
    """The customer accepts; when its data are sold and written down: the consent's id."""
    offered = proposal(person, shop, consumer, category=category)
    consent_id = bytes.fromhex(person.rights(shop).accept(offered)[2:])
    until(lambda: exchange(consumer, consent_id).get("state") == "Settled", "a sale", shop, consumer)
    until(lambda: len(steps(person, shop, consent_id)) == 4, "four log entries", shop, consumer)
    return consent_id


def exchange(enterprise: Office, consent_id: bytes) -> dict[str, Any]:
    found = enterprise.status()["exchanges"]
    return next((entry for entry in found if entry["consentId"] == consent_id.hex()), {})


def steps(person: Customer, shop: Office, consent_id: bytes) -> list[str]:
    log = person.client(shop).access_log()
    done = [entry for entry in log if entry["evidence"]["streamItem"]]
    return [entry["step"] for entry in done if entry["entry"]["condition"]["consent"] == consent_id.hex()]


def trusted(ethereum: Ethereum) -> list[str]:
    return ["--ethereum-url", ethereum.url, "--network", "test", "--deployments", str(ethereum.records)]


def ledgers(ethereum: Ethereum, shop: Office) -> Ledgers:
    from faircart.ethereum import deployments
    from faircart.ethereum.contracts import Contracts
    from faircart.ethereum.node import EthereumNode

    contracts = Contracts(deployments.load("test", ethereum.records))
    return Ledgers(EthereumNode(ethereum.url), contracts, ApiSource(shop.api))


@pytest.fixture(scope="module")
def first_sale(people: list[Customer], request_id: str, shop: Office, consumer: Office) -> bytes:
    return sold(people[0], shop, consumer)


def test_a_receipt_is_verified_against_both_ledgers_and_says_what_it_proves(
    first_sale: bytes, people: list[Customer], shop: Office, ethereum: Ethereum, folder: Path
) -> None:
    out = folder / "receipts"
    said = faircart("receipt", "save", *people[0].reading(shop), "--out", str(out))
    assert json.loads(said) == {"receipts": [first_sale.hex()]}
    file = str(out / f"{first_sale.hex()}.json")
    shown = faircart("receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, file)
    assert [line.partition(":")[0] for line in shown.splitlines()[:7]] == [
        *("ok  form", "ok  terms", "ok  consent id", "ok  signature", "ok  ethereum", "ok  multichain"),
        "ok  state",
    ]
    assert f"It proves that {people[0].address} consented on " in shown
    assert "It proves not that the data in the document are true" in shown
    assert "marketing: finding and addressing customers" in faircart("receipt", "show", file)


def test_every_line_of_the_ledger_is_verified(
    first_sale: bytes, people: list[Customer], shop: Office, consumer: Office, ethereum: Ethereum
) -> None:
    said = faircart("ledger", *people[0].reading(shop), *trusted(ethereum), "--format", "json")
    lines = json.loads(said)
    assert [(line["step"], line["status"], line["problem"]) for line in lines] == [
        ("granted", "verified", ""),
        ("opened", "verified", ""),
        ("delivered", "verified", ""),
        ("settled", "verified", ""),
    ]
