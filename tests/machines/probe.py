# SPDX-License-Identifier: Apache-2.0
"""Every balance and view of a state in one call (contracts/testing/Probe.sol), packed and read by hand.

A state is some hundred views, and it is looked at after every step: through eth_abi that was half of a
machine's time.
"""

from collections.abc import Sequence

from tests.machines.node import Node
from tests.support.anvil import artifact
from tests.support.codec import Codec

_WORD = 32


class Probe:
    """A deployed Probe."""

    def __init__(self, node: Node, address: str) -> None:
        self._node = node
        self._address = address
        self._selector = Codec(artifact("Probe")["abi"]).call("look", ([], [], []))[:4]

    def look(
        self, accounts: Sequence[str], targets: Sequence[str], calls: Sequence[bytes]
    ) -> tuple[list[int], list[tuple[bool, bytes]]]:
        """Each account's balance (wei), and of each call whether it returned and what."""
        arrays = [_addresses(accounts), _addresses(targets), _bytes_array(calls)]
        data = self._node.call(self._address, self._selector + _with_offsets(arrays))
        balances_at, answers_at = _word(data, 0), _word(data, 1)
        count = int.from_bytes(data[balances_at : balances_at + _WORD], "big")
        body = data[balances_at + _WORD :]
        balances = [_word(body, position) for position in range(count)]
        body = data[answers_at + _WORD :]
        answers = []
        for position in range(len(calls)):
            at = _word(body, position)
            size = int.from_bytes(body[at + 2 * _WORD : at + 3 * _WORD], "big")
            answers.append((body[at + _WORD - 1] == 1, body[at + 3 * _WORD : at + 3 * _WORD + size]))
        return balances, answers


def _word(data: bytes, position: int) -> int:
    return int.from_bytes(data[_WORD * position : _WORD * (position + 1)], "big")


def _uint(value: int) -> bytes:
    return value.to_bytes(_WORD, "big")


def _with_offsets(parts: Sequence[bytes]) -> bytes:
    """Dynamic members in a row, behind a word for each that tells where it begins."""
    offsets, at = [], _WORD * len(parts)
    for part in parts:
        offsets.append(_uint(at))
        at += len(part)
    return b"".join([*offsets, *parts])


def _addresses(accounts: Sequence[str]) -> bytes:
    return b"".join([_uint(len(accounts)), *(bytes(12) + bytes.fromhex(each[2:]) for each in accounts)])


def _bytes_array(members: Sequence[bytes]) -> bytes:
    padded = [_uint(len(each)) + each.ljust(-(-len(each) // _WORD) * _WORD, b"\0") for each in members]
    return _uint(len(members)) + _with_offsets(padded)
