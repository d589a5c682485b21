# SPDX-License-Identifier: Apache-2.0
"""Publishing items."""

from __future__ import annotations

import os
from typing import Any

from faircart.standin import ubjson, values
from faircart.standin.ledger import NewItem, Stream
from faircart.standin.methods.outputs import cached
from faircart.standin.registry import method
from faircart.standin.rpcerror import (
    NOT_ALLOWED,
    NOT_SUPPORTED,
    PARAMETER,
    PERMISSION,
    REJECTED,
    RpcError,
    enterprise,
)
from faircart.standin.wallet import Wallet

MAX_KEY_BYTES = 256
MAX_ITEMS = 32
MAX_ONCHAIN_BYTES = 2_097_152
MAX_TRANSACTION_BYTES = 4_194_304
MAX_OFFCHAIN_BYTES = 1_073_741_824
SALT_BYTES = 16
_OPTIONS = "Stream item options must be offchain or empty"


@method("publish", 3, 4, '"stream-identifier" "key"|keys "data-hex"|data-obj "options" ')
def publish(wallet: Wallet, params: list[Any]) -> Any:
    return _publish(wallet, "*", params)


@method("publishfrom", 4, 5, '"from-address" "stream-identifier" "key"|keys "data-hex"|data-obj "options" ')
def publishfrom(wallet: Wallet, params: list[Any]) -> Any:
    return _publish(wallet, params[0], params[1:])


@method("publishmulti", 2, 3, '"stream-identifier" items "options" ')
def publishmulti(wallet: Wallet, params: list[Any]) -> Any:
    return _publish_multi(wallet, "*", params)


@method("publishmultifrom", 3, 4, '"from-address" "stream-identifier" items "options" ')
def publishmultifrom(wallet: Wallet, params: list[Any]) -> Any:
    return _publish_multi(wallet, params[0], params[1:])


def _publish(wallet: Wallet, signer: Any, params: list[Any]) -> str:
    stream = wallet.stream(params[0])
    publisher = _publishers(wallet, signer, stream)[0]
    if isinstance(params[1], str):
        keys = [params[1]]
    elif isinstance(params[1], list):
        keys = params[1]
    else:
        raise RpcError(PARAMETER, "Item keys should be either string or array")
    if not keys:
        raise RpcError(PARAMETER, "Item keys array cannot be empty")
    for key in keys:
        _check_key(key)
        if key == "*":
            raise RpcError(PARAMETER, "Invalid item-key-string: *")
    offchain = _offchain(params[3]) if len(params) > 3 else False
    item = _item(wallet, stream, keys, params[2], offchain)
    return _commit(wallet, publisher, [item])


def _publish_multi(wallet: Wallet, signer: Any, params: list[Any]) -> str:
    stream = wallet.stream(params[0])
    default = _offchain(params[2]) if len(params) > 2 else False
    publishers = _publishers(wallet, signer, stream)
    if not isinstance(params[1], list):
        raise RpcError(PARAMETER, "Items should be array")
    if not params[1]:
        raise RpcError(PARAMETER, "Either addresses object or data array should not be empty")
    if len(params[1]) > MAX_ITEMS:
        raise RpcError(PARAMETER, f"Number of items exceeds {MAX_ITEMS} (max-std-op-returns-count)")
    targets = []
    for entry in params[1]:
        if not isinstance(entry, dict):
            raise RpcError(PARAMETER, "Items should be array of objects")
        target = stream
        if "for" in entry:
            target = wallet.stream(entry["for"])
            publishers = [address for address in publishers if _may_publish(wallet, address, target)]
            if not publishers:
                words = (
                    "This wallet contains no addresses with permission to write to all streams"
                    " and global send permission."
                    if signer == "*"
                    else "Publishing in this stream is not allowed from this address."
                )
                raise RpcError(PERMISSION, words)
        targets.append(target)
    items = [
        _multi_item(wallet, target, entry, default) for target, entry in zip(targets, params[1], strict=True)
    ]
    return _commit(wallet, publishers[0], items)


def _multi_item(wallet: Wallet, stream: Stream, entry: dict[str, Any], default: bool) -> NewItem:
    offchain = _offchain(entry["options"]) if "options" in entry else default
    problem = ""
    keys: list[Any] = []
    for field, value in entry.items():
        if field in ("key", "keys") and "key" in entry and "keys" in entry:
            problem = "only one of the key fields can appear in the object"
        elif field == "key":
            keys = [value]
            if not isinstance(value, str):
                problem = "Invalid key"
        elif field == "keys":
            keys = value
            if not isinstance(value, list):
                problem = "Invalid keys - should be array"
            elif not value:
                problem = "Invalid keys - should be non-empty array"
        elif field not in ("data", "options", "for"):
            problem = f"Invalid field: {field}"
    if "data" not in entry:
        problem = "Missing data field"
    if "key" not in entry and "keys" not in entry:
        problem = "Missing keys field"
    if problem:
        raise RpcError(PARAMETER, problem)
    for key in keys:
        if not isinstance(key, str):
            raise RpcError(PARAMETER, "key should be string")
        _check_key(key)
    # a batch is built as a raw transaction, and the rules of the chain refuse it then
    if (stream.offchain if offchain else stream.onchain) and not stream.read:
        _data(wallet, entry["data"], offchain)
        raise RpcError(REJECTED, "64: Metadata script rejected - stream restrictions violation")
    return _item(wallet, stream, keys, entry["data"], offchain)


