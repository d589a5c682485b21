# SPDX-License-Identifier: Apache-2.0
"""The portability archive: everything a shop holds about one customer, as open formats in one ZIP file.

    manifest.json                    what is inside: path, sha256, bytes, type, schema; and who attests it
    documents/<category>.jsonld      schema.org JSON-LD, canonical (RFC 8785): the same bytes at every shop
    versions/<data root>.jsonld      earlier versions that are still held
    orders/<order id>.jsonld         order documents, as the escrow's orderHash commits to them
    consents/<consent id>.jsonld     consent records (DPV) of what was granted
    proposals/<consent id>.jsonld    consent records of what was asked and not granted
    orders.jsonld                    the escrow's orders of this account (schema.org)
    papers.json                      what the customer signed and sent: consents, withdrawals, answers;
                                     and the shop's quotes of the orders that it paid
    accesslog.jsonld                 the access log (PROV-O), each line with its status
    receipts/<consent id>.jsonld     consent receipts (DPV), each signed by the shop
    erasures/<item id>.json          notices, acknowledgements and certificates of withdrawals and erasures
    arrival.json                     at which shop, as whom: signed by the customer over the manifest's hash,
                                     so not listed in it; only with `export --for` (see `rights.arrival`)

The shop's account signs the hash of every file down to `papers.json` (`holdings/1`), so that another shop can
see where they come from: log, receipts and papers about erasures are what the customer itself read on the
ledgers. Members are stored without compression and with one fixed date: the same content, the same bytes.
"""

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faircart import documents
from faircart.canonical import CanonicalError, canonical, parse
from faircart.envelope import decode_public_key
from faircart.errors import FairCartError
from faircart.rights import receipts, statements

MANIFEST, ACCESS_LOG, ARRIVAL = "manifest.json", "accesslog.jsonld", "arrival.json"
MAX_BYTES = 1 << 30
_DATE = (1980, 1, 1, 0, 0, 0)
_ATTESTED = ("custodian", "customer", "readingKey", "createdAt")
_MEMBERS = {"version", *_ATTESTED, "files", "attestation", "signature"}
_FILE_MEMBERS = {"path": str, "sha256": str, "bytes": int, "mediaType": str, "schema": str}
_PATH = re.compile(
    r"(documents/[a-z0-9]{1,13}|(versions|orders|consents|proposals|receipts)/[0-9a-f]{64}|orders|accesslog)"
    r"\.jsonld|erasures/[0-9a-f]{64}\.json|papers\.json"
)


class ArchiveRefused(FairCartError):
    """An archive is not whole, or not what its manifest says; `check` names the check that failed."""

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check}: {message}")
        self.check = check


@dataclass(frozen=True)
class Archive:
    """An archive that was checked: documents by category, and whose it is (addresses at the shop it is
    from). `manifest_hash` is sha256 of the manifest's bytes, hex; `arrival` is not checked yet."""

    customer: str
    custodian: str
    reading_key: bytes
    documents: Mapping[str, dict[str, Any]]
    manifest_hash: str
    arrival: bytes | None


@dataclass(frozen=True)
class File:
    """One file of an archive."""

    data: bytes
    media_type: str
    schema: str

    @property
    def sha256(self) -> str:
        """Hash of the bytes, hex."""
        return hashlib.sha256(self.data).hexdigest()


def contents(
    current: Mapping[str, Any],
    versions: Mapping[str, tuple[str, Any]],
    order_documents: Mapping[str, Any],
    granted: Mapping[str, Any],
    asked: Mapping[str, Any],
    orders: Mapping[str, Any],
    papers: Sequence[Any],
) -> dict[str, File]:
    """The files that a shop attests, by path.

    `current` documents by category, earlier `versions` by data root (hex) with their category, order
    documents by order id (hex), records by consent id (hex).
    """
    files = {
        f"documents/{category}.jsonld": _linked(document, category) for category, document in current.items()
    }
    files |= {
        f"versions/{root}.jsonld": _linked(document, kind) for root, (kind, document) in versions.items()
    }
    files |= {f"orders/{name}.jsonld": _linked(one, "order") for name, one in order_documents.items()}
    for folder, records in (("consents", granted), ("proposals", asked)):
        files |= {
            f"{folder}/{name}.jsonld": _linked(record, "consent-record") for name, record in records.items()
        }
    files["orders.jsonld"] = _linked(orders)
    files["papers.json"] = File(canonical(list(papers)), "application/json", "")
    return files


def evidence(
    access_log: Mapping[str, Any], receipts: Mapping[str, Any], erasures: Mapping[str, Any]
) -> dict[str, File]:
    """The files that the customer read on the ledgers, by path: receipts by consent id, papers about
    withdrawals and erasures by the id of their item (both hex)."""
    files = {ACCESS_LOG: _linked(access_log)}
    files |= {f"receipts/{name}.jsonld": _linked(one, "consent-receipt") for name, one in receipts.items()}
    files |= {
        f"erasures/{name}.json": File(canonical(one), "application/json", "")
        for name, one in erasures.items()
    }
    return files


def _is_evidence(path: str) -> bool:
    return path == ACCESS_LOG or path.startswith(("receipts/", "erasures/"))


def _linked(value: Any, kind: str = "") -> File:
    return File(canonical(value), "application/ld+json", str(documents.schema(kind)["$id"]) if kind else "")


