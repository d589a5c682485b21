# SPDX-License-Identifier: Apache-2.0
"""The verified ledger as JSON-LD (PROV-O activities with DPV terms) and as CSV (RFC 4180)."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from faircart.documents import utc
from faircart.rights.ledger import Line

CONTEXT = {
    "prov": "http://www.w3.org/ns/prov#",
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "faircart": "urn:faircart:",
}
COLUMNS = (
    *("when", "step", "who", "what", "withWhom", "means", "purpose", "condition", "rewardWei"),
    *("status", "problem", "transaction", "block", "logIndex", "streamItem"),
)


def to_json_ld(lines: Sequence[Line], customer: str, made: int) -> dict[str, Any]:
    """The whole ledger as one JSON-LD document. `made` in seconds."""
    return {
        "@context": CONTEXT,
        "@type": "prov:Bundle",
        "dct:created": utc(made),
        "dpv:hasDataSubject": customer,
        "@graph": [_activity(line) for line in lines],
    }


def _activity(line: Line) -> dict[str, Any]:
    activity: dict[str, Any] = {
        "@type": "prov:Activity",
        "faircart:step": line.step,
        "prov:endedAtTime": {"@type": "xsd:dateTime", "@value": utc(line.when)},
        "prov:wasAssociatedWith": line.who,
        "prov:used": line.what,
        "faircart:withWhom": line.with_whom,
        "faircart:means": line.means,
        "dpv:hasPurpose": {"@id": line.purpose} if line.purpose.startswith("dpv:") else line.purpose,
        "faircart:condition": line.condition,
        "faircart:status": line.status,
        "faircart:problem": line.problem,
        "faircart:evidence": {f"faircart:{name}": value for name, value in line.evidence.items()},
    }
    if line.reward is not None:
        activity["faircart:rewardWei"] = str(line.reward)
    return activity


def to_csv(lines: Sequence[Line]) -> str:
    """The whole ledger as CSV with a header line. A cell that a spreadsheet would take for a formula is
    quoted
    with an apostrophe in front."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for line in lines:
        row = {**line.to_json(), **line.evidence}
        writer.writerow({name: _cell(row.get(name)) for name in COLUMNS})
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
