# SPDX-License-Identifier: Apache-2.0
"""Consent receipts (ISO/IEC TS 27560:2023 in DPV): made by the custodian, checked by whoever holds one.

A receipt wraps the consent record, adds the paper that the customer signed and where the registry took it,
and
is signed by the custodian's account. The stream `receipts` holds its salted commitment in clear and the
receipt itself sealed to customer, custodian and consumer. So one character changed anywhere is noticed
without any key.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from faircart import canonical, documents, papers
from faircart.documents import DocumentError
from faircart.errors import FairCartError
from faircart.ethereum.events import Granted
from faircart.multichain import names
from faircart.rights import statements
from faircart.rights.ledgers import CheckFailed, Ledgers

KIND = "consent-receipt"
SIGNATURE = "faircart:signature"
_ID = "urn:faircart:receipt:"


class ReceiptRefused(CheckFailed):
    """A receipt does not hold; `check` names the first check that failed."""


@dataclass(frozen=True)
class Evidence:
    """Where the registry took the consent: `block_time` in seconds, `chain_name` of the stream network."""

    chain_id: int
    registry: str
    consent_id: bytes
    transaction: bytes
    block_time: int
    chain_name: str


@dataclass(frozen=True)
class Verdict:
    """What the checks of a receipt found: each check in words, whether the consent is active, what it
    proves."""

    checks: tuple[str, ...]
    active: bool
    state: str
    proves: tuple[str, ...]


def make(
    receipt_id: str,
    record: Mapping[str, Any],
    consent: papers.Consent,
    evidence: Evidence,
    created: int,
    private_key: bytes,
) -> dict[str, Any]:
    """The signed receipt for a granted consent; `receipt_id` (64 hex) is its key in the stream."""
    said = documents.party_id(evidence.chain_id, consent.customer)
    receipt: dict[str, Any] = {
        "@context": documents.schema(KIND)["properties"]["@context"]["const"],
        "@type": "dpv:ConsentReceipt",
        "@id": _ID + receipt_id,
        "dct:identifier": uuid.uuid4().urn,
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt",
        "dct:created": documents.utc(created),
        "dct:publisher": documents.party_id(evidence.chain_id, consent.custodian),
        "schema:recipient": said,
        "dpv:hasRecordOfActivity": dict(record),
        "dpv:hasConsentStatus": {
            "@type": record["dpv:hasConsentStatus"]["@type"][0],
            "dpv:isIndicatedBy": said,
            "dpv:isIndicatedAtTime": documents.utc(evidence.block_time),
        },
        "faircart:consent": consent.to_json(),
        "faircart:evidence": {
            "chainId": evidence.chain_id,
            "registry": evidence.registry,
            "consentId": "0x" + evidence.consent_id.hex(),
            "transaction": "0x" + evidence.transaction.hex(),
            "chainName": evidence.chain_name,
            "stream": names.RECEIPTS,
        },
        "salt": canonical.new_salt(),
    }
    receipt[SIGNATURE] = statements.sign(receipt, private_key)
    documents.validate(KIND, receipt)
    return receipt


def receipt_id(receipt: Mapping[str, Any]) -> str:
    """The receipt's key in the stream (64 hex)."""
    return str(receipt["@id"]).removeprefix(_ID)


def check_alone(receipt: Any) -> papers.Consent:
    """Everything that a receipt shows by itself, without any ledger. Raises ReceiptRefused."""
    try:
        documents.validate(KIND, receipt)
        record = receipt["dpv:hasRecordOfActivity"]
        terms = documents.read_consent_record(record)
    except DocumentError as error:
        raise ReceiptRefused("form", str(error)) from None
    try:
        consent = papers.Consent.from_json(receipt["faircart:consent"])
    except papers.PaperError as error:
        raise ReceiptRefused("consent", str(error)) from None
    evidence = receipt["faircart:evidence"]
    if canonical.commitment(record) != consent.terms:
        raise ReceiptRefused("terms", "the consent record is not the one that the signed consent commits to")
    said = (terms.customer, terms.consumer, terms.custodian, terms.reward, terms.valid_until, terms.chain_id)
    signed = (
        *(consent.customer, consent.consumer, consent.custodian, consent.reward, consent.valid_until),
        evidence["chainId"],
    )
    if said != signed:
        raise ReceiptRefused("parties", "the consent record names other parties, reward, end or chain")
    try:
        domain = papers.Domain(evidence["chainId"], evidence["registry"])
    except papers.PaperError as error:
        raise ReceiptRefused("registry", str(error)) from None
    if "0x" + consent.digest(domain).hex() != evidence["consentId"]:
        raise ReceiptRefused("consent id", "it is not the id of this consent at this registry")
    rest = {name: value for name, value in receipt.items() if name != SIGNATURE}
    party = documents.party_id(evidence["chainId"], consent.custodian)
    if receipt["dct:publisher"] != party or receipt["schema:recipient"] != documents.party_id(
        evidence["chainId"], consent.customer
    ):
        raise ReceiptRefused("parties", "publisher and recipient are not custodian and customer")
    try:
        signer = statements.signer(rest, receipt[SIGNATURE])
    except FairCartError as error:
        raise ReceiptRefused("signature", str(error)) from None
    if signer != consent.custodian:
        raise ReceiptRefused("signature", "the receipt is not what its custodian signed: it was altered")
    return consent


