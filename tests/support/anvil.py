# SPDX-License-Identifier: Apache-2.0
"""A throw-away Ethereum node for tests that need thousands of calls: anvil, driven by web3 over IPC.

Through ape a transaction costs about 100 ms, here about 9 ms. Every account can send (`--auto-impersonate`),
contracts too, so no test has to manage nonces or keys for sending; papers are signed with real keys.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from web3 import IPCProvider, Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractCustomError, ContractLogicError, ContractPanicError
from web3.types import TxReceipt

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / ".build" / "__local__.json"
ETHER = 10**18


class Refused(Exception):
    """A call reverted with one of our custom errors: its name and its values by name."""

    def __init__(self, name: str, values: dict[str, Any]) -> None:
        super().__init__(f"{name}({', '.join(f'{key}={value!r}' for key, value in values.items())})")
        self.name = name
        self.values = values


def _answers(path: str) -> bool:
    """Whether somebody listens on this socket. Its file is there a moment before anybody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


class Anvil:
    """A running anvil. Use it as a context manager: leaving it ends the process.

    It listens on a TCP `port` too, which only a test that starts other programs needs to know.
    """

    def __init__(self, *options: str, port: int = 0) -> None:
        binary = ROOT / "node_modules" / ".bin" / "anvil"
        command = str(binary) if binary.exists() else shutil.which("anvil")
        if command is None:
            raise FileNotFoundError("anvil is missing. Set up first: make setup")
        self._folder = tempfile.TemporaryDirectory(prefix="faircart-anvil-")
        ipc = os.path.join(self._folder.name, "anvil.ipc")
        self._process = subprocess.Popen(
            [command, "--ipc", ipc, "--port", str(port), "--silent", "--auto-impersonate", *options],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while not _answers(ipc):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("anvil did not start")
            time.sleep(0.02)
        self.w3 = Web3(IPCProvider(ipc, timeout=240))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the process that this object started."""
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    def rpc(self, method: str, *params: Any) -> Any:
        """A JSON-RPC call that web3 has no method for."""
        response = self.w3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        if "error" in response:
            raise RuntimeError(f"{method}: {response['error']}")
        return response["result"]

    @property
    def now(self) -> int:
        """The latest block's second."""
        return self.w3.eth.get_block("latest")["timestamp"]

    def travel_to(self, second: int) -> None:
        """The next block is of exactly this second."""
        self.rpc("evm_setNextBlockTimestamp", second)

    def give(self, account: str, wei: int) -> None:
        """Sets an account's balance."""
        self.rpc("anvil_setBalance", account, hex(wei))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside is taken back at the end."""
        snapshot = self.rpc("evm_snapshot")
        try:
            yield
        finally:
            self.rpc("evm_revert", snapshot)

    def deploy(self, name: str, *args: Any, sender: str | None = None) -> Contract:
        """Deploys a contract from the last `ape compile`."""
        kind = artifact(name)
        factory = self.w3.eth.contract(abi=kind["abi"], bytecode=kind["deploymentBytecode"]["bytecode"])
        transaction = factory.constructor(*args).transact({"from": sender or self.w3.eth.accounts[0]})
        receipt = self.w3.eth.wait_for_transaction_receipt(transaction)
        address = receipt["contractAddress"]
        assert address is not None
        return self.w3.eth.contract(address, abi=kind["abi"])

    def send(
        self, call: ContractFunction, sender: str, value: int = 0, *, gas: int = 16_000_000
    ) -> TxReceipt:
        """Sends a transaction and returns its receipt. Raises Refused if it reverts.

        The gas limit is fixed, so no estimate is made; anvil executes before it mines, so a revert arrives as
        an error with its data.
        """
        try:
            transaction = call.transact({"from": sender, "value": value, "gas": gas})
        except (ContractCustomError, ContractLogicError) as error:
            raise _refused(call, error) from error
        receipt = self.w3.eth.wait_for_transaction_receipt(transaction)
        if receipt["status"] != 1:
            try:
                call.call({"from": sender, "value": value, "gas": gas})
            except (ContractCustomError, ContractLogicError) as error:
                raise _refused(call, error) from error
            raise AssertionError("the transaction failed, but the same call does not")
        return receipt

    def ask(self, call: ContractFunction, sender: str, value: int = 0) -> Any:
        """Executes a call without a transaction. Raises Refused if it reverts."""
        try:
            return call.call({"from": sender, "value": value})
        except (ContractCustomError, ContractLogicError) as error:
            raise _refused(call, error) from error


def artifact(name: str) -> dict[str, Any]:
    """A contract's compiled type."""
    if not MANIFEST.exists():
        raise FileNotFoundError(f"{MANIFEST} is missing. Compile first: make setup")
    kind: dict[str, Any] = json.loads(MANIFEST.read_text())["contractTypes"][name]
    return kind


def events(contract: Contract, receipt: TxReceipt) -> list[tuple[str, dict[str, Any]]]:
    """The receipt's events in order: name and values by name. Every log must be one of `contract`'s."""
    decoders: dict[bytes, Callable[[Any], Any]] = {}
    for event in contract.events:
        decoders[bytes(Web3.keccak(text=_signature(event.abi)))] = event().process_log
    found = []
    for log in receipt["logs"]:
        assert log["address"] == contract.address, f"a log of {log['address']}"
        decoded = decoders[bytes(log["topics"][0])](log)
        found.append((decoded["event"], dict(decoded["args"])))
    return found


@contextmanager
def refused(name: str, **values: Any) -> Iterator[None]:
    """Expects exactly this custom error with exactly these values."""
    with pytest.raises(Refused) as caught:
        yield
    assert (caught.value.name, caught.value.values) == (name, values)


def _signature(entry: Any) -> str:
    return f"{entry['name']}({','.join(_type(part) for part in entry['inputs'])})"


def _type(part: Any) -> str:
    kind: str = part["type"]
    if kind.startswith("tuple"):
        return f"({','.join(_type(inner) for inner in part['components'])}){kind[5:]}"
    return kind


def _refused(call: ContractFunction, error: ContractLogicError) -> Exception:
    """The revert as one of the contract's own errors; anything else (a string, a panic) stays what it is."""
    if isinstance(error, ContractPanicError) or not isinstance(error.data, str):
        return error
    data = bytes.fromhex(error.data.removeprefix("0x"))
    for entry in call.contract_abi:
        if entry["type"] == "error" and Web3.keccak(text=_signature(entry))[:4] == data[:4]:
            inputs = entry["inputs"]
            decoded = call.w3.codec.decode([_type(part) for part in inputs], data[4:])
            names = [part["name"] for part in inputs]
            return Refused(entry["name"], {n: _shown(v) for n, v in zip(names, decoded, strict=True)})
    return error


def _shown(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("0x") and len(value) == 42:
        return Web3.to_checksum_address(value)
    return value
