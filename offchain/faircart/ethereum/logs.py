# SPDX-License-Identifier: Apache-2.0
"""Raw logs to typed events, without web3's general decoder, which is some twenty times slower."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from eth_utils.address import to_checksum_address

from faircart.ethereum.contracts import Contracts
from faircart.ethereum.errors import EthereumError
from faircart.ethereum.events import EVENTS, At, Event
from faircart.ethereum.node import Log


class UnknownEvent(EthereumError):
    """A log of one of our contracts that is none of its events, or has the wrong length."""


class LogDecoder:
    """Decodes the events of `events.EVENTS`; the contracts' other events are passed over."""

    def __init__(self, contracts: Contracts) -> None:
        self._kinds: dict[tuple[str, bytes], _Decode] = {}
        self._other: set[tuple[str, bytes]] = set()
        for contract, topic, entry in contracts.event_abis():
            place = (contracts.address(contract).lower(), topic)
            kind = EVENTS.get((contract, entry["name"]))
            if kind is None:
                self._other.add(place)
            else:
                self._kinds[place] = _Decode(kind, entry)

    def __call__(self, log: Log, timestamp: int) -> Event | None:
        """The typed event, None for one that agents do not follow. Raises UnknownEvent."""
        place = (log.address, log.topics[0] if log.topics else b"")
        decode = self._kinds.get(place)
        if decode is None:
            if place in self._other:
                return None
            raise UnknownEvent(f"Contract {log.address} logged an event that its ABI does not name")
        return decode(log, At(log.block_number, log.block_hash, timestamp, log.transaction, log.log_index))


class _Decode:
    """One event's static fields: word i of the topics or of the data."""

    def __init__(self, kind: type[Event], entry: dict[str, Any]) -> None:
        self._kind = kind
        places: dict[str, tuple[bool, int, Callable[[bytes], Any]]] = {}
        topics, words = 1, 0
        for item in entry["inputs"]:
            index = topics if item["indexed"] else words
            topics, words = topics + item["indexed"], words + (not item["indexed"])
            places[_snake(item["name"])] = (item["indexed"], index, _word(item["type"]))
        self._topics, self._length = topics, words * 32
        wanted = [field.name for field in dataclasses.fields(kind)][1:]
        if missing := set(wanted) - set(places):
            raise EthereumError(f"The ABI's event {entry['name']} has no {', '.join(sorted(missing))}")
        self._parts = [places[name] for name in wanted]

    def __call__(self, log: Log, at: At) -> Event:
        if len(log.topics) != self._topics or len(log.data) != self._length:
            raise UnknownEvent(f"Contract {log.address} logged {self._kind.__name__} with other fields")
        values = (
            read(log.topics[index] if indexed else log.data[32 * index : 32 * index + 32])
            for indexed, index, read in self._parts
        )
        return self._kind(at, *values)


def _word(kind: str) -> Callable[[bytes], Any]:
    if kind == "address":
        return lambda word: _checksum(word[12:])
    if kind == "bytes32":
        return bytes
    if kind == "bool":
        return lambda word: word[-1] == 1
    if kind.startswith("uint"):
        return lambda word: int.from_bytes(word, "big")
    raise EthereumError(f"Events with a field of type {kind} are not supported")


_addresses: dict[bytes, str] = {}


def _checksum(address: bytes) -> str:
    # Checksumming is a keccak each; a chain's busy addresses are few.
    known = _addresses.get(address)
    if known is None:
        if len(_addresses) > 100_000:
            _addresses.clear()
        known = _addresses[address] = to_checksum_address(address)
    return known


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda match: "_" + match.group(1).lower(), name)
