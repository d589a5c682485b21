# SPDX-License-Identifier: Apache-2.0
"""A consumer takes no consent to something else than it asked for, though a custodian says it was given."""

from dataclasses import replace
from typing import Any

import pytest
from faircart import canonical, documents, papers
from faircart.agent.work import policy

from tests.unit.agent.test_handlers import request_row
from tests.unit.agent.test_late_finality import offer
from tests.unit.agent.world import CONSUMER, CONSUMER_CONTEXT, CUSTOMER, REWARD, SHOP, consent_paper

ASKED = request_row()
SAID = documents.ConsentTerms(
    chain_id=31337,
    customer=CUSTOMER.address,
    consumer=CONSUMER.address,
    custodian=SHOP.address,
    category="orders",
    purpose=ASKED.purpose,
    retention_days=ASKED.body["retentionDays"],
    valid_until=consent_paper().valid_until,
    notice_version=ASKED.body["notice"],
    reward=REWARD,
    created=1_790_000_000,
    processing=tuple(ASKED.body["processing"]),
    storage_location=ASKED.body["storageLocation"],
    jurisdiction=ASKED.body["jurisdiction"],
)
HANDLING = "processing, storage location or jurisdiction in the consent record are not the request's"
KEPT = "notice, conditions or retention in the consent record are not the request's"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"storage_location": "US"}, HANDLING),
        ({"jurisdiction": "US"}, HANDLING),
        ({"processing": (*SAID.processing, "dpv:Combine")}, HANDLING),
        ({"retention_days": SAID.retention_days + 1}, KEPT),
        ({"conditions": "none"}, KEPT),
        ({}, "the offer names another consent"),
    ],
    ids=["place", "law", "processing", "retention", "conditions", "as asked"],
)
def test_a_record_that_says_something_else_than_the_request_is_refused_by_name(
    changes: dict[str, Any], reason: str
) -> None:
    record = documents.consent_record(replace(SAID, **changes))
    consent = consent_paper(terms=canonical.commitment(record))
    offered = papers.Offer.from_json(offer().offer)
    with pytest.raises(policy.Refused, match=f"^{reason}$"):
        policy.check_offer(CONSUMER_CONTEXT, ASKED, consent, b"\x0c" * 32, offered, record, bytes(32))
