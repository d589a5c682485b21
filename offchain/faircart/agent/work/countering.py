# SPDX-License-Identifier: Apache-2.0
"""Other terms: a customer's counter-proposal goes to the consumer, the answer comes back.

In the stream `requests`, under the request's id, both sealed: `{"version": 1, "counter": hex}` by the
custodian,
`{"version": 1, "answer": hex}` by the consumer. A consumer agrees by its policy alone: up to the reward
that it
asked with or `consumer.max_counter_reward_wei`, and to any duration up to the one it asked for.
"""

import json
from dataclasses import replace
from typing import Any

from faircart import canonical, envelope
from faircart.agent import effects, rights_effects, sealed
from faircart.agent.handlers import Outcome
from faircart.agent.tools import Tools
from faircart.agent.work.done import Done, NotYet, moot
from faircart.multichain import names
from faircart.store import EffectRow
from faircart.store.records import Counter, Participant, Proposal, Request

_COUNTER = {"id", "custodian", "customer", "category", "rewardWei", "validFor"}
_ANSWER = {"id", "agreed", "reason"}
LONGEST_REASON = 200
"""Characters of a refusal's reason that are kept."""


def send_counter(tools: Tools, effect: EffectRow) -> Done:
    """The custodian passes on what its customer proposes."""
    with tools.store.read() as work:
        row = work.get(Counter, effect.body["counter"])
        request = None if row is None else work.get(Request, row.request_id)
        bound = None if request is None else work.get(Participant, request.consumer)
    if row is None or request is None:
        return moot("the request is unknown")
    if bound is None:
        raise NotYet("the consumer's key is not known", 5)
    value = {
        "id": row.counter_id,
        "custodian": tools.ctx.address,
        "customer": row.customer,
        "category": row.category,
        "rewardWei": str(row.reward),
        "validFor": row.valid_for,
    }
    return _send(effect, sealed.COUNTER, request, bound, "counter", value)


def judge_counter(tools: Tools, effect: EffectRow) -> Done:
    """The consumer agrees or not."""
    request_id = bytes.fromhex(effect.body["request"])
    found = _open(tools, sealed.COUNTER, request_id, effect.body["sealed"], _COUNTER)
    if found is None:
        return moot("it is not for us")
    if found["custodian"] != effect.body["publisher"]:
        return moot("it was published by somebody else than its custodian")
    with tools.store.read() as work:
        request = work.get(Request, request_id)
        bound = work.get(Participant, found["custodian"])
    if request is None or bound is None:
        return moot("the request is unknown")
    reward, valid_for = int(found["rewardWei"]), int(found["validFor"])
    highest = max(request.reward, tools.ctx.consumer.max_counter_reward_wei)
    reason = ""
    if request.state != "Open" or request.expires_at <= tools.clock.now():
        reason = "the request is over"
    elif found["category"] not in request.categories:
        reason = "the category was not asked for"
    elif reward > min(highest, tools.ctx.consumer.max_reward_wei):
        reason = "the reward is too high"
    elif valid_for > int(request.body["validFor"]):
        reason = "the duration is longer than what was asked for"
    row = Counter(
        counter_id=str(found["id"]),
        request_id=request_id,
        proposal_id="",
        customer=str(found["customer"]),
        category=str(found["category"]),
        reward=reward,
        valid_for=valid_for,
        state="Refused" if reason else "Agreed",
        reason=reason,
    )
    answer = {"id": row.counter_id, "agreed": not reason, "reason": reason}
    done = _send(effect, sealed.ANSWER, request, bound, "answer", answer)
    return replace(done, outcome=Outcome((row,)) + done.outcome)


def read_answer(tools: Tools, effect: EffectRow) -> Done:
    """The custodian lays agreed terms before the customer; after a refusal the first proposal stands
    again."""
    request_id = bytes.fromhex(effect.body["request"])
    found = _open(tools, sealed.ANSWER, request_id, effect.body["sealed"], _ANSWER)
    if found is None:
        return moot("it is not for us")
    with tools.store.read() as work:
        row = work.get(Counter, str(found["id"]))
        proposal = None if row is None else work.get(Proposal, row.proposal_id)
    if row is None or proposal is None or row.request_id != request_id or row.state != "Sent":
        return moot("it answers nothing that is open")
    if found["agreed"] is not True:
        refused = replace(row, state="Refused", reason=_one_line(str(found["reason"])))
        return Done({"agreed": False}, Outcome((refused, replace(proposal, state="Proposed"))))
    again = rights_effects.propose_again(tools.ctx, request_id, proposal.data_root, row.counter_id)
    return Done(
        {"agreed": True},
        Outcome((replace(row, state="Agreed"), replace(proposal, state="Superseded")), (again,)),
    )


def _one_line(text: str) -> str:
    """A stranger's words, as they may be shown."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_REASON])


def _send(
    effect: EffectRow,
    info: bytes,
    request: Request,
    to: Participant,
    name: str,
    value: dict[str, Any],
) -> Done:
    key = envelope.decode_public_key(to.hpke_key)
    copy = envelope.seal_to(info + request.request_id, key, canonical.canonical(value))
    item = {"version": 1, name: copy.hex()}
    keys = [request.request_id.hex(), request.consumer]
    publish = effects.publish_json(effect.effect_id + "/publish", names.REQUESTS, keys, item)
    return Done({}, Outcome(effects=(publish,)))


def _open(
    tools: Tools, info: bytes, request_id: bytes, text: str, members: set[str]
) -> dict[str, Any] | None:
    try:
        opened = envelope.open_with_any(info + request_id, tools.hpke_privates, bytes.fromhex(text))
        value = json.loads(opened)
    except (envelope.EnvelopeError, ValueError):
        return None
    return value if isinstance(value, dict) and set(value) == members else None
