# SPDX-License-Identifier: Apache-2.0
"""A small market for tests: anvil with the contracts, stream wallets, enterprises with their agents."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest
from click.testing import CliRunner
from eth_account import Account
from eth_account.signers.local import LocalAccount
from faircart import envelope, keys
from faircart.agent.client import CustomerClient
from faircart.cli import main
from faircart.multichain import StreamNode, names
from faircart.streams import network
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.contract import Contract

from tests.support.anvil import ROOT, artifact

ETHER = 10**18
CONTRACTS = ("CheckoutEscrow", "ConsentRegistry", "DataExchange")
PASSWORD = "correct horse battery staple"
WORK = 2
"""scrypt's N: the least that it takes."""
FAIRCART = [sys.executable, "-m", "faircart.cli"]


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """The first true value of `condition`; fails the test when `seconds` are over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds} s in vain for {what}")
        time.sleep(0.2)


def free_port() -> int:
    """A port that nobody listens on just now, below those that the system gives away to whoever asks."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Ethereum:
    """An anvil over HTTP with the three contracts; `records` is a folder of deployment records."""

    folder: Path
    options: tuple[str, ...] = ("--block-time", "1")
    chain_id: int = 31337

    def __enter__(self) -> Self:
        anvil = ROOT / "node_modules" / ".bin" / "anvil"
        log = (self.folder / "anvil.log").open("wb")
        command = [str(anvil), "--port", "0", *self.options]
        self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self.url = f"http://{wait_for(self._address, 'anvil')}"
        self.w3 = Web3(HTTPProvider(self.url))
        self.rich = self.w3.eth.accounts[0]
        self.contracts: dict[str, Contract] = {}
        self._deploy()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def _address(self) -> str:
        text = (self.folder / "anvil.log").read_text(errors="replace")
        found = [line for line in text.splitlines() if line.startswith("Listening on ")]
        return found[0].removeprefix("Listening on ").strip() if found else ""

    def _deploy(self) -> None:
        self.records = self.folder / "deployments"
        (self.records / "test").mkdir(parents=True)
        for name in CONTRACTS:
            kind = artifact(name)
            arguments = [self.contracts["ConsentRegistry"].address] if name == "DataExchange" else []
            factory = self.w3.eth.contract(abi=kind["abi"], bytecode=kind["deploymentBytecode"]["bytecode"])
            sent = factory.constructor(*arguments).transact(
                {"from": self.rich, "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 0}
            )
            receipt = self.w3.eth.wait_for_transaction_receipt(sent, poll_latency=0.05)
            address = receipt["contractAddress"]
            assert address is not None
            self.contracts[name] = self.w3.eth.contract(address, abi=kind["abi"])
            record = {
                "contract": name,
                "address": address,
                "block": receipt["blockNumber"],
                "transaction": sent.to_0x_hex(),
                "chainId": self.chain_id,
                "abi": kind["abi"],
            }
            (self.records / "test" / f"{name}.json").write_text(json.dumps(record))

    def give(self, address: str, wei: int) -> None:
        """Sets an account's balance."""
        self.rpc("anvil_setBalance", address, hex(wei))

    def mined(self, transaction: bytes) -> None:
        """Waits until a transaction stands in a block: anvil answers a little before that."""
        self.w3.eth.wait_for_transaction_receipt(HexBytes(transaction), poll_latency=0.02)

    def rpc(self, method: str, *params: Any) -> Any:
        """A JSON-RPC call that web3 has no method for."""
        answer = self.w3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        assert "error" not in answer, answer
        return answer["result"]

    def events(self, contract: str) -> list[tuple[str, dict[str, Any]]]:
        """Every event of a contract, in order: name and values by name."""
        found = []
        for event in self.contracts[contract].events:
            for log in event().get_logs(from_block=0):
                place = (log["blockNumber"], log["logIndex"])
                found.append((place, log["event"], dict(log["args"])))
        return [(name, values) for _, name, values in sorted(found, key=lambda entry: entry[0])]


@dataclass
class Streams:
    """Some wallets of the development stand-in, or real nodes; the first one administers the chain.

    With a `seed` the stand-in's addresses are the same every time.
    """

    folder: Path
    wallets: int = 2
    delays: tuple[str, ...] = ("--block-seconds", "0.5")
    real: bool = False
    seed: str = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            described = stack.enter_context(self._nodes()) if self.real else self._stand_in(stack)
            self.chain = described["chain"]
            self.access: list[dict[str, str]] = described["wallets"]
            self._create_streams()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _stand_in(self, stack: ExitStack) -> dict[str, Any]:
        port_file = self.folder / "streams.json"
        seeded = ["tests.support.seed", self.seed] if self.seed else []
        command = [sys.executable, "-m", *seeded, "faircart.standin", "--data", str(self.folder / "streams")]
        command += ["--wallets", str(self.wallets), "--port-file", str(port_file), *self.delays]
        with (self.folder / "streams.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        described: dict[str, Any] = wait_for(
            lambda: port_file.exists() and json.loads(port_file.read_text()), "the stand-in"
        )
        return described

    @contextmanager
    def _nodes(self) -> Iterator[dict[str, Any]]:
        with network.running(self.folder / "streams", self.wallets, real=True) as nodes:
            yield {"chain": nodes.chain, "wallets": [node.to_json() for node in nodes.nodes]}

    def _create_streams(self) -> None:
        admin = self.node(0)
        for plan in names.SHARED:
            admin.create_stream(plan.name, plan.restrict, salted=plan.salted, fields=dict(plan.fields))
            for wallet in self.access:
                admin.grant(wallet["address"], f"{plan.name}.write")
        for number, wallet in enumerate(self.access):
            wait_for(partial(self._may_write, number, wallet["address"]), "the shared streams at each node")

    def _may_write(self, number: int, address: str) -> bool:
        node = self.node(number)
        return all(
            node.has_stream(plan.name) and node.has_permission(address, f"{plan.name}.write")
            for plan in names.SHARED
        )

    def node(self, number: int) -> StreamNode:
        """A client of one wallet."""
        access = self.access[number]
        password = Path(access["passwordFile"]).read_text().strip()
        return StreamNode(access["url"], access["user"], password)

    def items(self, stream: str, number: int = 0) -> list[Any]:
        """All items of a stream as one wallet sees them."""
        node = self.node(number)
        node.subscribe(stream)
        return node.items(stream, count=10_000, start=0)


@dataclass
class Enterprise:
    """A folder made by `faircart init`, and its agent as a process."""

    name: str
    role: str
    folder: Path
    ethereum: Ethereum
    streams: Streams
    wallet: int
    changes: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=lambda: list(FAIRCART))
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        access = self.streams.access[self.wallet]
        password = self.folder / f"{self.name}.password"
        password.write_text(PASSWORD)
        self.home = self.folder / self.name
        self.config = self.home / "agent.toml"
        self.home.mkdir()
        # Keys that are there are kept: these take less time to open than those `init` makes.
        self.account = keys.create_account(self.home / "ethereum.json", PASSWORD, work=WORK)
        keys.create_hpke_key(self.home / "hpke.json", PASSWORD, work=WORK)
        keys.create_vault_key(self.home / "vault.json", PASSWORD, work=WORK)
        # In this process, since starting Python again for each command takes longer than the command.
        made = CliRunner().invoke(
            main,
            [
                *("init", str(self.home), "--name", self.name, "--role", self.role, "--network", "test"),
                *("--ethereum-url", self.ethereum.url, "--deployments", str(self.ethereum.records)),
                *("--confirmations", "1", "--password-file", str(password)),
                *("--streams-url", access["url"], "--streams-user", access["user"]),
                *("--streams-password-file", access["passwordFile"], "--chain-name", self.streams.chain),
            ],
        )
        assert made.exit_code == 0, made.output
        text = self.config.read_text().replace("poll_seconds = 0.5", "poll_seconds = 0.25")
        for old, new in self.changes.items():
            assert old in text
            text = text.replace(old, new)
        self.config.write_text(text)
        self.address = self.account.address
        self.ethereum.give(self.address, 10 * ETHER)

    def run(self, *arguments: str) -> str:
        """A `faircart` command that must succeed; what it prints."""
        done = subprocess.run([*FAIRCART, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def log(self) -> str:
        """What the agent has logged."""
        return (self.home / "agent.log").read_text()

    def start(self) -> Self:
        """Starts the agent and waits until its API answers."""
        address_file = self.home / "http.json"
        address_file.unlink(missing_ok=True)
        self.launch()
        wait_for(lambda: address_file.exists() or self._ended(), f"{self.name} to be ready", 120)
        assert address_file.exists(), self.log
        return self

    def launch(self) -> None:
        """Starts the agent without waiting."""
        with (self.home / "agent.log").open("ab") as log:
            command = [*self.command, "agent", "run", "-c", str(self.config)]
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env=_environment(), cwd=ROOT, start_new_session=True
            )

    def _ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> int:
        """Asks the agent to end; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process = None
        return code

    def kill(self) -> None:
        """Ends the agent without asking, if it runs, and what it has started."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    @property
    def api(self) -> str:
        """The address of the running agent's HTTP API."""
        return str(json.loads((self.home / "http.json").read_text())["url"])

    def status(self) -> dict[str, Any]:
        """What `agent status --json` says."""
        found: dict[str, Any] = json.loads(self.run("agent", "status", "-c", str(self.config), "--json"))
        return found


@dataclass
class Shopper:
    """A customer with an Ethereum account that has never held ether, and a reading key."""

    number: int

    def __post_init__(self) -> None:
        self.account: LocalAccount = Account.from_key((10**9 + self.number).to_bytes(32, "big"))
        self.address = self.account.address
        self.reading_key, self.public = envelope.new_request_key()

    def client(self, custodian: Enterprise) -> CustomerClient:
        """The customer's side of the custodian's API."""
        return CustomerClient(custodian.api, self.account, self.reading_key)

    def import_line(self, document: dict[str, Any]) -> str:
        """A line for `faircart import`."""
        line = {
            "customer": self.address,
            "readingKey": "0x" + envelope.encode_public_key(self.public).hex(),
            "category": "orders",
            "document": document,
        }
        return json.dumps(line)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}
