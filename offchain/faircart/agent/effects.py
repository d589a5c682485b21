# SPDX-License-Identifier: Apache-2.0
"""The effects that handlers ask for, and their ids.

An id says what is to be done and never when it was decided, so an event that is mined again after a
reorganisation, or read again after a crash, has no second effect: chain, contract, subject (order, consent or
exchange), transition; for an offer consent, request, ordinal.
"""

from collections.abc import Mapping
from typing import Any

from faircart.agent.context import Context
from faircart.ethereum.events import EVENTS, Event
from faircart.multichain import names
from faircart.store.outbox import Effect
from faircart.store.records import Offer

ETHEREUM, STREAMS, LOCAL = "ethereum", "streams", "local"
"""The workers' lanes: transactions; stream items;

what needs keys or the nodes' answers but changes neither.
"""


def _id(ctx: Context, *parts: str) -> str:
    return "/".join((str(ctx.chain_id), *parts))


# --- transactions -----------------------------------------------------------------------------------------


def grant_for(ctx: Context, consent_id: bytes) -> Effect:
    """Relay a customer's consent."""
    name = _id(ctx, "ConsentRegistry", consent_id.hex(), "grantFor")
    return Effect(name, ETHEREUM, "grantFor", {"consent": consent_id.hex()})


def revoke_for(ctx: Context, consent_id: bytes, paper: bytes) -> Effect:
    """Relay a customer's withdrawal of one consent."""
    name = _id(ctx, "ConsentRegistry", consent_id.hex(), "revokeFor")
    return Effect(name, ETHEREUM, "revokeFor", {"consent": consent_id.hex(), "paper": paper.hex()})


def revoke_all_for(ctx: Context, paper: bytes) -> Effect:
    """Relay a customer's withdrawal of everything."""
    name = _id(ctx, "ConsentRegistry", paper.hex(), "revokeAllFor")
    return Effect(name, ETHEREUM, "revokeAllFor", {"paper": paper.hex()})


def fund(ctx: Context, exchange_id: bytes) -> Effect:
    """See to it that the custodian's standing balance covers the deposit of one more offer."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "fund")
    return Effect(name, ETHEREUM, "fund", {"exchange": exchange_id.hex()})


def exchange_call(ctx: Context, exchange_id: bytes, transition: str, not_before: int = 0) -> Effect:
    """`open`, `deliver`, `confirm`, `concede`, `proveFault`, `abort`, `cancel`, `settle` or `voidOffer`."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), transition)
    return Effect(name, ETHEREUM, transition, {"exchange": exchange_id.hex()}, not_before)


def order_call(
    ctx: Context, order_id: bytes, transition: str, not_before: int = 0, paper: bytes = b""
) -> Effect:
    """`claim`, `lapse`, `refund` or `settleOrder` of an order in which we are the seller."""
    name = _id(ctx, "CheckoutEscrow", order_id.hex(), transition)
    return Effect(name, ETHEREUM, transition, {"order": order_id.hex(), "paper": paper.hex()}, not_before)


# --- stream items -----------------------------------------------------------------------------------------


def publish_json(name: str, stream: str, keys: list[str], value: Any) -> Effect:
    """Publish a JSON item on chain; `name` is the effect's id."""
    return Effect(name, STREAMS, "publish", {"stream": stream, "keys": keys, "json": value})


def publish_bytes(name: str, stream: str, keys: list[str], data: bytes) -> Effect:
    """Publish bytes off chain; `name` is the effect's id."""
    return Effect(name, STREAMS, "publish", {"stream": stream, "keys": keys, "hex": data.hex()})


def publish_item(ctx: Context, exchange_id: bytes) -> Effect:
    """Publish the container of an offer; it is made from the vault's key when its turn comes."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "item")
    return Effect(name, STREAMS, "publishItem", {"exchange": exchange_id.hex()})


def grant_write(ctx: Context, multichain_address: str) -> Effect:
    """Let a participant write into this consumer's streams."""
    categories = "+".join(sorted(ctx.consumer.categories))
    name = _id(ctx, "streams", ctx.multichain_address, "grant", multichain_address, categories)
    return Effect(name, STREAMS, "grantWrite", {"address": multichain_address})


