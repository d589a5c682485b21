# SPDX-License-Identifier: Apache-2.0
"""Proofs of existence: one file that shows, to anybody and for good, that an order or a data set was
committed
to on Ethereum at a certain time. It holds the document with its salt or blinding bytes, so whoever gets the
file gets the document.

By itself (offline) it shows that the document gives the commitment, the commitment the paper, the paper the
id. Any node of that chain shows the rest: the event with this id and commitment, in this block.

    {"faircart": "proof/1", "kind": "order" | "dataset", "chainId", "contract" (its address), "paper", "id",
     "document" (order) | "plainChunks" (data set, 0x-hex), "record" (data set: the consent record),
     "event": {"name", "transaction", "block", "blockHash", "blockTime", "logIndex"}}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faircart import canonical, documents, papers
from faircart.errors import FairCartError
from faircart.ethereum import events
from faircart.rights.ledgers import CheckFailed, Ledgers
from faircart.sealing import DocumentVersion

VERSION = "proof/1"
CONTRACT = {"order": "CheckoutEscrow", "dataset": "ConsentRegistry"}
EVENT = {"order": "Funded", "dataset": "Granted"}
_COMMON = {"faircart", "kind", "chainId", "contract", "paper", "id", "event"}
_MEMBERS = {"order": _COMMON | {"document"}, "dataset": _COMMON | {"plainChunks", "record"}}
_HASH = re.compile(r"0x[0-9a-f]{64}")
_EVENT_MEMBERS = {"name", "transaction", "block", "blockHash", "blockTime", "logIndex"}


class ProofRefused(CheckFailed):
    """A proof does not hold; `check` names the first check that failed."""


class NothingToProve(FairCartError):
    """There is no such event on the chain (yet)."""


@dataclass(frozen=True)
class Shown:
    """What a proof shows: `checks` in words; `document` is what was committed to (JSON)."""

    checks: tuple[str, ...]
    document: Any
    committed_at: int


def of_order(document: Mapping[str, Any], paper: papers.Order, ledgers: Ledgers) -> dict[str, Any]:
    """The proof for an order that was paid. Raises NothingToProve, ProofRefused."""
    order_id = paper.digest(ledgers.domain("CheckoutEscrow"))
    found = (event for event in ledgers.events if isinstance(event, events.Funded))
    event = next((event for event in found if event.order_id == order_id), None)
    if event is None:
        raise NothingToProve(f"The escrow holds no payment for the order 0x{order_id.hex()}")
    proof = _proof("order", paper, order_id, event, ledgers) | {"document": dict(document)}
    check_alone(proof)
    return proof


def of_data_set(
    plain_chunks: bytes, record: Mapping[str, Any], paper: papers.Consent, ledgers: Ledgers
) -> dict[str, Any]:
    """The proof for the document that a consent names. Raises NothingToProve, ProofRefused."""
    consent_id = paper.digest(ledgers.domain("ConsentRegistry"))
    found = (event for event in ledgers.events if isinstance(event, events.Granted))
    event = next((event for event in found if event.consent_id == consent_id), None)
    if event is None:
        raise NothingToProve(f"The registry has not granted the consent 0x{consent_id.hex()}")
    proof = _proof("dataset", paper, consent_id, event, ledgers)
    proof |= {"plainChunks": "0x" + plain_chunks.hex(), "record": dict(record)}
    check_alone(proof)
    return proof


def _proof(
    kind: str, paper: papers.Paper, paper_id: bytes, event: events.Event, ledgers: Ledgers
) -> dict[str, Any]:
    return {
        "faircart": VERSION,
        "kind": kind,
        "chainId": ledgers.chain_id,
        "contract": ledgers.contracts.address(CONTRACT[kind]),
        "paper": paper.to_json(),
        "id": "0x" + paper_id.hex(),
        "event": {
            "name": type(event).__name__,
            "transaction": "0x" + event.at.transaction.hex(),
            "block": event.at.block_number,
            "blockHash": "0x" + event.at.block_hash.hex(),
            "blockTime": event.at.timestamp,
            "logIndex": event.at.log_index,
        },
    }


def check_alone(proof: Any) -> Shown:
    """What a proof shows without any node. Raises ProofRefused."""
    if not isinstance(proof, dict) or proof.get("faircart") != VERSION or proof.get("kind") not in _MEMBERS:
        raise ProofRefused("form", f"it is no proof of the version {VERSION}")
    kind = proof["kind"]
    event = proof.get("event")
    if set(proof) != _MEMBERS[kind] or not isinstance(event, dict) or set(event) != _EVENT_MEMBERS:
        raise ProofRefused("form", "it has other members than a proof of its kind")
    for name in ("transaction", "blockHash"):
        if not isinstance(event[name], str) or not _HASH.fullmatch(event[name]):
            raise ProofRefused("form", f"event.{name}: it must be 0x and 64 hex digits in lower case")
    for name in ("block", "blockTime", "logIndex"):
        if type(event[name]) is not int:
            raise ProofRefused("form", f"event.{name}: it must be a whole number")
    if event["name"] != EVENT[kind]:
        raise ProofRefused("form", f"the event of a proof of this kind is {EVENT[kind]}")
    try:
        domain = papers.Domain(proof["chainId"], proof["contract"])
        if kind == "order":
            shown = _order(proof)
            paper: papers.Paper = papers.Order.from_json(proof["paper"])
        else:
            shown = _data_set(proof)
            paper = papers.Consent.from_json(proof["paper"])
        paper_id = paper.digest(domain)
    except CheckFailed:
        raise
    except FairCartError as error:
        raise ProofRefused("form", str(error)) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ProofRefused("form", "a member of the proof is of another kind than it should be") from None
    # What may be written in two ways could be changed unnoticed.
    if proof["paper"] != paper.to_json():
        raise ProofRefused("form", "the paper is not written as it was saved")
    if proof["id"] != "0x" + paper_id.hex():
        raise ProofRefused("id", "it is not the id of this paper at this contract")
    return Shown(
        (*shown.checks, f"id: {proof['id']} follows from the paper"), shown.document, event["blockTime"]
    )


def _order(proof: dict[str, Any]) -> Shown:
    document, paper = proof["document"], papers.Order.from_json(proof["paper"])
    documents.validate("order", document)
    if canonical.commitment(document) != paper.order_hash:
        raise ProofRefused("document", "the order document is not the one that orderHash commits to")
    if document["amountWei"] != str(paper.amount):
        raise ProofRefused("document", "the order document names another amount than the paper")
    return Shown((f"document: it gives the commitment 0x{paper.order_hash.hex()}",), document, 0)


def _data_set(proof: dict[str, Any]) -> Shown:
    paper = papers.Consent.from_json(proof["paper"])
    chunks = bytes.fromhex(proof["plainChunks"].removeprefix("0x"))
    if proof["plainChunks"] != "0x" + chunks.hex():
        raise ProofRefused("form", "plainChunks: it must be 0x and hex digits in lower case")
    version = DocumentVersion.from_plaintext(chunks)
    if version.root != paper.data_root:
        raise ProofRefused("document", "the data set is not the one that dataRoot commits to")
    terms = documents.read_consent_record(proof["record"])
    if canonical.commitment(proof["record"]) != paper.terms:
        raise ProofRefused("record", "the consent record is not the one that terms commits to")
    document = canonical.parse(version.document.rstrip(b" "))
    documents.validate(terms.category, document)
    return Shown(
        (
            f"document: it gives the root 0x{paper.data_root.hex()}",
            f"record: it gives the commitment 0x{paper.terms.hex()}",
        ),
        document,
        0,
    )


def verify(proof: Any, ledgers: Ledgers) -> Shown:
    """Checks a proof by itself and against an Ethereum node. Raises ProofRefused."""
    shown = check_alone(proof)
    kind, event = proof["kind"], proof["event"]
    if (proof["chainId"], proof["contract"]) != (ledgers.chain_id, ledgers.contracts.address(CONTRACT[kind])):
        raise ProofRefused("contract", "the proof is about another chain or contract than the one you trust")
    try:
        found: Any = ledgers.event(
            f"{CONTRACT[kind]}.{EVENT[kind]}",
            bytes.fromhex(event["transaction"][2:]),
            bytes.fromhex(proof["id"][2:]),
        )
    except CheckFailed as error:
        raise ProofRefused("ethereum", str(error).partition(": ")[2]) from None
    except (ValueError, TypeError):
        raise ProofRefused("form", "the event's place is none") from None
    place = (found.at.block_number, found.at.log_index, found.at.timestamp, "0x" + found.at.block_hash.hex())
    if place != (event["block"], event["logIndex"], event["blockTime"], event["blockHash"]):
        raise ProofRefused("ethereum", "the block is another one, or of another time, than the proof says")
    if kind == "order":
        right = found.order_hash == papers.Order.from_json(proof["paper"]).order_hash
    else:
        paper = papers.Consent.from_json(proof["paper"])
        right = (found.data_root, found.terms) == (paper.data_root, paper.terms)
    if not right:
        raise ProofRefused("ethereum", "the event commits to something else")
    where = f"{EVENT[kind]} in block {event['block']}, transaction {event['transaction']}"
    return Shown(
        (*shown.checks, f"ethereum: {where}, on {documents.utc(event['blockTime'])}"),
        shown.document,
        event["blockTime"],
    )
