# SPDX-License-Identifier: Apache-2.0
"""Consent records per ISO/IEC TS 27560:2023 in the W3C Data Privacy Vocabulary (DPV), as JSON-LD.

The record says who may get which category for which purpose, what is done with it, how long it is kept and
how long the consent lasts. `terms` of a Consent is its salted commitment; the record itself goes sealed to
its parties only. The custodian is the controller that discloses; the consumer is the recipient.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from faircart.canonical import new_salt
from faircart.documents.schema import DocumentError, DocumentInvalid, schema, validate

KIND = "consent-record"
PERSONAL_DATA = {
    "orders": "pd:PurchasesAndSpendingHabit",
    "preferences": "pd:Preference",
    "profile": "pd:Profile",
}
"""DPV's term for each category of data."""
DATA_SOURCE = {"profile": "dpv:DataSubjectDataSource"}
"""Where a category comes from, unless from the shop's own records."""
PURPOSES: dict[str, str] = {
    "dpv:AcademicResearch": "research at universities and the like",
    "dpv:CommercialResearch": "research for commercial ends",
    "dpv:Marketing": "marketing: finding and addressing customers",
    "dpv:NonCommercialResearch": "research without commercial ends",
    "dpv:ServiceOptimisation": "making a service better",
    "dpv:ServicePersonalisation": "fitting a service to the person",
}
PROCESSING: dict[str, str] = {
    "dpv:Analyse": "analyse",
    "dpv:Combine": "combine with other data",
    "dpv:Share": "hand over from shop to recipient",
    "dpv:Store": "store",
    "dpv:Use": "use",
}
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that ISO 8601 writes with four digits
WITHDRAWAL = "the customer's account signs a Revocation; any agent submits it, free of charge"
INDICATION = "the customer's account signs the Consent that names this record (EIP-712)"
RIGHTS = (
    ("eu-gdpr:A7-3", "to withdraw this consent", "faircart withdraw"),
    ("eu-gdpr:A15", "to see every access to the data", "faircart ledger"),
    ("eu-gdpr:A17", "to have the data erased", "faircart erase"),
    ("eu-gdpr:A20", "to take the data elsewhere", "faircart export"),
)
"""The customer's rights, each with its article of the GDPR and how it is exercised."""

_DPV = "https://w3id.org/dpv#"


class PurposeUnknown(DocumentError):
    """A purpose that is none of DPV's that FairCart knows."""


@dataclass(frozen=True)
class ConsentTerms:
    """What a consent record says. Addresses are Ethereum accounts on chain `chain_id`, times seconds UTC.

    `purpose` is a key of PURPOSES or its full address, `processing` keys of PROCESSING; `retention_days`
    counts from delivery; `notice` is the address of the notice that was shown; `conditions` are the
    recipient's own words; `replaces` is the 32-byte consent id that a renewal names; locations are two-letter
    codes (ISO 3166, or EU).
    """

    chain_id: int
    customer: str
    consumer: str
    custodian: str
    category: str
    purpose: str
    retention_days: int
    valid_until: int
    notice_version: str
    reward: int
    created: int
    processing: tuple[str, ...]
    storage_location: str
    jurisdiction: str
    notice: str | None = None
    language: str = "en"
    replaces: bytes | None = None
    conditions: str = ""


