# SPDX-License-Identifier: Apache-2.0
"""The customer's side of a custodian's API, beyond consenting: answer otherwise, withdraw in one step, have
everything handed out, have it erased.

As in `agent.client`, nothing is trusted that was not checked: holdings are what their roots say, and
belong to
this customer.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faircart import canonical, documents, papers
from faircart.agent import sealed
from faircart.agent.client import CustomerClient
from faircart.errors import FairCartError
from faircart.rights import archive, ledger, receipts, statements
from faircart.rights.ledgers import CheckFailed, Ledgers
from faircart.rights.sources import StreamSource
from faircart.sealing import DocumentVersion, unpad_document

LIVE = ("Granted", "Accepted")
"""States of a consent that can be withdrawn: in the registry, or on its way there."""


class HoldingsWrong(FairCartError):
    """What a custodian hands out does not hold together."""


class NoSuchConsent(FairCartError):
    """The custodian knows of no such consent of this customer."""


@dataclass(frozen=True)
class HeldDocument:
    """One version of a document that the custodian holds; `plain_chunks` blind its root."""

    category: str
    data_root: bytes
    version: int
    current: bool
    plain_chunks: bytes
    document: dict[str, Any]


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

    reading_key: bytes
    documents: tuple[HeldDocument, ...]
    consents: tuple[HeldConsent, ...]
    orders: list[dict[str, Any]]
    attestation: dict[str, Any]
    signature: str

    def consent(self, consent_id: bytes) -> HeldConsent:
        """One of the consents. Raises NoSuchConsent."""
        for held in self.consents:
            if held.id == consent_id:
                return held
        raise NoSuchConsent(f"The custodian knows of no consent 0x{consent_id.hex()} of yours")

    def document(self, data_root: bytes) -> HeldDocument | None:
        """The version with that root, if it is still held."""
        return next((held for held in self.documents if held.data_root == data_root), None)

    def pack(self, access_log: dict[str, Any] | None = None) -> bytes:
        """The portability archive."""
        granted = [held for held in self.consents if held.state in ("Granted", "Ended")]
        return archive.pack(
            self.attestation,
            self.signature,
            self.reading_key,
            {held.category: held.document for held in self.documents if held.current},
            {held.id.hex(): held.record for held in granted},
            list(self.orders),
            access_log,
        )


class RightsClient(CustomerClient):
    """A customer of one custodian who exercises its rights; `account` is needed to sign."""

    # --- answers to a proposal ----------------------------------------------------------------------------

    def decline(self, proposal_id: str) -> None:
        """Says no; the proposal is not shown again."""
        self._state("declines", statements.DECLINE, {"proposal": proposal_id})

    def counter(self, proposal_id: str, reward: int, valid_for: int) -> str:
        """Would consent for another reward (wei) or duration (seconds); the id of the counter-proposal."""
        said = {"proposal": proposal_id, "rewardWei": str(reward), "validFor": valid_for}
        return self._state("counters", statements.COUNTER, said)

    # --- withdrawal ---------------------------------------------------------------------------------------

    def epoch(self) -> int:
        """The epoch that the customer's consents name."""
        return int(self._ask("GET", f"/v1/customers/{self.address}/epoch")["epoch"])

    def withdraw_everything(self) -> int:
        """Withdraws all consents, and all that were signed and never submitted, in one step; the next
        epoch."""
        return self.withdraw_all(self.epoch())

    def withdraw_by_id(self, consent_id: bytes) -> list[str]:
        """Withdraws a consent, and what it renewed if that still holds; the ids (0x-hex)."""
        return self._withdraw_chain(self.holdings(), consent_id)

    def _withdraw_chain(self, holdings: Holdings, consent_id: bytes) -> list[str]:
        withdrawn: list[str] = []
        following: bytes | None = consent_id
        while following is not None:
            held = holdings.consent(following)
            if held.state in LIVE or not withdrawn:
                withdrawn.append(self.withdraw(held.paper))
            following = held.terms.replaces
        return withdrawn

    # --- what is held -------------------------------------------------------------------------------------

    def holdings(self) -> Holdings:
        """Everything held about this customer. Raises HoldingsWrong."""
        found = self._ask("GET", f"/v1/customers/{self.address}/holdings")
        value = sealed.open_any(sealed.HOLDINGS, found["id"], self._reading_key, [found["sealed"]])
        if value["customer"] != self.address:
            raise HoldingsWrong("customer: these are somebody else's holdings")
        return Holdings(
            reading_key=bytes.fromhex(value["readingKey"][2:]),
            documents=tuple(_document(entry) for entry in value["documents"]),
            consents=tuple(self._consent(entry) for entry in value["consents"]),
            orders=value["orders"],
            attestation=value["attestation"],
            signature=value["signature"],
        )

    def _consent(self, entry: dict[str, Any]) -> HeldConsent:
        paper = papers.Consent.from_json(entry["consent"])
        consent_id = paper.digest(self.domain())
        terms = documents.read_consent_record(entry["record"])
        if consent_id.hex() != entry["id"] or canonical.commitment(entry["record"]) != paper.terms:
            raise HoldingsWrong("consents: a consent is not what its id or its record says")
        return HeldConsent(consent_id, paper, entry["record"], terms, entry["state"])

    def ledger(self, ledgers: Ledgers, now: int) -> list[ledger.Line]:
        """Every access, each line verified at `now` (seconds)."""
        return ledger.read(self.address, self._reading_key, ledgers, now)

    def receipts(self, source: StreamSource) -> dict[str, dict[str, Any]]:
        """The receipts that open with the reading key and hold by themselves, by consent id (hex)."""
        found = {}
        for item in source.all("receipts"):
            try:
                receipt = sealed.open_any(
                    sealed.RECEIPT, item.keys[0], self._reading_key, item.value["sealed"]
                )
                receipts.check_alone(receipt)
            except (sealed.NotForUs, CheckFailed, KeyError, TypeError, ValueError, IndexError):
                continue
            found[receipt["faircart:evidence"]["consentId"][2:]] = receipt
        return found

    # --- erasure ------------------------------------------------------------------------------------------

    def erase(self, categories: Sequence[str]) -> str:
        """Withdraws every consent in these categories, then has them erased; the erasure's id (hex)."""
        holdings = self.holdings()
        for held in holdings.consents:
            if held.terms.category in categories and held.state in LIVE:
                self.withdraw(held.paper)
        said = {
            "customer": self.address,
            "categories": sorted(categories),
            "requestedAt": int(time.time()),
            "nonce": secrets.token_hex(16),
        }
        return self._state("erasures", statements.ERASURE, said)

    def erasures(self) -> list[dict[str, Any]]:
        """Notices, acknowledgements and certificates, opened; each as it was committed to."""
        found = []
        for entry in self._ask("GET", f"/v1/customers/{self.address}/erasures"):
            document = sealed.open_any(sealed.ERASURE, entry["id"], self._reading_key, entry["sealed"])
            if canonical.commitment(document).hex() != entry["commitment"]:
                raise HoldingsWrong("erasures: a document is not what was committed to")
            found.append({"step": entry["step"], "document": document})
        return found

    def certificates(self) -> list[dict[str, Any]]:
        """The erasure certificates so far."""
        return [entry["document"] for entry in self.erasures() if entry["step"] == "certified"]

    def _state(self, path: str, kind: str, said: dict[str, Any]) -> str:
        about = self.about()
        body = {"faircart": kind, "chainId": about["chainId"], "custodian": about["address"], **said}
        signature = statements.sign(body, self._key())
        answer = self._ask("POST", f"/v1/papers/{path}", {"statement": body, "signature": signature})
        return str(answer["id"])


def _document(entry: dict[str, Any]) -> HeldDocument:
    chunks = bytes.fromhex(entry["plainChunks"][2:])
    version = DocumentVersion.from_plaintext(chunks)
    if "0x" + version.root.hex() != entry["dataRoot"]:
        raise HoldingsWrong("documents: a document does not give the root that it is named by")
    document = canonical.parse(unpad_document(version.document))
    documents.validate(entry["category"], document)
    return HeldDocument(entry["category"], version.root, entry["version"], entry["current"], chunks, document)
