# SPDX-License-Identifier: Apache-2.0
"""Runs the fork test: `python -m tests.fork`.

Starts a network of its own, has the deploy script put the contracts there, makes orders, consents and an
exchange on it, and then runs the tests of this folder on a fork of it, in ape.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from web3.contract import Contract

from tests.fork.before import Before, Papers
from tests.support.anvil import ROOT, Anvil

CHAIN_ID = 31339
"""Of the network `devnet` in ape-config.yaml."""


def main() -> int:
    """The exit code of the tests."""
    ape = str(Path(sys.executable).with_name("ape"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        tempfile.TemporaryDirectory(prefix="faircart-fork-") as folder,
        Anvil("--chain-id", str(CHAIN_ID), port=port) as devnet,
    ):
        environment = {
            **os.environ,
            "FAIRCART_DEVNET": f"http://127.0.0.1:{port}",
            "FAIRCART_FORK": folder,
            # The fork gets a port of its own; the default may be somebody else's.
            "APE_FOUNDRY_HOST": "auto",
        }
        deploy = ["run", "deploy", "--network", "ethereum:devnet:node", "--account", "TEST::0"]
        subprocess.run([ape, *deploy, "--records", folder], cwd=ROOT, env=environment, check=True)
        names = ("CheckoutEscrow", "ConsentRegistry", "DataExchange")
        escrow, registry, exchange = (_contract(devnet, Path(folder), name) for name in names)
        papers = Papers(CHAIN_ID, escrow.address, registry.address, exchange.address, devnet.now)
        (Path(folder) / "papers.json").write_text(papers.dumps())
        Before(devnet, papers, escrow, registry, exchange).happens()
        tests = ["test", "tests/fork", "--network", "ethereum:devnet-fork:foundry", *sys.argv[1:]]
        return subprocess.run([ape, *tests], cwd=ROOT, env=environment, check=False).returncode


def _contract(devnet: Anvil, folder: Path, name: str) -> Contract:
    record = json.loads((folder / "devnet" / f"{name}.json").read_text())
    contract: Contract = devnet.w3.eth.contract(record["address"], abi=record["abi"])
    return contract


if __name__ == "__main__":
    sys.exit(main())