# --- local work -------------------------------------------------------------------------------------------


def propose(ctx: Context, request_id: bytes, data_root: bytes) -> Effect:
    """Lay a request before the customer whose document has this root."""
    name = _id(ctx, "request", request_id.hex(), "propose", data_root.hex())
    return Effect(name, LOCAL, "propose", {"request": request_id.hex(), "document": data_root.hex()})


def make_offer(
    ctx: Context, consent_id: bytes, request_id: bytes, ordinal: int, not_before: int = 0
) -> Effect:
    """Seal an item and sign an offer for it."""
    name = _id(ctx, "offer", consent_id.hex(), request_id.hex(), str(ordinal))
    body = {"consent": consent_id.hex(), "request": request_id.hex(), "ordinal": ordinal}
    return Effect(name, LOCAL, "makeOffer", body, not_before)


def published_for(ctx: Context, offer: Offer) -> tuple[str, str]:
    """The ids of the effects that published an offer's item and its envelope."""
    made = make_offer(ctx, offer.consent_id, offer.request_id, offer.ordinal).effect_id
    return publish_item(ctx, offer.exchange_id).effect_id, made + "/envelope"


def open_envelope(ctx: Context, request_id: bytes, txid: str, vout: int) -> Effect:
    """Open an envelope that came for a request of ours."""
    name = _id(ctx, "envelope", request_id.hex(), txid, str(vout))
    return Effect(name, LOCAL, "openEnvelope", {"request": request_id.hex(), "txid": txid, "vout": vout})


def check_item(ctx: Context, exchange_id: bytes) -> Effect:
    """Retrieve an offer's item and check everything that can be checked before paying."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "check")
    return Effect(name, LOCAL, "checkItem", {"exchange": exchange_id.hex()})


def open_item(ctx: Context, exchange_id: bytes) -> Effect:
    """Decrypt a delivered item and judge it."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "openItem")
    return Effect(name, LOCAL, "openItem", {"exchange": exchange_id.hex()})


def ask_to_concede(ctx: Context, exchange_id: bytes) -> Effect:
    """Ask the custodian to admit a fault, so that nothing need be published to prove it."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "askToConcede")
    return Effect(name, LOCAL, "askToConcede", {"exchange": exchange_id.hex()})


def judge_concession(ctx: Context, request_id: bytes, txid: str, consumer: str, sealed: str) -> Effect:
    """A consumer says that a delivery was wrong: look into our own books."""
    name = _id(ctx, "request", request_id.hex(), "concession", txid)
    body = {"request": request_id.hex(), "consumer": consumer, "sealed": sealed}
    return Effect(name, LOCAL, "judgeConcession", body)


def fund_at_start(ctx: Context) -> Effect:
    """Fill the standing balance up once, before the first offer."""
    return Effect(_id(ctx, "DataExchange", "fund"), ETHEREUM, "fund", {"exchange": ""})


def announce(ctx: Context, category: str, ordinal: int) -> Effect:
    """Say in the catalogue what can be offered in a category now."""
    name = _id(ctx, "catalog", ctx.address, category, str(ordinal))
    return Effect(name, LOCAL, "announce", {"category": category})


RENEWAL_SECONDS = 600
"""The catalogue tells of completed orders at most once in this time, and category."""


def announce_renewal(ctx: Context, category: str, when: int) -> Effect:
    """Say in the catalogue what can be offered now that orders were completed, at the end of the period."""
    period = when // RENEWAL_SECONDS + 1
    name = _id(ctx, "catalog", ctx.address, category, "renewal", str(period))
    return Effect(name, LOCAL, "announce", {"category": category}, period * RENEWAL_SECONDS)


def renew_document(ctx: Context, order: bytes) -> Effect:
    """Make the next version of a customer's documents from the order document with this root."""
    name = _id(ctx, "document", order.hex(), "renew")
    return Effect(name, LOCAL, "renewDocument", {"document": order.hex()})


def bind(ctx: Context, binding: dict[str, Any], version: int) -> Effect:
    """Publish our own binding."""
    name = _id(ctx, "participants", ctx.address, str(version))
    return publish_json(name, names.PARTICIPANTS, [ctx.multichain_address], binding)


