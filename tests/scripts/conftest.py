# SPDX-License-Identifier: Apache-2.0
"""The scripts as a user runs them, against an anvil of their own; ape is started once and not per command."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from web3 import HTTPProvider, Web3

from scripts import checkout, consent, deploy, exchange
from tests.support.agents import free_port

COMMANDS: dict[str, click.Command] = {
    "checkout": checkout.cli,
    "consent": consent.cli,
    "deploy": deploy.cli,
    "exchange": exchange.cli,
}

# Who is who among the accounts of ape's and anvil's common test mnemonic.
PEOPLE = {
    "deployer": "TEST::0",
    "seller": "TEST::1",
    "buyer": "TEST::2",
    "arbiter": "TEST::3",
    "customer": "TEST::4",
    "consumer": "TEST::5",
}
ADDRESSES = {
    "seller": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "buyer": "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "arbiter": "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    "customer": "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
    "consumer": "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
}


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    output: str
    errors: str


@pytest.fixture(scope="session")
def node() -> Iterator[str]:
    """URL of a running anvil."""
    binary = shutil.which("anvil") or "node_modules/.bin/anvil"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([binary, "--port", str(port), "--silent"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not Web3(HTTPProvider(url)).is_connected():
            assert process.poll() is None, "anvil ended"
            assert time.monotonic() < deadline, "anvil does not answer"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def web3(node: str) -> Web3:
    return Web3(HTTPProvider(node))


@pytest.fixture
def chain(web3: Web3) -> Iterator[Web3]:
    """The chain, put back afterwards as it was."""
    snapshot = web3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
    yield web3
    web3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def run(node: str) -> Callable[..., Ran]:
    """Runs `ape run SCRIPT ARGUMENTS...` on the node, as one of PEOPLE if `by` is given."""

    def command(script: str, *arguments: object, by: str | None = None, records: Path | None = None) -> Ran:
        words = [str(argument) for argument in arguments]
        words += ["--network", "ethereum:local:foundry"]
        words += ["--account", PEOPLE[by]] if by else []
        words += ["--records", str(records)] if records else []
        os.environ["APE_FOUNDRY_HOST"] = node
        try:
            result = CliRunner(mix_stderr=False).invoke(COMMANDS[script], words)
        finally:
            del os.environ["APE_FOUNDRY_HOST"]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return command


@pytest.fixture(scope="session")
def records(run: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of contracts that were deployed on the node."""
    folder = tmp_path_factory.mktemp("records")
    deployed = run("deploy", by="deployer", records=folder)
    assert deployed.code == 0, deployed.errors
    return folder


@pytest.fixture
def travel(chain: Web3) -> Callable[[int], None]:
    """Lets so many seconds pass."""

    def pass_time(seconds: int) -> None:
        chain.provider.make_request("evm_increaseTime", [seconds])  # type: ignore[arg-type]
        chain.provider.make_request("evm_mine", [])  # type: ignore[arg-type]

    return pass_time
