# SPDX-License-Identifier: Apache-2.0
"""The papers of an erasure, and of a withdrawal's way to those who have the data. Pure.

All go sealed to customer, custodian and consumer into the stream `erasures`, each under a random id:

1. a *notice* of the custodian to one consumer (`step` requested): which consents are withdrawn or which
   categories are to be erased, and the customer's reading key, so that the answer can be sealed to it, too;
2. an *acknowledgement* of that consumer (`step` acknowledged): what it destroyed, and when;
3. the custodian's *certificate* to the customer (`erasure-certificate`), once everybody has acknowledged or
   ACKNOWLEDGE_WITHIN is over; who has not is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faircart import canonical, documents
from faircart.documents import seconds_of
from faircart.errors import FairCartError
from faircart.rights import statements

WITHDRAWAL, ERASURE = "withdrawal", "erasure"
CERTIFICATE = "erasure-certificate"
SIGNATURE = "faircart:signature"
ACKNOWLEDGE_WITHIN = 30 * 86400
"""Seconds that recipients have (GDPR Art. 12(3): a month)."""
COMMUNITY = "MultiChain Community"
REMAINS = (
    "Ethereum: accounts, consent and exchange ids, salted commitments, rewards and times stay for good.",
    "MultiChain: random ids, publishers, sizes, times and salted commitments of items stay for good.",
    "Ciphertext at the nodes that published it, and at nodes that fetch it again: its keys are destroyed.",
    "Consent records and receipts, sealed to their parties: evidence of consent (GDPR Art. 7(1)).",
    "Backups made before: they fade with their own retention; what is restored must be erased again.",
    "What a recipient did with the data outside FairCart.",
)
"""What no erasure reaches, said in every certificate."""


class ErasureWrong(FairCartError):
    """A notice or an acknowledgement is not what it should be."""


@dataclass(frozen=True)
class Destroyed:
    """What one node destroyed; `payloads` says in words what became of ciphertext."""

    data_keys: int
    pads: int
    request_keys: int
    payloads: str
    edition: str


def notice(
    kind: str,
    item_id: str,
    *,
    custodian: str,
    consumer: str,
    customer: str,
    reading_key: bytes,
    categories: Sequence[str],
    consents: Sequence[bytes],
    when: int,
) -> dict[str, Any]:
    """What a custodian tells one consumer; `reading_key` is the customer's public one with its suite id."""
    return {
        "version": 1,
        "id": item_id,
        "step": "requested",
        "kind": kind,
        "author": custodian,
        "consumer": consumer,
        "customer": customer,
        "readingKey": "0x" + reading_key.hex(),
        "categories": list(categories),
        "consents": [consent_id.hex() for consent_id in consents],
        "when": when,
        "salt": canonical.new_salt(),
    }


def acknowledgement(
    item_id: str, notice_item: Mapping[str, Any], multichain_address: str, destroyed: Destroyed, when: int
) -> dict[str, Any]:
    """What that consumer answers once it is done."""
    return {
        "version": 1,
        "id": item_id,
        "step": "acknowledged",
        "kind": notice_item["kind"],
        "notice": notice_item["id"],
        "author": notice_item["consumer"],
        "custodian": notice_item["author"],
        "customer": notice_item["customer"],
        "multichainAddress": multichain_address,
        "dataKeysDestroyed": destroyed.data_keys,
        "padsDestroyed": destroyed.pads,
        "requestKeysDestroyed": destroyed.request_keys,
        "payloads": destroyed.payloads,
        "edition": destroyed.edition,
        "when": when,
        "salt": canonical.new_salt(),
    }


NOTICE_MEMBERS = frozenset(notice(
    "", "", custodian="", consumer="", customer="", reading_key=b"", categories=(), consents=(), when=0
))  # fmt: skip
ACKNOWLEDGEMENT_MEMBERS = frozenset(
    acknowledgement(
        "",
        {"kind": "", "id": "", "consumer": "", "author": "", "customer": ""},
        "",
        Destroyed(0, 0, 0, "", ""),
        0,
    )
)


def check(document: Any, item_id: str) -> dict[str, Any]:
    """A notice or an acknowledgement with the members it should have. Raises ErasureWrong."""
    if not isinstance(document, dict) or document.get("id") != item_id or document.get("version") != 1:
        raise ErasureWrong("an item of erasures that holds neither notice nor acknowledgement")
    wanted = {"requested": NOTICE_MEMBERS, "acknowledged": ACKNOWLEDGEMENT_MEMBERS}.get(
        document.get("step", "")
    )
    if wanted is None or set(document) != wanted or document["kind"] not in (WITHDRAWAL, ERASURE):
        raise ErasureWrong("a notice or an acknowledgement with other members than these have")
    return document


