# SPDX-License-Identifier: Apache-2.0
"""What the access log takes back is told even while the chain knows nothing of the exchange."""

from dataclasses import fields
from typing import Any

import pytest
from faircart.agent.tools import Tools
from faircart.agent.work import audit
from faircart.agent.work.done import NotYet
from faircart.store import Effect
from faircart.store.records import Offer, Proposal

from tests.unit.agent.world import CONSENT_ID, CUSTOMER, EXCHANGE, consent_paper


def test_an_opening_is_retracted_while_its_exchange_is_taken_back_too(tools: Tools) -> None:
    values: dict[str, Any] = dict.fromkeys((field.name for field in fields(Offer)), "")
    values |= dict.fromkeys(("ordinal", "reward", "valid_until"), 0)
    values |= dict.fromkeys(("request_id", "data_root", "signature"), bytes(32)) | {
        "offer": {},
        "consent": {},
    }
    paper = consent_paper()
    body = {"subject": EXCHANGE.hex(), "step": "opened-retracted", "event": "Opened", "corrects": "x"}
    with tools.store.write() as work:
        work.put(Offer(**values | {"exchange_id": EXCHANGE, "consent_id": CONSENT_ID}))
        work.put(
            Proposal("ab" * 32, bytes(32), CUSTOMER.address, CONSENT_ID, paper.data_root, "orders",
                     paper.to_json(), {}, "Accepted")
        )  # fmt: skip
        work.add([Effect("1/x", "local", "accessEntry", body)])
        work.flush()
        effect = work.outbox.get("1/x")
    assert effect is not None
    with pytest.raises(
        NotYet, match="key is not known"
    ):  # the consent was found, and with it whom to ask for
        audit.access_entry(tools, effect)
