# SPDX-License-Identifier: Apache-2.0
"""Calls that read items: by place, key, publisher and transaction, and their payloads."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import takewhile
from typing import Any, cast

from faircart.multichain import errors
from faircart.multichain.calls import NodeCalls, well_formed
from faircart.multichain.items import Item, JsonValue, parse_data, parse_item

FETCH_PIECE = 4 * 1024 * 1024
"""Bytes per call when a large payload is fetched in pieces."""
_TXIDS_AT_ONCE = 100


class Reading(NodeCalls):
    """The part of `StreamNode` that reads items."""

    def items(self, stream: str, *, count: int = 10, start: int | None = None) -> list[Item]:
        """Items, oldest first: `count` from `start` (0 is the first; negative counts from the end; None:
        the last).

        In chain order, which is the same on all nodes but can still change for unconfirmed items; to read a
        stream from a stored place on, use `arrivals`. Raises `NotSubscribed`.
        """
        return self._list("liststreamitems", stream, [], count, start, False)

    def arrivals(self, stream: str, *, count: int, start: int) -> list[list[Item]]:
        """Items in the order in which they arrived at this node, which never changes: one list a transaction.

        `count` and `start` count transactions, so `start` plus the length of the answer is the next `start`.
        In this order a node lists only the first item of a transaction (measured on 2.3); the others are
        fetched with it here, so that no item of somebody's `publishmulti` is missed. Raises `NotSubscribed`.
        """
        txids = [item.txid for item in self._list("liststreamitems", stream, [], count, start, True)]
        found: dict[str, list[Item]] = {txid: [] for txid in txids}
        for first in range(0, len(txids), _TXIDS_AT_ONCE):
            part = txids[first : first + _TXIDS_AT_ONCE]
            answers = self._on(stream, partial(self._rpc.call, "liststreamtxitems", stream, part, True))
            items = well_formed("liststreamtxitems", partial(_items, stream, answers))
            for item in items:
                if item.txid not in found:
                    raise errors.NotANode("liststreamtxitems", "it answers with what was not asked for")
                found[item.txid].append(item)
        # A transaction that a node lists and does not show yet must not count as read.
        return list(takewhile(bool, found.values()))

    def key_items(
        self, stream: str, key: str, *, count: int = 10, start: int | None = None, local: bool = False
    ) -> list[Item]:
        """Items with a key; none for an unknown key. Paging as for `items`; `local` orders by arrival."""
        return self._list("liststreamkeyitems", stream, [key], count, start, local)

    def publisher_items(
        self, stream: str, address: str, *, count: int = 10, start: int | None = None, local: bool = False
    ) -> list[Item]:
        """Items by a publisher. Paging as for `items`; `local` orders by arrival."""
        return self._list("liststreampublisheritems", stream, [address], count, start, local)

    def transaction_items(self, stream: str, txid: str) -> list[Item]:
        """All items of one transaction in a stream; none if the node does not know it or is not
        subscribed.
        """
        answers = self._on(stream, lambda: self._rpc.liststreamtxitems(stream, txid, True))
        return well_formed("liststreamtxitems", lambda: _items(stream, answers))

    def keys(self, stream: str) -> dict[str, int]:
        """Every key of a stream with the number of its items."""
        answer = self._rpc.liststreamkeys(stream, "*", False)
        return well_formed("liststreamkeys", lambda: {entry["key"]: entry["items"] for entry in answer})

    def publishers(self, stream: str) -> dict[str, int]:
        """Every publisher of a stream with the number of its items."""
        answer = self._rpc.liststreampublishers(stream, "*", False)
        return well_formed(
            "liststreampublishers", lambda: {entry["publisher"]: entry["items"] for entry in answer}
        )

    def item(self, stream: str, txid: str) -> Item:
        """One item. `TransactionNotFound` also when the node is not subscribed; `NotAllowed` if the
        transaction has several items in the stream: use `transaction_items`."""
        return parse_item(stream, self._on(stream, lambda: self._rpc.getstreamitem(stream, txid, True)))

    def data(self, item: Item) -> bytes | JsonValue:
        """An item's value: bytes, str or JSON value by `item.format`, fetched if it was too large to be
        shown.

        Raises `PayloadNotHere` while an off-chain payload has not arrived. For an item that was unavailable
        when it was read, the node is asked again.
        """
        if item.shown:
            return item.data
        if item.format != "raw" or item.size is None:
            answer = self._rpc.gettxoutdata(item.txid, item.vout)
            value = well_formed("gettxoutdata", lambda: parse_data(answer, available=True)[2])
            return cast(JsonValue, value)
        pieces: list[bytes] = []
        size = 0
        while size < item.size:
            piece = self._rpc.call("gettxoutdata", item.txid, item.vout, FETCH_PIECE, size, as_bytes=True)
            if not isinstance(piece, bytes) or not piece:
                raise errors.NotANode("gettxoutdata", "the payload ends before its announced size")
            pieces.append(piece)
            size += len(piece)
        if size != item.size:
            raise errors.NotANode("gettxoutdata", "the payload has another size than announced")
        return b"".join(pieces)

    def payload(self, item: Item) -> bytes:
        """The bytes of a raw item, or a text item's UTF-8. Raises `PayloadNotHere`; InvalidItem for a JSON
        item.
        """
        value = self.data(item)
        if isinstance(value, bytes):
            return value
        if item.format == "text" and isinstance(value, str):
            return value.encode()
        raise errors.InvalidItem("gettxoutdata", "a JSON item has a value, not bytes; use data()")


def _items(stream: str, answers: Iterable[Any]) -> list[Item]:
    return [parse_item(stream, answer) for answer in answers]