def certificate(
    item_id: str,
    *,
    chain_id: int,
    custodian: str,
    customer: str,
    asked: Mapping[str, Any],
    own: Mapping[str, Any],
    recipients: Sequence[Mapping[str, Any]],
    silent: Sequence[str],
    when: int,
    private_key: bytes,
) -> dict[str, Any]:
    """The signed certificate: `asked` is the customer's statement, `own` what the custodian destroyed,
    `recipients` acknowledgements with their `streamItem`, `silent` consumers that have not answered."""
    value: dict[str, Any] = {
        "@context": documents.schema(CERTIFICATE)["properties"]["@context"]["const"],
        "@type": "faircart:ErasureCertificate",
        "@id": f"urn:faircart:erasure:{item_id}",
        "dct:created": documents.utc(when),
        "dct:publisher": documents.party_id(chain_id, custodian),
        "dpv:hasDataSubject": documents.party_id(chain_id, customer),
        "dpv:hasRight": "eu-gdpr:A17",
        "faircart:notice": statements.digest(asked).hex(),
        "faircart:requestedAt": documents.utc(asked["requestedAt"]),
        "faircart:categories": sorted(asked["categories"]),
        "faircart:custodian": dict(own),
        "faircart:recipients": [_node(answer) for answer in recipients],
        "faircart:remains": [
            *(
                f"No acknowledgement from {consumer}: its copy must be taken as still there."
                for consumer in silent
            ),
            *REMAINS,
        ],
        "salt": canonical.new_salt(),
    }
    value[SIGNATURE] = statements.sign(value, private_key)
    documents.validate(CERTIFICATE, value)
    return value


def check_certificate(value: Any) -> str:
    """Who signed a certificate (checksum address), its form checked. Raises DocumentInvalid, ErasureWrong."""
    documents.validate(CERTIFICATE, value)
    rest = {name: member for name, member in value.items() if name != SIGNATURE}
    signer = statements.signer(rest, value[SIGNATURE])
    if not value["dct:publisher"].endswith(f":{signer}"):
        raise ErasureWrong("signature: the certificate is not what its custodian signed: it was altered")
    return signer


def _node(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "address": answer["author"],
        "multichainAddress": answer["multichainAddress"],
        "edition": answer["edition"],
        "dataKeysDestroyed": answer["dataKeysDestroyed"],
        "padsDestroyed": answer["padsDestroyed"],
        "requestKeysDestroyed": answer["requestKeysDestroyed"],
        "payloads": answer["payloads"],
        "acknowledgedAt": documents.utc(answer["when"]),
        "streamItem": answer["streamItem"],
    }


@dataclass(frozen=True)
class Told:
    """A paper of this module in words, for the ledger."""

    when: int
    kind: str
    step: str
    role: str
    what: str
    with_whom: str
    condition: str


def in_words(document: Mapping[str, Any]) -> Told:
    """What a line of the ledger says about a notice, an acknowledgement or a certificate."""
    if "dct:publisher" in document:
        check_certificate(document)
        nodes = document["faircart:recipients"]
        return Told(
            seconds_of(document["dct:created"]),
            ERASURE,
            "erasure certified",
            "custodian",
            ", ".join(document["faircart:categories"]),
            ", ".join(f"consumer {node['address']}" for node in nodes),
            f"asked for on {document['faircart:requestedAt']}",
        )
    found = check(document, document["id"])
    if found["step"] == "requested":
        consents = ", ".join(f"0x{consent_id}" for consent_id in found["consents"])
        return Told(
            found["when"],
            found["kind"],
            f"{found['kind']} told",
            "custodian",
            ", ".join(found["categories"]),
            f"consumer {found['consumer']}",
            f"consents {consents}",
        )
    return Told(
        found["when"],
        found["kind"],
        f"{found['kind']} acknowledged",
        "consumer",
        f"{found['dataKeysDestroyed']} data keys, {found['padsDestroyed']} pads, "
        f"{found['requestKeysDestroyed']} request keys destroyed; payloads: {found['payloads']}",
        f"custodian {found['custodian']}",
        f"notice {found['notice']}",
    )
