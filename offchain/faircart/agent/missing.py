# SPDX-License-Identifier: Apache-2.0
"""Whether a node left out logs of a range.

It may announce a block before it has indexed its logs, or answer for a part of what was asked. Near the head,
where what is read is still young, blocks' headers tell what they hold; somewhat deeper a second answer has to
agree. What can not be taken back any more is believed: asking twice for years of history costs too much.
"""

from collections import Counter

from faircart.ethereum.errors import EthereumError, NodeRefused
from faircart.ethereum.node import EthereumNode, Head, Log

CHECKED_BLOCKS = 64
"""How many blocks at the head are checked one by one."""
METHOD_NOT_FOUND = -32601  # JSON-RPC 2.0


class LogsMissing(EthereumError):
    """The node answered fewer logs than its own blocks hold."""


class LogCheck:
    """Compares logs with what else the node says. `addresses` are those whose logs are asked for."""

    def __init__(self, node: EthereumNode, addresses: list[str]) -> None:
        self._node = node
        self._addresses = addresses

    def require_all(self, logs: list[Log], first: int, end: Head, *, head: int, twice: int) -> None:
        """Raises LogsMissing if logs of blocks `first` to `end` were left out.

        Looks at the newest `twice` blocks up to `head`, and no further down.
        """
        checked = max(first, head - CHECKED_BLOCKS + 1)
        asked_twice = max(first, head - twice + 1)
        last = min(end.number, checked - 1)
        if asked_twice <= last:
            self._agree(logs, asked_twice, last)
        told = Counter(entry.block_number for entry in logs)
        for number in range(checked, end.number + 1):
            if not told[number]:
                header = end if number == end.number else self._node.head(number)
                if header is None or not any(map(header.may_log, self._addresses)):
                    continue
            if self._count(number) > told[number]:
                raise LogsMissing(f"The Ethereum node left out logs of block {number}: it is asked again")

    def _agree(self, logs: list[Log], first: int, last: int) -> None:
        told = {_place(entry) for entry in logs if first <= entry.block_number <= last}
        if told != {_place(entry) for entry in self._node.logs(first, last, self._addresses)}:
            raise LogsMissing(
                f"The Ethereum node answered other logs of blocks {first} to {last} the second time: "
                "it is asked again"
            )

    def _count(self, number: int) -> int:
        try:
            return self._node.count_logs(number, self._addresses)
        except NodeRefused as error:
            if error.code != METHOD_NOT_FOUND:
                raise
            # An older node does not tell a block's receipts: a second answer that is the same has to do.
            return len(self._node.logs(number, number, self._addresses))


def _place(entry: Log) -> tuple[bytes, int]:
    return entry.block_hash, entry.log_index
