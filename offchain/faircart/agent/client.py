# SPDX-License-Identifier: Apache-2.0
"""The customer's side of the HTTP API: see what is asked, consent, withdraw, read the access log.

The customer trusts nothing that it has not checked: a proposal's document is the one that its consent
names, its consent record the one that the consent commits to, an entry of the log the one that was
committed to.
"""

import datetime
import json
import secrets
from dataclasses import dataclass
from typing import Any

import requests
from eth_account.signers.local import LocalAccount

from faircart import canonical, papers
from faircart.agent import sealed
from faircart.documents import ConsentTerms, read_consent_record
from faircart.errors import FairCartError
from faircart.sealing import DocumentVersion, unpad_document

COURSE = ("granted", "opened", "delivered")
"""What comes before all ends."""


class ApiUnreachable(FairCartError):
    """The custodian's API does not answer."""


class ApiRefused(FairCartError):
    """The custodian's API refused a call; the message is its own."""


class NotAdmitted(ApiRefused):
    """The custodian's API wants to see that the reading key is at hand."""


class NotKnownHere(FairCartError):
    """The account is no customer here, or one with another reading key."""


class ProposalWrong(FairCartError):
    """A proposal does not hold together: it must not be signed."""


class WithdrawalWrong(FairCartError):
    """The agent took another withdrawal than the one that was handed in."""


class EntryWrong(FairCartError):
    """An entry of the access log does not hold together."""


@dataclass(frozen=True)
class Refused:
    """Other terms that the customer proposed (wei, seconds) and the consumer refused, with its reason."""

    reward: int
    valid_for: int
    reason: str


@dataclass(frozen=True)
class Proposal:
    """What a consumer asks of this customer: the very document, the consent record, the consent to sign.

    `id` is the consent's, in hex: it commits to all of that. `refused` are the other terms that the consumer
    did not agree to."""

    id: str
    consent: papers.Consent
    terms: dict[str, Any]
    record: ConsentTerms
    document: dict[str, Any]
    refused: tuple[Refused, ...] = ()


