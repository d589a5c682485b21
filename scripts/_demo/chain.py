# SPDX-License-Identifier: Apache-2.0
"""The demo's Ethereum network: an anvil of its own, and transactions sent in waves.

A wave is a list of transactions that do not depend on each other. All are sent before the first
receipt is awaited, so that a wave takes one block and not one block each.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from faircart.errors import FairCartError
from hexbytes import HexBytes
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import TimeExhausted
from web3.types import TxReceipt, Wei

from scripts._demo.processes import Processes, free_port

BLOCK_SECONDS = 1
# What ape takes for the chain id of its network `ethereum:local`.
CHAIN_ID = 1337
WAVE_SECONDS = 240
PRIORITY_FEE = Web3.to_wei(1, "gwei")


class ChainFailed(FairCartError):
    """A transaction of the demo was not mined or was reverted."""


@dataclass(frozen=True)
class Call:
    """One transaction: who sends it, what it calls, and the ether that goes along (wei)."""

    sender: LocalAccount
    function: ContractFunction
    value: int = 0


def start_anvil(processes: Processes) -> str:
    """Start anvil on a free loopback port; returns its URL once it answers."""
    anvil = shutil.which("anvil")
    if anvil is None:
        raise ChainFailed("anvil was not found. Run the demo through make, which puts it on the PATH.")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    child = processes.start(
        "anvil",
        [
            *(anvil, "--host", "127.0.0.1", "--port", str(port), "--silent"),
            *("--chain-id", str(CHAIN_ID)),
            *("--accounts", "10", "--balance", "10000", "--block-time", str(BLOCK_SECONDS)),
        ],
    )
    node = Web3(Web3.HTTPProvider(url))
    processes.wait_until(child, node.is_connected, 30)
    return url


class Chain:
    """Sends waves of transactions and accounts for every wei."""

    def __init__(self, web3: Web3) -> None:
        self.web3 = web3
        self._chain_id = web3.eth.chain_id

    def send(self, calls: Sequence[Call]) -> list[TxReceipt]:
        """Send one wave and wait for its receipts, in the order of `calls`.

        Raises `ChainFailed` naming the first call that was reverted or not mined in time.
        """
        nonces: dict[ChecksumAddress, int] = {}
        hashes = []
        fees = self._fees()
        for call in calls:
            sender = call.sender.address
            if sender not in nonces:
                nonces[sender] = self.web3.eth.get_transaction_count(sender, "pending")
            transaction = call.function.build_transaction(
                {
                    "from": sender,
                    "value": Wei(call.value),
                    "nonce": nonces[sender],  # type: ignore[typeddict-item]
                    "chainId": self._chain_id,
                    **fees,  # type: ignore[typeddict-item]
                }
            )
            nonces[sender] += 1
            hashes.append(self._send_raw(call.sender, dict(transaction)))
        return [
            self._receipt(transaction, call.function.fn_name)
            for transaction, call in zip(hashes, calls, strict=True)
        ]

    def pay(self, sender: LocalAccount, payments: Iterable[tuple[ChecksumAddress, int]]) -> None:
        """Send plain ether (wei) from one account to many, as one wave."""
        nonce = self.web3.eth.get_transaction_count(sender.address, "pending")
        hashes = []
        fees = self._fees()
        for offset, (receiver, amount) in enumerate(payments):
            transaction = {
                "to": receiver,
                "value": amount,
                "gas": 21_000,
                "nonce": nonce + offset,
                "chainId": self._chain_id,
                **fees,
            }
            hashes.append(self._send_raw(sender, transaction))
        for transaction_hash in hashes:
            self._receipt(transaction_hash, "payment")

    def balances(self, addresses: Mapping[str, ChecksumAddress], block: int) -> dict[str, int]:
        """Balance in wei of each named address after `block`."""
        return {name: self.web3.eth.get_balance(address, block) for name, address in addresses.items()}

    def burned(self, first_block: int, last_block: int) -> int:
        """Base fees destroyed (wei) from `first_block` to `last_block`, both included (EIP-1559)."""
        total = 0
        for number in range(first_block, last_block + 1):
            block = self.web3.eth.get_block(number)
            total += block.get("baseFeePerGas", 0) * block["gasUsed"]
        return total

    def _fees(self) -> dict[str, int]:
        base = self.web3.eth.get_block("latest").get("baseFeePerGas", 0)
        return {"maxFeePerGas": 2 * base + PRIORITY_FEE, "maxPriorityFeePerGas": PRIORITY_FEE}

    def _send_raw(self, sender: LocalAccount, transaction: dict[str, object]) -> bytes:
        signed = sender.sign_transaction(transaction)  # type: ignore[arg-type]
        return bytes(self.web3.eth.send_raw_transaction(signed.raw_transaction))

    def _receipt(self, transaction: bytes, what: str) -> TxReceipt:
        try:
            receipt = self.web3.eth.wait_for_transaction_receipt(HexBytes(transaction), WAVE_SECONDS, 0.1)
        except TimeExhausted:
            raise ChainFailed(
                f"The {what} transaction 0x{transaction.hex()} was not mined in {WAVE_SECONDS} s."
            ) from None
        if receipt["status"] != 1:
            raise ChainFailed(f"The {what} transaction 0x{transaction.hex()} was reverted.")
        return receipt
