# SPDX-License-Identifier: Apache-2.0
"""The sample orders: real order lines become customers' carts that span three shops.

Tidied: spaces at the ends of a field and runs of spaces inside it are removed, stock codes are written in
upper case. The first rule that fits leaves a line out, and it is counted once, under that rule:

| reason | rule |
|---|---|
| `cancellation` | the invoice number begins with `C`; what it cancels stays as it was ordered |
| `negativeQuantity` | a quantity of zero or less outside cancellations (stock corrections) |
| `noCustomer` | no customer number: nobody could pay or consent |
| `noDescription` | no description, or one without a letter (such as `?`) |
| `nonProduct` | the stock code is not five digits with at most two letters (see below) |
| `zeroPrice` | a price of zero or less |
| `duplicate` | every field equals that of an earlier line that was taken |

Not products are postage, carriage, discount, manual corrections, charges, fees, samples and vouchers: all of
them have codes such as POST, D, M or BANK CHARGES.

Shops: the five digits of the stock code, divided by three, leave 0, 1 or 2: the place of the seller in
`SHOPS`. So an article always has the same seller, and most carts span all three. Prices are GBP; one pound is
`WEI_PER_GBP` wei, a fixed rate for demonstration that follows no market.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from faircart.errors import FairCartError

SAMPLE = Path(__file__).parent / "sample" / "online_retail.csv"
SHOPS = ("harbour", "meadow", "orchard")
WEI_PER_GBP = 400_000_000_000_000
CURRENCY = "GBP"
COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)

_PRODUCT = re.compile(r"([0-9]{5})[A-Z]{0,2}")
_INVOICE = re.compile(r"[0-9A-Za-z_-]{1,40}")
_QUANTITY = re.compile(r"-?[0-9]{1,9}")
_PRICE = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,4})?")
_DATE_FORMAT = "%Y-%m-%d %H:%M"


class RetailError(FairCartError):
    """Base of what can be wrong with a file of order lines."""


class OrdersFileBroken(RetailError):
    """The file is not readable as order lines; the message gives the line."""


class NotEnoughCustomers(RetailError):
    """More customers were asked for than the file holds."""


class Reason(StrEnum):
    """Why a line was left out; the values are the names in reports."""

    CANCELLATION = "cancellation"
    NEGATIVE_QUANTITY = "negativeQuantity"
    NO_CUSTOMER = "noCustomer"
    NO_DESCRIPTION = "noDescription"
    NON_PRODUCT = "nonProduct"
    ZERO_PRICE = "zeroPrice"
    DUPLICATE = "duplicate"


EXPLANATION = {
    Reason.CANCELLATION: "cancellations (invoice numbers that begin with C)",
    Reason.NEGATIVE_QUANTITY: "quantities of zero or less outside cancellations",
    Reason.NO_CUSTOMER: "no customer number",
    Reason.NO_DESCRIPTION: "no description",
    Reason.NON_PRODUCT: "not a product (postage, discount, manual, charges)",
    Reason.ZERO_PRICE: "a price of zero",
    Reason.DUPLICATE: "exact duplicates",
}


@dataclass(frozen=True)
class Line:
    """One article of an order. `unit_price` is GBP with at most four decimals."""

    stock_code: str
    description: str
    quantity: int
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """GBP for all pieces."""
        return self.unit_price * self.quantity

    @property
    def shop(self) -> str:
        """The seller of this article."""
        return shop_of(self.stock_code)


@dataclass(frozen=True)
class ShopOrder:
    """The part of a cart that one shop sells; never empty."""

    shop: str
    lines: tuple[Line, ...]

    @property
    def amount(self) -> Decimal:
        """GBP."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def wei(self) -> int:
        """The amount in wei at the demonstration rate."""
        return to_wei(self.amount)


@dataclass(frozen=True)
class Invoice:
    """One customer's cart. `placed` is the shop's local time, to the minute, without zone."""

    number: str
    customer: str
    placed: datetime
    country: str
    lines: tuple[Line, ...]

    @property
    def orders(self) -> tuple[ShopOrder, ...]:
        """The cart as orders, one per shop that sells some of it, in the order of `SHOPS`."""
        parts = ((shop, tuple(line for line in self.lines if line.shop == shop)) for shop in SHOPS)
        return tuple(ShopOrder(shop, lines) for shop, lines in parts if lines)


