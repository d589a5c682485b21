# SPDX-License-Identifier: Apache-2.0
"""Calls, events and errors of contracts as plain values, from and to their ABI encoding.

Values are what eth_abi gives: integers, bytes, tuples; addresses have their checksum. Web3's own contract
objects do the same, ten times slower; a state machine encodes and decodes tens of thousands of times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

_PANIC = bytes.fromhex("4e487b71")
_REQUIRE = bytes.fromhex("08c379a0")


@dataclass(frozen=True)
class Event:
    """One log: who emitted it, the event's name and all its values in the order of the declaration."""

    emitter: str
    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Failure:
    """Why a call reverted: a custom error's name and values; name "" and the raw data for anything else."""

    name: str
    values: tuple[Any, ...] = ()


class Codec:
    """Encodes calls and decodes logs and errors of one contract."""

    def __init__(self, abi: Sequence[dict[str, Any]]) -> None:
        self._functions: dict[str, tuple[bytes, list[str]]] = {}
        self._errors: dict[bytes, tuple[str, list[str]]] = {
            _PANIC: ("Panic", ["uint256"]),
            _REQUIRE: ("Error", ["string"]),
        }
        self._events: dict[bytes, tuple[str, list[str], list[bool]]] = {}
        for entry in abi:
            if entry["type"] not in ("function", "error", "event"):
                continue
            types = [collapse_if_tuple(argument) for argument in entry["inputs"]]
            hashed = keccak(text=f"{entry['name']}({','.join(types)})")
            if entry["type"] == "function":
                if entry["name"] in self._functions:
                    raise ValueError(f"{entry['name']} is overloaded: calls by name are ambiguous")
                self._functions[entry["name"]] = hashed[:4], types
            elif entry["type"] == "error":
                self._errors[hashed[:4]] = entry["name"], types
            else:
                indexed = [argument["indexed"] for argument in entry["inputs"]]
                self._events[hashed] = entry["name"], types, indexed

    @property
    def errors(self) -> set[str]:
        """The names of the contract's own and inherited custom errors."""
        return {name for name, _ in self._errors.values()} - {"Panic", "Error"}

    @property
    def events(self) -> set[str]:
        """The names of its events."""
        return {name for name, _, _ in self._events.values()}

    def call(self, name: str, arguments: Sequence[Any]) -> bytes:
        """The data of a call."""
        selector, types = self._functions[name]
        return selector + encode(types, arguments)

    def failure(self, data: bytes) -> Failure:
        """The error in a call's revert data."""
        known = self._errors.get(data[:4])
        if known is None:
            return Failure("", (data,) if data else ())
        return Failure(known[0], _normal(decode(known[1], data[4:])))

    def event(self, emitter: str, topics: Sequence[bytes], data: bytes) -> Event:
        """The event in a log. Raises KeyError for one that the contract does not declare."""
        name, types, indexed = self._events[topics[0]]
        plain = iter(
            decode([kind for kind, is_topic in zip(types, indexed, strict=True) if not is_topic], data)
        )
        topic = iter(topics[1:])
        values = tuple(
            decode([kind], next(topic))[0] if is_topic else next(plain)
            for kind, is_topic in zip(types, indexed, strict=True)
        )
        return Event(checksum(emitter), name, _normal(values))


@lru_cache(maxsize=100_000)
def checksum(address: str) -> str:
    """The address with its EIP-55 checksum."""
    return str(to_checksum_address(address))


def _normal(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        _normal(value)
        if isinstance(value, tuple | list)
        else checksum(value)
        if isinstance(value, str) and len(value) == 42 and value.startswith("0x")
        else value
        for value in values
    )
