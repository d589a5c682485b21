# SPDX-License-Identifier: Apache-2.0
"""An erasure is certified once everybody whom it concerns has answered, not once some have."""

from typing import Any

from faircart.agent.tools import Tools
from faircart.agent.work import erasing
from faircart.store import EffectRow
from faircart.store.records import Consent, ErasureItem, Paper, Proposal

from tests.unit.agent.world import CONSUMER, CUSTOMER, NOW, STRANGER, consent_paper

ERASURE = b"\x0e" * 32


def consented(consumer: Any, number: int) -> tuple[Consent, Proposal]:
    paper = consent_paper(consumer=consumer.address, epoch=number)
    consent_id = bytes([number]) * 32
    proposal = Proposal(
        bytes([number]).hex() * 32, b"\xaa" * 32, CUSTOMER.address, consent_id, paper.data_root, "orders",
        paper.to_json(), {}, "Accepted",
    )  # fmt: skip
    row = Consent(
        consent_id, CUSTOMER.address, consumer.address, paper.custodian, paper.data_root, paper.terms,
        paper.reward, paper.valid_until, NOW, NOW + 1, b"\x77" * 32,
    )  # fmt: skip
    return row, proposal


def notice(consumer: Any, number: int, shop: str) -> ErasureItem:
    item_id = bytes([number]).hex() * 32
    facts = (CUSTOMER.address, shop, consumer.address, "", b"\x01" * 32, [], {})
    return ErasureItem(item_id, ERASURE, "requested", *facts)


def noted(tools: Tools, consumer: Any, number: int) -> list[str]:
    """An acknowledgement of that notice comes; the kinds of effects that follow."""
    body = {"item": "cd" * 32, "value": {"commitment": "02" * 32, "sealed": []}}
    effect = EffectRow(
        f"31337/erasures/{number:064x}/0", "local", "readErasure", body, "waiting", 0, False, 0, "", {}
    )
    answer = dict.fromkeys(erasing.NOTED, 0) | {
        "id": f"{number:064x}", "notice": bytes([number]).hex() * 32, "author": consumer.address,
        "kind": "erasure",
    }  # fmt: skip
    outcome = erasing.note(tools, effect, answer).outcome
    with tools.store.write() as work:
        for row in outcome.changes:
            work.put(row)
    return [wanted.kind for wanted in outcome.effects]


def test_a_recipient_whose_notice_is_still_on_its_way_is_waited_for(tools: Tools) -> None:
    asked = {"customer": CUSTOMER.address, "categories": ["orders"]}
    with tools.store.write() as work:
        work.put(Paper(ERASURE, "erasure", CUSTOMER.address, asked, b"", NOW))
        for row in (*consented(CONSUMER, 1), *consented(STRANGER, 2)):
            work.put(row)
        work.put(notice(CONSUMER, 1, tools.ctx.address))
    assert noted(tools, CONSUMER, 1) == []
    with tools.store.write() as work:
        work.put(notice(STRANGER, 2, tools.ctx.address))
    assert noted(tools, STRANGER, 2) == ["certify"]
