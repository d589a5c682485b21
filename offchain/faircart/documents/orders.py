# SPDX-License-Identifier: Apache-2.0
"""Orders as schema.org JSON-LD: the data set of category `orders`, and the document of one order.

The data set holds what one customer bought at one shop. Left out, because no purpose needs them and they lead
back to the person: name, addresses, customer and invoice numbers, country. Money is text, as in all
documents.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from faircart.canonical import new_salt
from faircart.documents.schema import DocumentError
from faircart.retail import CURRENCY, Invoice, Line, ShopOrder

CONTEXT = "https://schema.org"
ORDER_CONTEXT = [CONTEXT, {"amountWei": "urn:faircart:amountWei", "salt": "urn:faircart:salt"}]


class NoOrders(DocumentError):
    """The customer has no order at this shop, so there is nothing to consent to or to pay."""


def orders_document(pseudonym: str, shop: str, invoices: Iterable[Invoice]) -> dict[str, Any]:
    """The data set of category `orders`: what these invoices of one customer hold of `shop`, oldest first.

    `pseudonym` stands for the customer and must not be derived from anything that identifies it.
    Raises NoOrders if the invoices hold nothing of this shop.
    """
    parts = [
        (invoice, order)
        for invoice in sorted(invoices, key=lambda invoice: (invoice.placed, invoice.number))
        for order in invoice.orders
        if order.shop == shop
    ]
    if not parts:
        raise NoOrders(f"the customer has no orders at the shop {shop}")
    first, last = (parts[at][0].placed.date().isoformat() for at in (0, -1))
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": "orders",
        "about": {"@type": "Person", "identifier": pseudonym},
        "creator": _organization(shop),
        "temporalCoverage": f"{first}/{last}",
        "mainEntity": {
            "@type": "ItemList",
            "numberOfItems": len(parts),
            "itemListElement": [
                {"@type": "Order", "orderStatus": f"{CONTEXT}/OrderDelivered", **_order(invoice, order)}
                for invoice, order in parts
            ],
        },
    }


def with_order(dataset: Mapping[str, Any] | None, order: Mapping[str, Any], pseudonym: str) -> dict[str, Any]:
    """A data set of category `orders` with one order document more, oldest first; the same if it is in it.

    Without a data set a first one, in which `pseudonym` stands for the customer. What a data set leaves out
    of an order document stays out.
    """
    item = {
        "@type": "Order",
        "orderStatus": f"{CONTEXT}/OrderDelivered",
        **{name: order[name] for name in ("orderDate", "seller", "orderedItem", "partOfInvoice")},
    }
    known = dataset or {
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": "orders",
        "about": {"@type": "Person", "identifier": pseudonym},
        "creator": order["seller"],
    }
    items = list(known["mainEntity"]["itemListElement"]) if dataset else []
    if item not in items:
        items = sorted([*items, item], key=lambda entry: str(entry["orderDate"]))
    first, last = (str(items[at]["orderDate"])[:10] for at in (0, -1))
    listed = {"@type": "ItemList", "numberOfItems": len(items), "itemListElement": items}
    return {**known, "temporalCoverage": f"{first}/{last}", "mainEntity": listed}


def order_document(invoice: Invoice, order: ShopOrder, salt: str | None = None) -> dict[str, Any]:
    """The document of one order that `orderHash` commits to, with a fresh `salt` member unless one is given.

    It stays with buyer and seller, so it names the invoice. Its commitment is `canonical.commitment`.
    """
    return {
        "@context": ORDER_CONTEXT,
        "@type": "Order",
        "orderNumber": invoice.number,
        **_order(invoice, order),
        "amountWei": str(order.wei),
        "salt": salt or new_salt(),
    }


def _order(invoice: Invoice, order: ShopOrder) -> dict[str, Any]:
    return {
        "orderDate": invoice.placed.isoformat(timespec="seconds"),
        "seller": _organization(order.shop),
        "orderedItem": _items(order.lines),
        "partOfInvoice": {
            "@type": "Invoice",
            "totalPaymentDue": {"@type": "PriceSpecification", **_money(order.amount)},
        },
    }


def _items(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [
        {
            "@type": "OrderItem",
            "orderQuantity": line.quantity,
            "orderedItem": {
                "@type": "Product",
                "sku": line.stock_code,
                "name": line.description,
                "offers": {"@type": "Offer", **_money(line.unit_price)},
            },
        }
        for line in lines
    ]


def _money(amount: Decimal) -> dict[str, str]:
    return {"price": format(amount, "f"), "priceCurrency": CURRENCY}


def _organization(shop: str) -> dict[str, str]:
    return {"@type": "Organization", "name": shop}
