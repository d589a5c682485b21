# SPDX-License-Identifier: Apache-2.0
"""Consent receipts: verified against both ledgers, and refused with the check that failed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faircart import documents, papers
from faircart.canonical import canonical
from faircart.rights import receipts
from faircart.rights.ledgers import CheckFailed

from tests.support.agents import Ethereum
from tests.support.citizens import (
    Customer,
    ledgers,
    trusted,
)
from tests.support.offices import Office, faircart


def test_a_receipt_is_verified_against_both_ledgers_and_says_what_it_proves(
    receipt: dict[str, Any], people: list[Customer], shop: Office, ethereum: Ethereum, tmp_path: Path
) -> None:
    file = tmp_path / "receipt.json"
    file.write_bytes(canonical(receipt))
    shown = faircart("receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file))
    assert [line.partition(":")[0] for line in shown.splitlines()[:7]] == [
        *("ok  form", "ok  terms", "ok  consent id", "ok  signature", "ok  ethereum", "ok  multichain"),
        "ok  state",
    ]
    assert f"It proves that {people[0].address} consented on " in shown
    assert "It proves not that the data in the document are true" in shown
    assert "marketing: finding and addressing customers" in faircart("receipt", "show", str(file))


def test_a_receipt_altered_by_one_character_is_refused_with_the_check_that_failed(
    receipt: dict[str, Any], shop: Office, ethereum: Ethereum, tmp_path: Path
) -> None:
    file = tmp_path / "altered.json"
    file.write_bytes(canonical(receipt).replace(b"dpv:Marketing", b"dpv:CommercialResearch"))
    said = faircart("receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file), code=1)
    wrong = "terms: the consent record is not the one that the signed consent commits to"
    assert said == f"Error: {wrong}\n"
    assert faircart("receipt", "show", str(file), code=1) == f"Error: {wrong}\n"
    identifier = receipt["dct:identifier"]
    other = identifier[:-1] + ("0" if identifier[-1] != "0" else "1")
    file.write_bytes(canonical(receipt).replace(identifier.encode(), other.encode()))
    said = faircart("receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file), code=1)
    assert said == "Error: signature: the receipt is not what its custodian signed: it was altered\n"
    file.write_bytes(canonical(receipt) + b"\n")
    said = faircart("receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file), code=1)
    assert said.startswith(f"Error: form: {file} was altered or written anew, it is not as it was saved: ")


def test_a_receipt_of_an_expired_consent_is_genuine_and_not_active(
    receipt: dict[str, Any], shop: Office, ethereum: Ethereum
) -> None:
    verdict = receipts.verify(receipt, ledgers(ethereum, shop), 2**32)
    assert (verdict.active, verdict.state.split(" ")[0]) == (False, "expired")


def test_a_receipt_that_only_its_custodian_made_up_is_refused_by_the_ledgers(
    receipt: dict[str, Any], shop: Office, ethereum: Ethereum
) -> None:
    trust = ledgers(ethereum, shop)
    consent = papers.Consent.from_json(receipt["faircart:consent"])
    evidence = receipts.Evidence(
        chain_id=trust.chain_id,
        registry=trust.contracts.address("ConsentRegistry"),
        consent_id=consent.digest(trust.domain("ConsentRegistry")),
        transaction=bytes.fromhex(receipt["faircart:evidence"]["transaction"][2:]),
        block_time=documents.seconds_of(receipt["dpv:hasConsentStatus"]["dpv:isIndicatedAtTime"]),
        chain_name="faircart",
    )
    record, key = receipt["dpv:hasRecordOfActivity"], bytes(shop.account.key)
    again = receipts.make("ab" * 32, record, consent, evidence, 1_800_000_000, key)
    with pytest.raises(CheckFailed, match="multichain: the stream receipts holds nothing under the id"):
        receipts.verify(again, trust, 1_800_000_000)
    elsewhere = receipts.make(
        "ab" * 32, record, consent, replace(evidence, transaction=b"\x77" * 32), 1_800_000_000, key
    )
    with pytest.raises(CheckFailed, match="ethereum: there is no transaction 0x7777"):
        receipts.verify(elsewhere, trust, 1_800_000_000)
