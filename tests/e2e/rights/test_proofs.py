# SPDX-License-Identifier: Apache-2.0
"""Proofs that a data set or an order existed."""

import json
import zipfile
from pathlib import Path
from typing import Any

import requests
from faircart import papers
from faircart.canonical import canonical
from faircart.rights import proofs

from tests.support.agents import Ethereum
from tests.support.citizens import (
    DOCUMENTS,
    Customer,
    trusted,
)
from tests.support.offices import Office, faircart, until


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
        ("plainChunks", value["plainChunks"].upper().replace("0X", "0x"), "form: plainChunks: it must be 0x"),
        ("plainChunks", value["plainChunks"][2:], "form: plainChunks: it must be 0x"),
        ("paper", _upper(value["paper"], "dataRoot"), "form: the paper is not written as it was saved"),
        ("event", _upper(value["event"], "transaction"), "form: event.transaction: it must be 0x"),
        ("event", _upper(value["event"], "blockHash"), "form: event.blockHash: it must be 0x"),
        ("event", {**value["event"], "block": str(value["event"]["block"])}, "form: event.block: it must be"),
        ("id", "0x" + "00" * 32, "id: it is not the id of this paper at this contract"),
        ("event", {**value["event"], "block": 1}, "ethereum: the block is another one"),
        ("contract", "0x" + "11" * 20, "id: it is not the id"),
    ):
        file.write_bytes(canonical({**value, name: other}))
        said = faircart("proof", "verify", *trusted(ethereum), str(file), code=1)
        assert said.startswith(f"Error: {problem}")


def _upper(value: dict[str, Any], name: str) -> dict[str, Any]:
    """The same digits in capitals."""
    return {**value, name: value[name].upper().replace("0X", "0x")}


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


def test_an_order_whose_document_the_shop_keeps_is_proven_by_its_id(
    paid: tuple[papers.Order, dict[str, Any]], people: list[Customer], shop: Office, consumer: Office,
    ethereum: Ethereum, tmp_path: Path,
) -> None:  # fmt: skip
    paper, document = paid
    person, escrow = people[6], ethereum.contracts["CheckoutEscrow"]
    order_id = paper.digest(papers.Domain(31337, escrow.address))
    command = ["proof", *person.reading(shop), *trusted(ethereum), "--out", str(tmp_path / "proof.json")]
    until(lambda: person.rights(shop).holdings().orders, "the payment", shop, consumer)
    said = faircart(*command, "--order", order_id.hex(), code=1)
    assert said == f"Error: The custodian holds no quote of an order 0x{order_id.hex()} of yours\n"

    signature = papers.sign(paper, papers.Domain(31337, escrow.address), bytes(shop.account.key))
    body = {"order": paper.to_json(), "signature": "0x" + signature.hex()}
    assert requests.post(shop.api + "/v1/papers/quotes", json=body, timeout=30).status_code == 202
    line = {**json.loads(person.import_line({})), "orderId": "0x" + order_id.hex(), "order": document}
    kept = {name: line[name] for name in ("customer", "readingKey", "orderId", "order")}
    (tmp_path / "order.jsonl").write_text(json.dumps(kept))
    faircart("import", "-c", str(shop.config), str(tmp_path / "order.jsonl"))
    faircart(*command, "--order", order_id.hex())
    shown = faircart("proof", "verify", *trusted(ethereum), str(tmp_path / "proof.json"))
    assert shown.splitlines()[0] == f"ok  document: it gives the commitment 0x{paper.order_hash.hex()}"
    faircart("export", *person.reading(shop), "--out", str(tmp_path / "archive.zip"))
    with zipfile.ZipFile(tmp_path / "archive.zip") as packed:
        assert packed.read(f"orders/{order_id.hex()}.jsonld") == canonical(document)
        quotes = [one for one in json.loads(packed.read("papers.json")) if one["kind"] == "order"]
    assert [(one["paper"], one["signature"]) for one in quotes] == [(paper.to_json(), body["signature"])]
    said = faircart(*command, "--order", "nothing", code=1)
    assert said == "Error: --order, no file: nothing is no id of 64 hex digits\n"
