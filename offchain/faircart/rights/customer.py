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
from typing import Any

from faircart import canonical, documents
from faircart.agent import sealed
from faircart.agent.client import CustomerClient
from faircart.errors import FairCartError
from faircart.rights import archive, erasure, holdings, ledger, ledger_export, receipts, statements
from faircart.rights.holdings import Holdings, HoldingsWrong
from faircart.rights.ledgers import CheckFailed, Ledgers
from faircart.rights.sources import StreamSource

LIVE = ("Granted", "Accepted")
"""States of a consent that can be withdrawn: in the registry, or on its way there."""


class CategoryUnknown(FairCartError):
    """There is no such category of data."""


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

    def _withdraw_chain(self, held: Holdings, consent_id: bytes) -> list[str]:
        withdrawn: list[str] = []
        following: bytes | None = consent_id
        while following is not None:
            one = held.consent(following)
            if one.state in LIVE or not withdrawn:
                withdrawn.append(self.withdraw(one.paper))
            following = one.terms.replaces
        return withdrawn

    # --- what is held -------------------------------------------------------------------------------------

    def holdings(self) -> Holdings:
        """Everything held about this customer. Raises HoldingsWrong."""
        return self._holdings()[0]

    def _holdings(self) -> tuple[Holdings, dict[str, Any]]:
        found = self._read("holdings")
        value = sealed.open_any(sealed.HOLDINGS, found["id"], self._reading_key, [found["sealed"]])
        if value["customer"] != self.address:
            raise HoldingsWrong("customer: these are somebody else's holdings")
        return holdings.read(value, self.domain(), self.about()["address"]), value

    def archive(self, log: list[ledger.Line], source: StreamSource, now: int) -> tuple[bytes, Holdings]:
        """The portability archive with this access log, the receipts that `source` hands out, and the papers
        about withdrawals and erasures; and what is held. Raises HoldingsWrong, and ArchiveRefused for one
        that no shop would take."""
        held, value = self._holdings()
        said = ledger_export.to_json_ld(log, self.address, now)
        own = {
            name: one
            for name, one in self.receipts(source).items()
            if one["dct:publisher"].rpartition(":")[2] == held.custodian
        }
        about = {entry["id"]: entry["document"] for entry in self.erasures()}
        read = archive.evidence(said, own, about)
        packed = archive.pack(value["attestation"], value["signature"], held.files(), read)
        archive.unpack(packed)
        return packed, held

    def unchecked_ledger(self) -> list[ledger.Line]:
        """Every access as the custodian tells it, nothing of it checked against a ledger."""
        return [ledger.unchecked(line["entry"], line["evidence"]["streamItem"]) for line in self.access_log()]

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
        """Withdraws every consent in these categories, then has them erased; the erasure's id (hex).

        Raises CategoryUnknown before anything is withdrawn.
        """
        for category in categories:
            if category not in documents.CATEGORIES:
                raise CategoryUnknown(
                    f"categories: there is no category {category[:20]!r}: known are "
                    f"{', '.join(documents.CATEGORIES)}; nothing was done"
                )
        for held in self.holdings().consents:
            if held.terms.category in categories and held.state in LIVE:
                self.withdraw(held.paper)
        said = {
            "customer": self.address,
            "categories": sorted(set(categories)),
            "requestedAt": int(time.time()),
            "nonce": secrets.token_hex(16),
        }
        return self._state("erasures", statements.ERASURE, said)

    def erasures(self) -> list[dict[str, Any]]:
        """Notices, acknowledgements and certificates, opened; each as it was committed to."""
        found = []
        for entry in self._read("erasures"):
            document = sealed.open_any(sealed.ERASURE, entry["id"], self._reading_key, entry["sealed"])
            if canonical.commitment(document).hex() != entry["commitment"]:
                raise HoldingsWrong("erasures: a document is not what was committed to")
            found.append({"id": entry["id"], "step": entry["step"], "document": document})
        return found

    def certificates(self) -> list[dict[str, Any]]:
        """The erasure certificates so far, each checked. Raises ErasureWrong, HoldingsWrong."""
        found = [entry["document"] for entry in self.erasures() if entry["step"] == "certified"]
        for value in found:
            about = value["dpv:hasDataSubject"].rpartition(":")[2]
            if (erasure.check_certificate(value), about) != (self.about()["address"], self.address):
                raise HoldingsWrong("erasures: a certificate is another shop's, or about somebody else")
        return found

    def _state(self, path: str, kind: str, said: dict[str, Any]) -> str:
        about = self.about()
        body = {"faircart": kind, "chainId": about["chainId"], "custodian": about["address"], **said}
        signature = statements.sign(body, self._key())
        answer = self._ask("POST", f"/v1/papers/{path}", {"statement": body, "signature": signature})
        return str(answer["id"])
