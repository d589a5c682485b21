# SPDX-License-Identifier: Apache-2.0
"""Withdrawal in one step, without gas, acknowledged; renewal."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from faircart.agent.client import ApiRefused
from faircart.canonical import canonical
from faircart.documents import utc
from faircart.store.records import Request

from tests.support import burglar
from tests.support.agents import Ethereum, Streams
from tests.support.citizens import (
    REWARD,
    Customer,
    ask,
    exchange,
    ledgers,
    proposal,
    sold,
    trusted,
)
from tests.support.offices import Office, faircart, until


def answers(person: Customer, shop: Office) -> list[dict[str, Any]]:
    """The acknowledgements that the customer has got."""
    found = person.rights(shop).erasures()
    return [entry["document"] for entry in found if entry["step"] == "acknowledged"]


def test_a_renewal_names_the_old_consent_and_a_withdrawal_ends_both_and_is_acknowledged(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, ethereum: Ethereum,
    tmp_path: Path,
) -> None:  # fmt: skip
    person = people[4]
    old = sold(person, shop, consumer)
    ask(consumer, "orders", valid_for=90000)
    offered = proposal(person, shop, consumer)
    assert offered.record.replaces == old
    new = sold(person, shop, consumer)
    trust = ledgers(ethereum, shop)
    until(lambda: new.hex() in person.rights(shop).receipts(trust.streams), "the receipt", shop, consumer)
    file = tmp_path / "receipt.json"
    file.write_bytes(canonical(person.rights(shop).receipts(trust.streams)[new.hex()]))
    registry = ethereum.contracts["ConsentRegistry"].functions
    said = json.loads(faircart("withdraw", *person.signing(consumer), str(file)))
    assert said == {"withdrawn": [f"0x{new.hex()}"], "stillStands": f"0x{old.hex()}"}
    until(lambda: registry.endedAt(new).call(), "the end", shop, consumer)
    said = json.loads(faircart("withdraw", *person.signing(shop), str(file)))
    assert said == {"withdrawn": [f"0x{new.hex()}", f"0x{old.hex()}"]}
    until(lambda: len(answers(person, shop)) == 2, "two acknowledgements", shop, consumer)
    assert [answer["dataKeysDestroyed"] for answer in answers(person, shop)] == [1, 1]
    trust = ledgers(ethereum, shop)
    lines = person.rights(shop).ledger(trust, trust.events[-1].at.timestamp)
    assert {line.status for line in lines} == {"verified"}
    assert [line.step for line in lines].count("withdrawn") == 2
    assert [line.step for line in lines].count("withdrawal acknowledged") == 2

    command = ["receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file)]
    assert faircart(*command, code=1).startswith(
        "Error: state: the receipt is genuine, but the consent is withdrawn on "
    )
    assert "ok  state: the consent is withdrawn on" in faircart(*command, "--allow-ended")

    faircart("export", *person.reading(shop), "--out", str(tmp_path / "archive.zip"))
    papers = {entry["id"]: entry["document"] for entry in person.rights(shop).erasures()}
    assert sorted(document["step"] for document in papers.values()) == [
        *("acknowledged", "acknowledged", "requested", "requested"),
    ]
    with zipfile.ZipFile(tmp_path / "archive.zip") as packed:
        names = packed.namelist()
        assert [name for name in names if name.startswith("receipts/")] == sorted(
            f"receipts/{consent.hex()}.jsonld" for consent in (old, new)
        )
        assert packed.read(f"receipts/{new.hex()}.jsonld") == file.read_bytes()
        assert [name for name in names if name.startswith("erasures/")] == sorted(
            f"erasures/{name}.json" for name in papers
        )
        for name, document in papers.items():
            assert packed.read(f"erasures/{name}.json") == canonical(document)


def test_a_second_consent_for_the_same_category_purpose_and_recipient_is_refused(
    people: list[Customer], request_id: str, shop: Office, consumer: Office
) -> None:
    person = people[5]
    first = proposal(person, shop, consumer)
    ask(consumer, "orders", valid_for=80000)
    both = until(lambda: len(p := person.rights(shop).proposals()) > 1 and p, "a second one", shop, consumer)
    other = next(entry for entry in both if entry.id != first.id)
    consent_id = bytes.fromhex(person.rights(shop).accept(first)[2:])
    until(lambda: exchange(consumer, consent_id).get("state") == "Settled", "the sale", shop, consumer)
    with pytest.raises(
        ApiRefused, match="there is an active one for the same category, purpose and recipient"
    ):
        person.rights(shop).accept(other)


def test_everything_is_withdrawn_in_one_step_without_gas(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, ethereum: Ethereum
) -> None:
    person = people[5]
    said = json.loads(faircart("withdraw", *person.signing(shop), "--all"))
    registry = ethereum.contracts["ConsentRegistry"].functions
    until(lambda: registry.epochOf(person.address).call() == said["nextEpoch"], "the epoch", shop, consumer)
    ids = [held.id for held in person.rights(shop).holdings().consents if held.state != "Withdrawn"]
    until(lambda: all(registry.endedAt(one).call() for one in ids), "the end", shop, consumer)
    assert ethereum.w3.eth.get_transaction_count(person.address) == 0
    until(lambda: answers(person, shop), "an acknowledgement", shop, consumer)


def test_any_agent_relays_a_withdrawal_that_the_shop_will_not_take(
    first_sale: bytes, receipt: dict[str, Any], people: list[Customer], shop: Office, consumer: Office,
    ethereum: Ethereum, tmp_path: Path,
) -> None:  # fmt: skip
    person, file = people[0], tmp_path / "receipt.json"
    file.write_bytes(canonical(receipt))
    registry = ethereum.contracts["ConsentRegistry"].functions
    assert registry.endedAt(first_sale).call() == 0
    faircart("withdraw", *person.signing(consumer), str(file))
    until(lambda: registry.endedAt(first_sale).call(), "the end", consumer)
    said = faircart("withdraw", *person.signing(consumer), str(file), code=1)
    assert said == "Error: consent: it is withdrawn already\n"
    file.write_text(json.dumps({**receipt["faircart:consent"], "epoch": "7"}))
    said = faircart("withdraw", *person.signing(consumer), str(file), code=1)
    assert said.startswith("Error: consent: the registry holds no such consent of another enterprise")


def test_an_altered_receipt_withdraws_nothing_and_says_which_check_failed(
    first_sale: bytes, receipt: dict[str, Any], people: list[Customer], shop: Office, tmp_path: Path
) -> None:
    person, file = people[0], tmp_path / "receipt.json"
    whole = canonical(receipt)
    paper = {**receipt["faircart:consent"], "reward": "1"}
    for altered, problem in (
        (whole.replace(b'"reward":"1', b'"reward":"2'), "parties: the consent record names other parties"),
        (whole.replace(b'"epoch":"0"', b'"epoch":"7"'), "consent id: it is not the id of this consent"),
        (whole + b" ", "form: "),
        (canonical(paper), "consent: no consent 0x"),
    ):
        assert altered != whole
        file.write_bytes(altered)
        said = faircart("withdraw", *person.signing(shop), str(file), code=1)
        assert said.startswith(f"Error: {problem}")
    assert not [one for one in person.rights(shop).holdings().papers if paper == one["paper"].get("consent")]


def test_a_stranger_cannot_have_the_shop_pay_for_withdrawals_of_nothing(shop: Office) -> None:
    stranger = Customer(99).rights(shop)
    with pytest.raises(ApiRefused, match="customer: nothing is held about this account"):
        stranger.withdraw_all(0)


def test_after_a_withdrawal_nothing_opens_the_copy_once_the_request_is_closed_as_was_acknowledged(
    people: list[Customer], shop: Office, consumer: Office, ethereum: Ethereum, streams: Streams
) -> None:
    person, needle, node = people[6], b"pseudonym-0006", streams.node(2)
    request = bytes.fromhex(ask(consumer, "orders", reward=REWARD + 2))

    def read() -> bool:
        found = burglar.opened([shop, consumer], ledgers(ethereum, shop), node, consumer.address)
        return any(needle in document for document in found)

    consent_id = sold(person, shop, consumer, reward=REWARD + 2)
    until(read, "the payloads to reach the node that subscribes now", shop, consumer)
    faircart("withdraw", *person.signing(shop), consent_id.hex())
    [answer] = until(lambda: answers(person, shop), "an acknowledgement", shop, consumer)
    with consumer.tools.store.read() as work:
        asked = work.get(Request, request)
    assert asked is not None
    assert (answer["dataKeysDestroyed"], answer["requestKeysDestroyed"]) == (1, 0)
    assert answer["payloads"].startswith(
        "ciphertext kept; unreadable once the key of the request that it came for is destroyed, "
        f"on {utc(asked.expires_at)} at the latest"
    )
    assert read()
    consumer.run("request", "close", "-c", str(consumer.config), request.hex())
    until(lambda: not read(), "the end of the request's key", shop, consumer)


def test_a_withdrawal_after_the_request_is_closed_leaves_nothing_that_opens_the_copy(
    people: list[Customer], shop: Office, consumer: Office, ethereum: Ethereum
) -> None:
    person = people[6]
    request = bytes.fromhex(ask(consumer, "orders", reward=REWARD + 3))
    consent_id = sold(person, shop, consumer, reward=REWARD + 3)
    consumer.run("request", "close", "-c", str(consumer.config), request.hex())
    until(lambda: _state(consumer, request) == "Closed", "the request's end", consumer)
    faircart("withdraw", *person.signing(shop), consent_id.hex())
    until(lambda: len(answers(person, shop)) == 2, "an acknowledgement", shop, consumer)
    said = [answer["payloads"] for answer in answers(person, shop)]
    assert "ciphertext kept, unreadable without its key" in said


def _state(office: Office, request_id: bytes) -> str:
    with office.tools.store.read() as work:
        found = work.get(Request, request_id)
    assert found is not None
    return found.state
