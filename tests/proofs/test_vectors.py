# SPDX-License-Identifier: Apache-2.0
"""The contract agrees with the sealing vectors of the design, which came before this code."""

import json
from pathlib import Path
from typing import Any

import pytest
from faircart.sealing import DocumentVersion, seal

from tests.proofs.stage import WRONG_KEY, Proof, Stage
from tests.support.anvil import events, refused

FILE = Path(__file__).resolve().parents[1] / "unit" / "sealing" / "vectors.json"
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_text())


def _deal(stage: Stage, vector: dict[str, Any]):
    def given(name: str) -> bytes:
        return bytes.fromhex(vector[name])

    version = DocumentVersion.make(given("document"), [bytes.fromhex(salt) for salt in vector["salts"]])
    item = seal(version, given("key"), given("pad"))
    assert (item.item_root, item.data_root) == (given("itemRoot"), given("dataRoot"))
    return stage.deal(item=item, key=given("key"), pad=given("pad")), given("wrappedKey")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_chunk_of_the_vector_is_found_right_on_chain(stage, vector):
    deal, wrapped_key = _deal(stage, vector)
    stage.delivered(deal, wrapped_key)
    for index in range(vector["chunks"]):
        with refused("DataExchange_ChunkIsRight", exchangeId=deal.exchange_id, index=index):
            stage.accuse(deal, stage.proof(deal, index))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_another_key_than_the_vectors_is_found_wrong_on_chain(stage, vector):
    deal, wrapped_key = _deal(stage, vector)
    wrong = bytes([wrapped_key[0] ^ 1]) + wrapped_key[1:]
    stage.delivered(deal, wrong)
    receipt = stage.prove(deal, Proof(wrong, deal.pad))
    assert events(stage.exchange, receipt) == [
        ("FaultProven", {"exchangeId": deal.exchange_id, "fault": WRONG_KEY, "index": 0})
    ]
