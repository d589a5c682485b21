# SPDX-License-Identifier: Apache-2.0
"""One Ethereum node over JSON-RPC:

typed answers, typed errors, a timeout on every call, no retries of its own.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from eth_utils.crypto import keccak
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from faircart.ethereum.errors import NodeBusy, NodeRefused, NodeUnreachable, WrongChain

Tag = int | str


@dataclass(frozen=True, slots=True)
class Head:
    """A block's header, as far as the agent needs it. `timestamp` and `base_fee` in seconds and wei."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int
    base_fee: int
    bloom: bytes = b""

    def may_log(self, address: str) -> bool:
        """Whether the block can hold logs of `address` (its bloom filter, Yellow Paper 4.3.1): a yes may be
        wrong, a no is certain. Yes where the node told no filter.
        """
        if len(self.bloom) != 256:
            return True
        digest = keccak(bytes.fromhex(address.removeprefix("0x")))
        bits = (int.from_bytes(digest[place : place + 2], "big") % 2048 for place in (0, 2, 4))
        return all(self.bloom[255 - bit // 8] >> bit % 8 & 1 for bit in bits)


@dataclass(frozen=True, slots=True)
class Log:
    """A raw log of a mined transaction; `timestamp` (seconds) where the node says it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction: bytes
    log_index: int
    timestamp: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction: whether it succeeded, where it stands, what it cost (wei), whether it logged."""

    transaction: bytes
    succeeded: bool
    block_number: int
    block_hash: bytes
    cost: int
    logged: bool = False


class RevertData(Exception):
    """A call reverted with this data; `contracts.Contracts` turns it into `Reverted`."""

    def __init__(self, data: bytes, message: str) -> None:
        super().__init__(message)
        self.data = data
        self.message = message


class EthereumNode:
    """`url` is http(s); its password part, if any, never appears in errors. `timeout` in seconds."""

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self._provider = HTTPProvider(
            url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None
        )
        parts = urlsplit(url)
        self.url = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

    def check_chain(self, chain_id: int) -> None:
        """Raises WrongChain unless the node serves `chain_id`."""
        found = self.chain_id()
        if found != chain_id:
            raise WrongChain(
                f"The Ethereum node {self.url} serves chain {found}, but ethereum.chain_id is {chain_id}"
            )

    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self._number("eth_chainId")

    def head(self, tag: Tag = "latest") -> Head | None:
        """A block's header, by number or by `latest`, `safe`, `finalized`; None if there is no such block."""
        block = self._ask("eth_getBlockByNumber", _tag(tag), False)
        if block is None:
            return None
        with self._sense("a block"):
            head = Head(
                number=_int(block["number"]),
                hash=_hash(block["hash"]),
                parent=_hash(block["parentHash"]),
                timestamp=_int(block["timestamp"]),
                base_fee=_int(block.get("baseFeePerGas") or "0x0"),
                bloom=_bytes(block.get("logsBloom") or "0x"),
            )
            if isinstance(tag, int) and head.number != tag:
                raise ValueError("another block")
            return head

    def logs(self, first: int, last: int, addresses: list[str]) -> list[Log]:
        """All logs of `addresses` in blocks `first` to `last`, in order.

        Raises NodeUnreachable for nonsense.
        """
        asked = {"fromBlock": hex(first), "toBlock": hex(last), "address": addresses}
        found = self._ask("eth_getLogs", asked)
        with self._sense("logs"):
            logs = [_log(raw) for raw in found if not raw.get("removed")]
        if any(not first <= log.block_number <= last for log in logs):
            raise NodeUnreachable(
                f"The Ethereum node {self.url} answered logs outside blocks {first}..{last}"
            )
        unique = {(log.block_number, log.log_index): log for log in logs}
        return [unique[place] for place in sorted(unique)]

    def count_logs(self, block: int, addresses: list[str]) -> int:
        """How many logs of `addresses` the receipts of a block hold, which are told with the block itself."""
        wanted = {address.lower() for address in addresses}
        found = self._ask("eth_getBlockReceipts", hex(block))
        with self._sense("receipts"):
            return sum(entry["address"].lower() in wanted for one in found or () for entry in one["logs"])

    def code(self, address: str) -> bytes:
        """The code at an address, empty for none."""
        answer = self._ask("eth_getCode", address, "latest")
        with self._sense("eth_getCode"):
            return _bytes(answer)

    def balance(self, address: str) -> int:
        """An account's balance, wei."""
        return self._number("eth_getBalance", address, "latest")

    def nonce(self, address: str, tag: Tag = "latest") -> int:
        """How many transactions an account has had mined (`latest`) or sent (`pending`)."""
        return self._number("eth_getTransactionCount", address, _tag(tag))

    def call(
        self, to: str, data: bytes, *, sender: str | None = None, value: int = 0, tag: Tag = "latest"
    ) -> bytes:
        """The answer of a call. Raises RevertData."""
        transaction = {"to": to, "data": "0x" + data.hex(), "value": hex(value)}
        if sender is not None:
            transaction["from"] = sender
        answer = self._ask("eth_call", transaction, _tag(tag))
        with self._sense("eth_call"):
            return _bytes(answer)

    def estimate(self, to: str, data: bytes, *, sender: str, value: int = 0) -> int:
        """Gas that a transaction would use now. Raises RevertData."""
        transaction = {"from": sender, "to": to, "data": "0x" + data.hex(), "value": hex(value)}
        return self._number("eth_estimateGas", transaction)

    def priority_fee(self) -> int:
        """The tip that gets a transaction mined soon, wei a gas."""
        return self._number("eth_maxPriorityFeePerGas")

    def send_raw(self, raw: bytes) -> None:
        """Broadcasts a signed transaction. One that the node already has is no error."""
        try:
            self._ask("eth_sendRawTransaction", "0x" + raw.hex())
        except NodeRefused as error:
            if not any(phrase in error.reason.lower() for phrase in _ALREADY_THERE):
                raise

    def receipt(self, transaction: bytes) -> Receipt | None:
        """A transaction's receipt, None while it is not mined."""
        found = self._ask("eth_getTransactionReceipt", "0x" + transaction.hex())
        if found is None:
            return None
        with self._sense("a receipt"):
            if found.get("blockHash") is None:
                return None
            return Receipt(
                transaction=transaction,
                succeeded=_int(found["status"]) == 1,
                block_number=_int(found["blockNumber"]),
                block_hash=_hash(found["blockHash"]),
                cost=_int(found["gasUsed"]) * _int(found.get("effectiveGasPrice") or "0x0"),
                logged=bool(found.get("logs")),
            )

    def wait_until_reachable(self, seconds: float) -> None:
        """Waits for the node to answer. Raises the last NodeUnreachable when `seconds` are over."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.chain_id()
                return
            except NodeUnreachable:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    @contextmanager
    def _sense(self, what: str) -> Iterator[None]:
        """An answer that cannot be read is as good as none. Raises NodeUnreachable, which names no value."""
        try:
            yield
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise NodeUnreachable(f"The Ethereum node {self.url} answered {what} with nonsense") from None

    def _number(self, method: str, *params: Any) -> int:
        answer = self._ask(method, *params)
        with self._sense(method):
            return _int(answer)

    def _ask(self, method: str, *params: Any) -> Any:
        try:
            answer = self._provider.make_request(RPCEndpoint(method), list(params))
        except requests.Timeout:
            raise NodeUnreachable(f"The Ethereum node {self.url} did not answer {method} in time") from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else "?"
            raise NodeUnreachable(
                f"The Ethereum node {self.url} answered {method} with HTTP {status}"
            ) from None
        except requests.RequestException:
            raise NodeUnreachable(
                f"The Ethereum node {self.url} is not reachable: is it running, is ethereum.url right?"
            ) from None
        except (ValueError, TypeError, RecursionError, Web3Exception):  # of the answer's JSON and text
            raise NodeUnreachable(f"{self.url} did not answer {method} as an Ethereum node does") from None
        failure: Any = answer.get("error") if isinstance(answer, dict) else None
        if failure is None:
            if not isinstance(answer, dict) or "result" not in answer:
                raise NodeUnreachable(f"{self.url} did not answer {method} as an Ethereum node does")
            return answer["result"]
        raise self._failure(method, failure)

    def _failure(self, method: str, failure: Any) -> Exception:
        """What a JSON-RPC error means: a revert, a node in trouble, or a call that it refuses."""
        told = failure if isinstance(failure, dict) else {"message": failure}
        message, code, data = str(told.get("message", "")), told.get("code", 0), told.get("data")
        code = code if isinstance(code, int) else 0
        if isinstance(data, dict):
            data = data.get("data")
        if code == 3 or "revert" in message.lower():
            with suppress(ValueError, TypeError):
                return RevertData(_bytes(data), message)
            return RevertData(b"", message)
        if code == _LIMIT_EXCEEDED or any(phrase in message.lower() for phrase in _TROUBLE):
            return NodeBusy(f"The Ethereum node {self.url} cannot answer {method} now (code {code})")
        return NodeRefused(self.url, method, code, message)


_LIMIT_EXCEEDED = -32005  # EIP-1474
_TROUBLE = (
    *("header not found", "unknown block", "missing trie node", "state not available", "syncing"),
    *("rate limit", "too many requests", "timeout", "timed out", "unavailable", "try again", "retry"),
)
"""What nodes say that lag, are overloaded or being set up: it is theirs, and not the call's."""
_ALREADY_THERE = ("already known", "already imported", "known transaction", "nonce too low")


def _tag(tag: Tag) -> str:
    return hex(tag) if isinstance(tag, int) else tag


def _int(value: Any) -> int:
    """A JSON-RPC quantity. Raises TypeError or ValueError for anything else."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise TypeError("no quantity")
    return int(value, 16)


def _bytes(value: Any) -> bytes:
    """JSON-RPC data. Raises TypeError or ValueError for anything else."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise TypeError("no data")
    return bytes.fromhex(value[2:])


def _hash(value: Any) -> bytes:
    found = _bytes(value)
    if len(found) != 32:
        raise ValueError("no hash")
    return found


def _log(raw: dict[str, Any]) -> Log:
    return Log(
        address=raw["address"].lower(),
        topics=tuple(bytes.fromhex(topic[2:]) for topic in raw["topics"]),
        data=bytes.fromhex(raw["data"][2:]),
        block_number=int(raw["blockNumber"], 16),
        block_hash=bytes.fromhex(raw["blockHash"][2:]),
        transaction=bytes.fromhex(raw["transactionHash"][2:]),
        log_index=int(raw["logIndex"], 16),
        timestamp=int(raw["blockTimestamp"], 16) if raw.get("blockTimestamp") else None,
    )
