# SPDX-License-Identifier: Apache-2.0
"""Two more categories of data sets: what a customer says of itself, and what its orders say of its taste.

`profile` is given by the customer, and the only category in which a direct identifier may stand: it does so
only if the customer put it there and consents to this category. `preferences` is derived from the document of
category `orders` by PREFERENCES_RULE, and from nothing else: whoever has the orders can derive it again.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from faircart.documents.orders import CONTEXT
from faircart.documents.schema import validate

TOP = 10
PREFERENCES_RULE = (
    "Articles by the number of this customer's orders at this shop in which they stand, most first; "
    "among equals by the number of pieces, then by article code. The first ten. The name is that of the "
    "latest order. No other data enter."
)
"""The rule in words; it stands in every document, so that the customer can read and repeat it. The schema
takes no other: another rule is another version of the schema."""


def preferences_document(orders: Mapping[str, Any]) -> dict[str, Any]:
    """The data set of category `preferences` that follows from a data set of category `orders`.

    Raises DocumentInvalid unless `orders` is a valid one.
    """
    validate("orders", orders)
    counts: dict[str, int] = {}
    pieces: dict[str, int] = {}
    names: dict[str, str] = {}
    for order in sorted(orders["mainEntity"]["itemListElement"], key=lambda one: str(one["orderDate"])):
        lines = [(line["orderedItem"], line["orderQuantity"]) for line in order["orderedItem"]]
        for sku in {product["sku"] for product, _ in lines}:
            counts[sku] = counts.get(sku, 0) + 1
        for product, quantity in lines:
            pieces[product["sku"]] = pieces.get(product["sku"], 0) + quantity
            names[product["sku"]] = product["name"]
    ranked = sorted(counts, key=lambda sku: (-counts[sku], -pieces[sku], sku))[:TOP]
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": "preferences",
        "about": dict(orders["about"]),
        "creator": dict(orders["creator"]),
        "temporalCoverage": orders["temporalCoverage"],
        "measurementTechnique": PREFERENCES_RULE,
        "mainEntity": {
            "@type": "ItemList",
            "numberOfItems": len(ranked),
            "itemListElement": [
                {
                    "@type": "ListItem",
                    "position": position,
                    "item": {
                        "@type": "Product",
                        "sku": sku,
                        "name": names[sku],
                        "interactionStatistic": {
                            "@type": "InteractionCounter",
                            "interactionType": f"{CONTEXT}/BuyAction",
                            "userInteractionCount": counts[sku],
                        },
                    },
                }
                for position, sku in enumerate(ranked, 1)
            ],
        },
    }


def profile_document(pseudonym: str, shop: str, given: Mapping[str, Any], changed: date) -> dict[str, Any]:
    """The data set of category `profile`: what the customer gave, on the day it last changed it.

    `given` holds any of schema.org's name, email, telephone, birthDate, gender, knowsLanguage, homeLocation
    (a Country) and knowsAbout. Raises DocumentInvalid for anything else, and for nothing at all.
    """
    document = {
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": "profile",
        "about": {"@type": "Person", "identifier": pseudonym, **given},
        "creator": {"@type": "Organization", "name": shop},
        "dateModified": changed.isoformat(),
    }
    validate("profile", document)
    return document
