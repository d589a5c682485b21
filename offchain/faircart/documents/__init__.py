"""Documents in open formats: made, checked against the shipped JSON Schemas, told in plain words.

| kind | what | schema |
|---|---|---|
| `orders` | a customer's orders at one shop, the data set that is sold | `schemas/orders.schema.json` |
| `order` | one order, committed to as `orderHash` of the escrow | `schemas/order.schema.json` |
| `consent-record` | what a consent says, committed to as its `terms` | `schemas/consent-record.schema.json` |
"""

from faircart.documents.consent import (
    PROCESSING,
    PURPOSES,
    ConsentTerms,
    PurposeUnknown,
    consent_record,
    purpose_term,
    read_consent_record,
)
from faircart.documents.orders import NoOrders, order_document, orders_document
from faircart.documents.plain import show
from faircart.documents.schema import (
    DocumentError,
    DocumentInvalid,
    SchemaUnknown,
    kinds,
    schema,
    validate,
)

CATEGORIES = ("orders",)
"""Categories of data sets that a shop can offer; each is the name of its schema."""

__all__ = [
    "CATEGORIES",
    "PROCESSING",
    "PURPOSES",
    "ConsentTerms",
    "DocumentError",
    "DocumentInvalid",
    "NoOrders",
    "PurposeUnknown",
    "SchemaUnknown",
    "consent_record",
    "kinds",
    "order_document",
    "orders_document",
    "purpose_term",
    "read_consent_record",
    "schema",
    "show",
    "validate",
]
