# SPDX-License-Identifier: Apache-2.0
"""A custodian's own import:

its customers' documents, from JSON Lines into rows and vault, in one transaction.
"""

import json
from pathlib import Path
from typing import Any

from faircart import canonical, documents, envelope, papers
from faircart.agent import derived, effects, held
from faircart.agent.chain_reader import apply
from faircart.agent.context import Context
from faircart.agent.handlers.orders import ORDER, completed
from faircart.agent.secrets import Secrets
from faircart.errors import FairCartError
from faircart.rights import archive, arrival
from faircart.sealing import DocumentVersion, pad_document
from faircart.store import Store, Work
from faircart.store.records import Customer, Document, Order, Paper


class ImportInvalid(FairCartError):
    """A line of the import is not as it should be: nothing of the file was taken."""


def import_file(
    ctx: Context, store: Store, vault: Secrets, path: Path, *, derive_preferences: bool = False
) -> int:
    """Takes all documents of a JSON Lines file, or none; how many. Raises ImportInvalid naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImportInvalid(f"{path} cannot be read: {error}") from None
    entries = [_entry(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if derive_preferences:
        entries += [derived.preferences_of(entry) for entry in entries if entry["category"] == "orders"]
    return _take_all(ctx, store, vault, entries)


def import_archive(
    ctx: Context,
    store: Store,
    vault: Secrets,
    path: Path,
    attested_by: str | None,
) -> int:
    """Takes all documents of a portability archive, or none; how many.

    The customer must have said that it comes here, and the operator that it believes the account
    `attested_by`. Raises ArchiveRefused, ImportInvalid."""
    try:
        found = archive.unpack(path.read_bytes())
    except OSError as error:
        raise ImportInvalid(f"{path} cannot be read: {error.strerror}") from None
    customer, key = arrival.check(found, ctx.chain_id, ctx.address)
    if attested_by != found.custodian:
        raise archive.ArchiveRefused(
            "attestation",
            f"{found.custodian} attests these documents; "
            "if that is a shop that you believe, say so with --attested-by",
        )
    arrived = {"customer": customer, "readingKey": key, "orderId": b""}
    entries = [
        {**arrived, "category": category, "document": document}
        for category, document in found.documents.items()
    ]
    return _take_all(ctx, store, vault, entries)


def _take_all(ctx: Context, store: Store, vault: Secrets, entries: list[dict[str, Any]]) -> int:
    with store.write() as work:
        for entry in entries:
            _check_reading_key(work, entry)
        held.check_replaced(work, vault, entries)
        derived.check(work, vault, entries)
        every = [*entries, *derived.following(work, entries)]
        for entry in every:
            _take(ctx, work, vault, entry)
        for category in sorted({entry["category"] for entry in every} - {ORDER}):
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
    if isinstance(entry, dict) and set(entry) == {"customer", "readingKey", "orderId", ORDER}:
        # One order: it becomes part of the customer's documents when it is completed.
        entry = {**entry, "category": ORDER, "document": entry[ORDER]}
        del entry[ORDER]
    expected = {"customer", "readingKey", "category", "document"}
    if not isinstance(entry, dict) or set(entry) - {"orderId"} != expected:
        raise ImportInvalid(
            f"{where}: expected exactly the members {', '.join(sorted(expected))}, and orderId if need be; "
            "or customer, readingKey, orderId, order"
        )
    if entry["category"] not in (*documents.CATEGORIES, ORDER):
        raise ImportInvalid(f"{where}: category: none of {', '.join(documents.CATEGORIES)}")
    try:
        entry["customer"] = papers.account_address("customer", entry["customer"])
        entry["readingKey"] = bytes.fromhex(str(entry["readingKey"]).removeprefix("0x"))
        entry["orderId"] = bytes.fromhex(str(entry.get("orderId", "")).removeprefix("0x"))
        envelope.decode_public_key(entry["readingKey"])
        documents.validate(entry["category"], entry["document"])
    except ValueError:
        raise ImportInvalid(f"{where}: readingKey, orderId: not hex") from None
    except FairCartError as error:
        raise ImportInvalid(f"{where}: {error}") from None
    if len(entry["orderId"]) not in (0, 32) or (entry["category"] == ORDER and not entry["orderId"]):
        raise ImportInvalid(f"{where}: orderId: not 32 bytes")
    return entry


def _take(ctx: Context, work: Work, vault: Secrets, entry: dict[str, Any]) -> None:
    customer, category, document = entry["customer"], entry["category"], entry["document"]
    text = canonical.canonical(document)
    _check_reading_key(work, entry)
    work.put(Customer(customer, entry["readingKey"]))
    for row in work.find(Document, customer=customer, category=category):
        plaintext = vault.get(work, "document", row.data_root.hex())
        same = plaintext is not None and _text(plaintext) == text
        if same and (row.current or row.order_id == entry["orderId"] != b""):
            return  # the same document again: its version stays
    version = DocumentVersion.make(pad_document(text))
    records, period_from, period_to = measure(document)
    row = Document(
        data_root=version.root,
        customer=customer,
        category=category,
        version=0,
        current=False,
        size=len(version.document),
        records=records,
        period_from=period_from,
        period_to=period_to,
        order_id=entry["orderId"],
    )
    if category == ORDER:
        _check_quote(work, entry)
    vault.put(work, "document", version.root.hex(), version.plaintext)
    order = work.get(Order, row.order_id) if row.order_id else None
    if row.order_id and (order is None or order.state not in ("Completed", "Resolved")):
        work.put(row)
        return
    work.put(row)
    apply(work, completed(ctx, work, row))


def _check_reading_key(work: Work, entry: dict[str, Any]) -> None:
    known = work.get(Customer, entry["customer"])
    if known is not None and known.reading_key != entry["readingKey"]:
        raise ImportInvalid(
            f"readingKey: {known.address} is known here with another reading key, to which everything is "
            "sealed that it may read; an import does not change it: give the known one"
        )


def _check_quote(work: Work, entry: dict[str, Any]) -> None:
    quote = work.get(Paper, entry["orderId"])
    committed = canonical.commitment(entry["document"])
    if quote is not None and papers.Order.from_json(quote.body).order_hash != committed:
        raise ImportInvalid(
            f"orderId: the quote of order 0x{entry['orderId'].hex()} commits to another order document"
        )


def _text(plaintext: bytes) -> bytes:
    return DocumentVersion.from_plaintext(plaintext).document.rstrip(b" ")


def measure(document: dict[str, Any]) -> tuple[int, str, str]:
    """Number of records and period (dates) that a data set states of itself."""
    listed = document.get("mainEntity")
    count = listed.get("numberOfItems") if isinstance(listed, dict) else None
    first, _, last = str(document.get("temporalCoverage", "")).partition("/")
    return (count if isinstance(count, int) else 1), first[:10], (last or first)[:10]
