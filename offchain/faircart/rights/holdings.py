# SPDX-License-Identifier: Apache-2.0
"""Everything that a custodian holds about one customer: read, checked, and as the files of an archive. Pure.

Custodian and customer both make the files from the same answer of the API, so that what the shop attests is
what the customer packs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faircart import canonical, documents, papers
from faircart.errors import FairCartError
from faircart.papers import Order
from faircart.rights import archive
from faircart.sealing import DocumentVersion, unpad_document

ORDER_STATUS = {
    "Funded": "OrderProcessing",
    "Shipped": "OrderInTransit",
    "Completed": "OrderDelivered",
    "Refunded": "OrderCancelled",
    "Disputed": "OrderProblem",
    "Resolved": "OrderProblem",
}
"""schema.org's term for each of the escrow's states; that itself stands beside it."""


class HoldingsWrong(FairCartError):
    """What a custodian hands out does not hold together."""


class NoSuchConsent(FairCartError):
    """The custodian knows of no such consent of this customer."""


class NoSuchOrder(FairCartError):
    """The custodian does not hold what proves such an order of this customer."""


@dataclass(frozen=True)
class HeldDocument:
    """One version of a document that the custodian holds; `plain_chunks` blind its root.

    Of category `order` it is the document of the escrow's order `order_id` (else empty, or what it waits
    for).
    """

    category: str
    data_root: bytes
    version: int
    current: bool
    order_id: bytes
    plain_chunks: bytes
    document: dict[str, Any]

    @property
    def is_order(self) -> bool:
        """Whether it is the document of one order, as buyer and seller agreed on it."""
        return self.category == "order"


@dataclass(frozen=True)
class HeldConsent:
    """A consent that was proposed, in whatever state it is now."""

    id: bytes
    paper: papers.Consent
    record: dict[str, Any]
    terms: documents.ConsentTerms
    state: str


@dataclass(frozen=True)
class Holdings:
    """Everything that the custodian holds about this customer."""

    customer: str
    custodian: str
    chain_id: int
    documents: tuple[HeldDocument, ...]
    consents: tuple[HeldConsent, ...]
    orders: list[dict[str, Any]]
    papers: list[dict[str, Any]]

    def consent(self, consent_id: bytes) -> HeldConsent:
        """One of the consents. Raises NoSuchConsent."""
        for held in self.consents:
            if held.id == consent_id:
                return held
        raise NoSuchConsent(f"The custodian knows of no consent 0x{consent_id.hex()} of yours")

    def document(self, data_root: bytes) -> HeldDocument | None:
        """The version with that root, if it is still held."""
        return next((held for held in self.documents if held.data_root == data_root), None)

    def order(self, order_id: bytes) -> tuple[Order, dict[str, Any]]:
        """An order's paper and document. Raises NoSuchOrder if the custodian does not hold both."""
        quote = next(
            (order["paper"] for order in self.orders if order["orderId"] == "0x" + order_id.hex()), None
        )
        found = [held.document for held in self.documents if held.is_order and held.order_id == order_id]
        if quote is None or not found:
            missing = "quote" if quote is None else "document"
            raise NoSuchOrder(f"The custodian holds no {missing} of an order 0x{order_id.hex()} of yours")
        return Order.from_json(quote), found[0]

    def files(self) -> dict[str, archive.File]:
        """What of this goes into an archive, by path."""
        granted = {held.id.hex(): held.record for held in self.consents if held.state in ("Granted", "Ended")}
        asked = {held.id.hex(): held.record for held in self.consents if held.id.hex() not in granted}
        earlier = [held for held in self.documents if not held.current and not held.is_order]
        return archive.contents(
            {held.category: held.document for held in self.documents if held.current},
            {held.data_root.hex(): (held.category, held.document) for held in earlier},
            {held.order_id.hex(): held.document for held in self.documents if held.is_order},
            granted,
            asked,
            self._orders(),
            self.papers,
        )

    def _orders(self) -> dict[str, Any]:
        return {
            "@context": [documents.CONTEXT, {"faircart": "urn:faircart:"}],
            "@type": "ItemList",
            "numberOfItems": len(self.orders),
            "itemListElement": [
                {
                    "@type": "Order",
                    "identifier": order["orderId"],
                    "orderStatus": f"{documents.CONTEXT}/{ORDER_STATUS[order['state']]}",
                    "customer": self._party("Person", self.customer),
                    "seller": self._party("Organization", self.custodian),
                    "faircart:amountWei": order["amountWei"],
                    "faircart:escrowState": order["state"],
                    "faircart:changedAt": documents.utc(order["changedAt"]),
                }
                for order in self.orders
            ],
        }

    def _party(self, kind: str, address: str) -> dict[str, str]:
        return {"@type": kind, "identifier": documents.party_id(self.chain_id, address)}


def read(value: Mapping[str, Any], domain: papers.Domain, custodian: str) -> Holdings:
    """What the custodian's API handed out, each part of it checked. Raises HoldingsWrong, DocumentInvalid."""
    return Holdings(
        customer=value["customer"],
        custodian=custodian,
        chain_id=domain.chain_id,
        documents=tuple(_document(entry) for entry in value["documents"]),
        consents=tuple(_consent(entry, domain) for entry in value["consents"]),
        orders=value["orders"],
        papers=value["papers"],
    )


def _consent(entry: Mapping[str, Any], domain: papers.Domain) -> HeldConsent:
    paper = papers.Consent.from_json(entry["consent"])
    consent_id = paper.digest(domain)
    terms = documents.read_consent_record(entry["record"])
    if consent_id.hex() != entry["id"] or canonical.commitment(entry["record"]) != paper.terms:
        raise HoldingsWrong("consents: a consent is not what its id or its record says")
    return HeldConsent(consent_id, paper, entry["record"], terms, entry["state"])


def _document(entry: Mapping[str, Any]) -> HeldDocument:
    chunks = bytes.fromhex(entry["plainChunks"][2:])
    version = DocumentVersion.from_plaintext(chunks)
    if "0x" + version.root.hex() != entry["dataRoot"]:
        raise HoldingsWrong("documents: a document does not give the root that it is named by")
    document = canonical.parse(unpad_document(version.document))
    documents.validate(entry["category"], document)
    return HeldDocument(
        category=entry["category"],
        data_root=version.root,
        version=entry["version"],
        current=entry["current"],
        order_id=bytes.fromhex(entry["orderId"][2:]),
        plain_chunks=chunks,
        document=document,
    )
