# SPDX-License-Identifier: Apache-2.0
"""A MultiChain node, or anything that answers like one, as typed calls. See README.md for what it survives
and how.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from faircart.multichain import errors
from faircart.multichain.items import (
    MAX_BATCH_ITEMS,
    MAX_OFFCHAIN_BYTES,
    MAX_ONCHAIN_BYTES,
    Data,
    Item,
    Json,
    JsonValue,
    NewItem,
    NodeInfo,
    Permission,
    StreamInfo,
    Text,
    check_data,
    check_keys,
    encode,
    parse_data,
    parse_item,
    size_of,
)
from faircart.multichain.transport import NodeRpc

CACHE_ABOVE = 12 * 1024 * 1024
"""Payloads above this many bytes go through the binary cache (one call takes about 16 MiB as hex)."""
PIECE = 4 * 1024 * 1024
"""Bytes per call when a large payload is sent or fetched in pieces."""
MAX_BATCH_ONCHAIN = 3_500_000
"""Bytes of on-chain data in one batch (a transaction has at most 4,194,304)."""
_LOOK_UP_AFTER = (0.2, 0.8, 2.0)
"""Pauses in seconds between look-ups of a publish whose answer was lost."""
_LOOK_BACK = 200
_TXIDS_AT_ONCE = 100
_SIGHT_LOST = (0.1, 0.3, 0.6, 1.0)
"""Pauses in seconds before a stream that was known is given up."""


class StreamNode:
    """One wallet of one node.

    `url` may be http or https, with a path. `password` comes from a file or a prompt, never from an
    argument. `timeout` in seconds bounds every call; `chain_name`, if given, must be the node's own or
    calls fail with `WrongChain`. All methods raise subclasses of `errors.MultiChainError`; an object may be
    shared by threads.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        timeout: float = 30.0,
        chain_name: str | None = None,
        verify: bool | str = True,
    ) -> None:
        self._rpc = NodeRpc(url, user, password, timeout=timeout, chain_name=chain_name, verify=verify)
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return f"StreamNode({self._rpc.url!r})"

    def __enter__(self) -> StreamNode:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return self._rpc.url

    def close(self) -> None:
        self._rpc.close()

    # --- the node ---
    def info(self) -> NodeInfo:
        answer = self._rpc.getinfo()
        with _well_formed("getinfo"):
            return NodeInfo(
                chain_name=answer["chainname"],
                version=answer["version"],
                edition=answer["edition"],
                protocol=answer["protocolversion"],
                blocks=answer["blocks"],
                connections=answer["connections"],
                node_address=answer["nodeaddress"],
            )

    def wait_until_ready(self, seconds: float = 60.0) -> NodeInfo:
        """`info()` as soon as it succeeds; `getinitstatus` is no sign, it says initialized too early."""
        deadline = time.monotonic() + seconds
        while True:
            failure: errors.MultiChainError
            try:
                return self.info()
            except (errors.WarmingUp, errors.Unreachable, errors.TimedOut, errors.ConnectionCut) as error:
                failure = error
            if time.monotonic() > deadline:
                raise failure
            time.sleep(0.1)

    def block_count(self) -> int:
        answer = self._rpc.getblockcount()
        with _well_formed("getblockcount"):
            return int(answer)

    def peers(self) -> list[str]:
        """Addresses (chain) of the nodes this one is connected to."""
        answer = self._rpc.getpeerinfo()
        with _well_formed("getpeerinfo"):
            return [str(peer["handshake"]) for peer in answer]

    def connect(self, node_address: str) -> None:
        """Ask the node to connect to another one, named as in its `NodeInfo.node_address`."""
        self._rpc.addnode(node_address.rpartition("@")[2], "add")

    # --- addresses ---
    def addresses(self) -> list[str]:
        """The addresses of this wallet that it holds keys for, oldest first."""
        answer = self._rpc.getaddresses(True)
        with _well_formed("getaddresses"):
            return [str(entry["address"]) for entry in answer if entry["ismine"]]

    def new_address(self) -> str:
        return str(self._rpc.getnewaddress())

    def is_address(self, address: str) -> bool:
        answer = self._rpc.validateaddress(address)
        with _well_formed("validateaddress"):
            return bool(answer["isvalid"])

    def sign_message(self, address: str, message: str) -> str:
        """Base64 signature of `message` by an address of this wallet. An address only: a private key would
        leave us.
        """
        return str(self._rpc.signmessage(address, message))

    def verify_message(self, address: str, signature: str, message: str) -> bool:
        return bool(self._rpc.verifymessage(address, signature, message))

    # --- permissions ---
    def grant(self, address: str, permission: str, *, by: str | None = None) -> str:
        """Txid. `permission`: `connect,send,receive`, or `stream.write` and `stream.write,admin` for one
        stream.
        """
        return str(self._from("grant", by, address, permission))

    def revoke(self, address: str, permission: str, *, by: str | None = None) -> str:
        return str(self._from("revoke", by, address, permission))

    def permissions(self, permission: str = "*", address: str | None = None) -> list[Permission]:
        """Permissions in force or dated; `permission` as for `grant`, or `*`, or `stream.*`."""
        answer = self._rpc.listpermissions(permission, *([] if address is None else [address]))
        with _well_formed("listpermissions"):
            return [
                Permission(
                    address=entry["address"],
                    type=entry["type"],
                    stream=entry["for"].get("name", "") if entry["for"] else None,
                    startblock=entry["startblock"],
                    endblock=entry["endblock"],
                )
                for entry in answer
            ]

    def has_permission(self, address: str, permission: str) -> bool:
        return bool(self._rpc.verifypermission(address, permission))

    # --- streams ---
    def create_stream(
        self,
        name: str,
        restrict: Iterable[str],
        *,
        salted: bool = False,
        fields: Mapping[str, JsonValue] | None = None,
        by: str | None = None,
    ) -> str:
        """Txid. `restrict`: any of write, onchain, offchain, read, naming what is forbidden (not what is
        allowed).
        """
        options: dict[str, Any] = {"restrict": ",".join(restrict)}
        if salted:
            options["salted"] = True
        return str(self._from("create", by, "stream", name, options, dict(fields or {})))

    def streams(self, names: Sequence[str] | None = None) -> list[StreamInfo]:
        """All streams, or those named (`EntityNotFound` if one is unknown)."""
        listed = self._rpc.liststreams("*" if names is None else list(names), True)
        with _well_formed("liststreams"):
            return [_stream_info(entry) for entry in listed]

    def stream(self, name: str) -> StreamInfo:
        listed = self.streams([name])
        with _well_formed("liststreams"):
            return listed[0]

    def has_stream(self, name: str) -> bool:
        try:
            self._rpc.getstreaminfo(name)
        except errors.EntityNotFound:
            return False
        return True

    def subscribe(self, name: str) -> None:
        """Follow a stream, its earlier items and payloads included. Repeating it is harmless."""
        self._on(name, lambda: self._rpc.subscribe(name))

    def unsubscribe(self, name: str, purge: bool = False) -> None:
        """Stop following; `purge` also removes the payloads that this node fetched (not those it
        published).
        """
        self._on(name, lambda: self._rpc.unsubscribe(name, purge))

    # --- publishing ---
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
        return self._publish(stream, [item], address, [self._parameters(item)])

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
                txid = self._publish(stream, batch, address, [self._parameters(item) for item in batch])
                txids.extend([txid] * len(batch))
        return txids

    @staticmethod
    def _parameters(item: NewItem) -> dict[str, Any]:
        parameters: dict[str, Any] = {"keys": list(item.keys), "data": encode(item.data)}
        if item.offchain:
            parameters["options"] = "offchain"
        return parameters

    def _publish_through_cache(self, stream: str, item: NewItem, address: str) -> str:
        payload = item.data
        assert isinstance(payload, bytes)
        cache = self._rpc.createbinarycache()
        try:
            for start in range(0, len(payload), PIECE):
                piece = payload[start : start + PIECE]
                size = self._rpc.appendbinarycache(cache, piece.hex())
                if size != start + len(piece):
                    raise errors.NotANode(
                        "appendbinarycache", "the cache has another size than what was sent"
                    )
            parameters: dict[str, Any] = {"keys": list(item.keys), "data": {"cache": cache}}
            if item.offchain:
                parameters["options"] = "offchain"
            return self._publish(stream, [item], address, [parameters])
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
        with _well_formed("listwallettransactions"):
            for transaction in answer:
                for entry in transaction["items"]:
                    if entry["type"] == "stream" and entry.get("name", "") == name:
                        shown = isinstance(entry["data"], str) or "vout" not in entry["data"]
                        vout = -1 if shown else entry["data"]["vout"]
                        found.append(parse_item(stream, {**transaction, **entry, "vout": vout}))
        return found

    # --- reading ---
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
            with _well_formed("liststreamtxitems"):
                for answer in answers:
                    item = parse_item(stream, answer)
                    found[item.txid].append(item)
        return list(found.values())

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
        with _well_formed("liststreamtxitems"):
            return [parse_item(stream, answer) for answer in answers]

    def keys(self, stream: str) -> dict[str, int]:
        """Every key of a stream with the number of its items."""
        answer = self._rpc.liststreamkeys(stream, "*", False)
        with _well_formed("liststreamkeys"):
            return {entry["key"]: entry["items"] for entry in answer}

    def publishers(self, stream: str) -> dict[str, int]:
        """Every publisher of a stream with the number of its items."""
        answer = self._rpc.liststreampublishers(stream, "*", False)
        with _well_formed("liststreampublishers"):
            return {entry["publisher"]: entry["items"] for entry in answer}

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
            with _well_formed("gettxoutdata"):
                return cast(JsonValue, parse_data(answer, available=True)[2])
        whole = bytearray()
        while len(whole) < item.size:
            piece = self._rpc.gettxoutdata(item.txid, item.vout, PIECE, len(whole))
            if not isinstance(piece, str) or not piece:
                raise errors.NotANode("gettxoutdata", "the payload ends before its announced size")
            with _well_formed("gettxoutdata"):
                whole += bytes.fromhex(piece)
        return bytes(whole)

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

    # --- helpers ---
    def _from(self, method: str, by: str | None, *params: Any) -> Any:
        return self._rpc.call(method, *params) if by is None else self._rpc.call(method + "from", by, *params)

    def _list(
        self, method: str, stream: str, params: list[str], count: int, start: int | None, local: bool
    ) -> list[Item]:
        page = (count, -count if start is None else start)
        answers = self._on(stream, lambda: self._rpc.call(method, stream, *params, True, *page, local))
        with _well_formed(method):
            return [parse_item(stream, answer) for answer in answers]

    def _on(self, stream: str, work: Callable[[], Any]) -> Any:
        """What `work` gives, tried again if a stream that was there is unknown now.

        A real node loses sight of a stream that is in no block yet for a moment while it takes in a block.
        Nothing was done then, so repeating is safe for every call.
        """
        for pause in (*_SIGHT_LOST, None):
            try:
                result = work()
            except errors.EntityNotFound:
                if pause is None or stream not in self._known:
                    raise
            else:
                self._known.add(stream)
                return result
            time.sleep(pause)
        raise AssertionError("unreachable")


@contextmanager
def _well_formed(method: str) -> Iterator[None]:
    """Around the taking apart of an answer: raises NotANode where it has another form."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError):
        raise errors.NotANode(method, "its answer lacks a field or has one of another type") from None


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
        size = size_of(item.data) + sum(len(key) * 4 for key in item.keys)
        grown = onchain + (0 if item.offchain else size)
        if batch and (
            len(batch) == MAX_BATCH_ITEMS or grown > MAX_BATCH_ONCHAIN or total + size > CACHE_ABOVE
        ):
            yield batch
            batch, onchain, total = [], 0, 0
        batch.append(item)
        onchain += 0 if item.offchain else size
        total += size
    if batch:
        yield batch


def _stream_info(entry: Mapping[str, Any]) -> StreamInfo:
    return StreamInfo(
        name=entry.get("name", ""),
        createtxid=entry["createtxid"],
        streamref=entry["streamref"],
        restrict=frozenset(word for word, on in entry["restrict"].items() if on),
        salted=entry["salted"],
        fields=entry["details"],
        creators=tuple(entry["creators"]),
        subscribed=entry["subscribed"],
        synchronized=entry.get("synchronized", False),
        items=entry.get("items"),
        confirmed=entry.get("confirmed"),
    )
