# SPDX-License-Identifier: Apache-2.0
"""Proofs that a data set or an order existed."""

import json
from pathlib import Path
from typing import Any

import pytest
from faircart import papers
from faircart.canonical import canonical
from faircart.rights import proofs

from tests.support.agents import Ethereum
from tests.support.citizens import (
    DOCUMENTS,
    Customer,
    trusted,
)
from tests.support.offices import Office, faircart

pytestmark = pytest.mark.timeout(280)


def test_a_data_set_is_proven_to_exist_offline_and_by_any_node(
    first_sale: bytes, people: list[Customer], shop: Office, ethereum: Ethereum, tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    faircart(
        *("proof", *people[0].reading(shop), *trusted(ethereum), "--consent", first_sale.hex()),
        *("--out", str(file)),
    )
    shown = faircart("proof", "verify", "--offline", str(file))
    assert [line.partition(":")[0] for line in shown.splitlines()] == [
        *("ok  document", "ok  record", "ok  id", "Not checked"),
    ]
    shown = faircart("proof", "verify", *trusted(ethereum), str(file))
    assert shown.splitlines()[-1].startswith("ok  ethereum: Granted in block ")
    value = json.loads(file.read_text())
    assert canonical(proofs.check_alone(value).document) == canonical(DOCUMENTS[0])
    for name, other, problem in (
        ("plainChunks", "0x" + "00" * 300, "document: the data set is not the one that dataRoot commits to"),
        ("id", "0x" + "00" * 32, "id: it is not the id of this paper at this contract"),
        ("event", {**value["event"], "block": 1}, "ethereum: the block is another one"),
        ("contract", "0x" + "11" * 20, "id: it is not the id"),
    ):
        file.write_bytes(canonical({**value, name: other}))
        said = faircart("proof", "verify", *trusted(ethereum), str(file), code=1)
        assert said.startswith(f"Error: {problem}")


def test_an_order_is_proven_to_exist(
    paid: tuple[papers.Order, dict[str, Any]], ethereum: Ethereum, tmp_path: Path
) -> None:
    paper, document = paid
    quote = {"paper": "Order", "chainId": "31337", "message": paper.to_json(), "signature": "0x"}
    for name, value in (("paper", paper.to_json()), ("document", document), ("quote", quote)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    file = tmp_path / "proof.json"
    faircart(
        *("proof", *trusted(ethereum), "--order", str(tmp_path / "paper.json")),
        *("--document", str(tmp_path / "document.json"), "--out", str(file)),
    )
    again = tmp_path / "again.json"
    faircart(
        *("proof", *trusted(ethereum), "--order", str(tmp_path / "quote.json")),
        *("--document", str(tmp_path / "document.json"), "--out", str(again)),
    )
    assert again.read_bytes() == file.read_bytes()
    shown = faircart("proof", "verify", *trusted(ethereum), str(file))
    assert shown.splitlines()[0] == f"ok  document: it gives the commitment 0x{paper.order_hash.hex()}"
    assert shown.splitlines()[-1].startswith("ok  ethereum: Funded in block ")
    value = json.loads(file.read_text())
    value["document"]["orderDate"] = "2010-12-01T08:27:00"
    file.write_bytes(canonical(value))
    said = faircart("proof", "verify", "--offline", str(file), code=1)
    assert said == "Error: document: the order document is not the one that orderHash commits to\n"
