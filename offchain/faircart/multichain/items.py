# SPDX-License-Identifier: Apache-2.0
"""What goes into a stream and what comes out of it, as typed values. Pure; no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from faircart.multichain.errors import InvalidItem, NotANode

JsonValue: TypeAlias = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None
Format = Literal["raw", "text", "json"]

MAX_ONCHAIN_BYTES = 2_097_152  # max-std-op-return-size of a chain with default parameters
MAX_OFFCHAIN_BYTES = 1_073_741_824  # maximum-chunk-size * maximum-chunk-count
MAX_KEY_BYTES = 256
MAX_BATCH_ITEMS = 32  # max-std-op-returns-count
_INT64 = 2**63
_HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Json:
    """A JSON value to publish. A node keeps member order, turns 2.0 into 2 and takes integers up to 64
    bits.
    """

    value: JsonValue = field(repr=False)


@dataclass(frozen=True)
class Text:
    """A text to publish, stored by the node as text (UTF-8)."""

    value: str = field(repr=False)


Data: TypeAlias = bytes | Json | Text


@dataclass(frozen=True)
class NewItem:
    """One item of a batch. `keys`: 1 or more, each at most 256 bytes of UTF-8."""

    keys: tuple[str, ...] = field(repr=False)
    data: Data = field(repr=False)
    offchain: bool = False


@dataclass(frozen=True)
class Item:
    """A stream item as this node sees it now.

    `vout` is the output that holds it (the only source of a vout that may be asked for). `format` says what
    `data` is: bytes for raw, str for text, a JSON value for json. `data` is None while the payload is not
    here (`available` is False) and also when it is too large to be shown (`shown` is False):
    `StreamNode.data` fetches it then. `size` is the payload's size in bytes where known (raw: always; text:
    always; json: the node's stored size, or None when the value was shown). `confirmations` is 0 and
    `blocktime` (seconds, UTC) None while unconfirmed. `valid` is False for an item that the chain's rules
    have thrown out.
    """

    stream: str
    txid: str
    vout: int
    publishers: tuple[str, ...]
    keys: tuple[str, ...] = field(repr=False)
    offchain: bool
    available: bool
    format: Format
    data: bytes | JsonValue = field(repr=False)
    shown: bool
    size: int | None
    confirmations: int
    blocktime: int | None
    valid: bool = True


@dataclass(frozen=True)
class StreamInfo:
    """A stream. `restrict` holds the words of what is restricted; `streamref` is None until it is
    confirmed.
    """

    name: str
    createtxid: str
    streamref: str | None
    restrict: frozenset[str]
    salted: bool
    fields: Mapping[str, Any]
    creators: tuple[str, ...]
    subscribed: bool
    synchronized: bool
    items: int | None
    confirmed: int | None


@dataclass(frozen=True)
class Permission:
    """A permission of an address; `stream` is None for a global one. Blocks: from start, before end."""

    address: str
    type: str
    stream: str | None
    startblock: int
    endblock: int


@dataclass(frozen=True)
class NodeInfo:
    """Who answers: chain, edition, version, height in blocks, number of peers."""

    chain_name: str
    version: str
    edition: str
    protocol: int
    blocks: int
    connections: int
    node_address: str


def check_data(data: Data) -> None:
    """Raises InvalidItem for what no node takes or gives back as it was. Names no content."""
    if isinstance(data, Text):
        _check_text(data.value)
    elif isinstance(data, Json):
        check_json(data.value)
    elif not isinstance(data, bytes):
        raise InvalidItem(detail=f"data must be bytes, Json or Text, not {type(data).__name__}")


def encode(data: Data) -> str | dict[str, Any]:
    """`data` as a `publish` parameter."""
    if isinstance(data, Text):
        return {"text": data.value}
    if isinstance(data, Json):
        return {"json": data.value}
    return data.hex()


def _check_text(text: Any) -> None:
    if not isinstance(text, str):
        raise InvalidItem(detail=f"a text must be a string, not {type(text).__name__}")
    # no encoding attempt: its error would carry the text
    if _HALF_PAIR.search(text):
        raise InvalidItem(detail="a text holds half of a surrogate pair, which is no Unicode")


def check_json(value: Any, depth: int = 0) -> None:
    """Raises InvalidItem for a value that a node would not give back: what is no JSON, 64 bits or 100
    levels passed.
    """
    if depth > 95:
        raise InvalidItem(detail="JSON is nested more than 95 levels deep")
    if isinstance(value, dict):
        for name, member in value.items():
            _check_text(name)
            check_json(member, depth + 1)
    elif isinstance(value, list | tuple):
        for member in value:
            check_json(member, depth + 1)
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise InvalidItem(detail="JSON integers have at most 64 bits; write larger ones as strings")
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise InvalidItem(detail="JSON knows no NaN and no infinity")
    else:
        raise InvalidItem(detail=f"a {type(value).__name__} is no JSON value")


def size_of(data: Data) -> int:
    """Bytes of a payload (JSON: of its text; a node stores it slightly differently)."""
    if isinstance(data, Text):
        return len(data.value.encode())
    if isinstance(data, Json):
        return len(json.dumps(data.value, ensure_ascii=False).encode())
    return len(data)


def check_keys(keys: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Keys as a tuple; raises InvalidItem for none, for `*`, for more than 256 bytes of UTF-8. Names no
    key.
    """
    listed = (keys,) if isinstance(keys, str) else tuple(keys)
    if not listed:
        raise InvalidItem(detail="an item needs at least one key")
    for key in listed:
        _check_text(key)
        if key == "*":
            raise InvalidItem(detail="a key must be a string other than *")
        if len(key.encode()) > MAX_KEY_BYTES:
            raise InvalidItem(detail=f"a key is longer than {MAX_KEY_BYTES} bytes of UTF-8")
    return listed


def parse_item(stream: str, answer: Any) -> Item:
    """A verbose item of a node's answer. Raises NotANode if it is none."""
    try:
        form, shown, data, size = parse_data(answer["data"], available=answer["available"])
        return Item(
            stream=stream,
            txid=answer["txid"],
            vout=answer["vout"],
            publishers=tuple(answer["publishers"]),
            keys=tuple(answer["keys"]),
            offchain=answer["offchain"],
            available=answer["available"],
            format=form,
            data=data,
            shown=shown,
            size=size,
            confirmations=answer["confirmations"],
            blocktime=answer.get("blocktime"),
            valid=answer.get("valid", True),
        )
    except (KeyError, TypeError, ValueError):
        pass
    raise NotANode(detail="an item of its answer lacks a field or has one of another type")


def parse_data(data: Any, *, available: bool) -> tuple[Format, bool, Any, int | None]:
    """(format, shown, value, size) of an item's `data` member, or of a gettxoutdata answer."""
    if isinstance(data, str):
        value = bytes.fromhex(data)
        return "raw", available, value, len(value)
    if "text" in data:
        return "text", True, str(data["text"]), len(data["text"].encode("utf-8", "surrogatepass"))
    # a json item's value may have members called txid and so on; its own member decides
    if "json" in data:
        return "json", True, data["json"], None
    form: Format = {"raw": "raw", "text": "text", "json": "json"}[data["format"]]  # type: ignore[assignment]
    return form, False, None, int(data["size"])
