# SPDX-License-Identifier: Apache-2.0
"""The portability archive: everything a shop holds about one customer, as open formats in one ZIP file.

    manifest.json                    what is inside: path, sha256, bytes, media type, schema; and who
    attests it
    documents/<category>.jsonld      schema.org JSON-LD, canonical (RFC 8785): the same bytes at every shop
    consents/<consent id>.jsonld     consent records (DPV)
    orders.json                      the escrow's orders of this account: id, amount, state
    accesslog.jsonld                 the verified ledger (PROV-O), where it was asked for

The shop's account signs the hashes of the documents (`holdings/1`), so that another shop can see where they
come from. Members are stored without compression and with one fixed date: the same content, the same bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faircart import documents
from faircart.canonical import CanonicalError, canonical, parse
from faircart.errors import FairCartError
from faircart.rights import statements

MANIFEST = "manifest.json"
MAX_BYTES = 1 << 30
_DATE = (1980, 1, 1, 0, 0, 0)
_MEMBERS = {
    "version",
    "custodian",
    "customer",
    "readingKey",
    "createdAt",
    "files",
    "attestation",
    "signature",
}
_FILE_MEMBERS = {"path", "sha256", "bytes", "mediaType", "schema"}


class ArchiveRefused(FairCartError):
    """An archive is not whole, or not what its manifest says; `check` names the check that failed."""

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check}: {message}")
        self.check = check


@dataclass(frozen=True)
class Archive:
    """An archive that was checked: documents by category, and whose it is (addresses at the shop it is
    from)."""

    customer: str
    custodian: str
    reading_key: bytes
    documents: Mapping[str, dict[str, Any]]


def pack(
    attestation: Mapping[str, Any],
    signature: str,
    reading_key: bytes,
    held: Mapping[str, Mapping[str, Any]],
    consents: Mapping[str, Mapping[str, Any]],
    orders: list[Mapping[str, Any]],
    access_log: Mapping[str, Any] | None,
) -> bytes:
    """The archive's bytes: `held` documents by category, `consents` records by consent id (hex)."""
    files: dict[str, tuple[bytes, str, str]] = {}
    for category, document in held.items():
        schema = str(documents.schema(category)["$id"])
        files[f"documents/{category}.jsonld"] = (canonical(document), "application/ld+json", schema)
    record_schema = str(documents.schema("consent-record")["$id"])
    for consent_id, record in consents.items():
        files[f"consents/{consent_id}.jsonld"] = (canonical(record), "application/ld+json", record_schema)
    files["orders.json"] = (canonical(orders), "application/json", "")
    if access_log is not None:
        files["accesslog.jsonld"] = (canonical(access_log), "application/ld+json", "")
    manifest = {
        "version": 1,
        "custodian": attestation["custodian"],
        "customer": attestation["customer"],
        "readingKey": "0x" + reading_key.hex(),
        "createdAt": attestation["createdAt"],
        "files": [
            {
                "path": path,
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
                "mediaType": media,
                "schema": schema,
            }
            for path, (data, media, schema) in sorted(files.items())
        ],
        "attestation": dict(attestation),
        "signature": signature,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for path, data in [(MANIFEST, canonical(manifest)), *((p, files[p][0]) for p in sorted(files))]:
            packed.writestr(zipfile.ZipInfo(path, _DATE), data)
    return out.getvalue()


def unpack(data: bytes) -> Archive:
    """The archive, every file checked against the manifest, every document against its schema and against the
    shop's signature. Raises ArchiveRefused."""
    files = _files(data)
    manifest = _manifest(files)
    listed = {entry["path"]: entry for entry in manifest["files"]}
    if len(listed) != len(manifest["files"]):
        raise ArchiveRefused("manifest", "it lists a file twice")
    for path in sorted(listed.keys() - files.keys()):
        raise ArchiveRefused("files", f"{path[:100]} is missing")
    for path in sorted(files.keys() - listed.keys() - {MANIFEST}):
        raise ArchiveRefused("files", f"{path[:100]} is not in the manifest")
    for path, entry in listed.items():
        if hashlib.sha256(files[path]).hexdigest() != entry["sha256"]:
            raise ArchiveRefused(
                "sha256", f"{path[:100]} was changed: it has another hash than the manifest says"
            )
    held = {}
    for path in sorted(files):
        folder, _, name = path.partition("/")
        if folder == "documents":
            category = name.removesuffix(".jsonld")
            held[category] = _document(path, category, files[path])
    _attested(manifest, {path: hashlib.sha256(files[path]).hexdigest() for path in files})
    return Archive(
        manifest["customer"], manifest["custodian"], bytes.fromhex(manifest["readingKey"][2:]), held
    )


def _files(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = packed.infolist()
            if len({entry.filename for entry in entries}) != len(entries):
                raise ArchiveRefused("files", "two files have the same name")
            if sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise ArchiveRefused("files", f"together they have more than {MAX_BYTES} bytes")
            return {entry.filename: packed.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ArchiveRefused("zip", f"it is no ZIP file that can be read ({type(error).__name__})") from None


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    if MANIFEST not in files:
        raise ArchiveRefused("manifest", f"there is no {MANIFEST}: this is no archive of FairCart")
    try:
        manifest = json.loads(files[MANIFEST])
        if not isinstance(manifest, dict) or set(manifest) != _MEMBERS or manifest["version"] != 1:
            raise ArchiveRefused("manifest", "it is of another version, or has other members")
        if not all(isinstance(entry, dict) and set(entry) == _FILE_MEMBERS for entry in manifest["files"]):
            raise ArchiveRefused("manifest", "an entry of it has other members")
        bytes.fromhex(str(manifest["readingKey"]).removeprefix("0x"))
    except (ValueError, TypeError, RecursionError):
        raise ArchiveRefused("manifest", "it cannot be read") from None
    return manifest


def _document(path: str, category: str, data: bytes) -> dict[str, Any]:
    if category not in documents.CATEGORIES:
        raise ArchiveRefused("category", f"{path[:100]}: there is no such category")
    try:
        document = parse(data)
        documents.validate(category, document)
    except (CanonicalError, documents.DocumentError) as error:
        raise ArchiveRefused("schema", f"{path}: {error}") from None
    assert isinstance(document, dict)
    return document


def _attested(manifest: Mapping[str, Any], hashes: Mapping[str, str]) -> None:
    body = manifest["attestation"]
    try:
        statements.check(body, statements.HOLDINGS, body.get("chainId", 0), manifest["custodian"])
        signer = statements.signer(body, manifest["signature"])
    except (statements.StatementWrong, CanonicalError, AttributeError) as error:
        raise ArchiveRefused("attestation", str(error)) from None
    if signer != manifest["custodian"]:
        raise ArchiveRefused("attestation", "it is not signed by the shop that the archive names")
    found = sorted(hashes[path] for path in hashes if path.startswith("documents/"))
    if body["customer"] != manifest["customer"] or body["documents"] != found:
        raise ArchiveRefused("attestation", "the shop attested other documents, or another customer's")
