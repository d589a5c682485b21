# SPDX-License-Identifier: Apache-2.0
"""Ways in which an agent can cheat or fail, each against named customers only.

They replace what the agent would send or do at one place; everything else in the process stays honest. The
gas price is 0 in every process that is started with them, so that balances can be compared to the wei.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from faircart import sealing
from faircart.agent.work import calls, custodian, runner
from faircart.agent.work.done import Done, NotYet, moot
from faircart.agent.work.wanted import Wanted
from faircart.ethereum.node import EthereumNode
from faircart.sealing import container
from faircart.store.records import Exchange, Offer, Withdrawal

Names = dict[str, list[str]]


def commit(cheats: Names) -> None:
    """Makes this process misbehave: what, and to which customers (addresses, or for `chunk` pseudonyms)."""
    EthereumNode.priority_fee = lambda self: 0  # type: ignore[method-assign]
    for name, customers in cheats.items():
        _CHEATS[name](set(customers))


def _customer(tools: Any, effect: Any) -> str:
    exchange_id = bytes.fromhex(effect.body["exchange"])
    with tools.store.read() as work:
        offer = work.get(Offer, exchange_id)
        exchange = work.get(Exchange, exchange_id)
    return "" if offer is None and exchange is None else (offer or exchange).customer


def _instead(table: dict[str, Any], kind: str, customers: set[str], what: Callable[..., Any]) -> None:
    honest = table[kind]

    def decision(tools: Any, effect: Any) -> Any:
        if _customer(tools, effect) in customers:
            return what(tools, effect, honest)
        return honest(tools, effect)

    table[kind] = decision


def _silent(customers: set[str]) -> None:
    """A consumer that never answers a delivery."""
    _instead(runner.WORKERS, "openItem", customers, lambda *_: moot("silent"))


def _unopened(customers: set[str]) -> None:
    """A consumer that takes offers and never opens them."""
    _instead(calls._DECISIONS, "open", customers, lambda *_: moot("not interested"))


def _withhold(customers: set[str]) -> None:
    """A custodian that takes the money's promise and never delivers."""
    _instead(calls._DECISIONS, "deliver", customers, lambda *_: moot("withheld"))


def _hold(customers: set[str]) -> None:
    """A custodian whose delivery waits until the customer has withdrawn: the worst moment, made certain."""
    _instead(calls._DECISIONS, "deliver", customers, _when_withdrawn)


def _hold_open(customers: set[str]) -> None:
    """A consumer whose opening waits until the customer has withdrawn."""
    _instead(calls._DECISIONS, "open", customers, _when_withdrawn)


def _hold_confirm(customers: set[str]) -> None:
    """A consumer whose confirmation waits until the customer has withdrawn."""
    _instead(calls._DECISIONS, "confirm", customers, _when_withdrawn)


def _when_withdrawn(tools: Any, effect: Any, honest: Any) -> Any:
    with tools.store.read() as work:
        offer = work.get(Offer, bytes.fromhex(effect.body["exchange"]))
        known = work.get(Withdrawal, offer.consent_id) is not None
    ended = tools.contracts.view(tools.ethereum, "ConsentRegistry", "endedAt", offer.consent_id)
    if not known and not ended:
        raise NotYet("held")
    return honest(tools, effect)


def _wrong_key(customers: set[str]) -> None:
    """A custodian that delivers another key than the offer commits to."""

    def wrong(tools: Any, effect: Any, honest: Any) -> Any:
        wanted = honest(tools, effect)
        if not isinstance(wanted, Wanted):
            return wanted
        terms, sale, wrapped = wanted.arguments
        return replace(wanted, arguments=(terms, sale, sha256(bytes(wrapped)).digest()))  # type: ignore[arg-type]

    _instead(calls._DECISIONS, "deliver", customers, wrong)


def _stubborn(customers: set[str]) -> None:
    """A custodian that concedes nothing."""
    honest = runner.WORKERS["judgeConcession"]

    def judged(tools: Any, effect: Any) -> Done:
        done = honest(tools, effect)
        kept = tuple(
            wanted
            for wanted in done.outcome.effects
            if wanted.kind != "concede" or _customer(tools, wanted) not in customers
        )
        return replace(done, outcome=replace(done.outcome, effects=kept))

    runner.WORKERS["judgeConcession"] = judged


def _chunk(pseudonyms: set[str]) -> None:
    """A custodian that seals one false chunk into the documents of these pseudonyms."""
    honest = sealing.seal

    def seal(version: Any, key: bytes, pad: bytes) -> Any:
        item = honest(version, key, pad)
        if not any(name.encode() in version.document for name in pseudonyms):
            return item
        spoiled = bytearray(item.ciphertext)
        spoiled[256] ^= 1
        return replace(item, ciphertext=bytes(spoiled))

    sealing.seal = seal


def _unparsable(customers: set[str]) -> None:
    """A custodian whose item is no container."""
    honest = custodian.container

    def broken(tools: Any, exchange_id: bytes) -> bytes | None:
        data = honest(tools, exchange_id)
        with tools.store.read() as work:
            offer = work.get(Offer, exchange_id)
        return b"\x00broken" + data[7:] if data and offer and offer.customer in customers else data

    custodian.container = broken


