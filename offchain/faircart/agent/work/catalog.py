# SPDX-License-Identifier: Apache-2.0
"""What a custodian says in the catalogue:

how much of what kind, nothing that identifies, no hash of a document.
"""

import secrets

from faircart import documents
from faircart.agent import effects
from faircart.agent.handlers import Outcome
from faircart.agent.tools import Tools
from faircart.agent.work.done import Done, moot
from faircart.multichain import names
from faircart.store import EffectRow
from faircart.store.records import Document

SIZE_CLASSES = (1 << 10, 1 << 14, 1 << 18, 1 << 22, 1 << 26)
"""Upper bounds in bytes: the class of the largest document is announced, not its size."""


def announce(tools: Tools, effect: EffectRow) -> Done:
    """One entry for all current documents of a category, in sum."""
    category = effect.body["category"]
    with tools.store.read() as work:
        held = work.find(Document, category=category, current=True)
    if not held and not effect.body.get("afterErasure"):
        return moot("there is nothing to offer")
    largest = max((document.size for document in held), default=0)
    entry_id = secrets.token_hex(32)
    schema = str(documents.schema(category)["$id"])
    value = {
        "version": 1,
        "custodian": tools.ctx.address,
        "category": category,
        "schema": schema,
        "documents": len(held),
        "records": sum(document.records for document in held),
        "period": {
            "from": min((document.period_from for document in held), default=""),
            "to": max((document.period_to for document in held), default=""),
        },
        "sizeClass": next((bound for bound in SIZE_CLASSES if largest <= bound), SIZE_CLASSES[-1]),
    }
    keys = [entry_id, f"category:{category}", f"schema:{schema}"]
    publish = effects.publish_json(effect.effect_id + "/publish", names.CATALOG, keys, value)
    return Done({"documents": len(held)}, Outcome(effects=(publish,)))
