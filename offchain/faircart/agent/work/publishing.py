# SPDX-License-Identifier: Apache-2.0
"""The stream lane: items, and write permission for participants.

Asked first what is already there after a crash.
"""

from faircart.agent.steps import boundary
from faircart.agent.tools import Tools
from faircart.agent.work import custodian
from faircart.agent.work.done import Done, NotYet, moot
from faircart.multichain import Json, names
from faircart.multichain.errors import EntityNotFound, NoPermission, NoUnspentOutputs
from faircart.multichain.items import Data
from faircart.store import EffectRow
from faircart.store.records import Offer


def publish(tools: Tools, effect: EffectRow) -> Done:
    """Publishes what stands in the effect."""
    body = effect.body
    data: Data = Json(body["json"]) if "json" in body else bytes.fromhex(body["hex"])
    return _publish(tools, effect, body["stream"], tuple(body["keys"]), data)


def publish_item(tools: Tools, effect: EffectRow) -> Done:
    """Publishes the container of an offer, made from the vault."""
    exchange_id = bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        offer = work.get(Offer, exchange_id)
    data = custodian.container(tools, exchange_id)
    if offer is None or data is None:
        return moot("the keys are destroyed")
    return _publish(tools, effect, offer.item_stream, (offer.item_key,), data)


def _publish(tools: Tools, effect: EffectRow, stream: str, keys: tuple[str, ...], data: Data) -> Done:
    address = tools.ctx.multichain_address
    offchain = isinstance(data, bytes)
    try:
        txid = None
        if effect.state == "running":  # begun before: ask whether it is already there
            for publisher in dict.fromkeys((address, *tools.streams.addresses())):  # it may be a new one
                txid = tools.streams.published(stream, keys, data, address=publisher, offchain=offchain)
                if txid is not None:
                    break
        if txid is None:
            boundary("publish.before")
            txid = tools.streams.publish(stream, keys, data, address=address, offchain=offchain)
        boundary("publish.after")
    except EntityNotFound:
        raise NotYet(f"stream {stream} does not exist yet", 2) from None
    except NoPermission:
        raise NotYet(f"no permission to write to stream {stream} yet", 2) from None
    except NoUnspentOutputs:
        raise NotYet(f"{address} is new and nothing that was granted to it is confirmed yet", 2) from None
    return Done({"stream": stream, "txid": txid})


def grant_write(tools: Tools, effect: EffectRow) -> Done:
    """Lets a participant write into our own streams."""
    ctx = tools.ctx
    plans = names.consumer_plans(ctx.address, ctx.consumer.categories)
    for plan in plans:
        permission = f"{plan.name}.write"
        if not tools.streams.has_permission(effect.body["address"], permission):
            tools.streams.grant(effect.body["address"], permission, by=ctx.multichain_address)
    return Done({"streams": [plan.name for plan in plans]})
