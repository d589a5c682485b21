# SPDX-License-Identifier: Apache-2.0
"""Small data sets for tests that need a document and not a particular one."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from faircart.documents import orders_document
from faircart.retail import Invoice, Line


def orders(number: int, items: int = 3) -> dict[str, Any]:
    """A valid data set of category `orders`: one order of `items` lines; `number` makes it somebody's own."""
    placed = datetime(2011, 1, 4, 10) + timedelta(days=number)
    lines = tuple(
        Line(
            stock_code=f"{20000 + index}",
            description=f"TEACUP No {index}",
            quantity=1 + index % 7,
            unit_price=Decimal("2.55"),
        )
        for index in range(items)
    )
    invoice = Invoice(f"{536000 + number}", f"{17000 + number}", placed, "United Kingdom", lines)
    return orders_document(f"pseudonym-{number:04d}", invoice.orders[0].shop, [invoice])
