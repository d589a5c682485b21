# SPDX-License-Identifier: Apache-2.0
"""How a node stores a JSON item: UBJSON, of which sizes and chunk hashes are visible outside. Pure."""

from __future__ import annotations

import struct
from typing import Any

MAX_DEPTH = 100


class TooDeepError(ValueError):
    """Nested deeper than a node stores."""


def encode(value: Any, depth: int = 0) -> bytes:
    """UBJSON (draft 12 types Z T F C S i U I l L D [ {) of a JSON value; TooDeepError above 100 levels.

    A node packs long arrays of one number type tighter; that is not done here, so their size differs.
    """
    if depth >= MAX_DEPTH - isinstance(value, list | dict):
        raise TooDeepError
    if value is None:
        return b"Z"
    if isinstance(value, bool):
        return b"T" if value else b"F"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return b"D" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"C" + value.encode() if len(value) == 1 and value.isascii() else b"S" + _bare(value)
    if isinstance(value, list):
        return b"[" + b"".join(encode(member, depth + 1) for member in value) + b"]"
    members = (_bare(name) + encode(member, depth + 1) for name, member in value.items())
    return b"{" + b"".join(members) + b"}"


def _bare(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return _integer(len(raw)) + raw


def _integer(number: int) -> bytes:
    for mark, form, low, high in (
        (b"i", ">b", -(2**7), 2**7),
        (b"U", ">B", 0, 2**8),
        (b"I", ">h", -(2**15), 2**15),
        (b"l", ">i", -(2**31), 2**31),
    ):
        if low <= number < high:
            return mark + struct.pack(form, number)
    return b"L" + struct.pack(">q", number)
