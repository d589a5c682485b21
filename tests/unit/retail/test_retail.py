# SPDX-License-Identifier: Apache-2.0
"""Order lines become carts; what is left out is left out by a stated rule and counted."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from faircart import retail
from faircart.retail import SHOPS, NotEnoughCustomers, OrdersFileBroken, Reason

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26,3.39,17850,United Kingdom\n"


def read(*lines: str, header: str = HEADER) -> retail.Retail:
    return retail.read((header + "".join(lines)).encode(), "orders.csv")


def left_out(*lines: str) -> dict[str, int]:
    return {reason.value: count for reason, count in read(*lines).left_out.items() if count}


@pytest.fixture(scope="module")
def sample() -> retail.Retail:
    return retail.load()


def test_the_sample_is_taken_and_left_out_as_stated(sample: retail.Retail) -> None:
    assert {reason.value: count for reason, count in sample.left_out.items()} == {
        "cancellation": 100,
        "negativeQuantity": 30,
        "noCustomer": 2261,
        "noDescription": 0,
        "nonProduct": 29,
        "zeroPrice": 1,
        "duplicate": 196,
    }
    assert sum(len(invoice.lines) for invoice in sample.invoices) == 10_000 - 2617
    assert (len(sample.invoices), len(sample.customers())) == (400, 302)


def test_most_carts_of_the_sample_span_sellers(sample: retail.Retail) -> None:
    spans = [len(invoice.orders) for invoice in sample.invoices]
    assert [spans.count(shops) for shops in (1, 2, 3)] == [52, 43, 305]


def test_nothing_odd_survives_in_the_sample(sample: retail.Retail) -> None:
    for invoice in sample.invoices:
        for line in invoice.lines:
            assert line.quantity > 0
            assert line.unit_price > 0
            assert line.description == " ".join(line.description.split())
        assert sum(order.amount for order in invoice.orders) == sum(line.amount for line in invoice.lines)
        assert all(order.lines for order in invoice.orders)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (LINE.replace("536365", "C536365").replace(",6,", ",-6,"), "cancellation"),
        (LINE.replace(",6,", ",-6,"), "negativeQuantity"),
        (LINE.replace(",6,", ",0,"), "negativeQuantity"),
        (LINE.replace("17850", ""), "noCustomer"),
        (LINE.replace("17850", "  "), "noCustomer"),
        (LINE.replace("WHITE METAL LANTERN", ""), "noDescription"),
        (LINE.replace("WHITE METAL LANTERN", " ? "), "noDescription"),
        (LINE.replace("3.39", "0"), "zeroPrice"),
        (LINE.replace("3.39", "0.00"), "zeroPrice"),
        (LINE.replace("3.39", "-11062.06"), "zeroPrice"),
        *[
            (LINE.replace("71053", code), "nonProduct")
            for code in (
                "POST",
                "DOT",
                "D",
                "M",
                "m",
                "C2",
                "BANK CHARGES",
                "S",
                "B",
                "AMAZONFEE",
                "gift_0001_20",
            )
        ],
    ],
)
def test_each_rule_leaves_its_lines_out(line: str, reason: str) -> None:
    assert left_out(LINE, line) == {reason: 1}


def test_a_line_that_several_rules_fit_is_counted_once_under_the_first() -> None:
    assert left_out("C1,POST,,-1,2010-12-01 08:26,0,,France\n") == {"cancellation": 1}
    assert left_out("1,POST,,1,2010-12-01 08:26,0,,France\n") == {"noCustomer": 1}


def test_exact_duplicates_are_taken_once_also_when_only_spaces_differ() -> None:
    assert left_out(LINE, LINE, LINE.replace("METAL LANTERN", " METAL  LANTERN ")) == {"duplicate": 2}
    assert left_out(LINE, LINE.replace(",6,", ",7,")) == {}


def test_stray_spaces_and_lower_case_codes_are_put_right_and_counted() -> None:
    got = read(LINE.replace("71053", " 85123a ").replace("WHITE METAL", " WHITE   METAL"))
    assert got.invoices[0].lines[0].description == "WHITE METAL LANTERN"
    assert got.invoices[0].lines[0].stock_code == "85123A"
    assert got.tidied == 1


def test_a_cart_is_split_by_seller_and_converted_at_the_stated_rate() -> None:
    lines = [
        LINE,
        LINE.replace("71053", "71054B"),
        LINE.replace("71053", "71055"),
        LINE.replace("71053", "71056"),
    ]
    (invoice,) = read(*lines).invoices
    assert (invoice.number, invoice.customer, invoice.placed) == (
        "536365",
        "17850",
        datetime(2010, 12, 1, 8, 26),
    )
    assert [(order.shop, [line.stock_code for line in order.lines]) for order in invoice.orders] == [
        (SHOPS[0], ["71055"]),
        (SHOPS[1], ["71053", "71056"]),
        (SHOPS[2], ["71054B"]),
    ]
    assert invoice.orders[1].amount == Decimal("40.68")
    assert invoice.orders[1].wei == 4068 * 4 * 10**12


def test_wei_are_exact_or_refused() -> None:
    assert retail.to_wei(Decimal("0.0001")) == 4 * 10**10
    with pytest.raises(retail.RetailError, match="not a whole number of wei"):
        retail.to_wei(Decimal("1e-15"))


def test_customers_come_in_the_order_of_their_first_cart(sample: retail.Retail) -> None:
    assert sample.customers(5) == ["17850", "13047", "12583", "13748", "15100"]
    assert sample.customers(5) == retail.load().customers(5)
    assert len(sample.customers(shop=SHOPS[0])) == 281


def test_more_customers_than_there_are_is_a_clear_error(sample: retail.Retail) -> None:
    with pytest.raises(NotEnoughCustomers, match="asked for 303 customers, but the file holds only 302"):
        sample.customers(303)
    with pytest.raises(NotEnoughCustomers, match="holds only 281 with orders at the shop harbour"):
        sample.customers(302, shop="harbour")
    with pytest.raises(NotEnoughCustomers, match="the least is 1"):
        sample.customers(0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "orders.csv is empty: expected the columns InvoiceNo, StockCode"),
        ("\n\n", "orders.csv is empty"),
        (HEADER.replace("Quantity,", ""), "line 1: missing the columns Quantity"),
        (HEADER.replace(",", ";") + LINE, "line 1: missing the columns .*separated by commas"),
        (HEADER.replace("Country", "Country,Country") + LINE, "line 1: a column is named twice"),
        (HEADER + LINE + LINE.replace(",6,", ",six,"), "line 3: Quantity 'six' is not a whole number"),
        (HEADER + LINE + LINE.replace(",6,", ",6.5,"), "line 3: Quantity '6.5' is not a whole number"),
        (HEADER + LINE + LINE.replace(",6,", ",,"), "line 3: Quantity '' is not a whole number"),
        (HEADER + LINE.replace("3.39", "3x39"), "line 2: UnitPrice '3x39' is not a price"),
        (HEADER + LINE.replace("3.39", "NaN"), "line 2: UnitPrice 'NaN' is not a price"),
        (HEADER + LINE.replace("3.39", "1e400"), "line 2: UnitPrice '1e400' is not a price"),
        (HEADER + LINE.replace("3.39", '"3,39"'), "line 2: UnitPrice '3,39' is not a price"),
        (
            HEADER + LINE.replace("2010-12-01", "2010-13-01"),
            "line 2: InvoiceDate '2010-13-01 08:26' is not a date",
        ),
        (HEADER + LINE.replace("2010-12-01 08:26", "12/1/2010 8:26"), "line 2: InvoiceDate .* is not a date"),
        (HEADER + LINE + "536366,71053\n", "line 3: 2 fields, but the header names 8"),
        (HEADER + LINE.replace(",6,", ",6,6,"), "line 2: 9 fields, but the header names 8"),
        (HEADER + LINE + LINE.replace("WHITE", '"WHITE'), "line 3: not CSV .*is a quote left open"),
        (HEADER + LINE.replace("WHITE", '"WHITE" x'), "line 2: not CSV"),
        (HEADER + LINE.replace("536365", ""), "line 2: InvoiceNo is empty"),
        (
            HEADER + LINE + LINE.replace("17850", "13047"),
            "line 3: invoice 536365 belongs to another .*in line 2",
        ),
        (HEADER + LINE.replace("17850", "17850.0"), "line 2: CustomerID is not a number"),
        (HEADER + LINE.replace("WHITE", "WH\x00ITE"), "line 2: holds a NUL byte"),
    ],
)
def test_a_broken_file_is_refused_and_the_line_named(text: str, message: str) -> None:
    with pytest.raises(OrdersFileBroken, match=message):
        retail.read(text.encode(), "orders.csv")


def test_line_numbers_count_the_lines_of_the_file_also_behind_a_field_with_a_line_break() -> None:
    two_lines = LINE.replace("WHITE METAL LANTERN", '"WHITE\nMETAL LANTERN"')
    with pytest.raises(OrdersFileBroken, match="line 4: Quantity"):
        read(two_lines, LINE.replace(",6,", ",x,"))


def test_another_encoding_is_named_with_its_line() -> None:
    data = (HEADER + LINE + LINE.replace("WHITE", "£5")).encode("latin-1")
    with pytest.raises(OrdersFileBroken, match=r"orders.csv, line 3: not UTF-8"):
        retail.read(data, "orders.csv")


def test_a_byte_order_mark_surplus_columns_and_another_order_of_columns_do_no_harm() -> None:
    plain = read(LINE)
    assert retail.read(("\ufeff" + HEADER + LINE).encode(), "orders.csv") == plain
    swapped = "Note," + HEADER.replace("InvoiceNo,StockCode", "StockCode,InvoiceNo")
    assert read("x," + LINE.replace("536365,71053", "71053,536365"), header=swapped) == plain


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OrdersFileBroken, match=r"cannot read .*absent.csv: No such file"):
        retail.load(tmp_path / "absent.csv")
    with pytest.raises(OrdersFileBroken, match=r"cannot read .*Is a directory"):
        retail.load(tmp_path)


def test_only_a_product_has_a_seller() -> None:
    assert retail.shop_of("85123A") == SHOPS[1]
    with pytest.raises(retail.RetailError, match="'POST' is not the stock code of a product"):
        retail.shop_of("POST")


def test_every_reason_is_explained_in_words() -> None:
    assert set(retail.EXPLANATION) == set(Reason)
