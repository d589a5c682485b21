# SPDX-License-Identifier: Apache-2.0
"""Raw transactions on anvil over web3's IPC provider: about a millisecond each.

Mining is by command: a transaction is sent, then one block is mined in the second that the test chose. Gas
costs nothing, so that every balance changes by nothing but what the contracts pay. Any account can send,
contracts too (impersonation), so nothing needs to be signed but papers.
"""

from dataclasses import dataclass

from web3.types import RPCEndpoint

from tests.support.anvil import Anvil
from tests.support.codec import checksum

GENESIS = 1_800_000_000
"""Second of the first block: well inside the 32 bits that consents are dated with."""
CHAIN_ID = 31340
GAS_LIMIT = 10_000_000


@dataclass(frozen=True)
class Log:
    """A raw log."""

    emitter: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction. `revert_data` is None if it succeeded."""

    succeeded: bool
    logs: tuple[Log, ...]
    revert_data: bytes | None
    gas_used: int
    contract: str | None


class Node(Anvil):
    """One running node."""

    def __init__(self) -> None:
        options = {
            "--chain-id": str(CHAIN_ID),
            "--timestamp": str(GENESIS),
            "--hardfork": "prague",
            "--base-fee": "0",
            "--gas-price": "0",
            "--accounts": "1",
        }
        switches = ["--no-mining", "--disable-min-priority-fee"]
        super().__init__(*switches, *(part for option in options.items() for part in option))

    def transact(
        self,
        sender: str,
        to: str | None,
        data: bytes = b"",
        *,
        value: int = 0,
        at: int | None = None,
        gas: int = GAS_LIMIT,
    ) -> Receipt:
        """Mine one transaction in a block of second `at` (default: one after the last block's)."""
        request = {"from": sender, "data": "0x" + data.hex(), "value": hex(value), "gas": hex(gas)}
        request["gasPrice"] = "0x0"
        if to is not None:
            request["to"] = to
        transaction = self.rpc("eth_sendTransaction", request)
        self.rpc("evm_mine", *(() if at is None else (hex(at),)))
        receipt = self.rpc("eth_getTransactionReceipt", transaction)
        if receipt is None:
            raise RuntimeError(f"the transaction {transaction} was not mined")
        succeeded = receipt["status"] == "0x1"
        logs = tuple(
            Log(
                log["address"],
                tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
                bytes.fromhex(log["data"][2:]),
            )
            for log in receipt["logs"]
        )
        created = receipt.get("contractAddress")
        return Receipt(
            succeeded,
            logs,
            None if succeeded else self._revert_data(request),
            int(receipt["gasUsed"], 16),
            None if created is None else checksum(created),
        )

    def call(self, to: str, data: bytes) -> bytes:
        """What a view call returns in the latest block. Raises RuntimeError if it reverts."""
        return bytes.fromhex(self.rpc("eth_call", {"to": to, "data": "0x" + data.hex()}, "latest")[2:])

    def set_code(self, account: str, code: bytes) -> None:
        """Put code at an address, without a transaction."""
        self.rpc("anvil_setCode", account, "0x" + code.hex())

    def snapshot(self) -> str:
        """Remember the whole state; see `revert`."""
        return str(self.rpc("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        """Go back to a snapshot, which is used up by that."""
        if self.rpc("evm_revert", snapshot) is not True:
            raise RuntimeError(f"there is no snapshot {snapshot}")

    def _revert_data(self, request: dict[str, str]) -> bytes:
        # A reverted transaction changed nothing, so the same call in the same block's second fails alike;
        # receipts hold no revert data, and a trace would cost more.
        answer = self.w3.provider.make_request(RPCEndpoint("eth_call"), [request, "latest"])
        if "error" not in answer:
            raise RuntimeError("a transaction failed, and the same call after it did not")
        data = answer["error"].get("data") or "0x"
        return bytes.fromhex(data[2:])