def _check_key(key: Any) -> None:
    if not isinstance(key, str):
        raise RpcError(PARAMETER, "Item key should be string")
    if len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        raise RpcError(PARAMETER, "Item key is too long")


def _offchain(options: Any) -> bool:
    if options == "offchain":
        return True
    if options == "":
        return False
    raise RpcError(PARAMETER, _OPTIONS)


def _may_publish(wallet: Wallet, address: str, stream: Stream) -> bool:
    writes = not stream.write or wallet.may(address, "write", stream.txid)
    return writes and wallet.may(address, "send")


def _publishers(wallet: Wallet, signer: Any, stream: Stream) -> list[str]:
    """Addresses of this wallet that may publish here; one if a from-address is named."""
    if signer != "*":
        address = wallet.from_address(signer)
        if stream.write and not wallet.may(address, "write", stream.txid):
            raise RpcError(PERMISSION, "Publishing in this stream is not allowed from this address")
        if not wallet.may(address, "send"):
            raise RpcError(PERMISSION, "from-address doesn't have send permission")
        return [address]
    found = [address for address in wallet.own_addresses() if _may_publish(wallet, address, stream)]
    if not found:
        raise RpcError(
            PERMISSION,
            "This wallet contains no addresses with permission to write to this stream"
            " and global send permission.",
        )
    return found


def _item(wallet: Wallet, stream: Stream, keys: list[str], data: Any, offchain: bool) -> NewItem:
    if offchain and stream.offchain:
        raise RpcError(NOT_ALLOWED, "Publishing offchain items is not allowed to this stream")
    if not offchain and stream.onchain:
        raise RpcError(NOT_ALLOWED, "Publishing onchain items is not allowed to this stream")
    form, payload, size = _data(wallet, data, offchain)
    if stream.read:
        raise enterprise("Publishing to read-restricted stream")
    if not offchain and size > MAX_ONCHAIN_BYTES:
        raise RpcError(REJECTED, "Error: The transaction was rejected: 64: scriptpubkey")
    salt = os.urandom(SALT_BYTES) if offchain and stream.salted else b""
    return NewItem(stream.txid, list(keys), offchain, form, size, payload, salt)


def _data(wallet: Wallet, data: Any, offchain: bool) -> tuple[str, bytes, int]:
    """(format, payload as kept here, size as a node counts it)."""
    raw = values.hexadecimal(data)
    if raw is not None:
        return "raw", raw, len(raw)
    if not isinstance(data, dict):
        raise RpcError(PARAMETER, "data should be hexadecimal string or recognized object")
    if len(data) != 1:
        raise RpcError(PARAMETER, "data should be object with single element")
    ((name, value),) = data.items()
    if name == "text":
        if not isinstance(value, str):
            raise RpcError(PARAMETER, "value in data object should be string")
        text = value.encode("utf-8", "surrogatepass")
        return "text", text, len(text)
    if name == "json":
        try:
            size = len(ubjson.encode(values.plain_numbers(value)))
        except (ubjson.TooDeepError, RecursionError):
            raise RpcError(PARAMETER, "Couldn't transfer JSON object to internal UBJSON format") from None
        return "json", values.write_json(values.plain_numbers(value)), size
    if name == "cache":
        if not isinstance(value, str):
            raise RpcError(PARAMETER, "cache identifier in data object should be string")
        cache = cached(wallet, value)
        if len(cache) > (MAX_OFFCHAIN_BYTES if offchain else MAX_ONCHAIN_BYTES):
            raise RpcError(NOT_SUPPORTED, "Binary cache item too big")
        return "raw", cache, len(cache)
    raise RpcError(NOT_SUPPORTED, f"Unsupported item data type: {name}")


def _commit(wallet: Wallet, publisher: str, items: list[NewItem]) -> str:
    # an output holds the stream, each key and the data, or the hashes of its chunks
    size = sum(
        64 + sum(len(key) + 8 for key in item.keys) + (0 if item.offchain else item.size) for item in items
    )
    if size > MAX_TRANSACTION_BYTES:
        raise RpcError(REJECTED, "Error: The transaction was rejected: 64: tx-size")
    txid = wallet.ledger.add_items(wallet.number, publisher, items)
    wallet.network.announce(wallet.number, txid)
    return txid
