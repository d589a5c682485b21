# SPDX-License-Identifier: Apache-2.0
"""Sealing gives exactly the bytes of the design's test vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
from faircart import sealing
from faircart.sealing import DocumentVersion, container

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_sealing_gives_the_vector(vector: dict[str, Any]) -> None:
    def given(name: str) -> bytes:
        return bytes.fromhex(vector[name])

    version = DocumentVersion.make(given("document"), [bytes.fromhex(salt) for salt in vector["salts"]])
    item = sealing.seal(version, given("key"), given("pad"))

    assert len(version.document) == vector["length"]
    assert len(version.chunks) == vector["chunks"]
    assert [leaf.hex() for leaf in version.leaves] == vector["dataLeaves"]
    assert version.root == item.data_root == given("dataRoot")
    assert item.ciphertext == given("ciphertext")
    assert item.tag == given("tag")
    assert item.sealing.item_root == item.item_root == given("itemRoot")
    assert item.sealing.key_hash == given("keyHash")
    assert item.sealing.pad_hash == given("padHash")
    assert sealing.wrap(given("key"), given("pad")) == given("wrappedKey")

    opened = sealing.open_item(
        container.decode(container.encode(item)), sealing.wrap(given("wrappedKey"), given("pad"))
    )
    assert opened.document == given("document")
    assert (opened.wrong_chunks, opened.tag_ok) == ([], True)
