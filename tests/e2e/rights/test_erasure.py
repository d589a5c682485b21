# SPDX-License-Identifier: Apache-2.0
"""After an erasure nothing that FairCart controls can be decrypted."""

import json
from pathlib import Path
from typing import Any

import pytest
from faircart import documents
from faircart.agent.client import ApiRefused

from tests.support import burglar
from tests.support.agents import Ethereum, Streams
from tests.support.citizens import (
    REWARD,
    Customer,
    ask,
    ledgers,
    sold,
)
from tests.support.offices import Office, faircart, until


def test_after_an_erasure_no_copy_can_be_decrypted_and_the_certificate_says_what_remains(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, streams: Streams,
    ethereum: Ethereum, tmp_path: Path,
) -> None:  # fmt: skip
    person, needle = people[8], b"pseudonym-0008"
    ask(consumer, "orders", reward=REWARD + 1)
    sold(person, shop, consumer, reward=REWARD + 1)
    offices, trust, node = [shop, consumer], ledgers(ethereum, shop), streams.node(2)

    def readable() -> tuple[set[str], set[str]]:
        kept, opened = burglar.kept(offices), burglar.opened(offices, trust, node, consumer.address)
        return names_of(kept, needle), names_of(opened, needle)

    until(lambda: readable()[1], "the payloads to reach the node that subscribes now", shop, consumer)
    assert readable() == ({"orders", "preferences", "profile"}, {"orders"})
    with shop.tools.store.read() as work:
        wrapped = _wrapped_keys(work, person, shop)
    assert all(key in _bytes_of(shop) for key in wrapped)

    stranger = people[6].rights(shop)
    with pytest.raises(ApiRefused, match="signature: it is not the customer's, so nothing was done"):
        _erase_for(stranger, person)

    faircart("erase", *person.signing(shop), "--category", "orders", "--category", "preferences")
    until(lambda: person.rights(shop).certificates(), "the certificate", shop, consumer)
    before = len(burglar.ciphertexts(node, consumer.address))
    burglar.forget(node, consumer.address)
    again = "the publisher's copies to reach a node that subscribes again"
    until(lambda: len(burglar.ciphertexts(node, consumer.address)) == before > 0, again, shop, consumer)
    assert readable() == ({"profile"}, set())
    for office in offices:
        assert not any(key in _bytes_of(office) for key in wrapped)
        assert needle not in _bytes_of(office)
    [certificate] = person.rights(shop).certificates()
    own, [recipient] = certificate["faircart:custodian"], certificate["faircart:recipients"]
    assert (own["documentKeysDestroyed"], own["itemKeysDestroyed"], own["padsDestroyed"]) == (2, 1, 1)
    assert own["payloads"] == (
        "the publisher's ciphertext stays at its node; without its key nobody can read it"
    )
    assert (recipient["address"], recipient["dataKeysDestroyed"], recipient["padsDestroyed"]) == (
        *(consumer.address, 1, 1),
    )
    assert recipient["requestKeysDestroyed"] == 1
    shown = faircart("erase", *person.signing(shop), "certificate", "--out", str(tmp_path / "c.json"))
    assert "What cannot be erased:" in shown
    assert [held.category for held in person.rights(shop).holdings().documents] == ["profile"]
    lines = person.rights(shop).ledger(ledgers(ethereum, shop), 2**31)
    assert {line.status for line in lines} == {"verified"}
    erasing = [line.step for line in lines if line.step.startswith("erasure")]
    assert erasing == ["erasure told", "erasure acknowledged", "erasure certified"]


def test_who_has_its_orders_erased_and_not_what_follows_from_them_is_told_so(
    people: list[Customer], shop: Office, consumer: Office
) -> None:
    person = people[2]
    said = json.loads(faircart("erase", *person.signing(shop), "--category", "orders"))
    assert said["stays"] == "preferences, which follow from these orders: name that category, too"
    until(lambda: len(person.rights(shop).certificates()) == 1, "the certificate", shop, consumer)
    assert [held.category for held in person.rights(shop).holdings().documents] == ["preferences"]
    said = json.loads(faircart("erase", *person.signing(shop), "--category", "preferences"))
    assert list(said) == ["erasure"]
    until(lambda: len(person.rights(shop).certificates()) == 2, "the certificate", shop, consumer)


def names_of(texts: list[bytes], needle: bytes) -> set[str]:
    """The categories of the documents that tell of somebody."""
    return {json.loads(text)["name"] for text in texts if needle in text}


def _wrapped_keys(work: Any, person: Customer, shop: Office) -> list[bytes]:
    from faircart.store import tables as t
    from faircart.store.records import Document

    roots = [
        row.data_root.hex()
        for row in work.find(Document, customer=person.address)
        if row.category != "profile"
    ]
    query = t.vault.select().where(t.vault.c.name.in_(roots))
    found = [row.wrapped_key for row in work.connection.execute(query)]
    assert len(found) == 2
    return found


def _bytes_of(office: Office) -> bytes:
    return b"".join(path.read_bytes() for path in office.home.rglob("*") if path.is_file())


def _erase_for(somebody: Any, victim: Customer) -> None:
    somebody.address = victim.address
    somebody._state(
        "erasures",
        "erasure/1",
        {
            "customer": victim.address,
            "categories": ["orders"],
            "requestedAt": documents.seconds_of("2026-01-01T00:00:00Z"),
            "nonce": "00",
        },
    )


def test_an_erasure_of_something_else_is_refused_with_the_check_that_failed(
    people: list[Customer], shop: Office
) -> None:
    person = people[0].rights(shop)
    body = {"customer": person.address, "categories": ["health"], "requestedAt": 0, "nonce": "00"}
    with pytest.raises(ApiRefused, match="categories: there is no category 'health': known are orders"):
        person._state("erasures", "erasure/1", body)
    with pytest.raises(ApiRefused, match="requestedAt: the request must be signed within the hour"):
        person._state("erasures", "erasure/1", {**body, "categories": ["orders"]})


def test_an_erasure_with_one_unknown_category_withdraws_nothing(
    people: list[Customer], request_id: str, shop: Office, consumer: Office
) -> None:
    person = people[1]
    before = [held.state for held in person.rights(shop).holdings().consents]
    options = ["--category", "orders", "--category", "health"]
    said = faircart("erase", *person.signing(shop), *options, code=1)
    assert said.startswith("Error: categories: there is no category 'health': known are orders, preferences")
    assert [held.state for held in person.rights(shop).holdings().consents] == before
