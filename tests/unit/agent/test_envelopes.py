# SPDX-License-Identifier: Apache-2.0
"""What a stranger puts into an envelope does not come into the consumer's log."""

import json
from dataclasses import replace
from typing import Any

import pytest
from faircart import documents, envelope
from faircart.agent import asking, effects
from faircart.agent.tools import Tools
from faircart.agent.work import consumer
from faircart.store import EffectRow

from tests.unit.agent.test_late_finality import offer
from tests.unit.agent.world import CONSUMER_CONTEXT, NOW, REWARD
from tests.unit.documents.test_documents import SIGNED

STRANGE = "alice@example.org"


class Received:
    """A stream node that has one envelope."""

    vout = 0

    def __init__(self, sealed: bytes) -> None:
        self.sealed = sealed

    def transaction_items(self, _stream: str, _txid: str) -> list[Any]:
        return [self]

    def payload(self, _item: Any) -> bytes:
        return self.sealed


def test_an_envelope_whose_record_has_made_up_members_is_refused_without_their_names(
    tools: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    private, public = envelope.new_request_key()
    wanted = asking.Wanted(
        ("orders",),
        "dpv:ServiceOptimisation",
        "notice-1",
        REWARD,
        86400,
        30,
        NOW + 99,
        ("dpv:Store",),
        "EU",
        "EU",
    )
    request = asking.new_request(CONSUMER_CONTEXT.address, wanted, public)
    row = offer()
    payload = {
        "version": 1,
        "request": request.request_id.hex(),
        "consent": row.consent,
        "offer": row.offer,
        "signature": "0x" + bytes(65).hex(),
        "terms": {**documents.consent_record(SIGNED), STRANGE: 1},
        "pad": "0x" + bytes(32).hex(),
    }
    sealed = envelope.seal_envelope(request.request_id, public, json.dumps(payload).encode())
    node: Any = Received(sealed)
    ours = replace(tools, ctx=CONSUMER_CONTEXT, streams=node)
    wanted_effect = effects.open_envelope(CONSUMER_CONTEXT, request.request_id, "ab" * 32, 0)
    with tools.store.write() as work:
        work.put(request)
        tools.secrets.put(work, "request", request.request_id.hex(), private)
        work.add([wanted_effect])
        work.flush()
        effect = work.outbox.get(wanted_effect.effect_id)
    assert isinstance(effect, EffectRow)
    done = consumer.open_envelope(ours, effect)
    assert done.result == {"refused": "the consent record is not valid at the top"}
    [told] = [record.__dict__["fields"] for record in caplog.records if record.msg == "envelope.refused"]
    assert told["reason"] == done.result["refused"]
