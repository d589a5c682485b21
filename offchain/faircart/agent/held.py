# SPDX-License-Identifier: Apache-2.0
"""Documents that a custodian holds, read from the vault, and what an import may put in their place."""

from collections.abc import Iterator, Sequence
from typing import Any

from faircart import canonical
from faircart.agent.secrets import Secrets
from faircart.errors import FairCartError
from faircart.sealing import DocumentVersion, unpad_document
from faircart.store import Work
from faircart.store.records import Document


class WouldReplace(FairCartError):
    """An import would put another data set in the place of the one that is current here."""


def versions(
    work: Work, vault: Secrets, customer: str, category: str
) -> Iterator[tuple[Document, dict[str, Any]]]:
    """The versions that were current once or are, with their content, the newest first."""
    found = work.find(Document, customer=customer, category=category)
    for row in sorted(found, key=lambda one: one.version, reverse=True):
        content = document(work, vault, row) if row.version else None
        if content is not None:
            yield row, content


def current(work: Work, vault: Secrets, customer: str, category: str) -> dict[str, Any] | None:
    """The version that is offered."""
    held = versions(work, vault, customer, category)
    return next((content for row, content in held if row.current), None)


def document(work: Work, vault: Secrets, row: Document) -> dict[str, Any] | None:
    """The content of a version; None if it was erased."""
    plaintext = vault.get(work, "document", row.data_root.hex())
    if plaintext is None:
        return None
    found = canonical.parse(unpad_document(DocumentVersion.from_plaintext(plaintext).document))
    assert isinstance(found, dict)
    return found


def check_replaced(work: Work, vault: Secrets, entries: Sequence[dict[str, Any]]) -> None:
    """Raises WouldReplace unless what `entries` bring continues what is current: the same shop's data set,
    under the same pseudonym."""
    for entry in entries:
        customer, category, new = entry["customer"], entry["category"], entry["document"]
        known = current(work, vault, customer, category)
        if known is not None and _whose(known) != _whose(new):
            raise WouldReplace(
                f"{category}: {customer} has {category} of {known['creator']['name']} here, and these are of "
                f"{new['creator']['name']}, or under another pseudonym; they would take their place. If the "
                "customer wants that, it has those that are here erased first (`faircart erase --category "
                f"{category}`)"
            )


def _whose(content: dict[str, Any]) -> tuple[Any, Any]:
    return content["creator"], content["about"]["identifier"]