class CustomerClient:
    """A customer of one custodian.

    `account` may be None and `reading_key` (private) empty where not needed.
    """

    def __init__(self, api: str, account: LocalAccount | None, reading_key: bytes, address: str = "") -> None:
        self._api = api.rstrip("/")
        self._account = account
        self._reading_key = reading_key
        self.address = account.address if account is not None else address
        self._about: dict[str, Any] | None = None
        self._token = ""

    def about(self) -> dict[str, Any]:
        """The custodian: its addresses, contracts and chain."""
        if self._about is None:
            self._about = self._ask("GET", "/v1/about")
        return self._about

    def domain(self, contract: str = "ConsentRegistry") -> papers.Domain:
        """The EIP-712 domain of one of the custodian's contracts."""
        about = self.about()
        return papers.Domain(int(about["chainId"]), about["contracts"][contract])

    def proposals(self) -> list[Proposal]:
        """What this customer is asked for now. Raises ProposalWrong."""
        found = self._read("proposals")
        return [self._open(entry) for entry in found]

    def accept(self, proposal: Proposal) -> str:
        """Signs the consent; the custodian relays it and pays the gas. The consent id (0x-hex)."""
        signature = papers.sign(proposal.consent, self.domain(), self._key())
        body = {
            "proposal": proposal.id,
            "consent": proposal.consent.to_json(),
            "signature": "0x" + signature.hex(),
        }
        return str(self._ask("POST", "/v1/papers/consents", body)["consentId"])

    def withdraw(self, consent: papers.Consent) -> str:
        """Withdraws one consent, whether or not it was submitted. The consent id (0x-hex).

        Raises WithdrawalWrong if the agent says that it took another one."""
        consent_id = consent.digest(self.domain())
        revocation = papers.Revocation(consent_id)
        signature = papers.sign(revocation, self.domain(), self._key())
        body = {"consent": consent.to_json(), "signature": "0x" + signature.hex()}
        taken = str(self._ask("POST", "/v1/papers/revocations", body)["consentId"])
        if taken != "0x" + consent_id.hex():
            raise WithdrawalWrong(f"consent: 0x{consent_id.hex()} was handed in, the agent took {taken}")
        return taken

    def withdraw_all(self, epoch: int) -> int:
        """Withdraws everything granted or signed in `epoch`; the next epoch, chosen at random."""
        next_epoch = secrets.randbelow(2**32 - 1) + 1
        paper = papers.RevocationOfAll(self.address, epoch, next_epoch)
        signature = papers.sign(paper, self.domain(), self._key())
        body = {"revocationOfAll": paper.to_json(), "signature": "0x" + signature.hex()}
        self._ask("POST", "/v1/papers/revocations-of-all", body)
        return next_epoch

    def access_log(self) -> list[dict[str, Any]]:
        """Every access in the order of the chain, in words; `entry` is the entry as it was committed to.

        Raises NotForUs or EntryWrong for an entry that does not hold together.
        """
        lines = []
        for found in self._read("accesslog"):
            entry = sealed.open_any(sealed.ACCESS_ENTRY, found["id"], self._reading_key, found["sealed"])
            if canonical.commitment(entry).hex() != found["commitment"] or entry["id"] != found["id"]:
                raise EntryWrong(f"entry {found['id'][:16]} of the access log is not what was committed to")
            lines.append(_in_words(entry, found["transaction"]))
        return sorted(lines, key=_order)

    def _open(self, found: dict[str, Any]) -> Proposal:
        value = sealed.open_any(sealed.PROPOSAL, found["id"], self._reading_key, [found["sealed"]])
        consent = papers.Consent.from_json(value["consent"])
        version = DocumentVersion.from_plaintext(bytes.fromhex(value["plainChunks"][2:]))
        if version.root != consent.data_root:
            raise ProposalWrong("the document shown is not the one that the consent names: do not sign")
        if canonical.commitment(value["terms"]) != consent.terms:
            raise ProposalWrong(
                "the consent record shown is not the one that the consent commits to: do not sign"
            )
        if found["id"] != consent.digest(self.domain()).hex():
            raise ProposalWrong(
                "the proposal's id is not that of its consent, so another may have been shown under it: "
                "do not sign"
            )
        if consent.customer != self.address:
            raise ProposalWrong("the consent is somebody else's: do not sign")
        record = read_consent_record(value["terms"])
        said = (record.customer, record.consumer, record.custodian, record.reward, record.valid_until)
        if (*said, record.chain_id) != (
            consent.customer,
            consent.consumer,
            consent.custodian,
            consent.reward,
            consent.valid_until,
            self.domain().chain_id,
        ):
            raise ProposalWrong("the consent record shown says something else than the consent: do not sign")
        document = json.loads(unpad_document(version.document))
        refused = tuple(
            Refused(int(one["rewardWei"]), int(one["validFor"]), str(one["reason"]))
            for one in value["refused"]
        )
        return Proposal(found["id"], consent, value["terms"], record, document, refused)

    def _key(self) -> bytes:
        if self._account is None:
            raise ApiRefused("an account is needed to sign")
        return bytes(self._account.key)

    def _read(self, what: str) -> Any:
        """What only the holder of the reading key is told. Raises NotKnownHere."""
        path = f"/v1/customers/{self.address}"
        try:
            return self._ask("GET", f"{path}/{what}", token=self._token)
        except NotAdmitted:
            challenge = self._ask("GET", f"{path}/token")
        try:
            copies = [challenge["sealed"]]
            found = sealed.open_any(sealed.TOKEN, challenge["id"], self._reading_key, copies)
        except sealed.NotForUs:
            raise NotKnownHere(
                f"customer: nothing is held about {self.address} here, or it is sealed to another reading key"
            ) from None
        self._token = found["token"]
        return self._ask("GET", f"{path}/{what}", token=self._token)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = requests.request(method, self._api + path, json=body, headers=headers, timeout=30)
        except requests.RequestException:
            raise ApiUnreachable(
                f"The agent's API at {self._api} does not answer: is the agent running?"
            ) from None
        try:
            value = answer.json()
        except ValueError:
            raise ApiUnreachable(f"{self._api} does not answer as an agent's API does") from None
        if answer.status_code >= 400:
            reason = value.get("error") if isinstance(value, dict) else None
            refused = NotAdmitted if answer.status_code == 401 else ApiRefused
            raise refused(str(reason or f"the agent's API answered {answer.status_code}"))
        return value


def _order(line: dict[str, Any]) -> tuple[int, int]:
    """By time, and within a second by the course that things take: blocks are not known here."""
    step = line["step"].partition("-")[0]
    return line["entry"]["when"], COURSE.index(step) if step in COURSE else len(COURSE)


def _in_words(entry: dict[str, Any], stream_item: str | None) -> dict[str, Any]:
    condition, evidence = entry["condition"], entry["evidence"]
    return {
        "id": entry["id"],
        "step": entry["step"],
        "when": _date(entry["when"]),
        "who": _party(entry["who"]),
        "what": f"{entry['step']}: {entry['what']['category']}, document {entry['what']['dataRoot']}",
        "withWhom": ", ".join(_party(party) for party in entry["withWhom"]),
        "means": f"{entry['means']} in transaction 0x{evidence['transaction']}",
        "purpose": entry["purpose"],
        "condition": (
            f"consent 0x{condition['consent']}, reward {condition['rewardWei']} wei, "
            f"until {_date(condition['validUntil'])}"
        ),
        "evidence": {**evidence, "streamItem": stream_item},
        "entry": entry,
    }


def _party(party: dict[str, str]) -> str:
    return f"{party['role']} {party['address']}"


def _date(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
