# SPDX-License-Identifier: Apache-2.0
"""Calls that publish items, and find out what became of a publish whose answer was lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from faircart.multichain import errors
from faircart.multichain.administration import Administration
from faircart.multichain.calls import well_formed
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
                txid = self._publish(stream, batch, address, parameters)
                txids.extend([txid] * len(batch))
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
        cache = self._rpc.createbinarycache()
        try:
            for start in range(0, len(payload), CACHE_PIECE):
                piece = payload[start : start + CACHE_PIECE]
                size = self._rpc.appendbinarycache(cache, piece)
                if size != start + len(piece):
                    raise errors.NotANode(
                        "appendbinarycache", "the cache has another size than what was sent"
                    )
            return self._publish(stream, [item], address, [self._parameters(item, {"cache": cache})])
        finally:
            self._forget_cache(cache)

    def _forget_cache(self, cache: str) -> None:
        try:
            self._rpc.deletebinarycache(cache)
        except errors.MultiChainError:
            # what is left over is a file on the node; the outcome of the publish matters more
            return

    def _publish(
        self, stream: str, items: Sequence[NewItem], address: str, parameters: list[dict[str, Any]]
    ) -> str:
        for last in (False, True):
            try:
                if len(parameters) == 1:
                    only = parameters[0]
                    what = (address, stream, only["keys"], only["data"], only.get("options", ""))
                    return str(self._on(stream, partial(self._rpc.call, "publishfrom", *what)))
                return str(self._on(stream, lambda: self._rpc.publishmultifrom(address, stream, parameters)))
            except (errors.TimedOut, errors.ConnectionCut):
                pass
            txid = self._look_up(stream, items, address)
            if txid is not None:
                return txid
            if last:
                raise errors.PublishUncertain("publish", f"stream {stream}")
        raise AssertionError("unreachable")

    def _look_up(self, stream: str, batch: Sequence[NewItem], address: str) -> str | None:
        """The txid of a transaction of ours with these items, or None if it is not there after several
        looks.
        """
        for pause in _LOOK_UP_AFTER:
            time.sleep(pause)
            failed = False
            try:
                for txid in self._candidates(stream, batch[0], address):
                    if len(batch) == 1 or self._is_batch(stream, txid, batch, address):
                        return txid
            except errors.MultiChainError:
                failed = True
            if failed:  # outside of the handler: the first failure is no cause that helps anybody
                raise errors.PublishUncertain("publish", f"stream {stream}; the look-up failed too")
        return None

    def _candidates(self, stream: str, wanted: NewItem, address: str) -> Iterator[str]:
        try:
            found: list[Item] = self.key_items(stream, wanted.keys[0], count=_LOOK_BACK)
        except errors.NotSubscribed:
            # the wallet's own transactions are known without a subscription
            found = self._own_items(stream)
        for item in reversed(found):
            if self._is_wanted(item, wanted, address):
                yield item.txid

    def _is_wanted(self, item: Item, wanted: NewItem, address: str) -> bool:
        if item.keys != wanted.keys or address not in item.publishers or item.offchain != wanted.offchain:
            return False
        if isinstance(wanted.data, bytes) and item.size != len(wanted.data):
            return False
        return bool(self.data(item) == _plain(wanted.data))

    def _is_batch(self, stream: str, txid: str, batch: Sequence[NewItem], address: str) -> bool:
        # an earlier transaction may hold the first item alone, or with other items than these
        held = self.transaction_items(stream, txid)
        if not held:  # not subscribed
            held = [item for item in self._own_items(stream) if item.txid == txid]
        return len(held) == len(batch) and all(
            self._is_wanted(item, wanted, address) for item, wanted in zip(held, batch, strict=True)
        )

    def _own_items(self, stream: str) -> list[Item]:
        """Items in the wallet's latest transactions. A vout is shown only for large data."""
        name = self.stream(stream).name
        found = []
        answer = self._rpc.listwallettransactions(_LOOK_BACK)
        with well_formed("listwallettransactions"):
            for transaction in answer:
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
