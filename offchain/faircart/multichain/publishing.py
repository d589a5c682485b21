# SPDX-License-Identifier: Apache-2.0
"""Calls that publish items, and find out what became of a publish whose answer was lost."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from faircart.multichain import errors
from faircart.multichain.administration import Administration
from faircart.multichain.calls import txid, well_formed, word
from faircart.multichain.items import (
    MAX_BATCH_ITEMS,
    MAX_OFFCHAIN_BYTES,
    MAX_ONCHAIN_BYTES,
    Data,
    Item,
    Json,
    NewItem,
    Text,
    check_data,
    check_keys,
    encode,
    parse_item,
    size_of,
)
from faircart.multichain.reading import Reading

CACHE_ABOVE = 12 * 1024 * 1024
"""Payloads above this many bytes go through the binary cache (one call takes about 16 MiB as hex)."""
CACHE_PIECE = 4 * 1024 * 1024
"""Bytes per call when a large payload is sent in pieces."""
MAX_BATCH_ONCHAIN = 3_500_000
"""Bytes of on-chain data in one batch (a transaction has at most 4,194,304)."""
_LOOK_UP_AFTER = (0.2, 0.8, 2.0)
"""Pauses in seconds between look-ups of a publish whose answer was lost."""
_LOOK_BACK = 200
"""Items, or transactions, a call while looking back."""
_BLOCK_TIMES_DIFFER = 7200.0
"""Seconds by which a block may seem older than what is in it: clocks differ."""
_CACHE_ANEW = (0.2, 1.0)
"""Pauses in seconds before another cache is begun."""


class Publishing(Administration, Reading):
    """The part of `StreamNode` that publishes items."""

    def publish(
        self, stream: str, keys: str | Sequence[str], data: Data, *, address: str, offchain: bool = False
    ) -> str:
        """Publish one item; returns its txid, which says that this node took it, not that others have it.

        When the answer is lost, the item is looked for by its keys, publisher and data before it is sent
        again, so keys should be the item's own. Raises `PublishUncertain` where that cannot be found out,
        `InvalidItem` for what no node takes.
        """
        item = NewItem(check_keys(tuple(keys) if not isinstance(keys, str) else keys), data, offchain)
        _check(item)
        if isinstance(data, bytes) and len(data) > CACHE_ABOVE:
            return self._publish_through_cache(stream, item, address)
        # bytes stay bytes until they are on their way; within a batch they are hex already
        plain = data if isinstance(data, bytes) else encode(data)
        return self._publish(stream, [item], address, [self._parameters(item, plain)])

    def published(
        self, stream: str, keys: str | Sequence[str], data: Data, *, address: str, offchain: bool = False
    ) -> str | None:
        """The txid of an item of ours with these keys and data, None if there is none.

        To be asked after a crash, before a publish is repeated. No subscription is needed.
        """
        item = NewItem(check_keys(tuple(keys) if not isinstance(keys, str) else keys), data, offchain)
        return next(self._candidates(stream, item, address), None)

    def publish_many(self, stream: str, items: Sequence[NewItem], *, address: str) -> list[str]:
        """Publish items in batches of up to 32, each batch in one transaction; returns one txid per item,
        in order.

        A batch is all or nothing; when a later batch fails, the earlier ones stay published.
        """
        for item in items:
            _check(item)
        txids: list[str] = []
        for batch in _batches(items):
            if len(batch) == 1:
                item = batch[0]
                txids.append(
                    self.publish(stream, item.keys, item.data, address=address, offchain=item.offchain)
                )
            else:
                parameters = [self._parameters(item, encode(item.data)) for item in batch]
                txids += [self._publish(stream, batch, address, parameters)] * len(batch)
        return txids

    @staticmethod
    def _parameters(item: NewItem, data: bytes | str | dict[str, Any]) -> dict[str, Any]:
        parameters: dict[str, Any] = {"keys": list(item.keys), "data": data}
        if item.offchain:
            parameters["options"] = "offchain"
        return parameters

    def _publish_through_cache(self, stream: str, item: NewItem, address: str) -> str:
        payload = item.data
        assert isinstance(payload, bytes)
        cache = self._filled_cache(payload)
        try:
            return self._publish(stream, [item], address, [self._parameters(item, {"cache": cache})])
        finally:
            self._forget_cache(cache)

    def _filled_cache(self, payload: bytes) -> str:
        """A cache with `payload`. A lost answer leaves its size unknown: a new one is begun then, since
        nothing has been published.
        """
        for pause in _CACHE_ANEW:
            with suppress(errors.TimedOut, errors.ConnectionCut):
                return self._fill_cache(payload)
            time.sleep(pause)
        return self._fill_cache(payload)

    def _fill_cache(self, payload: bytes) -> str:
        cache = word("createbinarycache", self._rpc.createbinarycache())
        try:
            for start in range(0, len(payload), CACHE_PIECE):
                piece = payload[start : start + CACHE_PIECE]
                size = self._rpc.appendbinarycache(cache, piece)
                if size != start + len(piece):
                    raise errors.NotANode(
                        "appendbinarycache", "the cache has another size than what was sent"
                    )
        except BaseException:
            self._forget_cache(cache)
            raise
        return cache

    def _forget_cache(self, cache: str) -> None:
        try:
            self._rpc.deletebinarycache(cache)
        except errors.MultiChainError:
            # what is left over is a file on the node; the outcome of the publish matters more
            return

    def _publish(
        self, stream: str, items: Sequence[NewItem], address: str, parameters: list[dict[str, Any]]
    ) -> str:
        since = time.time() - _BLOCK_TIMES_DIFFER
        for last in (False, True):
            try:
                if len(parameters) == 1:
                    only = parameters[0]
                    what = (address, stream, only["keys"], only["data"], only.get("options", ""))
                    return txid(
                        "publishfrom", self._on(stream, partial(self._rpc.call, "publishfrom", *what))
                    )
                many = partial(self._rpc.call, "publishmultifrom", address, stream, parameters)
                return txid("publishmultifrom", self._on(stream, many))
            except (errors.TimedOut, errors.ConnectionCut):
                pass
            found = self._look_up(stream, items, address, since)
            if found is not None:
                return found
            if last:
                raise errors.PublishUncertain("publish", f"stream {stream}")
        raise AssertionError("unreachable")

    def _look_up(self, stream: str, batch: Sequence[NewItem], address: str, since: float) -> str | None:
        """The txid of a transaction of ours with these items, or None if it is not there after several
        looks. Earlier blocks than `since` (seconds, UTC) are not looked at.
        """
        for pause in _LOOK_UP_AFTER:
            time.sleep(pause)
            failed = False
            try:
                for found in self._candidates(stream, batch[0], address, since):
                    if len(batch) == 1 or self._is_batch(stream, found, batch, address):
                        return found
            except errors.MultiChainError:
                failed = True
            if failed:  # outside of the handler: the first failure is no cause that helps anybody
                raise errors.PublishUncertain("publish", f"stream {stream}; the look-up failed too")
        return None

    def _candidates(
        self, stream: str, wanted: NewItem, address: str, since: float | None = None
    ) -> Iterator[str]:
        """Txids of items like `wanted`, the latest first."""
        seen: set[tuple[str, int]] = set()
        for page in self._backwards(stream, wanted.keys[0]):
            # what is published meanwhile moves earlier items into the next page again
            fresh = [item for item in page if (item.txid, item.vout) not in seen]
            seen.update((item.txid, item.vout) for item in fresh)
            for item in reversed(fresh):
                if self._is_wanted(item, wanted, address):
                    yield item.txid
            if page and not fresh:
                return
            if since is not None and any((item.blocktime or since) < since for item in fresh):
                return

    def _backwards(self, stream: str, key: str) -> Iterator[list[Item]]:
        """Pages of items with `key`, the latest first; at the end a page may come again and again. Or of
        `_own_items`, which are known without a subscription.
        """
        try:
            for back in itertools.count(_LOOK_BACK, _LOOK_BACK):
                page = self.key_items(stream, key, count=_LOOK_BACK, start=-back)
                yield page
                if len(page) < _LOOK_BACK:
                    return
        except errors.NotSubscribed:
            pass
        yield from self._own_items(stream)

    def _own_items(self, stream: str) -> Iterator[list[Item]]:
        """Pages of a stream's items in the wallet's transactions, the latest page first."""
        name = self.stream(stream).name
        for skip in itertools.count(0, _LOOK_BACK):
            transactions = self._rpc.listwallettransactions(_LOOK_BACK, skip)
            yield well_formed("listwallettransactions", partial(_stream_items, stream, name, transactions))
            if len(transactions) < _LOOK_BACK:
                return

    def _is_wanted(self, item: Item, wanted: NewItem, address: str) -> bool:
        if item.keys != wanted.keys or address not in item.publishers or item.offchain != wanted.offchain:
            return False
        if isinstance(wanted.data, bytes) and item.size != len(wanted.data):
            return False
        return _same(self.data(item), _plain(wanted.data))

    def _is_batch(self, stream: str, found: str, batch: Sequence[NewItem], address: str) -> bool:
        # an earlier transaction may hold the first item alone, or with other items than these
        held = self.transaction_items(stream, found)
        if not held:  # not subscribed
            pages = self._own_items(stream)
            held = next(filter(None, ([item for item in page if item.txid == found] for page in pages)), [])
        return len(held) == len(batch) and all(
            self._is_wanted(item, wanted, address) for item, wanted in zip(held, batch, strict=True)
        )


def _stream_items(stream: str, name: str, transactions: Iterable[Mapping[str, Any]]) -> list[Item]:
    """The items of a stream in transactions of the wallet. A vout is shown only for large data."""
    found = []
    for transaction in transactions:
        for entry in transaction["items"]:
            if entry["type"] == "stream" and entry.get("name", "") == name:
                shown = isinstance(entry["data"], str) or "vout" not in entry["data"]
                vout = -1 if shown else entry["data"]["vout"]
                found.append(parse_item(stream, {**transaction, **entry, "vout": vout}))
    return found


def _plain(data: Data) -> Any:
    if isinstance(data, Json):
        return json.loads(json.dumps(data.value))  # as it is read back: a tuple is a list then
    return data.value if isinstance(data, Text) else data


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; for Python, True is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _check(item: NewItem) -> None:
    check_keys(item.keys)
    check_data(item.data)
    limit = MAX_OFFCHAIN_BYTES if item.offchain else MAX_ONCHAIN_BYTES
    if size_of(item.data) > limit:
        kind = "off-chain" if item.offchain else "on-chain"
        raise errors.InvalidItem(detail=f"an {kind} item has at most {limit} bytes")


def _batches(items: Sequence[NewItem]) -> Iterator[list[NewItem]]:
    batch: list[NewItem] = []
    onchain = total = 0
    for item in items:
        keys = sum(len(key.encode()) for key in item.keys)
        size = size_of(item.data) + keys
        grown = onchain + (keys if item.offchain else size)
        if batch and (
            len(batch) == MAX_BATCH_ITEMS or grown > MAX_BATCH_ONCHAIN or total + size > CACHE_ABOVE
        ):
            yield batch
            batch, onchain, total = [], 0, 0
        batch.append(item)
        onchain += keys if item.offchain else size
        total += size
    if batch:
        yield batch
