# SPDX-License-Identifier: Apache-2.0
"""The customer's ledger: every access to its data, each line verified on the spot, both ledgers reconciled.

Lines come from the stream `accesslog` (whatever opens with the customer's reading key), from the stream
`erasures`, and from the events of the contracts: an event without an entry is a line, too. What a line can
be:

| status | meaning |
|---|---|
| `verified` | the custodian's bound address committed to the entry, and the event says the same |
| `retracted` | the entry takes an earlier one back, whose event was orphaned |
| `refuted` | the ledgers contradict the entry: it is forged, or wrong |
| `unverifiable` | a ledger could not be asked, or holds nothing to check it by |
| `missing` | an event about this customer's data that no entry tells of, or a consent without a receipt |
| `awaited` | the same, but so young that what is missing may still be on its way |
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from faircart import canonical
from faircart.agent import sealed
from faircart.documents import read_consent_record, utc
from faircart.errors import FairCartError
from faircart.ethereum import events as e
from faircart.ethereum.errors import NodeUnreachable
from faircart.multichain import names
from faircart.rights import receipts
from faircart.rights.ledgers import CheckFailed, Ledgers, means
from faircart.rights.sources import Seen
from faircart.rights.steps import ACTOR, concerning, step_of

VERIFIED, RETRACTED, REFUTED, UNVERIFIABLE = "verified", "retracted", "refuted", "unverifiable"
MISSING, AWAITED = "missing", "awaited"
STALE_SECONDS = 300
"""An event younger than this may be without its entry: the custodian waits for finality and may be down."""


@dataclass(frozen=True)
class Line:
    """One access, in words, with its evidence; `problem` says why it is not verified."""

    when: int
    step: str
    who: str
    what: str
    with_whom: str
    means: str
    purpose: str
    condition: str
    reward: int | None
    status: str
    problem: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The line as JSON; amounts are strings."""
        return {
            "when": utc(self.when),
            "step": self.step,
            "who": self.who,
            "what": self.what,
            "withWhom": self.with_whom,
            "means": self.means,
            "purpose": self.purpose,
            "condition": self.condition,
            "rewardWei": None if self.reward is None else str(self.reward),
            "status": self.status,
            "problem": self.problem,
            "evidence": self.evidence,
        }


def read(customer: str, reading_key: bytes, ledgers: Ledgers, now: int) -> list[Line]:
    """Every line of this customer, oldest first. `reading_key` is the private one."""
    receipts_of = _receipts(reading_key, ledgers)
    lines: list[Line] = []
    told: set[tuple[str, str, str]] = set()
    opened = [
        (item, entry)
        for item in ledgers.streams.all(names.ACCESSLOG)
        if (entry := _opened(item, sealed.ACCESS_ENTRY, reading_key)) is not None
    ]
    retracted = {_retracted(item, entry, ledgers) for item, entry in opened}
    for item, entry in opened:
        line = _line(customer, item, entry, ledgers, receipts_of)
        if line.status == REFUTED and item.keys[0] in retracted:
            line = replace(line, status=RETRACTED)
        if line.status in (VERIFIED, UNVERIFIABLE) and "transaction" in line.evidence:
            about = (line.evidence["transaction"], line.means, line.evidence["consent"])
            if about in told and not line.step.endswith("-reinstated"):
                line = replace(line, status=REFUTED, problem="accesslog: a second entry about the same event")
            told.add(about)
        lines.append(line)
    lines += _erasures(customer, reading_key, ledgers)
    lines += _untold(customer, ledgers, told, now)
    lines += _without_receipt(customer, ledgers, receipts_of, now)
    return sorted(lines, key=_order)


def _order(line: Line) -> tuple[int, float, int]:
    block = line.evidence.get("block")
    return line.when, float("inf") if block is None else block, line.evidence.get("logIndex", 0)


# --- the stream accesslog ---------------------------------------------------------------------------------


def _opened(item: Seen, kind: bytes, reading_key: bytes) -> dict[str, Any] | None:
    """The document in an item, if it is sealed to us; an empty one if it opens but is no document."""
    value = item.value
    if not isinstance(value, dict) or not isinstance(value.get("sealed"), list) or not item.keys:
        return None
    try:
        found = sealed.open_any(kind, item.keys[0], reading_key, value["sealed"])
    except (FairCartError, ValueError, TypeError):
        return None
    return found if isinstance(found, dict) else {}