def publish_request(ctx: Context, request_id: bytes, value: dict[str, Any]) -> Effect:
    """Publish a signed request of ours."""
    name = _id(ctx, "request", request_id.hex(), "publish")
    return publish_json(name, names.REQUESTS, [request_id.hex(), ctx.address], value)


def expire_data(ctx: Context, exchange_id: bytes, not_before: int) -> Effect:
    """Destroy a bought document when its retention time is over."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "expireData")
    return Effect(name, LOCAL, "expireData", {"exchange": exchange_id.hex()}, not_before)


def forget_pad(ctx: Context, exchange_id: bytes, not_before: int) -> Effect:
    """As consumer: destroy the pad of an exchange that is over."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "forgetPad")
    return Effect(name, LOCAL, "forgetPad", {"exchange": exchange_id.hex()}, not_before)


def access_entry(ctx: Context, contract: str, subject: bytes, step: str, facts: dict[str, Any]) -> Effect:
    """Write one step into the access log: `facts` say where it happened on chain."""
    name = _id(ctx, contract, subject.hex(), "accesslog", step)
    return Effect(name, LOCAL, "accessEntry", {"subject": subject.hex(), "step": step, **facts})


def access_entries_of(ctx: Context, contract: str, subject: str) -> str:
    """What the ids of all access entries about a subject (hex) begin with."""
    return _id(ctx, contract, subject, "accesslog", "")


def retraction(ctx: Context, row: Mapping[str, Any]) -> Effect:
    """Take back what was written about an event whose block was orphaned (`row` is the event's)."""
    subject, block = row["subject"].hex(), row["block_hash"].hex()
    name = _id(ctx, "retract", row["name"], subject, block)
    return Effect(name, LOCAL, "retract", _about(row["name"], subject, block))


def reinstatement(ctx: Context, event: Event) -> Effect:
    """An event that was orphaned is mined again: what was taken back holds again."""
    event_name, subject, block = type(event).__name__, event.subject.hex(), event.at.block_hash.hex()
    body = {
        **_about(event_name, subject, block),
        "transaction": event.at.transaction.hex(),
        "when": event.at.timestamp,
        "logIndex": event.at.log_index,
    }
    return Effect(_id(ctx, "reinstate", event_name, subject, block), LOCAL, "reinstate", body)


def _about(event: str, subject: str, block: str) -> dict[str, Any]:
    contract = next(of for (of, name) in EVENTS if name == event)
    return {"contract": contract, "event": event, "subject": subject, "eventSubject": subject, "block": block}


def again(name: str, kind: str, body: dict[str, Any]) -> Effect:
    """Local work under an id of its own that follows from an earlier effect."""
    return Effect(name, LOCAL, kind, body)


def receipt(ctx: Context, consent_id: bytes) -> Effect:
    """Publish the sealed consent record."""
    name = _id(ctx, "ConsentRegistry", consent_id.hex(), "receipt")
    return Effect(name, LOCAL, "receipt", {"consent": consent_id.hex()})


def destroy_keys(ctx: Context, exchange_id: bytes) -> Effect:
    """Destroy K and pad of an offer that is over."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "destroyKeys")
    return Effect(name, LOCAL, "destroyKeys", {"exchange": exchange_id.hex()})


def expire_offer(ctx: Context, exchange_id: bytes, not_before: int) -> Effect:
    """End an offer that nobody opened in time, and destroy its keys."""
    name = _id(ctx, "DataExchange", exchange_id.hex(), "expire")
    return Effect(name, LOCAL, "expireOffer", {"exchange": exchange_id.hex()}, not_before)


def close_request(ctx: Context, request_id: bytes, not_before: int) -> Effect:
    """Close a request of ours and destroy its key."""
    name = _id(ctx, "request", request_id.hex(), "close")
    return Effect(name, LOCAL, "closeRequest", {"request": request_id.hex()}, not_before)


def close_request_now(ctx: Context, request_id: bytes) -> Effect:
    """Close a request of ours before its time."""
    name = _id(ctx, "request", request_id.hex(), "closeNow")
    return Effect(name, LOCAL, "closeRequest", {"request": request_id.hex()})