@dataclass(frozen=True)
class Retail:
    """What a file gave: the carts in the file's order, and how many lines were left out for each reason.

    `tidied` counts the lines that were taken after stray spaces or a lower-case stock code were put right.
    """

    invoices: tuple[Invoice, ...]
    left_out: dict[Reason, int]
    tidied: int

    def customers(self, count: int | None = None, *, shop: str | None = None) -> list[str]:
        """The first `count` customers (all of them by default) in the order of their first cart in the file.

        With `shop`, only those who bought something there. Raises NotEnoughCustomers if there are fewer.
        """
        found = list(
            dict.fromkeys(
                invoice.customer
                for invoice in self.invoices
                if shop is None or any(order.shop == shop for order in invoice.orders)
            )
        )
        if count is None:
            return found
        if count < 1:
            raise NotEnoughCustomers(f"asked for {count} customers: the least is 1")
        if count > len(found):
            where = f" with orders at the shop {shop}" if shop else ""
            raise NotEnoughCustomers(
                f"asked for {count} customers, but the file holds only {len(found)}{where}: ask for fewer"
            )
        return found[:count]

    def invoices_of(self, customer: str) -> list[Invoice]:
        """The carts of one customer in the file's order."""
        return [invoice for invoice in self.invoices if invoice.customer == customer]


def load(path: Path | str = SAMPLE) -> Retail:
    """The carts in the CSV file at `path` (the shipped sample by default). Raises OrdersFileBroken."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise OrdersFileBroken(f"cannot read {path}: {error.strerror}") from error
    return read(data, str(path))


def read(data: bytes, name: str) -> Retail:
    """The carts in the bytes of a CSV file; `name` is what errors call it.

    Raises OrdersFileBroken, with the line, for wrong encoding, missing columns, missing or surplus fields,
    open quotes, and for numbers and dates that are none.
    """
    carts: dict[str, _Cart] = {}
    left_out = dict.fromkeys(Reason, 0)
    tidied = 0
    taken: set[tuple[str, ...]] = set()
    for number, raw in _rows(data, name):
        row = _tidy(raw)
        quantity, price, placed = _values(row, f"{name}, line {number}")
        reason = _left_out(row, quantity, price)
        if reason is None and tuple(row.values()) in taken:
            reason = Reason.DUPLICATE
        if reason is not None:
            left_out[reason] += 1
            continue
        taken.add(tuple(row.values()))
        tidied += row != raw
        cart = carts.setdefault(
            row["InvoiceNo"], _Cart(row["CustomerID"], placed, row["Country"], number, [])
        )
        if cart.customer != row["CustomerID"]:
            raise OrdersFileBroken(
                f"{name}, line {number}: invoice {row['InvoiceNo']} belongs to another customer "
                f"in line {cart.line}"
            )
        cart.lines.append(Line(row["StockCode"], row["Description"], quantity, price))
    invoices = tuple(
        Invoice(number, cart.customer, cart.placed, cart.country, tuple(cart.lines))
        for number, cart in carts.items()
    )
    return Retail(invoices, left_out, tidied)


def shop_of(stock_code: str) -> str:
    """The shop that sells the article: the rule is in the module's description."""
    product = _PRODUCT.fullmatch(stock_code)
    if product is None:
        raise RetailError(
            f"{stock_code!r} is not the stock code of a product (five digits, at most two letters)"
        )
    return SHOPS[int(product[1]) % len(SHOPS)]


def to_wei(pounds: Decimal) -> int:
    """Wei for an amount in GBP at the demonstration rate; exact for at most four decimals."""
    wei = Fraction(pounds) * WEI_PER_GBP
    if wei.denominator != 1:
        raise RetailError(f"{pounds} GBP is not a whole number of wei")
    return wei.numerator


