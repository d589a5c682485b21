# SPDX-License-Identifier: Apache-2.0
"""An erasure is certified once everybody whom it concerns has answered, not once some have."""

from dataclasses import replace
from typing import Any

from faircart.agent import effects
from faircart.agent.tools import Tools
from faircart.agent.work import erasing
from faircart.multichain.errors import EnterpriseOnly
from faircart.store import EffectRow
from faircart.store.records import Consent, ErasureItem, Offer, Paper, Proposal

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


class Enterprise:
    """What no test here can have: a node of MultiChain Enterprise. It notes what it is asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.purged: list[list[str]] = []
        self._error = error

    def purge_published(self, txids: list[str]) -> None:
        self.purged.append(txids)
        if self._error is not None:
            raise self._error


def test_published_ciphertext_is_removed_where_the_edition_can_and_the_certificate_says_which(
    tools: Tools,
) -> None:
    paper = consent_paper(custodian=tools.ctx.address)
    offer = Offer(
        b"\xee" * 32, b"\x01" * 32, b"\xaa" * 32, 0, CUSTOMER.address, CONSUMER.address, tools.ctx.address,
        paper.data_root, paper.reward, {}, {}, b"", "items", "ab" * 32, "orders", NOW, "Used", "",
    )  # fmt: skip
    asked = {"customer": CUSTOMER.address, "categories": ["orders"]}
    assert erasing._drop_published(tools, asked) == "none were published"
    item, envelope = effects.published_for(tools.ctx, offer)
    with tools.store.write() as work:
        work.put(offer)
        work.add([effects.publish_item(tools.ctx, offer.exchange_id)])
        work.add([effects.publish_bytes(envelope, "envelopes", ["aa" * 32], b"sealed")])
    with tools.store.write() as work:
        work.outbox.finish(item, {"stream": "items", "txid": "11" * 32})
        work.outbox.finish(envelope, {"stream": "envelopes", "txid": "22" * 32})
    node: Any = Enterprise()
    said = erasing._drop_published(replace(tools, streams=node), asked)
    assert (said, node.purged) == (
        "removed from the publisher's node: 2 items",
        [["11" * 32, "22" * 32]],
    )
    community: Any = Enterprise(EnterpriseOnly("purgepublisheditems", code=-702))
    said = erasing._drop_published(replace(tools, streams=community), asked)
    assert said == "the publisher's ciphertext stays at its node; without its key nobody can read it"
