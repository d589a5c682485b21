# SPDX-License-Identifier: Apache-2.0
"""Imported preferences follow from imported or held orders, or are not taken: the customer is told that they
do."""

from collections.abc import Sequence
from typing import Any

from faircart import canonical, documents
from faircart.agent import held
from faircart.agent.secrets import Secrets
from faircart.errors import FairCartError
from faircart.store import Work
from faircart.store.records import Document

FROM, TO = "orders", "preferences"
Entries = Sequence[dict[str, Any]]


class NotDerived(FairCartError):
    """Preferences that the stated rule does not make of any orders that are known here."""


def following(work: Work, entries: Entries) -> list[dict[str, Any]]:
    """The preferences that have to come with the orders among `entries`: of each customer who has some here
    and gets none with them, since old preferences would not follow from new orders."""
    given = {entry["customer"] for entry in entries if entry["category"] == TO}
    return [
        preferences_of(entry)
        for entry in entries
        if entry["category"] == FROM
        and entry["customer"] not in given
        and work.find(Document, customer=entry["customer"], category=TO, current=True)
    ]


def preferences_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry of category preferences that follows from one of category orders."""
    return {**entry, "category": TO, "document": documents.preferences_document(entry["document"])}


def check(work: Work, vault: Secrets, entries: Entries) -> None:
    """Raises NotDerived if preferences among `entries` follow neither from orders among them nor from what
    is current here."""
    for entry in entries:
        if entry["category"] != TO:
            continue
        customer = entry["customer"]
        known = [one["document"] for one in entries if (one["customer"], one["category"]) == (customer, FROM)]
        if not known and (own := held.current(work, vault, customer, FROM)) is not None:
            known = [own]
        if not known:
            raise NotDerived(
                f"preferences: the orders of {customer} that they follow from are neither in the file nor "
                "held here; import those too, or leave the preferences out"
            )
        text = canonical.canonical(entry["document"])
        if text not in [canonical.canonical(documents.preferences_document(orders)) for orders in known]:
            raise NotDerived(
                f"preferences: the rule that stands in them makes others of the orders of {customer}; "
                "leave them out and give --derive-preferences"
            )