def verify(receipt: Any, ledgers: Ledgers, now: int) -> Verdict:
    """Checks a receipt by itself and against both ledgers at `now` (seconds). Raises ReceiptRefused."""
    consent = check_alone(receipt)
    evidence = receipt["faircart:evidence"]
    checks = [
        "form: it is a consent receipt with a consent record of a known category and purpose",
        "terms: the record is the one that the consent commits to",
        "consent id: it follows from the consent",
        f"signature: the custodian {consent.custodian} signed the receipt",
    ]
    if (evidence["chainId"], evidence["registry"]) != (
        ledgers.chain_id,
        ledgers.contracts.address("ConsentRegistry"),
    ):
        raise ReceiptRefused(
            "registry", "the receipt is for another chain or registry than the one you trust"
        )
    try:
        consent_id = bytes.fromhex(evidence["consentId"][2:])
        event = ledgers.event(
            "ConsentRegistry.Granted", bytes.fromhex(evidence["transaction"][2:]), consent_id
        )
        _check_event(receipt, consent, event)
        item = ledgers.committed(names.RECEIPTS, receipt_id(receipt), receipt, consent.custodian)
    except CheckFailed as error:
        raise ReceiptRefused(error.check, str(error).removeprefix(f"{error.check}: ")) from None
    checks += [
        f"ethereum: the registry granted it in block {event.at.block_number}, "
        f"transaction {evidence['transaction']}",
        f"multichain: {item.publisher}, bound by the custodian, committed to it in {names.RECEIPTS}, "
        f"item {item.txid}",
    ]
    ended = int(ledgers.view("ConsentRegistry", "endedAt", consent_id))
    active = (ended == 0 or ended > now) and consent.valid_until >= now
    if active:
        state = f"active until {_date(consent.valid_until)}"
    elif ended and ended <= consent.valid_until:
        state = f"withdrawn on {_date(ended)}"
    else:
        state = f"expired after {_date(consent.valid_until)}"
    checks.append(f"state: the consent is {state}")
    terms = documents.read_consent_record(receipt["dpv:hasRecordOfActivity"])
    return Verdict(
        tuple(checks),
        active,
        state,
        (
            f"that {consent.customer} consented on "
            f"{receipt['dpv:hasConsentStatus']['dpv:isIndicatedAtTime']} "
            f"to {consent.consumer} getting exactly the document 0x{consent.data_root.hex()} "
            f"(category {terms.category}) from {consent.custodian}, for {terms.purpose}, "
            f"for {consent.reward} wei, until {_date(consent.valid_until)}",
            "not that the data in the document are true, nor what the recipient does with them",
        ),
    )


def _check_event(receipt: Mapping[str, Any], consent: papers.Consent, event: Any) -> None:
    if not isinstance(event, Granted):
        raise CheckFailed("ethereum", "the event at that place grants no consent")
    logged = (
        *(event.consent_id, event.customer, event.consumer, event.custodian),
        *(event.data_root, event.terms, event.reward, event.valid_until),
    )
    evidence = receipt["faircart:evidence"]
    signed = (
        *(bytes.fromhex(evidence["consentId"][2:]), consent.customer, consent.consumer, consent.custodian),
        *(consent.data_root, consent.terms, consent.reward, consent.valid_until),
    )
    if logged != signed:
        raise CheckFailed("ethereum", "the registry granted another consent there")
    if receipt["dpv:hasConsentStatus"]["dpv:isIndicatedAtTime"] != documents.utc(event.at.timestamp):
        raise CheckFailed("ethereum", "the block was made at another time than the receipt says")


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