def consent_record(
    terms: ConsentTerms, *, identifier: str | None = None, salt: str | None = None
) -> dict[str, Any]:
    """The consent record of `terms`, with a fresh `urn:uuid:` identifier and salt unless they are given.

    Raises PurposeUnknown, and DocumentInvalid for terms that no valid record can express.
    """
    record = {
        "@context": schema(KIND)["properties"]["@context"]["const"],
        "@type": "dpv:ConsentRecord",
        "dct:identifier": identifier or uuid.uuid4().urn,
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
        "dct:created": utc(terms.created),
        "dct:valid": utc(terms.valid_until),
        "dpv:hasDataSubject": _party("dpv:DataSubject", terms.chain_id, terms.customer),
        "dpv:hasDataController": _party("dpv:DataController", terms.chain_id, terms.custodian),
        "dpv:hasLegalBasis": "eu-gdpr:A6-1-a",
        "dpv:hasConsentStatus": {
            "@type": [
                "dpv:ConsentGiven" if terms.replaces is None else "dpv:RenewedConsentGiven",
                "dpv:ExplicitlyExpressedConsent",
            ],
            "dpv:isIndicatedBy": party_id(terms.chain_id, terms.customer),
            "dpv:isIndicatedAtTime": utc(terms.created),
            "dpv:hasIndicationMethod": INDICATION,
            "dpv:hasDuration": {"@type": "dpv:UntilTimeDuration", "dct:valid": utc(terms.valid_until)},
        },
        "dpv:hasJurisdiction": f"loc:{terms.jurisdiction}",
        "dpv:hasNotice": {
            "@type": "dpv:ConsentNotice",
            "dct:hasVersion": terms.notice_version,
            "dct:language": terms.language,
            **({"@id": terms.notice} if terms.notice is not None else {}),
        },
        "dpv:hasProcess": {
            "@type": "dpv:Process",
            "dpv:hasPurpose": purpose_term(terms.purpose),
            "dpv:hasPersonalData": {
                "@type": PERSONAL_DATA.get(terms.category, "dpv:PersonalData"),
                "dct:identifier": terms.category,
            },
            "dpv:hasDataSource": DATA_SOURCE.get(terms.category, "dpv:DataControllerDataSource"),
            "dpv:hasProcessing": list(terms.processing),
            "dpv:hasRecipient": _party("dpv:Recipient", terms.chain_id, terms.consumer),
            "dpv:hasStorageCondition": {
                "@type": "dpv:StorageCondition",
                "dpv:hasLocation": f"loc:{terms.storage_location}",
                "dpv:hasDuration": f"P{terms.retention_days}D",
            },
        },
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": WITHDRAWAL},
        "dpv:hasRight": [
            {"@type": ["dpv:DataSubjectRight", article], "dct:title": title, "dpv:isExercisedAt": how}
            for article, title, how in RIGHTS
        ],
        "faircart:rewardWei": str(terms.reward),
        "salt": salt or new_salt(),
    }
    if terms.conditions:
        record["faircart:conditions"] = terms.conditions
    if terms.replaces is not None:
        record["dct:replaces"] = "0x" + terms.replaces.hex()
    validate(KIND, record)
    return record


def purpose_term(purpose: str) -> str:
    """A purpose as records write it (`dpv:Marketing`), also from its address
    (`https://w3id.org/dpv#Marketing`).

    Raises PurposeUnknown for what is not in PURPOSES.
    """
    term = "dpv:" + purpose.removeprefix(_DPV) if purpose.startswith(_DPV) else purpose
    if term not in PURPOSES:
        raise PurposeUnknown(f"unknown purpose {purpose[:60]!r}: known are {', '.join(PURPOSES)}")
    return term


def read_consent_record(record: Any) -> ConsentTerms:
    """The terms that a consent record states.

    Raises DocumentInvalid unless it is a valid one, and the very one that these terms make: what it repeats
    cannot say something else.
    """
    validate(KIND, record)
    process = record["dpv:hasProcess"]
    storage = process["dpv:hasStorageCondition"]
    chain_id, customer = _account(record["dpv:hasDataSubject"])
    replaces = record.get("dct:replaces")
    terms = ConsentTerms(
        chain_id=chain_id,
        customer=customer,
        consumer=_account(process["dpv:hasRecipient"])[1],
        custodian=_account(record["dpv:hasDataController"])[1],
        category=process["dpv:hasPersonalData"]["dct:identifier"],
        purpose=process["dpv:hasPurpose"],
        processing=tuple(process["dpv:hasProcessing"]),
        retention_days=int(storage["dpv:hasDuration"][1:-1]),
        storage_location=storage["dpv:hasLocation"].removeprefix("loc:"),
        jurisdiction=record["dpv:hasJurisdiction"].removeprefix("loc:"),
        valid_until=seconds_of(record["dct:valid"]),
        created=seconds_of(record["dct:created"]),
        notice=record["dpv:hasNotice"].get("@id"),
        notice_version=record["dpv:hasNotice"]["dct:hasVersion"],
        language=record["dpv:hasNotice"]["dct:language"],
        reward=int(record["faircart:rewardWei"]),
        replaces=bytes.fromhex(replaces[2:]) if replaces else None,
        conditions=record.get("faircart:conditions", ""),
    )
    said = consent_record(terms, identifier=record["dct:identifier"], salt=record["salt"])
    different = [name for name in said if said[name] != record[name]]
    if different:
        raise DocumentInvalid(KIND, f"/{different[0]}", "contradicts the rest of the record")
    return terms


def _party(role: str, chain_id: int, address: str) -> dict[str, str]:
    return {"@type": role, "@id": party_id(chain_id, address)}


def party_id(chain_id: int, address: str) -> str:
    """An Ethereum account as a DID (did:pkh over CAIP-10)."""
    return f"did:pkh:eip155:{chain_id}:{address}"


def _account(party: dict[str, str]) -> tuple[int, str]:
    chain_id, address = party["@id"].split(":")[3:]
    return int(chain_id), address


def utc(seconds: int) -> str:
    """Seconds since 1970 as records write them. Raises DocumentError beyond the year 9999."""
    if not 0 <= seconds <= _LAST_SECOND:
        raise DocumentError(f"{seconds} is no time in seconds since 1970 that a consent record can hold")
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(written: str) -> int:
    """What `utc` wrote, back as seconds."""
    return int(datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
