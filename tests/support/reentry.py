# SPDX-License-Identifier: Apache-2.0
"""What a contract that is paid may try meanwhile: the scripts of ReenteringWallet, and calls for them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ape.api import AccountAPI, ReceiptAPI
from ape.contracts import ContractInstance
from eth_utils.crypto import keccak

ABI = Path(__file__).resolve().parents[2] / "offchain" / "faircart" / "abi"

DOES_NOT_MIND, INSISTS, LOGS = range(3)
"""What the wallet does if its call is refused: take the ether, refuse it, take it and log the reason."""

REFUSED = keccak(text="ReentrancyGuardReentrantCall()")[:4]
"""The error of a call that the guard refuses."""


def script(deployer: AccountAPI, target: ContractInstance, data: bytes, answer: int) -> str:
    """An address whose code makes a re-entering wallet call `target` with `data`."""
    code = bytes([answer]) + bytes.fromhex(target.address[2:]) + data
    # Creation code that returns what follows its first 12 bytes: CODECOPY and RETURN.
    creation = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("80600c6000396000f3")
    transaction = deployer.provider.network.ecosystem.create_transaction(data=creation + code)
    return str(deployer.call(transaction).contract_address)


def refusal(receipt: ReceiptAPI, wallet: ContractInstance) -> bytes:
    """What the wallet that LOGS was refused with: an error's selector and values."""
    (data,) = (log["data"] for log in receipt.logs if log["address"] == wallet.address)
    return bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else bytes(data)


@dataclass(frozen=True)
class Call:
    """A call of a function that changes state. Its arguments mean nothing: it is to be refused before."""

    name: str
    arguments: tuple[Any, ...]

    def encode(self, contract: ContractInstance) -> bytes:
        """Its calldata."""
        return bytes(getattr(contract, self.name).encode_input(*self.arguments))

    def __str__(self) -> str:
        return self.name


def changing_calls(contract: str) -> list[Call]:
    """One of each function of a product contract that changes state."""
    return [
        Call(entry["name"], tuple(_placeholder(part) for part in entry["inputs"]))
        for entry in json.loads((ABI / f"{contract}.json").read_text())
        if entry["type"] == "function" and entry["stateMutability"] in ("nonpayable", "payable")
    ]


def _placeholder(part: dict[str, Any]) -> Any:
    kind = part["type"]
    if kind.endswith("[]"):
        return [_placeholder({**part, "type": kind.removesuffix("[]")})]
    if kind == "tuple":
        return tuple(_placeholder(member) for member in part["components"])
    if kind == "address":
        return "0x" + "11" * 20
    if kind.startswith("bytes"):
        return bytes(int(kind.removeprefix("bytes") or 0))
    return 0
