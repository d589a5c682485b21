# SPDX-License-Identifier: Apache-2.0
"""Customers who exercise their rights, in the words of tests."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from faircart import documents, keys, retail
from faircart.ethereum import deployments
from faircart.ethereum.contracts import Contracts
from faircart.ethereum.node import EthereumNode
from faircart.rights.customer import RightsClient
from faircart.rights.ledgers import Ledgers
from faircart.rights.sources import ApiSource

from tests.support.agents import PASSWORD, WORK, Ethereum, Shopper
from tests.support.offices import Office, until

REWARD = 10**15
SHOP = "harbour"
SAMPLE = retail.load()
NUMBERS = SAMPLE.customers(9, shop=SHOP)
DOCUMENTS = [
    documents.orders_document(f"pseudonym-{place:04d}", SHOP, SAMPLE.invoices_of(number))
    for place, number in enumerate(NUMBERS)
]
PROFILES = {
    place: documents.profile_document(
        f"pseudonym-{place:04d}", SHOP, {"knowsLanguage": ["en"], "name": "Alice Example"}, date(2026, 1, 2)
    )
    for place in (7, 8)
}
PROFILE = PROFILES[7]


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


def ask(consumer: Office, category: str, *, valid_for: int = 86400, reward: int = REWARD) -> str:
    said = consumer.run(
        *("request", "publish", "-c", str(consumer.config), "--category", category),
        *("--purpose", "https://w3id.org/dpv#Marketing", "--notice", "notice-1"),
        *("--reward", str(reward), "--valid-for", str(valid_for)),
    )
    return str(json.loads(said)["request"])


def proposal(
    person: Customer, shop: Office, consumer: Office, *, category: str = "orders", reward: int = REWARD
) -> Any:
    def found() -> Any:
        listed = person.rights(shop).proposals()
        return next((p for p in listed if p.record.category == category and p.record.reward == reward), None)

    return until(found, f"a proposal for {category}", shop, consumer)


def sold(person: Customer, shop: Office, consumer: Office, *, reward: int = REWARD) -> bytes:
    """The customer accepts; when its data are sold and written down: the consent's id."""
    offered = proposal(person, shop, consumer, reward=reward)
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
    contracts = Contracts(deployments.load("test", ethereum.records))
    return Ledgers(EthereumNode(ethereum.url), contracts, ApiSource(shop.api))