def _line(
    customer: str,
    item: Seen,
    entry: dict[str, Any],
    ledgers: Ledgers,
    receipts_of: dict[str, dict[str, Any]],
) -> Line:
    status, problem = VERIFIED, ""
    event: e.Event | None = None
    try:
        _check_item(item, entry, ledgers)
        if entry["step"].endswith("-retracted"):
            status = RETRACTED
        else:
            event = _check_event(customer, entry, ledgers)
            _check_receipt(entry, receipts_of)
    except CheckFailed as error:
        status, problem = REFUTED, str(error)
    except Unverifiable as error:
        status, problem = UNVERIFIABLE, str(error)
    except NodeUnreachable as error:
        status, problem = UNVERIFIABLE, str(error)
    except (KeyError, TypeError, ValueError, AttributeError, FairCartError):
        return _unreadable(item)
    try:
        return _in_words(item, entry, status, problem, event)
    except (KeyError, TypeError, ValueError, AttributeError, FairCartError):
        return _unreadable(item)


class Unverifiable(FairCartError):
    """There is nothing to check a line by."""


def _check_item(item: Seen, entry: dict[str, Any], ledgers: Ledgers) -> None:
    if entry["id"] != item.keys[0] or canonical.commitment(entry).hex() != item.value.get("commitment"):
        raise CheckFailed("multichain", "the entry is not the one that its item commits to")
    author = ledgers.author(item)
    if author is None:
        raise CheckFailed("multichain", "the entry was published by an address that nobody has bound")
    if author != _custodian(entry):
        raise CheckFailed("multichain", f"the entry was published by {author}, not by its custodian")


def _custodian(entry: dict[str, Any]) -> str:
    parties = [entry["who"], *entry["withWhom"]]
    return str(next(party["address"] for party in parties if party["role"] == "custodian"))


def _check_event(customer: str, entry: dict[str, Any], ledgers: Ledgers) -> e.Event:
    evidence, condition = entry["evidence"], entry["condition"]
    contract = str(entry["means"]).partition(".")[0]
    if contract not in ledgers.contracts.deployments:
        raise CheckFailed("ethereum", f"there is no contract {contract[:40]}")
    if (evidence["chainId"], evidence["contract"]) != (ledgers.chain_id, ledgers.contracts.address(contract)):
        raise CheckFailed("ethereum", "the entry names another chain or contract than the one you trust")
    about = bytes.fromhex(evidence["subject"])
    if entry["means"] == "ConsentRegistry.RevokedAll":
        about = bytes.fromhex(customer[2:]).rjust(32, b"\0")
    event = ledgers.event(str(entry["means"]), bytes.fromhex(evidence["transaction"]), about)
    if step_of(event) != str(entry["step"]).partition("-")[0]:
        raise CheckFailed("ethereum", f"the event is {means(event)}, which is no step {entry['step']}")
    if event.at.timestamp != entry["when"]:
        raise CheckFailed("ethereum", "the block was made at another time than the entry says")
    granted = _granted(ledgers, bytes.fromhex(condition["consent"]))
    if granted is None or granted.customer != customer:
        raise CheckFailed("ethereum", "the consent that the entry names is not one that you gave")
    if not _about(event, granted, ledgers):
        raise CheckFailed("ethereum", "the event at that place is about something else")
    said = (condition["rewardWei"], condition["validUntil"], entry["what"]["dataRoot"])
    if said != (str(granted.reward), granted.valid_until, "0x" + granted.data_root.hex()):
        raise CheckFailed("ethereum", "reward, end or document are not those of the consent")
    parties = {party["role"]: party["address"] for party in (entry["who"], *entry["withWhom"])}
    if parties != {
        "customer": customer,
        "custodian": granted.custodian,
        "consumer": granted.consumer,
    }:
        raise CheckFailed("ethereum", "the entry names other parties than the consent")
    if entry["who"]["role"] != ACTOR[type(event)]:
        raise CheckFailed("ethereum", "the entry names another actor than the event has")
    return event


def _check_receipt(entry: dict[str, Any], receipts_of: dict[str, dict[str, Any]]) -> None:
    receipt = receipts_of.get(entry["condition"]["consent"])
    if receipt is None:
        raise Unverifiable(
            "receipt: no receipt for this consent is here, so purpose and category stay unchecked"
        )
    terms = read_consent_record(receipt["dpv:hasRecordOfActivity"])
    said = (entry["purpose"], entry["what"]["category"], entry["condition"]["notice"])
    if said != (terms.purpose, terms.category, terms.notice_version):
        raise CheckFailed("receipt", "purpose, category or notice are not those that you consented to")
    kept = (entry["condition"]["retentionDays"], entry["condition"]["conditions"])
    if kept != (terms.retention_days, terms.conditions):
        raise CheckFailed("receipt", "retention or conditions are not those that you consented to")
    done = tuple(entry["condition"][name] for name in ("processing", "storageLocation", "jurisdiction"))
    if done != (list(terms.processing), terms.storage_location, terms.jurisdiction):
        raise CheckFailed(
            "receipt", "processing, storage location or jurisdiction are not those that you consented to"
        )


