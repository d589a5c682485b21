# SPDX-License-Identifier: Apache-2.0
"""An archive of one shop, taken to another."""

import json
import time
import zipfile
from datetime import date
from pathlib import Path

from eth_account import Account
from faircart import documents
from faircart.canonical import canonical
from faircart.envelope import encode_public_key, new_request_key
from faircart.rights import archive, arrival, ledger_export, statements

from tests.support.agents import Ethereum, Streams
from tests.support.citizens import (
    DOCUMENTS,
    PROFILE,
    Customer,
    trusted,
)
from tests.support.offices import Office, faircart


def test_an_archive_imported_at_another_shop_gives_the_same_documents(
    people: list[Customer], shop: Office, ethereum: Ethereum, streams: Streams, folder: Path
) -> None:
    person, file = people[7], folder / "archive.zip"
    garden = Office("garden", "custodian", folder, ethereum, streams, 2)
    addressed = ("--for", garden.address, "--keystore", str(person.folder / "account.json"))
    said = faircart("export", *person.reading(shop), *trusted(ethereum), *addressed, "--out", str(file))
    assert json.loads(said) == {"archive": str(file), "documents": 3}
    with zipfile.ZipFile(file) as packed:
        others = ("proposals/", "consents/", "receipts/", "erasures/")
        assert [name for name in packed.namelist() if not name.startswith(others)] == [
            *("manifest.json", "accesslog.jsonld", "documents/orders.jsonld"),
            *("documents/preferences.jsonld", "documents/profile.jsonld", "orders.jsonld", "papers.json"),
            "arrival.json",
        ]
        held = {name: packed.read(name) for name in packed.namelist()}
    assert held["documents/orders.jsonld"] == canonical(DOCUMENTS[7])
    assert held["documents/profile.jsonld"] == canonical(PROFILE)

    changed = folder / "changed.zip"
    for name, problem in (
        ("documents/profile.jsonld", "sha256: documents/profile.jsonld was changed"),
        ("manifest.json", "attestation: the manifest's customer is not the one that the shop attested"),
        ("versions/" + "ab" * 32 + ".jsonld", "files: versions/abab"),
        ("../surplus", "files: '../surplus' is no name that a file in an archive has"),
    ):
        files = dict(held)
        if name == "manifest.json":
            manifest = json.loads(held[name])
            manifest["customer"] = people[0].address
            files[name] = canonical(manifest)
        else:
            files[name] = files.get(name, b"").replace(b"Alice", b"Alicf")
        with zipfile.ZipFile(changed, "w") as packed:
            for path, data in files.items():
                packed.writestr(path, data)
        said = faircart("import", "-c", str(garden.config), str(changed), code=1)
        assert said.startswith(f"Error: {problem}")

    unaddressed = folder / "unaddressed.zip"
    with zipfile.ZipFile(unaddressed, "w") as packed:
        for path in held.keys() - {"arrival.json"}:
            packed.writestr(path, held[path])
    take = ("import", "-c", str(garden.config), "--attested-by", shop.address)
    assert faircart(*take, str(unaddressed), code=1).startswith(
        "Error: arrival: the customer has not said that this archive shall come here"
    )
    said = faircart("import", "-c", str(garden.config), str(file), code=1)
    assert said.startswith(f"Error: attestation: {shop.address} attests these documents; if that is a shop")
    assert json.loads(faircart(*take, str(file))) == {"imported": 3, "attestedBy": shop.address}
    garden.start()
    try:
        there = {d.category: canonical(d.document) for d in person.rights(garden).holdings().documents}
    finally:
        garden.kill()
    here = {d.category: canonical(d.document) for d in person.rights(shop).holdings().documents}
    assert there == here
    assert there["orders"] == canonical(DOCUMENTS[7])


def test_an_archive_that_somebody_else_made_about_a_customer_takes_nothing_over(
    people: list[Customer], shop: Office, folder: Path
) -> None:
    victim, mallory, file = people[8], Account.create(), folder / "forged.zip"
    known = victim.rights(shop).holdings()
    profile = documents.profile_document("p-x", "harbour", {"email": "m@example.org"}, date(2026, 1, 1))
    files = archive.contents({"profile": profile}, {}, {}, {}, {}, {"@type": "ItemList"}, [])
    attestation = {
        "faircart": statements.HOLDINGS,
        "chainId": 31337,
        "custodian": mallory.address,
        "customer": victim.address,
        "readingKey": "0x" + (mallorys_key := encode_public_key(new_request_key()[1])).hex(),
        "createdAt": int(time.time()),
        "files": {path: one.sha256 for path, one in files.items()},
    }
    signature = statements.sign(attestation, bytes(mallory.key))
    log = ledger_export.to_json_ld([], victim.address, int(time.time()))
    forged = archive.pack(attestation, signature, files, archive.evidence(log, {}, {}))
    take = ("import", "-c", str(shop.config), "--attested-by", mallory.address, str(file))
    for data, problem in (
        (forged, "arrival: the customer has not said that this archive shall come here"),
        (
            arrival.add(forged, 31337, shop.address, [mallory], mallorys_key),
            f"arrival: signature: {victim.address}, whose data these are, has not signed it",
        ),
        (
            arrival.add(forged, 31337, shop.address, [victim.account], mallorys_key),
            f"readingKey: {victim.address} is known here with another reading key",
        ),
    ):
        file.write_bytes(data)
        assert faircart(*take, code=1).startswith(f"Error: {problem}")
    assert victim.rights(shop).holdings() == known


def test_only_the_customer_itself_addresses_an_archive(
    people: list[Customer], shop: Office, folder: Path
) -> None:
    export = ("export", *people[7].reading(shop), "--out", str(folder / "addressed.zip"))
    shop_too = ("--for", shop.address)
    assert faircart(*export, *shop_too, code=1).startswith("Error: --keystore is needed with --for")
    other = ("--keystore", str(people[8].folder / "account.json"))
    assert faircart(*export, *shop_too, *other, code=1).startswith(
        f"Error: --keystore: it is of {people[8].address}, not of the --customer"
    )
    assert "--new-reading-key: only with --for" in faircart(*export, *other, code=2)
