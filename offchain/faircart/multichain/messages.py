# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC as bytes: requests that carry payloads, answers that carry results. Pure.

Payloads travel as hex. For these, JSON's own encoder and decoder, which look at each character, take longer
than all the rest of a call, and so does memory for another copy of a long one.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator, Sequence
from typing import Any

MAX_BODY_BYTES = 33_554_432
"""The node's limit for one request body."""
_SLICE = 1 << 16
_RESULT = b'{"result":"'
_LONG_RESULT = 1 << 15
# not ASCII: escapes beyond the first plane are not understood by every node
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Body:
    """The body of a request: bytes, and payloads (`memoryview`) that become hex, slice by slice, whenever it
    is sent.
    """

    def __init__(self, parts: Sequence[bytes | memoryview]) -> None:
        self._parts = parts
        self._length = sum(len(part) * (2 if isinstance(part, memoryview) else 1) for part in parts)
        if self._length <= _SLICE:
            self._parts = (b"".join(self),)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            else:
                for start in range(0, len(part), _SLICE):
                    yield binascii.hexlify(part[start : start + _SLICE])


def request(envelope: dict[str, Any], params: Sequence[Any]) -> Body:
    """The request `envelope` with `params`; one of `bytes` is sent as hex. Raises TypeError, ValueError and
    RecursionError, which may hold the values, for what is no JSON in UTF-8.
    """
    parts: list[bytes | memoryview] = [_json(envelope)[:-1] + b',"params":[']
    for number, param in enumerate(params):
        comma = b"," if number else b""
        if isinstance(param, bytes):
            parts += (comma + b'"', memoryview(param), b'"')
        else:
            parts.append(comma + _json(param))
    return Body([*parts, b"]}"])


def answer(content: bytes, *, as_bytes: bool = False) -> Any:
    """As `json.loads`, with a `result` of hex as bytes if these are wanted. Raises ValueError and
    RecursionError, which may hold the content.
    """
    start = len(_RESULT)
    end = content.find(b'"', start) if content.startswith(_RESULT) else -1
    if end - start >= _LONG_RESULT:
        long = memoryview(content)[start:end]
        if as_bytes:
            return {**json.loads(_RESULT + content[end:]), "result": binascii.unhexlify(long)}
        if content.find(b"\\", start, end) == -1:
            return {**json.loads(_RESULT + content[end:]), "result": str(long, "utf-8")}
    parsed = json.loads(content)
    if as_bytes and isinstance(parsed, dict) and isinstance(parsed.get("result"), str):
        parsed["result"] = binascii.unhexlify(parsed["result"])
    return parsed


def _json(value: Any) -> bytes:
    return _ENCODER.encode(value).encode()