@dataclass(frozen=True)
class _Cart:
    customer: str
    placed: datetime
    country: str
    line: int
    lines: list[Line]


def _rows(data: bytes, name: str) -> list[tuple[int, dict[str, str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise OrdersFileBroken(f"{name}, line {line}: not UTF-8; save the file as UTF-8") from error
    if (nul := text.find("\0")) >= 0:
        line = text.count("\n", 0, nul) + 1
        raise OrdersFileBroken(f"{name}, line {line}: holds a NUL byte: not a CSV file")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    header: Sequence[str] | None = None
    start = 1
    try:
        for fields in reader:
            number, start = start, reader.line_num + 1
            if not fields:
                continue
            if header is None:
                header = _header(fields, name)
            elif len(fields) != len(header):
                raise OrdersFileBroken(
                    f"{name}, line {number}: {len(fields)} fields, but the header names {len(header)}"
                )
            else:
                row = dict(zip(header, fields, strict=True))
                rows.append((number, {column: row[column] for column in COLUMNS}))
    except csv.Error as error:
        raise OrdersFileBroken(f"{name}, line {start}: not CSV ({error}); is a quote left open?") from error
    if header is None:
        raise OrdersFileBroken(f"{name} is empty: expected the columns {', '.join(COLUMNS)}")
    return rows


def _header(fields: Sequence[str], name: str) -> Sequence[str]:
    header = [field.strip() for field in fields]
    if missing := [column for column in COLUMNS if column not in header]:
        raise OrdersFileBroken(
            f"{name}, line 1: missing the columns {', '.join(missing)} (columns are separated by commas)"
        )
    if len(set(header)) != len(header):
        raise OrdersFileBroken(f"{name}, line 1: a column is named twice")
    return header


def _tidy(row: dict[str, str]) -> dict[str, str]:
    tidy = {column: " ".join(value.split()) for column, value in row.items()}
    tidy["StockCode"] = tidy["StockCode"].upper()
    return tidy


def _values(row: dict[str, str], where: str) -> tuple[int, Decimal, datetime]:
    if not row["InvoiceNo"]:
        raise OrdersFileBroken(f"{where}: InvoiceNo is empty")
    if not _INVOICE.fullmatch(row["InvoiceNo"]):
        # Order documents are called after it: it must not lead out of their folder.
        raise OrdersFileBroken(
            f"{where}: InvoiceNo {row['InvoiceNo'][:20]!r} is not up to 40 letters, digits, _ and -"
        )
    if not _QUANTITY.fullmatch(row["Quantity"]):
        raise OrdersFileBroken(
            f"{where}: Quantity {row['Quantity'][:20]!r} is not a whole number of up to 9 digits"
        )
    if not _PRICE.fullmatch(row["UnitPrice"]):
        raise OrdersFileBroken(
            f"{where}: UnitPrice {row['UnitPrice'][:20]!r} is not a price (up to 4 decimals after a point)"
        )
    if row["CustomerID"] and not row["CustomerID"].isalnum():
        raise OrdersFileBroken(f"{where}: CustomerID is not a number")
    try:
        placed = datetime.strptime(row["InvoiceDate"], _DATE_FORMAT)
    except ValueError as error:
        raise OrdersFileBroken(
            f"{where}: InvoiceDate {row['InvoiceDate'][:20]!r} is not a date like 2010-12-01 08:26"
        ) from error
    return int(row["Quantity"]), Decimal(row["UnitPrice"]), placed


def _left_out(row: dict[str, str], quantity: int, price: Decimal) -> Reason | None:
    rules = (
        (Reason.CANCELLATION, row["InvoiceNo"].upper().startswith("C")),
        (Reason.NEGATIVE_QUANTITY, quantity <= 0),
        (Reason.NO_CUSTOMER, not row["CustomerID"]),
        (Reason.NO_DESCRIPTION, not any(letter.isalpha() for letter in row["Description"])),
        (Reason.NON_PRODUCT, not _PRODUCT.fullmatch(row["StockCode"])),
        (Reason.ZERO_PRICE, price <= 0),
    )
    return next((reason for reason, applies in rules if applies), None)
