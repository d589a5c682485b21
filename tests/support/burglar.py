# SPDX-License-Identifier: Apache-2.0
"""Somebody who has everything: both databases, both vault keys and HPKE keys, all streams, the whole chain.

A test first sees that this somebody can read a document, and after the erasure that it cannot.
"""

import json
from collections.abc import Iterator
from itertools import product

import sqlalchemy as sa
from faircart import envelope, sealing
from faircart.ethereum import events
from faircart.keys import Vault, VaultRow
from faircart.multichain import StreamNode, names
from faircart.multichain.errors import PayloadNotHere
from faircart.rights.ledgers import Ledgers
from faircart.store import tables as t

from tests.support.offices import Office

CATEGORIES = ("orders", "preferences", "profile")


def vault(office: Office) -> Iterator[tuple[str, bytes]]:
    """Every secret in an office's vault that its vault key still opens: kind and secret."""
    with office.tools.store.read() as work:
        rows = [VaultRow(*row) for row in work.connection.execute(sa.select(t.vault))]
    for row in rows:
        if row.wrapped_key is not None:
            yield row.kind, Vault(office.tools.secrets._master, _One(row)).get(row.kind, row.name)


class _One:
    def __init__(self, row: VaultRow) -> None:
        self._row = row

    def insert(self, row: VaultRow) -> None:
        raise AssertionError("a burglar only reads")

    def find(self, kind: str, name: str) -> VaultRow | None:
        return self._row

    def clear_key(self, kind: str, name: str) -> None:
        raise AssertionError("a burglar only reads")


def kept(offices: list[Office]) -> list[bytes]:
    """Every document that the vaults still give."""
    found = []
    for kind, secret in (one for office in offices for one in vault(office)):
        if kind == "document":
            found.append(sealing.DocumentVersion.from_plaintext(secret).document)
        elif kind == "data":
            found.append(secret)
    return found


def opened(offices: list[Office], ledgers: Ledgers, node: StreamNode, consumer: str) -> list[bytes]:
    """Every document that comes out of a ciphertext in the streams, with every key tried on each."""
    secrets = [found for office in offices for found in vault(office)]
    keys = {secret for kind, secret in secrets if kind in ("key", "pad")}
    private = {secret for kind, secret in secrets if kind == "request"}
    private |= {key for office in offices for key in office.tools.hpke_privates}
    for (request_id, sealed), key in product(list(envelopes(node, consumer)), private):
        try:
            payload = json.loads(envelope.open_envelope(request_id, key, sealed))
        except envelope.EnvelopeError:
            continue
        keys.add(bytes.fromhex(payload["pad"][2:]))
    wrapped = [event.wrapped_key for event in ledgers.events if isinstance(event, events.Delivered)]
    keys |= {sealing.wrap(one, pad) for one, pad in product(wrapped, set(keys))}
    tried = [sealing.open_item(item, key) for item, key in product(ciphertexts(node, consumer), keys)]
    return [found.document for found in tried if not found.wrong_chunks]


def envelopes(node: StreamNode, consumer: str) -> Iterator[tuple[bytes, bytes]]:
    """Every envelope in the consumer's stream, as a node gets it that subscribes now: request id, bytes."""
    for key, data in _payloads(node, names.envelopes_stream(consumer)):
        yield bytes.fromhex(key), data


def ciphertexts(node: StreamNode, consumer: str) -> list[sealing.Item]:
    """Every item in the consumer's streams, as a node gets it that subscribes now."""
    return [
        sealing.container.decode(data)
        for category in CATEGORIES
        for _, data in _payloads(node, names.items_stream(consumer, category))
    ]


def forget(node: StreamNode, consumer: str) -> None:
    """A node drops all that it has of a consumer's streams: what it gets after that, others gave it."""
    for stream in (names.envelopes_stream(consumer), *(names.items_stream(consumer, c) for c in CATEGORIES)):
        node.unsubscribe(stream, purge=True)


def _payloads(node: StreamNode, stream: str) -> Iterator[tuple[str, bytes]]:
    node.subscribe(stream)
    for item in node.items(stream, count=10_000, start=0):
        try:
            yield item.keys[0], node.payload(item)
        except PayloadNotHere:
            continue
