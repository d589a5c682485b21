# SPDX-License-Identifier: Apache-2.0
"""The portability archive: the same bytes for the same content, and every change in it is named."""

import hashlib
import io
import json
import zipfile
from datetime import date
from typing import Any

import pytest
from eth_account import Account
from faircart import documents
from faircart.canonical import canonical
from faircart.envelope import encode_public_key, new_request_key
from faircart.rights import archive, statements

SHOP = Account.from_key(b"\x42" * 32)
CUSTOMER = "0x" + "A1" * 20
PROFILE = documents.profile_document("p-1", "meadow", {"name": "Alice Example"}, date(2026, 1, 2))


ORDERS = {"@context": "https://schema.org", "@type": "ItemList", "numberOfItems": 0, "itemListElement": []}
EVIDENCE = archive.evidence({"@graph": []}, {}, {"cd" * 32: {"step": "requested"}})
READING_KEY = encode_public_key(new_request_key()[1])


def packed(**changes: Any) -> bytes:
    files = archive.contents({"profile": PROFILE}, {}, {}, {}, {}, ORDERS, [])
    attestation = {
        "faircart": "holdings/1",
        "chainId": 31337,
        "custodian": SHOP.address,
        "customer": CUSTOMER,
        "readingKey": "0x" + READING_KEY.hex(),
        "createdAt": 1_790_000_000,
        "files": {path: file.sha256 for path, file in files.items()},
        **changes,
    }
    return archive.pack(attestation, statements.sign(attestation, bytes(SHOP.key)), files, EVIDENCE)


def contents() -> dict[str, bytes | None]:
    with zipfile.ZipFile(io.BytesIO(packed())) as whole:
        return {name: whole.read(name) for name in whole.namelist()}


def zipped(files: dict[str, bytes | None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as again:
        for name, content in files.items():
            if content is not None:
                again.writestr(name, content)
    return out.getvalue()


def changed(path: str, data: bytes | None) -> bytes:
    """The archive with one file replaced, added or (None) left out."""
    return zipped({**contents(), path: data})


def manifest(**changes: Any) -> bytes:
    """The archive with another manifest."""
    found = json.loads(contents()["manifest.json"] or b"")
    return changed("manifest.json", canonical({**found, **changes}))


def relisted(path: str, data: bytes) -> bytes:
    """The archive with a file put in or changed, and the manifest changed to match."""
    files = contents()
    found = json.loads(files["manifest.json"] or b"")
    entry = {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    entry |= {"mediaType": "application/json", "schema": ""}
    listed = [*(one for one in found["files"] if one["path"] != path), entry]
    return zipped({**files, path: data, "manifest.json": canonical({**found, "files": listed})})


def test_an_archive_gives_back_what_went_in_and_is_the_same_every_time() -> None:
    assert packed() == packed()
    found = archive.unpack(packed())
    assert (found.customer, found.custodian, found.reading_key) == (CUSTOMER, SHOP.address, READING_KEY)
    assert found.documents == {"profile": PROFILE}


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (b"", "zip"),
        (packed()[:-30], "zip"),
        (changed("manifest.json", None), "manifest"),
        (changed("manifest.json", b"{}"), "manifest"),
        (changed("manifest.json", b"\xff"), "manifest"),
        (changed("manifest.json", (contents()["manifest.json"] or b"") + b" "), "manifest"),
        (manifest(files=[{"path": 5, "sha256": "", "bytes": 0, "mediaType": "", "schema": ""}]), "manifest"),
        (manifest(files=3), "manifest"),
        (manifest(readingKey=5), "attestation"),
        (manifest(readingKey="0x" + encode_public_key(new_request_key()[1]).hex()), "attestation"),
        (manifest(customer="0x" + "B2" * 20), "attestation"),
        (manifest(createdAt=1), "attestation"),
        (manifest(signature=None), "attestation"),
        (manifest(attestation=[]), "attestation"),
        (changed("orders.jsonld", None), "files"),
        (changed("../../etc/passwd", b"x"), "files"),
        (changed("documents/../profile.jsonld", b"x"), "files"),
        (changed("/orders.jsonld", b"x"), "files"),
        (changed("documents\\profile.jsonld", b"x"), "files"),
        (changed("surplus.jsonld", b"x"), "files"),
        (changed("documents/orders.jsonld", b"x"), "files"),
        (zipped({f"{name}x": data for name, data in contents().items()}), "manifest"),
        (relisted("../../etc/passwd", b"x"), "files"),
        (relisted("orders.jsonld", canonical({**ORDERS, "numberOfItems": 1})), "attestation"),
        (relisted("papers.json", b"[1]"), "attestation"),
        (relisted("consents/" + "ab" * 32 + ".jsonld", b"{}"), "attestation"),
        (relisted("documents/health.jsonld", b"{}"), "category"),
        (relisted("receipts/" + "ab" * 32 + ".jsonld", b"{}"), "receipt"),
        (relisted("receipts/" + "ab" * 32 + ".jsonld", b"x"), "receipt"),
        (relisted("erasures/1.json", b"{}"), "files"),
        (changed("erasures/" + "cd" * 32 + ".json", b"{}"), "sha256"),
        (changed("erasures/" + "cd" * 32 + ".json", None), "files"),
        (relisted("documents/profile.jsonld", b"{}"), "schema"),
        (changed("orders.jsonld", b"[1]"), "sha256"),
        (changed("documents/profile.jsonld", canonical({**PROFILE, "name": "orders"})), "sha256"),
        (packed(files={"documents/profile.jsonld": "00" * 32}), "attestation"),
        (packed(customer="0x" + "B2" * 20, files={}), "attestation"),
        (packed(faircart="erasure/1"), "attestation"),
    ],
)
def test_whatever_is_wrong_with_an_archive_is_named_by_the_check_that_failed(data: bytes, check: str) -> None:
    with pytest.raises(archive.ArchiveRefused) as info:
        archive.unpack(data)
    assert info.value.check == check


def test_an_archive_that_somebody_else_signed_is_refused() -> None:
    found = json.loads(contents()["manifest.json"] or b"")
    signature = statements.sign(found["attestation"], b"\x07" * 32)
    with pytest.raises(archive.ArchiveRefused, match="attestation: it is not signed by the shop"):
        archive.unpack(manifest(signature=signature))


def test_a_byte_changed_in_an_archive_is_refused_or_changes_nothing() -> None:
    whole = packed()
    for place in range(0, len(whole), 3):
        altered = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        try:
            assert archive.unpack(altered) == archive.unpack(whole)
        except archive.ArchiveRefused:
            continue
