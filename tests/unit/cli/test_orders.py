# SPDX-License-Identifier: Apache-2.0
"""What people make of order lines on the command line."""

import json
from pathlib import Path

import pytest
from faircart import documents, envelope, retail

from tests.unit.cli.conftest import Faircart

HEADER = ",".join(retail.COLUMNS)
CUSTOMER = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
READING_KEY = "0x" + envelope.encode_public_key(bytes(range(1, 33))).hex()
WHO = ("--customer", CUSTOMER, "--reading-key", READING_KEY)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("", "is empty: expected the columns", id="an-empty-file"),
        pytest.param("InvoiceNo,Quantity\n", "line 1: missing the columns", id="a-file-without-columns"),
        pytest.param(
            f"{HEADER}\n../1,22086,A,6,2010-12-01 08:26,1,1,UK\n", "line 2: InvoiceNo '../1'", id="a-way-out"
        ),
        pytest.param(f"{HEADER}\n1,22086,A,six,2010-12-01 08:26,1,1,UK\n", "line 2: Quantity", id="a-word"),
    ],
)
def test_a_shop_with_a_broken_file_reads_what_is_wrong_where(
    faircart: Faircart, tmp_path: Path, content: str, complaint: str
) -> None:
    lines = tmp_path / "orders.csv"
    lines.write_text(content)
    done = faircart("orders", "list", "--lines", lines)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_shop_sees_what_was_left_out_and_what_customers_pay(faircart: Faircart) -> None:
    done = faircart("orders", "list", "--shop", "harbour", "--customers", "1", "--json")
    sample = retail.load()
    wei = sum(order.wei for invoice in sample.invoices_of("17850") for order in invoice.orders)
    assert json.loads(done.stdout) == {
        "customers": [{"customer": "17850", "carts": 34, "orders": 85, "amountWei": wei}],
        "leftOut": {str(reason): count for reason, count in sample.left_out.items()},
        "tidied": sample.tidied,
    }


def test_a_shop_gets_an_order_document_for_each_quote_and_a_data_set_to_import(
    faircart: Faircart, tmp_path: Path
) -> None:
    options = ("--number", "13748", "--shop", "harbour", *WHO)
    printed = json.loads(faircart("orders", "export", *options, str(tmp_path)).stdout)
    [order] = printed["orders"]
    assert (order["invoice"], order["amountWei"]) == ("536371", 81_600_000_000_000_000)
    documents.validate("order", json.loads(Path(order["document"]).read_text()))
    [line] = Path(printed["documents"]).read_text().splitlines()
    entry = json.loads(line)
    documents.validate("orders", entry["document"])
    assert (entry["customer"], entry["category"]) == (CUSTOMER, "orders")
    assert "13748" not in line


def test_a_customer_who_bought_nothing_there_is_told_so_and_nothing_is_written(
    faircart: Faircart, tmp_path: Path
) -> None:
    options = ("--number", "1", "--shop", "harbour", *WHO)
    done = faircart("orders", "export", *options, str(tmp_path / "new"))
    assert done.exit_code == 1
    assert done.stderr == "Error: the customer has no orders at the shop harbour\n"
    assert not (tmp_path / "new").exists()


def test_what_a_shop_writes_of_a_customer_only_the_shop_can_read(faircart: Faircart, tmp_path: Path) -> None:
    folder = tmp_path / "open to all"
    folder.mkdir(mode=0o755)
    options = ("--number", "13748", "--shop", "harbour", *WHO)
    assert faircart("orders", "export", *options, folder).exit_code == 0
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "536371.json": 0o600,
        "documents.jsonl": 0o600,
    }


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--customer", "zzz", "expected an Ethereum address (0x and 40 hex digits)"),
        ("--customer", "", "expected an Ethereum address (0x and 40 hex digits)"),
        ("--customer", CUSTOMER.replace("F", "f", 1), "is misspelt (its EIP-55 checksum does not fit)"),
        ("--reading-key", "0x00", "no reading key"),
        ("--reading-key", "key", "no reading key"),
        ("--shop", "nope", "is not one of 'harbour', 'meadow', 'orchard'"),
    ],
)
def test_a_shop_learns_at_once_which_value_an_import_would_refuse(
    faircart: Faircart, tmp_path: Path, option: str, value: str, complaint: str
) -> None:
    options = ("--number", "13748", "--shop", "harbour", *WHO, option, value)
    done = faircart("orders", "export", *options, tmp_path / "new")
    assert done.exit_code == 2
    assert f"Invalid value for '{option}': " in done.stderr
    assert complaint in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_shop_that_is_not_in_the_file_has_no_list(faircart: Faircart) -> None:
    done = faircart("orders", "list", "--shop", "nope")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'nope' is not one of 'harbour', 'meadow', 'orchard'" in done.stderr


def test_a_folder_behind_a_file_is_named(faircart: Faircart, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "x"
    done = faircart("orders", "export", "--number", "13748", "--shop", "harbour", *WHO, folder)
    assert done.exit_code == 1
    assert done.stderr == f"Error: FOLDER: {folder} cannot be made: Not a directory\n"
