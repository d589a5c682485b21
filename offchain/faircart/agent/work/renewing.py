# SPDX-License-Identifier: Apache-2.0
"""The next version of a customer's documents, when one of its orders is completed."""

import secrets
from typing import Any

from faircart import canonical, documents
from faircart.agent import effects, held
from faircart.agent.handlers import Outcome
from faircart.agent.handlers.orders import made_current
from faircart.agent.importing import measure
from faircart.agent.tools import Tools
from faircart.agent.work.done import Done, moot
from faircart.sealing import DocumentVersion, pad_document
from faircart.store import EffectRow
from faircart.store.records import Document


def renew_document(tools: Tools, effect: EffectRow) -> Done:
    """Puts a completed order into the customer's `orders`, and into its `preferences` if it has some."""
    with tools.store.read() as work:
        part = work.get(Document, bytes.fromhex(effect.body["document"]))
        order = None if part is None else held.document(work, tools.secrets, part)
        if part is None or order is None:
            return moot("the order document was erased")
        # A data set that came from another shop stays what it is: no order of ours goes into it.
        every = held.versions(work, tools.secrets, part.customer, "orders")
        known = next((one for _, one in every if one["creator"] == order["seller"]), None)
        dataset = documents.with_order(known, order, f"customer-{secrets.token_hex(8)}")
        if dataset == known:
            return moot("the order is in the document already")
        made = {"orders": dataset}
        if held.current(work, tools.secrets, part.customer, "preferences") is not None:
            made["preferences"] = documents.preferences_document(dataset)
        outcome, keep = Outcome(), []
        for category, document in made.items():
            documents.validate(category, document)
            version = DocumentVersion.make(pad_document(canonical.canonical(document)))
            outcome += made_current(tools.ctx, work, _row(part, category, version, document))
            keep.append(("document", version.root.hex(), version.plaintext))
    if tools.ctx.custodian.catalog:
        now = tools.clock.now()
        outcome += Outcome(effects=tuple(effects.announce_renewal(tools.ctx, name, now) for name in made))
    return Done({"records": dataset["mainEntity"]["numberOfItems"]}, outcome, keep=tuple(keep))


def _row(part: Document, category: str, version: DocumentVersion, document: dict[str, Any]) -> Document:
    records, period_from, period_to = measure(document)
    return Document(
        data_root=version.root,
        customer=part.customer,
        category=category,
        version=0,
        current=False,
        size=len(version.document),
        records=records,
        period_from=period_from,
        period_to=period_to,
        order_id=b"",
    )
