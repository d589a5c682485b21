# SPDX-License-Identifier: Apache-2.0
"""The demo's two networks: contracts on an anvil of its own, and stream nodes, one for each company."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from eth_typing import ChecksumAddress
from faircart.errors import FairCartError
from faircart.streams.network import Network
from web3 import Web3
from web3.contract import Contract

from scripts._demo.processes import Processes

ROOT = Path(__file__).parents[2]
NETWORK = "local"
STREAMS_SECONDS = 240
CONTRACTS = ("CheckoutEscrow", "ConsentRegistry", "DataExchange")


class CommandFailed(FairCartError):
    """A command that the demo ran ended with an error; the message is the command's own."""


def run_command(command: Sequence[str], what: str) -> str:
    """Run a command to its end and return what it printed. Raises `CommandFailed` with its error."""
    done = subprocess.run(
        list(command), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CommandFailed(f"{what} failed (exit code {done.returncode}):\n{done.stderr.strip()}")
    return done.stdout


def faircart(*arguments: str) -> str:
    """Run the `faircart` command line that lies beside this Python."""
    command = [str(Path(sys.executable).parent / "faircart"), *arguments]
    return run_command(command, f"faircart {' '.join(arguments[:2])}")


def deploy_contracts(ethereum_url: str, records: Path) -> None:
    """Deploy the three contracts with the ape deploy script, which leaves its records in `records`."""
    run_command(
        [
            *(str(Path(sys.executable).parent / "ape"), "run", "deploy"),
            *("--network", f"ethereum:{NETWORK}:{ethereum_url}", "--account", "TEST::0"),
            *("--records", str(records)),
        ],
        "ape run deploy",
    )


def contracts_at(web3: Web3, records: Path) -> dict[str, Contract]:
    """The deployed contracts by name, from the records that the deploy script wrote."""
    records: Mapping[str, Any] = {
        name: json.loads((records / NETWORK / f"{name}.json").read_text()) for name in CONTRACTS
    }
    return {
        name: web3.eth.contract(address=cast(ChecksumAddress, record["address"]), abi=record["abi"])
        for name, record in records.items()
    }


def start_streams(processes: Processes, folder: Path, kind: str) -> Network:
    """Start a stream node for each company: `embedded` for the stand-in, `real` for MultiChain."""
    description = folder / "streams.json"
    child = processes.start(
        "streams",
        [
            *(str(Path(sys.executable).parent / "faircart"), "streams", "up"),
            *("--folder", str(folder / "streams"), "--nodes", "2", "--port-file", str(description)),
            "--real" if kind == "real" else "--stand-in",
        ],
    )
    processes.wait_until(child, description.exists, STREAMS_SECONDS)
    return Network.from_json(json.loads(description.read_text()))