def _receipts(reading_key: bytes, ledgers: Ledgers) -> dict[str, dict[str, Any]]:
    """Receipts that hold by themselves and whose terms are on chain, by consent id (hex)."""
    found: dict[str, dict[str, Any]] = {}
    for item in ledgers.streams.all(names.RECEIPTS):
        receipt = _opened(item, sealed.RECEIPT, reading_key)
        if receipt is None:
            continue
        try:
            consent = receipts.check_alone(receipt)
        except CheckFailed:
            continue
        consent_id = consent.digest(ledgers.domain("ConsentRegistry"))
        granted = _granted(ledgers, consent_id)
        if granted is not None and granted.terms == consent.terms:
            found[consent_id.hex()] = receipt
    return found


def _granted(ledgers: Ledgers, consent_id: bytes) -> e.Granted | None:
    found = (event for event in ledgers.events if isinstance(event, e.Granted))
    return next((event for event in found if event.consent_id == consent_id), None)


def _about(event: e.Event, granted: e.Granted, ledgers: Ledgers) -> bool:
    if isinstance(event, e.RevokedAll):
        return event.customer == granted.customer
    if isinstance(event, e.ConsentEvent):
        return event.consent_id == granted.consent_id
    if isinstance(event, e.ExchangeEvent):
        return any(
            isinstance(other, e.Opened)
            and other.exchange_id == event.exchange_id
            and other.consent_id == granted.consent_id
            for other in ledgers.events
        )
    return False


def _retracted(item: Seen, entry: dict[str, Any], ledgers: Ledgers) -> str | None:
    """The id of the entry that this one takes back, if it does so rightly."""
    try:
        _check_item(item, entry, ledgers)
        return str(entry["corrects"]) if entry["step"].endswith("-retracted") else None
    except (KeyError, TypeError, ValueError, AttributeError, FairCartError):
        return None


def _in_words(item: Seen, entry: dict[str, Any], status: str, problem: str, event: e.Event | None) -> Line:
    condition, evidence = entry["condition"], entry["evidence"]
    return Line(
        when=int(entry["when"]),
        step=str(entry["step"]),
        who=_party(entry["who"]),
        what=f"{entry['what']['category']}, document {entry['what']['dataRoot']}",
        with_whom=", ".join(_party(party) for party in entry["withWhom"]),
        means=f"{entry['means']} in transaction 0x{evidence['transaction']}",
        purpose=str(entry["purpose"]),
        condition=f"consent 0x{condition['consent']} until {utc(condition['validUntil'])}, "
        f"kept {condition['retentionDays']} days in {condition['storageLocation']} "
        f"under the law of {condition['jurisdiction']}, to {' '.join(condition['processing'])}, "
        f"notice {condition['notice']}"
        + (f", conditions: {condition['conditions']}" if condition["conditions"] else ""),
        reward=int(condition["rewardWei"]),
        status=status,
        problem=problem,
        evidence={
            "chainId": evidence["chainId"],
            "contract": evidence["contract"],
            "transaction": evidence["transaction"],
            "block": None if event is None else event.at.block_number,
            "logIndex": evidence["logIndex"],
            "consent": condition["consent"],
            "streamItem": item.txid,
            "entry": entry["id"],
        },
    )


def unchecked(entry: dict[str, Any], stream_item: str | None) -> Line:
    """A line about an entry of the access log (already opened) that nothing was checked of."""
    item = Seen(names.ACCESSLOG, stream_item or "", "", (entry["id"],), None, 0)
    return _in_words(item, entry, UNVERIFIABLE, "nothing was checked: name an Ethereum node for that", None)


def _party(party: dict[str, str]) -> str:
    return f"{party['role']} {party['address']}"


def _unreadable(item: Seen) -> Line:
    problem = "multichain: an item was sealed to you that is no entry of an access log"
    return Line(0, "unreadable", f"publisher {item.publisher}", "", "", "", "", "", None, REFUTED, problem,
                {"streamItem": item.txid, "entry": item.keys[0]})  # fmt: skip


# --- the stream erasures ----------------------------------------------------------------------------------