def _other_item(customers: set[str]) -> None:
    """A custodian whose item is not the one that its offer commits to: its last chunk was replaced."""
    honest = custodian.container

    def other(tools: Any, exchange_id: bytes) -> bytes | None:
        data = honest(tools, exchange_id)
        with tools.store.read() as work:
            offer = work.get(Offer, exchange_id)
        if not data or offer is None or offer.customer not in customers:
            return data
        item = container.decode(data)
        spoiled = item.ciphertext[:-1] + bytes([item.ciphertext[-1] ^ 1])
        return container.encode(replace(item, ciphertext=spoiled))

    custodian.container = other


def _other_document(customers: set[str]) -> None:
    """A custodian whose item holds another document than the customer has signed."""
    honest = custodian.container

    def other(tools: Any, exchange_id: bytes) -> bytes | None:
        data = honest(tools, exchange_id)
        with tools.store.read() as work:
            offer = work.get(Offer, exchange_id)
        if not data or offer is None or offer.customer not in customers:
            return data
        version = sealing.DocumentVersion.make(sealing.pad_document(b"{}"))
        return container.encode(sealing.seal(version, sealing.new_key(), sealing.new_key()))

    custodian.container = other


def _withhold_item(customers: set[str]) -> None:
    """A custodian that sends an offer and never the item."""
    _instead(runner.WORKERS, "publishItem", customers, lambda *_: moot("withheld"))


def _wrong_pad(customers: set[str]) -> None:
    """A custodian whose envelope holds another pad than the offer commits to."""
    _change_envelope(customers, lambda content: {**content, "pad": "0x" + "5a" * 32})


def _stale(customers: set[str]) -> None:
    """A custodian that signs offers which are over when they arrive."""

    honest = custodian.papers.Terms

    def terms(**fields: Any) -> Any:
        return honest(**{**fields, "valid_until": 1_000_000})

    worker = runner.WORKERS["makeOffer"]

    def made(tools: Any, effect: Any) -> Done:
        with tools.store.read() as work:
            from faircart.store.records import Consent

            consent = work.get(Consent, bytes.fromhex(effect.body["consent"]))
        if consent is None or consent.customer not in customers:
            return worker(tools, effect)
        custodian.papers.Terms = terms  # type: ignore[misc,assignment]
        try:
            return worker(tools, effect)
        finally:
            custodian.papers.Terms = honest  # type: ignore[misc]

    runner.WORKERS["makeOffer"] = made


def _reused_pad(customers: set[str]) -> None:
    """A custodian that uses one pad for several offers to these customers."""
    worker = runner.WORKERS["makeOffer"]
    fresh = sealing.new_key
    pad = sha256(b"one pad for all").digest()

    def made(tools: Any, effect: Any) -> Done:
        with tools.store.read() as work:
            from faircart.store.records import Consent

            consent = work.get(Consent, bytes.fromhex(effect.body["consent"]))
        if consent is None or consent.customer not in customers:
            return worker(tools, effect)
        drawn = iter((fresh(), pad))
        sealing.new_key = lambda: next(drawn)
        try:
            return worker(tools, effect)
        finally:
            sealing.new_key = fresh

    runner.WORKERS["makeOffer"] = made


def _false_proof(customers: set[str]) -> None:
    """A consumer that calls every delivery wrong, asks for a concession and sends a proof of no fault."""
    from faircart.agent.work import consumer

    def accuse(tools: Any, effect: Any, honest: Any) -> Done:
        with tools.store.read() as work:
            exchange = work.get(Exchange, bytes.fromhex(effect.body["exchange"]))
        done = consumer._fault(tools, exchange, "says the cheat")
        return replace(
            done,
            outcome=replace(
                done.outcome, effects=tuple(replace(one, not_before=0) for one in done.outcome.effects)
            ),
        )

    def prove(tools: Any, effect: Any, honest: Any) -> Any:
        with tools.store.read() as work:
            exchange_id = bytes.fromhex(effect.body["exchange"])
            offer, exchange = work.get(Offer, exchange_id), work.get(Exchange, exchange_id)
            pad = tools.secrets.get(work, "pad", exchange_id.hex())
            if exchange.state != "Delivered":
                return moot(exchange.state)
            participant = work.get(calls.Participant, offer.custodian)
        item = consumer.retrieve(tools, offer, participant)
        chunk = sealing.prove_chunk(item, 0)
        proof = sealing.FaultProof(
            exchange.wrapped_key, pad, 0, chunk.ciphertext_chunk, chunk.data_leaf, tuple(chunk.path)
        )
        offered = calls.papers.Offer.from_json(offer.offer)
        return Wanted("DataExchange", "proveFault", (offered.abi(), proof.abi()))

    _instead(runner.WORKERS, "openItem", customers, accuse)
    _instead(calls._DECISIONS, "proveFault", customers, prove)


def _change_envelope(customers: set[str], change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    honest = custodian._envelope

    def changed(offer: Any, terms: Any, pad: bytes) -> dict[str, Any]:
        content = honest(offer, terms, pad)
        return change(json.loads(json.dumps(content))) if offer.customer in customers else content

    custodian._envelope = changed


_CHEATS: dict[str, Callable[[set[str]], None]] = {
    "silent": _silent,
    "unopened": _unopened,
    "withhold": _withhold,
    "hold": _hold,
    "hold_open": _hold_open,
    "hold_confirm": _hold_confirm,
    "wrong_key": _wrong_key,
    "stubborn": _stubborn,
    "chunk": _chunk,
    "unparsable": _unparsable,
    "other_item": _other_item,
    "other_document": _other_document,
    "withhold_item": _withhold_item,
    "wrong_pad": _wrong_pad,
    "stale": _stale,
    "reused_pad": _reused_pad,
    "false_proof": _false_proof,
}
