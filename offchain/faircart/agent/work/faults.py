# SPDX-License-Identifier: Apache-2.0
"""When a delivery is wrong:

the consumer asks the custodian to concede, the custodian looks into its own books.
"""

from faircart import envelope, papers, sealing
from faircart.agent import effects
from faircart.agent.handlers import Outcome
from faircart.agent.tools import Tools
from faircart.agent.work import custodian
from faircart.agent.work.done import Done, NotYet, moot
from faircart.multichain import names
from faircart.store import EffectRow
from faircart.store.records import Exchange, Offer, Participant

CONCESSION = b"faircart/concession/1"


def ask_to_concede(tools: Tools, effect: EffectRow) -> Done:
    """An item under the request id, the exchange id sealed to the custodian."""
    exchange_id = bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        offer = work.get(Offer, exchange_id)
        bound = None if offer is None else work.get(Participant, offer.custodian)
    if offer is None or bound is None:
        raise NotYet("the custodian's key is not known", 5)
    key = envelope.decode_public_key(bound.hpke_key)
    copy = envelope.seal_to(CONCESSION + offer.request_id, key, exchange_id)
    value = {"version": 1, "concede": copy.hex()}
    keys = [offer.request_id.hex(), tools.ctx.address]
    publish = effects.publish_json(effect.effect_id + "/publish", names.REQUESTS, keys, value)
    return Done({}, Outcome(effects=(publish,)))


def judge_concession(tools: Tools, effect: EffectRow) -> Done:
    """Concedes if our own books show a mistake: a key or an item that are not what the offer commits to."""
    request_id = bytes.fromhex(effect.body["request"])
    try:
        opened = envelope.open_with_any(
            CONCESSION + request_id, tools.hpke_privates, bytes.fromhex(effect.body["sealed"])
        )
    except envelope.EnvelopeError:
        return moot("it is not for us")
    with tools.store.read() as work:
        offer, exchange = work.get(Offer, opened), work.get(Exchange, opened)
        pad = tools.secrets.get(work, "pad", opened.hex())
    if offer is not None and exchange is not None and exchange.state == "Open":
        # The consumer may wait for fewer confirmations than we do.
        raise NotYet("the delivery is not confirmed here", 2)
    if offer is None or exchange is None or exchange.state != "Delivered":
        return moot("nothing of ours is delivered under this id")
    if offer.consumer != effect.body["consumer"]:
        return moot("it is another consumer's exchange")
    offered = papers.Offer.from_json(offer.offer)
    data = custodian.container(tools, opened)
    if data is None or pad is None:
        return moot("the keys are gone")
    item = sealing.container.decode(data)
    key = sealing.wrap(exchange.wrapped_key, pad)
    right = (
        sealing.opens(key, offered.sealing.key_hash)
        and sealing.opens(pad, offered.sealing.pad_hash)
        and item.item_root == offered.sealing.item_root
        and not sealing.open_item(item, key).wrong_chunks
    )
    if right:
        return Done({"judged": "nothing is wrong"})
    return Done({"judged": "wrong"}, Outcome(effects=(effects.exchange_call(tools.ctx, opened, "concede"),)))