def _erasures(customer: str, reading_key: bytes, ledgers: Ledgers) -> Iterable[Line]:
    found = [
        (item, document)
        for item in ledgers.streams.all(names.ERASURES)
        if (document := _opened(item, sealed.ERASURE, reading_key)) is not None
    ]
    notices: dict[str, dict[str, Any]] = {}
    # Notices first: an acknowledgement is judged by the notice that it answers, wherever that stands.
    for item, document in sorted(found, key=lambda one: one[1].get("step") != "requested"):
        try:
            problem = _erasure_problem(customer, item, document, notices, ledgers)
            if not problem and document.get("step") == "requested":
                notices[item.keys[0]] = document
            yield _told(document, item, REFUTED if problem else VERIFIED, problem)
        except (KeyError, TypeError, ValueError, AttributeError, FairCartError):
            yield _unreadable(item)


def _erasure_problem(
    customer: str,
    item: Seen,
    document: dict[str, Any],
    notices: dict[str, dict[str, Any]],
    ledgers: Ledgers,
) -> str:
    """Why a paper about an erasure or a withdrawal does not hold; empty if it does."""
    author = _author(document)
    right = canonical.commitment(document).hex() == item.value.get("commitment")
    if not right or ledgers.author(item) != author:
        return "multichain: not published by its author, or not what was committed to"
    about = document.get("customer", str(document.get("dpv:hasDataSubject")).rpartition(":")[2])
    if about != customer:
        return "customer: it is about somebody else"
    if document.get("step") == "requested":
        for text in document["consents"]:
            granted = _granted(ledgers, bytes.fromhex(text))
            if granted is None or (granted.customer, granted.custodian, granted.consumer) != (
                *(customer, author, document["consumer"]),
            ):
                return "ethereum: it names a consent that you did not give to these two"
    elif document.get("step") == "acknowledged":
        notice = notices.get(document["notice"])
        if notice is None or (notice["consumer"], notice["author"]) != (author, document["custodian"]):
            return "notice: it answers no notice to its author"
    return ""


def _author(document: dict[str, Any]) -> str:
    if "dct:publisher" in document:
        return str(document["dct:publisher"]).rpartition(":")[2]
    return str(document["author"])


def _told(document: dict[str, Any], item: Seen, status: str, problem: str) -> Line:
    from faircart.rights import erasure

    told = erasure.in_words(document)
    return Line(
        when=told.when,
        step=told.step,
        who=f"{told.role} {_author(document)}",
        what=told.what,
        with_whom=told.with_whom,
        means=f"{names.ERASURES}, item {item.txid}",
        purpose="erasure" if told.kind == "erasure" else "withdrawal",
        condition=told.condition,
        reward=None,
        status=status,
        problem=problem,
        evidence={"streamItem": item.txid, "entry": item.keys[0]},
    )


# --- events that nobody told of ---------------------------------------------------------------------------


def _means(event: e.Event) -> str:
    return f"{means(event)} in transaction 0x{event.at.transaction.hex()}"


def _untold(customer: str, ledgers: Ledgers, told: set[tuple[str, str, str]], now: int) -> list[Line]:
    lines = []
    for event, granted in concerning(customer, ledgers.events):
        if (event.at.transaction.hex(), _means(event), granted.consent_id.hex()) not in told:
            problem = "accesslog: the custodian has written no entry about this event"
            lines.append(_lacking(step_of(event), ACTOR[type(event)], event, granted, problem, ledgers, now))
    return lines


def _without_receipt(
    customer: str, ledgers: Ledgers, receipts_of: dict[str, dict[str, Any]], now: int
) -> list[Line]:
    problem = "receipt: the custodian has published no receipt for this consent that you can read"
    return [
        _lacking("receipt", f"custodian {event.custodian}", event, event, problem, ledgers, now)
        for event in ledgers.events
        if isinstance(event, e.Granted)
        and event.customer == customer
        and event.consent_id.hex() not in receipts_of
    ]


def _lacking(
    step: str, who: str, event: e.Event, granted: e.Granted, problem: str, ledgers: Ledgers, now: int
) -> Line:
    """A line about what should have followed an event, and is not there."""
    return Line(
        when=event.at.timestamp,
        step=step,
        who=who,
        what=f"document 0x{granted.data_root.hex()}",
        with_whom=f"custodian {granted.custodian}, consumer {granted.consumer}",
        means=_means(event),
        purpose="",
        condition=f"consent 0x{granted.consent_id.hex()} until {utc(granted.valid_until)}",
        reward=granted.reward,
        status=AWAITED if event.at.timestamp > now - STALE_SECONDS else MISSING,
        problem=problem,
        evidence={
            "chainId": ledgers.chain_id,
            "transaction": event.at.transaction.hex(),
            "block": event.at.block_number,
            "logIndex": event.at.log_index,
            "consent": granted.consent_id.hex(),
        },
    )
