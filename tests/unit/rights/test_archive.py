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
from faircart.rights import archive, statements

SHOP = Account.from_key(b"\x42" * 32)
CUSTOMER = "0x" + "A1" * 20
PROFILE = documents.profile_document("p-1", "meadow", {"name": "Alice Example"}, date(2026, 1, 2))


def packed(**changes: Any) -> bytes:
    attestation = {
        "faircart": "holdings/1",
        "chainId": 31337,
        "custodian": SHOP.address,
        "customer": CUSTOMER,
        "createdAt": 1_790_000_000,
        "documents": [hashlib.sha256(canonical(PROFILE)).hexdigest()],
        **changes,
    }
    signature = statements.sign(attestation, bytes(SHOP.key))
    return archive.pack(attestation, signature, b"\x01" * 42, {"profile": PROFILE}, {}, [], None)


def changed(path: str, data: bytes | None) -> bytes:
    """The archive with one file replaced, added or (None) left out."""
    with zipfile.ZipFile(io.BytesIO(packed())) as whole:
        files: dict[str, bytes | None] = {name: whole.read(name) for name in whole.namelist()}
    files[path] = data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as again:
        for name, content in files.items():
            if content is not None:
                again.writestr(name, content)
    return out.getvalue()


def test_an_archive_gives_back_what_went_in_and_is_the_same_every_time() -> None:
    assert packed() == packed()
    found = archive.unpack(packed())
    assert (found.customer, found.custodian, found.reading_key) == (CUSTOMER, SHOP.address, b"\x01" * 42)
    assert found.documents == {"profile": PROFILE}


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (b"", "zip"),
        (packed()[:-30], "zip"),
        (changed("manifest.json", None), "manifest"),
        (changed("manifest.json", b"{}"), "manifest"),
        (changed("manifest.json", b"\xff"), "manifest"),
        (changed("orders.json", None), "files"),
        (changed("../../etc/passwd", b"x"), "files"),
        (changed("orders.json", b"[1]"), "sha256"),
        (changed("documents/profile.jsonld", canonical({**PROFILE, "name": "orders"})), "sha256"),
        (packed(documents=["00" * 32]), "attestation"),
        (packed(customer="0x" + "B2" * 20, documents=[]), "attestation"),
        (packed(faircart="erasure/1"), "attestation"),
    ],
)
def test_whatever_is_wrong_with_an_archive_is_named_by_the_check_that_failed(data: bytes, check: str) -> None:
    with pytest.raises(archive.ArchiveRefused) as info:
        archive.unpack(data)
    assert info.value.check == check


def test_an_archive_that_somebody_else_signed_is_refused() -> None:
    with zipfile.ZipFile(io.BytesIO(packed())) as whole:
        manifest = json.loads(whole.read("manifest.json"))
    manifest["signature"] = statements.sign(manifest["attestation"], b"\x07" * 32)
    with pytest.raises(archive.ArchiveRefused, match="attestation: it is not signed by the shop"):
        archive.unpack(changed("manifest.json", canonical(manifest)))
