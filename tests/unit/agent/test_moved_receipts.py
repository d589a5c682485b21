# SPDX-License-Identifier: Apache-2.0
"""A receipt says where its consent was granted: if a reorganisation moves that, it is written anew, once."""

from faircart.agent import effects
from faircart.agent.tools import Tools
from faircart.agent.work import audit
from faircart.store import EffectRow

from tests.unit.agent.world import CONSENT_ID, granted


def written(tools: Tools, transaction: bytes, when: int) -> None:
    """A receipt that is out, and says that the grant stands there."""
    first = effects.receipt(tools.ctx, CONSENT_ID)
    with tools.store.write() as work:
        work.add([first])
    with tools.store.write() as work:
        result = {"receipt": "ab" * 32, "transaction": transaction.hex(), "when": when}
        work.outbox.finish(first.effect_id, result)


def reinstated(tools: Tools) -> list[str]:
    """What follows when the grant of `world.granted` is mined again: kinds of effects."""
    wanted = effects.reinstatement(tools.ctx, granted())
    row = EffectRow(wanted.effect_id, wanted.lane, wanted.kind, wanted.body, "waiting", 0, False, 0, "", {})
    return [effect.kind for effect in audit.reinstate(tools, row).outcome.effects]


def test_a_receipt_is_written_anew_where_its_consent_stands_now(tools: Tools) -> None:
    at = granted().at
    written(tools, at.transaction, at.timestamp - 12)
    assert reinstated(tools) == ["receipt"]


def test_a_receipt_that_still_says_the_right_place_stays(tools: Tools) -> None:
    at = granted().at
    written(tools, at.transaction, at.timestamp)
    assert reinstated(tools) == []


def test_what_was_never_written_is_not_written_anew(tools: Tools) -> None:
    assert reinstated(tools) == []
