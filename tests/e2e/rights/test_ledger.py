# SPDX-License-Identifier: Apache-2.0
"""The access log as its customer reads it: verified, reconciled, exported."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from faircart.agent import sealed
from faircart.canonical import new_salt
from faircart.multichain import Json, names
from faircart.rights import erasure, ledger

from tests.support.agents import Ethereum, Streams
from tests.support.citizens import (
    REWARD,
    Customer,
    ledgers,
    sold,
    trusted,
)
from tests.support.offices import Office, faircart, until


def statuses(lines: list[ledger.Line]) -> list[tuple[str, str]]:
    return [(line.step, line.status) for line in lines]


SALE = [("granted", "verified"), ("opened", "verified"), ("delivered", "verified"), ("settled", "verified")]


def test_every_line_of_the_ledger_is_verified_and_can_be_exported(
    first_sale: bytes, people: list[Customer], shop: Office, ethereum: Ethereum
) -> None:
    command = ["ledger", *people[0].reading(shop), *trusted(ethereum)]
    lines = json.loads(faircart(*command, "--format", "json"))
    assert [(line["step"], line["status"], line["problem"]) for line in lines] == [
        (step, status, "") for step, status in SALE
    ]
    assert [line["who"].split()[0] for line in lines] == ["customer", "consumer", "custodian", "consumer"]
    assert {line["purpose"] for line in lines} == {"dpv:Marketing"}
    assert {line["rewardWei"] for line in lines} == {str(REWARD)}
    graph = json.loads(faircart(*command, "--format", "jsonld"))
    assert [entry["faircart:status"] for entry in graph["@graph"]] == ["verified"] * 4
    rows = faircart(*command, "--format", "csv").splitlines()
    assert rows[0].startswith("when,step,who,what,withWhom,means,purpose,condition,rewardWei,status")
    assert len(rows) == 5
    assert faircart(*command).count("[verified]") == 4


def test_without_an_ethereum_node_each_exported_line_is_shown_as_unverifiable(
    first_sale: bytes, people: list[Customer], shop: Office
) -> None:
    person = people[0]
    who = [*person.who(shop), "--customer", person.address.lower()]
    graph = json.loads(faircart("ledger", *who, "--format", "jsonld"))
    assert graph["dpv:hasDataSubject"] == person.address
    assert [entry["faircart:status"] for entry in graph["@graph"]] == ["unverifiable"] * 4
    rows = faircart("ledger", *who, "--format", "csv").splitlines()
    assert [row.count(",unverifiable,") for row in rows] == [0, 1, 1, 1, 1]
    lines = json.loads(faircart("ledger", *who, "--json"))
    assert [(line["step"], line["status"]) for line in lines] == [(step, "unverifiable") for step, _ in SALE]
    assert lines == json.loads(faircart("ledger", *who, "--format", "json"))
    assert {line["rewardWei"] for line in lines} == {str(REWARD)}
    text = faircart("ledger", *who)
    assert text.count("[unverifiable: nothing was checked: name an Ethereum node for that]") == 4
    assert "who        customer 0x" in text
    for wrong, said in (
        ("0x12", "'--customer': expected an Ethereum address"),
        (person.address.swapcase().replace("0X", "0x"), "is misspelt (its EIP-55 checksum does not fit)"),
    ):
        assert said in faircart("ledger", *person.who(shop), "--customer", wrong, code=2)


class Tampered:
    """A source that hides items, or shows others in their place."""

    def __init__(self, inner: Any, hidden: set[str]) -> None:
        self.name, self._inner, self._hidden = "tampered", inner, hidden

    def all(self, stream: str) -> Iterator[Any]:
        return (item for item in self._inner.all(stream) if not self._hidden & set(item.keys))

    def by_key(self, stream: str, key: str) -> list[Any]:
        return [] if key in self._hidden else self._inner.by_key(stream, key)


def test_a_missing_audit_item_is_found_by_reconciling_both_ledgers(
    first_sale: bytes, people: list[Customer], shop: Office, ethereum: Ethereum
) -> None:
    trust = ledgers(ethereum, shop)
    now = trust.events[-1].at.timestamp
    person = people[0].rights(shop)
    opened = next(line for line in person.ledger(trust, now) if line.step == "opened")
    hiding = replace(trust, streams=Tampered(trust.streams, {opened.evidence["entry"]}))
    assert sorted(statuses(person.ledger(hiding, now + 1000))) == sorted(
        [("opened", "missing"), *(line for line in SALE if line[0] != "opened")]
    )
    assert ("opened", "awaited") in statuses(person.ledger(hiding, now))


class Emptied:
    """A source that holds nothing of one stream."""

    def __init__(self, inner: Any, stream: str) -> None:
        self.name, self._inner, self._stream = "emptied", inner, stream

    def all(self, stream: str) -> Iterator[Any]:
        return iter(()) if stream == self._stream else self._inner.all(stream)

    def by_key(self, stream: str, key: str) -> list[Any]:
        return [] if stream == self._stream else self._inner.by_key(stream, key)


def test_a_receipt_that_never_came_is_missing_and_leaves_the_other_lines_unverifiable(
    first_sale: bytes, people: list[Customer], shop: Office, ethereum: Ethereum
) -> None:
    trust = ledgers(ethereum, shop)
    granted = next(event.at.timestamp for event in trust.events if event.subject == first_sale)
    person = people[0].rights(shop)
    without = replace(trust, streams=Emptied(trust.streams, names.RECEIPTS))
    lines = person.ledger(without, granted + ledger.STALE_SECONDS)
    assert sorted(statuses(lines)) == sorted(
        [("receipt", "missing"), *((step, "unverifiable") for step, _ in SALE)]
    )
    [lacking] = [line for line in lines if line.step == "receipt"]
    assert lacking.evidence["consent"] == first_sale.hex()
    assert lacking.problem == (
        "receipt: the custodian has published no receipt for this consent that you can read"
    )
    soon = person.ledger(without, granted + ledger.STALE_SECONDS - 1)
    assert ("receipt", "awaited") in statuses(soon)


def forged(person: Customer, shop: Office, streams: Streams, wallet: int, changes: dict[str, Any]) -> None:
    """An entry like the real one but for `changes`, sealed to the customer and published by some wallet."""
    real = next(line["entry"] for line in person.client(shop).access_log() if line["step"] == "delivered")
    entry_id = new_salt()[2:]
    entry = {**real, "id": entry_id, "salt": new_salt(), **changes}
    reader = shop.tools.ctx.hpke_key[:10] + person.public
    value = sealed.committed(sealed.ACCESS_ENTRY, entry_id, [reader], entry)
    node = streams.node(wallet)
    node.publish(names.ACCESSLOG, entry_id, Json(value), address=streams.access[wallet]["address"])


def first_condition(person: Customer, shop: Office) -> dict[str, Any]:
    condition: dict[str, Any] = person.client(shop).access_log()[0]["entry"]["condition"]
    return condition


def test_forged_audit_items_are_refuted_whoever_published_them(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, streams: Streams,
    ethereum: Ethereum,
) -> None:  # fmt: skip
    person = people[1]
    sold(person, shop, consumer)
    forged(person, shop, streams, 1, {})
    forged(person, shop, streams, 2, {})
    forged(person, shop, streams, 0, {"purpose": "dpv:ServiceOptimisation"})
    forged(person, shop, streams, 0, {"when": 1_700_000_000})
    longer = {**first_condition(person, shop), "retentionDays": 9999}
    forged(person, shop, streams, 0, {"condition": longer})
    elsewhere = {**first_condition(person, shop), "storageLocation": "US"}
    forged(person, shop, streams, 0, {"condition": elsewhere})
    trust = ledgers(ethereum, shop)
    now = trust.events[-1].at.timestamp
    # Other wallets' items reach the shop's node a moment later.
    lines: list[ledger.Line] = until(
        lambda: len(found := person.rights(shop).ledger(trust, now)) == 10 and found,
        "the forged entries",
        shop,
        consumer,
    )
    wrong = {line.problem for line in lines if line.status == "refuted"}
    expected = {
        f"multichain: the entry was published by {consumer.address}, not by its custodian",
        "receipt: purpose, category or notice are not those that you consented to",
        "ethereum: the block was made at another time than the entry says",
        "receipt: retention or conditions are not those that you consented to",
        "receipt: processing, storage location or jurisdiction are not those that you consented to",
    }
    assert wrong > expected
    # Of the third wallet: nobody has bound it, unless the garden shop of another test has.
    [stranger] = wrong - expected
    assert stranger.startswith("multichain: the entry was published by ")
    assert sum(line.status == "verified" for line in lines) == 4
    said = faircart("ledger", *person.reading(shop), *trusted(ethereum), code=1)
    assert said.startswith("Error: 6 of 10 lines are not verified; the first: delivered, refuted: ")


def test_a_company_that_had_no_part_in_a_consent_cannot_tell_of_its_withdrawal(
    first_sale: bytes, people: list[Customer], shop: Office, consumer: Office, streams: Streams,
    ethereum: Ethereum,
) -> None:  # fmt: skip
    person, own = people[0], shop.tools.ctx
    reader = own.hpke_key[:10] + person.public
    facts = {"customer": person.address, "reading_key": reader, "categories": ["orders"], "when": 1}
    notice = erasure.notice(
        "withdrawal", new_salt()[2:], custodian=consumer.address, consumer=own.address,
        consents=[first_sale], **facts,
    )  # fmt: skip
    asked = {**notice, "id": new_salt()[2:], "author": own.address, "consumer": consumer.address}
    destroyed = erasure.Destroyed(1, 1, 1, "none", "MultiChain Community")
    answer = erasure.acknowledgement(new_salt()[2:], asked, "1abc", destroyed, 1)
    node = streams.node(1)
    for document in (notice, answer):
        value = sealed.committed(sealed.ERASURE, document["id"], [reader], document)
        node.publish(names.ERASURES, document["id"], Json(value), address=streams.access[1]["address"])
    trust = ledgers(ethereum, shop)

    def told() -> list[tuple[str, str, str]]:
        lines = person.rights(shop).ledger(trust, 2**31)
        return [(line.step, line.status, line.problem) for line in lines if line.when == 1]

    assert until(lambda: len(found := told()) == 2 and found, "the forged papers", shop, consumer) == [
        ("withdrawal told", "refuted", "ethereum: it names a consent that you did not give to these two"),
        ("withdrawal acknowledged", "refuted", "notice: it answers no notice to its author"),
    ]