def pack(
    attestation: Mapping[str, Any], signature: str, files: Mapping[str, File], read: Mapping[str, File]
) -> bytes:
    """The archive's bytes: the `files` that the shop attests with its signature, and what the customer itself
    `read` on the ledgers."""
    every = {**files, **read}
    manifest = {
        "version": 1,
        **{name: attestation[name] for name in _ATTESTED},
        "files": [
            {
                "path": path,
                "sha256": file.sha256,
                "bytes": len(file.data),
                "mediaType": file.media_type,
                "schema": file.schema,
            }
            for path, file in sorted(every.items())
        ],
        "attestation": dict(attestation),
        "signature": signature,
    }
    return _zipped([(MANIFEST, canonical(manifest)), *((path, every[path].data) for path in sorted(every))])


def with_arrival(data: bytes, arrival: bytes) -> bytes:
    """The same archive with the customer's word on where it shall arrive. Raises ArchiveRefused."""
    files = _files(data)
    return _zipped([*files.items(), (ARRIVAL, arrival)])


def _zipped(files: Sequence[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for path, data in files:
            packed.writestr(zipfile.ZipInfo(path, _DATE), data)
    return out.getvalue()


def unpack(data: bytes) -> Archive:
    """The archive, every file checked against the manifest, every document against its schema and against the
    shop's signature. Raises ArchiveRefused."""
    files = _files(data)
    arrival = files.pop(ARRIVAL, None)
    manifest = _manifest(files)
    listed = {entry["path"]: entry for entry in manifest["files"]}
    if len(listed) != len(manifest["files"]):
        raise ArchiveRefused("manifest", "it lists a file twice")
    for path in sorted((listed.keys() | files.keys()) - {MANIFEST}):
        if not _PATH.fullmatch(path):
            raise ArchiveRefused("files", f"{path[:100]!r} is no name that a file in an archive has")
    for path in sorted(listed.keys() - files.keys()):
        raise ArchiveRefused("files", f"{path} is missing")
    for path in sorted(files.keys() - listed.keys() - {MANIFEST}):
        raise ArchiveRefused("files", f"{path} is not in the manifest")
    for path, entry in listed.items():
        if (hashlib.sha256(files[path]).hexdigest(), len(files[path])) != (entry["sha256"], entry["bytes"]):
            raise ArchiveRefused("sha256", f"{path} was changed: it has another hash than the manifest says")
    held = {
        path.removeprefix("documents/").removesuffix(".jsonld"): files[path]
        for path in sorted(files)
        if path.startswith("documents/")
    }
    found = {category: _document(category, text) for category, text in held.items()}
    for path in sorted(files):
        if path.startswith("receipts/"):
            _receipt(path, files[path])
    _attested(manifest)
    return Archive(
        customer=manifest["customer"],
        custodian=manifest["custodian"],
        reading_key=bytes.fromhex(manifest["readingKey"][2:]),
        documents=found,
        manifest_hash=hashlib.sha256(files[MANIFEST]).hexdigest(),
        arrival=arrival,
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
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError):
        raise ArchiveRefused("zip", "it is no ZIP file that can be read whole") from None


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    if MANIFEST not in files:
        raise ArchiveRefused("manifest", f"there is no {MANIFEST}: this is no archive of FairCart")
    try:
        manifest = parse(files[MANIFEST])
    except CanonicalError as error:
        raise ArchiveRefused("manifest", f"it was changed: {error}") from None
    if not isinstance(manifest, dict) or set(manifest) != _MEMBERS or manifest["version"] != 1:
        raise ArchiveRefused("manifest", "it is of another version, or has other members")
    if not isinstance(manifest["files"], list) or not all(map(_is_entry, manifest["files"])):
        raise ArchiveRefused("manifest", "an entry of it has other members")
    return manifest


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and {name: type(value) for name, value in entry.items()} == _FILE_MEMBERS


def _document(category: str, data: bytes) -> dict[str, Any]:
    if category not in documents.CATEGORIES:
        raise ArchiveRefused("category", f"documents/{category}.jsonld: there is no such category")
    try:
        document = parse(data)
        documents.validate(category, document)
    except (CanonicalError, documents.DocumentError) as error:
        raise ArchiveRefused("schema", f"documents/{category}.jsonld: {error}") from None
    assert isinstance(document, dict)
    return document


def _receipt(path: str, data: bytes) -> None:
    try:
        value = parse(data)
        receipts.check_alone(value)
    except FairCartError as error:
        raise ArchiveRefused("receipt", f"{path}: {error}") from None
    assert isinstance(value, dict)
    if path != f"receipts/{value['faircart:evidence']['consentId'][2:]}.jsonld":
        raise ArchiveRefused("receipt", f"{path}: it is about another consent")


def _attested(manifest: Mapping[str, Any]) -> None:
    body = manifest["attestation"]
    try:
        statements.check(body, statements.HOLDINGS, body.get("chainId", 0), manifest["custodian"])
        signer = statements.signer(body, manifest["signature"])
        decode_public_key(bytes.fromhex(body["readingKey"][2:]))
    except (FairCartError, AttributeError, TypeError, ValueError) as error:
        reason = str(error) if isinstance(error, FairCartError) else "it cannot be read"
        raise ArchiveRefused("attestation", reason) from None
    if signer != manifest["custodian"]:
        raise ArchiveRefused("attestation", "it is not signed by the shop that the archive names")
    for name in _ATTESTED:
        if body[name] != manifest[name]:
            raise ArchiveRefused(
                "attestation", f"the manifest's {name} is not the one that the shop attested"
            )
    found = {entry["path"]: entry["sha256"] for entry in manifest["files"] if not _is_evidence(entry["path"])}
    if body["files"] != found:
        raise ArchiveRefused("attestation", "the shop attested other files than these")
