# SPDX-License-Identifier: Apache-2.0
"""An archive of one shop, taken to another."""

import json
import zipfile
from pathlib import Path

import pytest
from faircart.canonical import canonical

from tests.support.agents import Ethereum, Streams
from tests.support.citizens import (
    DOCUMENTS,
    PROFILE,
    Customer,
    trusted,
)
from tests.support.offices import Office, faircart

pytestmark = pytest.mark.timeout(280)


def test_an_archive_imported_at_another_shop_gives_the_same_documents(
    people: list[Customer], shop: Office, ethereum: Ethereum, streams: Streams, folder: Path
) -> None:
    person, file = people[7], folder / "archive.zip"
    said = faircart("export", *person.reading(shop), *trusted(ethereum), "--out", str(file))
    assert json.loads(said) == {"archive": str(file), "documents": 3}
    with zipfile.ZipFile(file) as packed:
        assert [name for name in packed.namelist() if not name.startswith(("proposals/", "consents/"))] == [
            *("manifest.json", "accesslog.jsonld", "documents/orders.jsonld"),
            *("documents/preferences.jsonld", "documents/profile.jsonld", "orders.jsonld", "papers.json"),
        ]
        held = {name: packed.read(name) for name in packed.namelist()}
    assert held["documents/orders.jsonld"] == canonical(DOCUMENTS[7])
    assert held["documents/profile.jsonld"] == canonical(PROFILE)

    garden = Office("garden", "custodian", folder, ethereum, streams, 2)
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

    said = faircart("import", "-c", str(garden.config), str(file))
    assert json.loads(said) == {"imported": 3, "attestedBy": shop.address}
    garden.start()
    try:
        there = {d.category: canonical(d.document) for d in person.rights(garden).holdings().documents}
    finally:
        garden.kill()
    here = {d.category: canonical(d.document) for d in person.rights(shop).holdings().documents}
    assert there == here
    assert there["orders"] == canonical(DOCUMENTS[7])
