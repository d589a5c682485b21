# SPDX-License-Identifier: Apache-2.0
"""Stream items: bindings, catalogue entries, requests, envelopes.

An item counts only if its publisher is the bound participant that is entitled to speak of it.
"""

from dataclasses import dataclass
from typing import Any

from faircart import documents, envelope, papers
from faircart.agent import asking, effects
from faircart.agent.context import Context
from faircart.agent.handlers import rights
from faircart.agent.handlers.outcome import Ignore, Later, Outcome, View
from faircart.multichain import names
from faircart.store.records import CatalogEntry, Document, Participant, Request


@dataclass(frozen=True, slots=True)
class StreamItem:
    """A stream item as handlers see it: `value` is its JSON, None for raw data."""

    stream: str
    txid: str
    vout: int
    publisher: str
    keys: tuple[str, ...]
    value: Any


def handle(ctx: Context, view: View, item: StreamItem, now: int) -> Outcome:
    """The outcome of one item at `now` (seconds). Raises Ignore or Later."""
    if item.stream == names.PARTICIPANTS:
        return binding(ctx, view, item)
    if item.stream == names.CATALOG:
        return catalog_entry(ctx, view, item)
    if item.stream == names.REQUESTS and isinstance(item.value, dict) and "counter" in item.value:
        return rights.counter_item(ctx, view, item)
    if item.stream == names.REQUESTS and isinstance(item.value, dict) and "answer" in item.value:
        return rights.answer_item(ctx, view, item)
    if item.stream == names.REQUESTS:
        return request(ctx, view, item, now)
    if item.stream == names.ERASURES:
        return rights.erasure_item(ctx, view, item)
    if item.stream == names.envelopes_stream(ctx.address):
        return envelope_for_us(ctx, view, item)
    raise Ignore("a stream that is only looked things up in")


def binding(ctx: Context, view: View, item: StreamItem) -> Outcome:
    """A participant binds its three keys:

    signed by the Ethereum account, published by the MultiChain address.
    """
    value = item.value
    if not isinstance(value, dict) or set(value) != {"binding", "signature"}:
        raise Ignore("no binding")
    try:
        bound = papers.Binding.from_json(value["binding"])
        signature = bytes.fromhex(str(value["signature"]).removeprefix("0x"))
        address = papers.signer(bound, ctx.domain("ConsentRegistry"), signature)
        envelope.decode_public_key(bound.hpke_key)
    except (papers.PaperError, envelope.EnvelopeError) as error:
        raise Ignore(str(error)) from None
    except ValueError:
        raise Ignore("a binding whose signature is no hex") from None
    if bound.chain_name != ctx.chain_name or bound.chain_id != ctx.chain_id:
        raise Ignore("a binding for other chains")
    if bound.version > papers.LAST_BINDING_VERSION:
        raise Ignore(f"binding.version: {bound.version} is more than 2^63 - 1")
    if bound.multichain_address != item.publisher:
        raise Ignore("a binding that its MultiChain address did not publish")
    known = view.get(Participant, address)
    if known is not None and known.version >= bound.version:
        raise Ignore("a binding with an old version")
    row = Participant(address, bound.multichain_address, bound.hpke_key, bound.version)
    outcome = Outcome((row,))
    if ctx.is_consumer and address != ctx.address:
        outcome += Outcome(effects=(effects.grant_write(ctx, bound.multichain_address),))
    return outcome


def catalog_entry(ctx: Context, view: View, item: StreamItem) -> Outcome:
    """What a custodian says it can offer: its newest word for a category counts, and nobody else's."""
    if not ctx.is_consumer:
        raise Ignore("for consumers")
    value = item.value
    if not isinstance(value, dict) or value.get("category") not in documents.CATEGORIES:
        raise Ignore("no catalogue entry")
    if value.get("custodian") != _bound(view, item.publisher).address:
        raise Ignore("a catalogue entry that its custodian did not publish")
    category = str(value["category"])
    return Outcome((CatalogEntry(f"{item.publisher}/{category}", item.publisher, category, value),))


def request(ctx: Context, view: View, item: StreamItem, now: int) -> Outcome:
    """A consumer asks; a custodian lays it before each customer whose document is of that category."""
    if isinstance(item.value, dict) and set(item.value) == {"version", "concede"}:
        return concession(ctx, view, item)
    asked = asking.read(item.value)
    participant = view.get(Participant, asked.consumer)
    if participant is None:
        if view.find(Participant, multichain_address=item.publisher):
            raise Ignore("a request that its consumer did not publish")
        raise Later("the consumer has not bound its keys")
    if participant.multichain_address != item.publisher:
        raise Ignore("a request that its consumer did not publish")
    if item.keys[:1] != (asked.request_id.hex(),):
        raise Ignore("a request under another id")
    if view.get(Request, asked.request_id) is not None:
        raise Ignore("a request that is known")
    if not ctx.is_custodian or asked.consumer == ctx.address or asked.expires_at <= now:
        raise Ignore("over, or not for us")
    wanted: list[Document] = []
    for category in dict.fromkeys(asked.categories):
        wanted += view.find(Document, category=category, current=True)
    over = effects.close_request(ctx, asked.request_id, asked.expires_at)
    proposals = (effects.propose(ctx, asked.request_id, document.data_root) for document in wanted)
    return Outcome((asked,), (*proposals, over))


def concession(ctx: Context, view: View, item: StreamItem) -> Outcome:
    """A consumer asks a custodian to concede; to whom is sealed, so every custodian tries."""
    sealed = item.value["concede"]
    consumer = _bound(view, item.publisher)
    if not ctx.is_custodian or consumer.address == ctx.address:
        raise Ignore("for custodians")
    try:
        request_id = bytes.fromhex(item.keys[0])
        bytes.fromhex(sealed)
    except (IndexError, ValueError, TypeError):
        raise Ignore("a concession that cannot be read") from None
    wanted = effects.judge_concession(ctx, request_id, item.txid, consumer.address, sealed)
    return Outcome(effects=(wanted,))


def envelope_for_us(ctx: Context, view: View, item: StreamItem) -> Outcome:
    """An envelope arrived: it is opened with the key of the request it names."""
    try:
        request_id = bytes.fromhex(item.keys[0])
    except (IndexError, ValueError):
        raise Ignore("an envelope without a request id") from None
    asked = view.get(Request, request_id)
    if asked is None or not asked.own or asked.state != "Open":
        raise Ignore("an envelope for no open request of ours")
    return Outcome(effects=(effects.open_envelope(ctx, request_id, item.txid, item.vout),))


def _bound(view: View, publisher: str) -> Participant:
    found = view.find(Participant, multichain_address=publisher)
    if not found:
        raise Later("the publisher has not bound its keys")
    return found[0]
