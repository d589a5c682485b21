# SPDX-License-Identifier: Apache-2.0
"""Documents in open formats: made, checked against the shipped JSON Schemas, told in plain words.

| kind | what | schema |
|---|---|---|
| `orders` | a customer's orders at one shop, the data set that is sold | `schemas/orders.schema.json` |
| `order` | one order, committed to as `orderHash` of the escrow | `schemas/order.schema.json` |
| `preferences` | what a customer seems to like, derived from its orders | `schemas/preferences.schema.json` |
| `profile` | what a customer said of itself | `schemas/profile.schema.json` |
| `consent-receipt` | a consent record with evidence, signed | `schemas/consent-receipt.schema.json` |
| `erasure-certificate` | what was erased and what cannot be | `schemas/erasure-certificate.schema.json` |
| `consent-record` | what a consent says, committed to as its `terms` | `schemas/consent-record.schema.json` |
"""

from faircart.documents.categories import PREFERENCES_RULE, preferences_document, profile_document
from faircart.documents.consent import (
    PROCESSING,
    PURPOSES,
    ConsentTerms,
    PurposeUnknown,
    consent_record,
    party_id,
    purpose_term,
    read_consent_record,
    seconds_of,
    utc,
)
from faircart.documents.orders import (
    CONTEXT,
    NoOrders,
    order_document,
    orders_document,
    with_order,
)
from faircart.documents.plain import show
from faircart.documents.schema import (
    DocumentError,
    DocumentInvalid,
    SchemaUnknown,
    kinds,
    schema,
    validate,
)

CATEGORIES = ("orders", "preferences", "profile")
"""Categories of data sets that a shop can offer; each is the name of its schema."""

__all__ = [
    "CATEGORIES",
    "CONTEXT",
    "PREFERENCES_RULE",
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
    "party_id",
    "preferences_document",
    "profile_document",
    "purpose_term",
    "read_consent_record",
    "schema",
    "seconds_of",
    "show",
    "utc",
    "validate",
    "with_order",
]
