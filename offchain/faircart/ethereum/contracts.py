# SPDX-License-Identifier: Apache-2.0
"""The three contracts: calldata, answers of views, custom errors by name."""

from collections.abc import Mapping
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple, event_abi_to_log_topic, function_abi_to_4byte_selector
from web3 import Web3

from faircart.ethereum.deployments import Deployment
from faircart.ethereum.errors import NoContract, NodeUnreachable, Reverted
from faircart.ethereum.node import EthereumNode, RevertData, Tag

_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)


class Contracts:
    """Encodes calls to the deployed contracts and decodes what they answer.

    Does no I/O but in `view` and `check`.
    """

    def __init__(self, deployments: Mapping[str, Deployment]) -> None:
        self.deployments = dict(deployments)
        self._codecs = {name: Web3().eth.contract(abi=found.abi) for name, found in deployments.items()}
        self._errors = {
            function_abi_to_4byte_selector(entry): entry  # type: ignore[arg-type]
            for found in deployments.values()
            for entry in found.abi
            if entry["type"] == "error"
        }

    def address(self, contract: str) -> str:
        """Checksum address of a contract."""
        return self.deployments[contract].address

    def first_block(self) -> int:
        """The block before which no event can be."""
        return min(found.block for found in self.deployments.values())

    def calldata(self, contract: str, function: str, *arguments: Any) -> bytes:
        """Calldata of a function; structs are tuples, bytes32 bytes.

        ValueError for arguments that do not fit.
        """
        return bytes.fromhex(self._codecs[contract].encode_abi(function, args=list(arguments))[2:])

    def view(
        self, node: EthereumNode, contract: str, function: str, *arguments: Any, tag: Tag = "latest"
    ) -> Any:
        """The answer of a view function, a tuple if it has several values. Raises Reverted."""
        data = self.calldata(contract, function, *arguments)
        try:
            answer = node.call(self.address(contract), data, tag=tag)
        except RevertData as error:
            raise self.reverted(f"{contract}.{function}", error) from None
        outputs = self._codecs[contract].get_function_by_name(function).abi["outputs"]
        try:
            values = decode([collapse_if_tuple(output) for output in outputs], answer)
        except DecodingError:
            raise NodeUnreachable(f"The Ethereum node {node.url} answered {function} with nonsense") from None
        return values[0] if len(values) == 1 else values

    def reverted(self, function: str, error: RevertData) -> Reverted:
        """The named error in a revert's data."""
        selector, data = error.data[:4], error.data[4:]
        entry = self._errors.get(selector)
        if entry is not None:
            inputs = entry["inputs"]
            try:
                values = decode([collapse_if_tuple(item) for item in inputs], data)
            except DecodingError:
                return Reverted(function, entry["name"], {})
            names = [item["name"] for item in inputs]
            return Reverted(function, entry["name"], dict(zip(names, values, strict=True)))
        if selector in (_ERROR, _PANIC):
            kind, name = ("string", "Error") if selector == _ERROR else ("uint256", "Panic")
            return Reverted(function, name, {"value": decode([kind], data)[0]})
        return Reverted(function, "Unknown", {"data": error.data})

    def check(self, node: EthereumNode) -> None:
        """Raises NoContract if an address holds no code, WrongChain if the node serves another chain."""
        for name, found in self.deployments.items():
            node.check_chain(found.chain_id)
            if not node.code(found.address):
                raise NoContract(
                    f"There is no contract at {found.address}, where {name} should be: "
                    f"is ethereum.network right, were the contracts deployed on chain {found.chain_id}?"
                )

    def event_abis(self) -> list[tuple[str, bytes, dict[str, Any]]]:
        """Every event as contract name, topic and ABI entry."""
        return [
            (name, event_abi_to_log_topic(entry), entry)  # type: ignore[arg-type]
            for name, found in self.deployments.items()
            for entry in found.abi
            if entry["type"] == "event"
        ]
