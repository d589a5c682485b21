"""A custodian's own import:

its customers' documents, from JSON Lines into rows and vault, in one transaction.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address

from faircart import canonical, documents, envelope
from faircart.agent import effects
from faircart.agent.context import Context
from faircart.agent.secrets import Secrets
from faircart.errors import FairCartError
from faircart.sealing import DocumentVersion, pad_document
from faircart.store import Store, Work
from faircart.store.records import Customer, Document, Request


class ImportInvalid(FairCartError):
    """A line of the import is not as it should be: nothing of the file was taken."""


def import_file(ctx: Context, store: Store, vault: Secrets, path: Path, now: int) -> int:
    """Takes all documents of a JSON Lines file, or none; how many. Raises ImportInvalid naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImportInvalid(f"{path} cannot be read: {error}") from None
    entries = [_entry(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    with store.write() as work:
        for entry in entries:
            _take(ctx, work, vault, entry, now)
        for category in sorted({entry["category"] for entry in entries}):
            ordinal = (work.cursor(f"catalog/{category}") or 0) + 1
            work.set_cursor(f"catalog/{category}", ordinal)
            if ctx.custodian.catalog:
                work.add([effects.announce(ctx, category, ordinal)])
    return len(entries)


def _entry(path: Path, number: int, line: str) -> dict[str, Any]:
    where = f"{path}, line {number}"
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise ImportInvalid(f"{where}: not JSON: {error.msg}") from None
    expected = {"customer", "readingKey", "category", "document"}
    if not isinstance(entry, dict) or set(entry) != expected:
        raise ImportInvalid(f"{where}: expected exactly the members {', '.join(sorted(expected))}")
    if not is_address(entry["customer"]):
        raise ImportInvalid(f"{where}: customer: not an Ethereum address")
    try:
        entry["readingKey"] = bytes.fromhex(str(entry["readingKey"]).removeprefix("0x"))
        envelope.decode_public_key(entry["readingKey"])
        documents.validate(entry["category"], entry["document"])
    except ValueError:
        raise ImportInvalid(f"{where}: readingKey: not hex") from None
    except FairCartError as error:
        raise ImportInvalid(f"{where}: {error}") from None
    entry["customer"] = to_checksum_address(entry["customer"])
    return entry


def _take(ctx: Context, work: Work, vault: Secrets, entry: dict[str, Any], now: int) -> None:
    customer, category, document = entry["customer"], entry["category"], entry["document"]
    text = canonical.canonical(document)
    earlier = work.find(Document, customer=customer, category=category)
    newest = max((row.version for row in earlier), default=0)
    for row in earlier:
        if row.current:
            plaintext = vault.get(work, "document", row.data_root.hex())
            if plaintext is not None and _text(plaintext) == text:
                return  # the same document again: its version stays
            work.put(replace(row, current=False))
    version = DocumentVersion.make(pad_document(text))
    records, period_from, period_to = _measure(document)
    work.put(Customer(customer, entry["readingKey"]))
    work.put(
        Document(
            data_root=version.root,
            customer=customer,
            category=category,
            version=newest + 1,
            current=True,
            size=len(version.document),
            records=records,
            period_from=period_from,
            period_to=period_to,
        )
    )
    vault.put(work, "document", version.root.hex(), version.plaintext)
    for request in work.find(Request, own=False, state="Open"):
        if category in request.categories and request.expires_at > now:
            work.add([effects.propose(ctx, request.request_id, version.root)])


def _text(plaintext: bytes) -> bytes:
    return DocumentVersion.from_plaintext(plaintext).document.rstrip(b" ")


def _measure(document: dict[str, Any]) -> tuple[int, str, str]:
    """Number of records and period (dates) that a data set states of itself."""
    listed = document.get("mainEntity")
    count = listed.get("numberOfItems") if isinstance(listed, dict) else None
    first, _, last = str(document.get("temporalCoverage", "")).partition("/")
    return (count if isinstance(count, int) else 1), first[:10], (last or first)[:10]
