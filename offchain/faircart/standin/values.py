# SPDX-License-Identifier: Apache-2.0
"""Reading parameters as a node does: which type is taken, and which error another one gives. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from faircart.standin.rpcerror import PARAMETER, USAGE, RpcError

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_TXID = re.compile(r"[0-9a-fA-F]{64}")
_INT64 = 2**63


def kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    return {str: "str", int: "int", float: "real", list: "array", dict: "obj"}[type(value)]


def string(value: Any) -> str:
    """What a node takes with `get_str`: another type is error -1 naming both types."""
    if isinstance(value, str):
        return value
    raise RpcError(USAGE, f"value is type {kind(value)}, expected str")


def integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise RpcError(USAGE, f"value is type {kind(value)}, expected int")


def flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise RpcError(USAGE, f"value is type {kind(value)}, expected bool")


def verbose(params: list[Any], position: int) -> bool:
    if len(params) <= position:
        return False
    if isinstance(params[position], bool):
        return bool(params[position])
    raise RpcError(PARAMETER, "Invalid parameter value type, should be boolean")


def page(params: list[Any], position: int, default: int) -> tuple[int, int]:
    """(count, start) from `params[position:]`; `start` defaults to -count."""
    count = default
    if len(params) > position:
        count = _int(params[position], "Invalid count")
        if count < 0:
            raise RpcError(PARAMETER, "Invalid count")
    start = -count
    if len(params) > position + 1:
        start = _int(params[position + 1], "Invalid start")
    return count, start


def _int(value: Any, message: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31:
        return value
    raise RpcError(PARAMETER, message)


def window(count: int, start: int, size: int) -> tuple[int, int]:
    """(first, number) of a list of `size` entries."""
    count = min(count, size)
    if start < 0:
        start = max(start + size, 0)
    if start > 0:
        count = min(count, size - start)
    return start, max(count, 0)


def strings(value: Any) -> list[str]:
    """A list of strings, or one string with commas; duplicates are refused."""
    if isinstance(value, str):
        listed = value.split(",") if value else []
        if listed and listed[-1] == "":
            listed.pop()
    elif isinstance(value, list):
        listed = []
        for member in value:
            if isinstance(member, bool) or not isinstance(member, str | int):
                raise RpcError(PARAMETER, "Invalid value, expected array of strings")
            listed.append(str(member))
    else:
        raise RpcError(PARAMETER, "Invalid value, expected string or array")
    seen = set()
    for member in listed:
        if member in seen:
            raise RpcError(PARAMETER, f"Invalid parameter, duplicate value: {member}")
        seen.add(member)
    return listed


def txid(value: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]+", value):
        raise RpcError(PARAMETER, f"txid must be hexadecimal string (not '{value}')")
    return value.lower().rjust(64, "0")


def is_txid(value: str) -> bool:
    return bool(_TXID.fullmatch(value))


def hexadecimal(value: Any) -> bytes | None:
    if isinstance(value, str) and len(value) % 2 == 0 and _HEX.fullmatch(value):
        return bytes.fromhex(value)
    return None


def plain_numbers(value: Any) -> Any:
    """JSON as a node gives it back: 2.0 becomes 2. Member order is kept."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _INT64:
        return int(value)
    if isinstance(value, list):
        return [plain_numbers(member) for member in value]
    if isinstance(value, dict):
        return {name: plain_numbers(member) for name, member in value.items()}
    return value


def read_json(text: bytes) -> Any:
    """A request body. Bytes that are no UTF-8 are taken as Latin-1, as a node does. Raises ValueError."""
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        decoded = text.decode("latin-1")
    return json.loads(decoded, object_pairs_hook=_first_wins, parse_constant=_no_constant, parse_int=_int64)


def write_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else dict(reversed(pairs))


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _int64(digits: str) -> int:
    number = int(digits) if len(digits) < 25 else _INT64
    if not -_INT64 <= number < _INT64:
        raise ValueError("more than 64 bits")
    return number
