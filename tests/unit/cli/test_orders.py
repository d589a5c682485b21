# SPDX-License-Identifier: Apache-2.0
"""What people make of order lines on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from faircart import documents, retail

HEADER = ",".join(retail.COLUMNS)
CUSTOMER = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def faircart(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "faircart"), *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("", "is empty: expected the columns", id="an-empty-file"),
        pytest.param("InvoiceNo,Quantity\n", "line 1: missing the columns", id="a-file-without-columns"),
        pytest.param(f"{HEADER}\n1,22086,A,six,2010-12-01 08:26,1,1,UK\n", "line 2: Quantity", id="a-word"),
    ],
)
def test_a_shop_with_a_broken_file_reads_what_is_wrong_where(
    tmp_path: Path, content: str, complaint: str
) -> None:
    lines = tmp_path / "orders.csv"
    lines.write_text(content)
    done = faircart("orders", "list", "--lines", str(lines))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_shop_sees_what_was_left_out_and_what_customers_pay() -> None:
    done = faircart("orders", "list", "--shop", "harbour", "--customers", "1", "--json")
    sample = retail.load()
    wei = sum(order.wei for invoice in sample.invoices_of("17850") for order in invoice.orders)
    assert json.loads(done.stdout) == {
        "customers": [{"customer": "17850", "carts": 34, "orders": 85, "amountWei": wei}],
        "leftOut": {str(reason): count for reason, count in sample.left_out.items()},
        "tidied": sample.tidied,
    }


def test_a_shop_gets_an_order_document_for_each_quote_and_a_data_set_to_import(tmp_path: Path) -> None:
    options = ("--number", "13748", "--shop", "harbour", "--customer", CUSTOMER, "--reading-key", "0x11")
    printed = json.loads(faircart("orders", "export", *options, str(tmp_path)).stdout)
    [order] = printed["orders"]
    assert (order["invoice"], order["amountWei"]) == ("536371", 81_600_000_000_000_000)
    documents.validate("order", json.loads(Path(order["document"]).read_text()))
    [line] = Path(printed["documents"]).read_text().splitlines()
    entry = json.loads(line)
    documents.validate("orders", entry["document"])
    assert (entry["customer"], entry["category"]) == (CUSTOMER, "orders")
    assert "13748" not in line


def test_a_customer_who_bought_nothing_there_is_told_so_and_nothing_is_written(tmp_path: Path) -> None:
    options = ("--number", "1", "--shop", "harbour", "--customer", CUSTOMER, "--reading-key", "0x11")
    done = faircart("orders", "export", *options, str(tmp_path / "new"))
    assert done.returncode == 1
    assert done.stderr == "Error: the customer has no orders at the shop harbour\n"
    assert not (tmp_path / "new").exists()
