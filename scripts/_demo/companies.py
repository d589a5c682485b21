# SPDX-License-Identifier: Apache-2.0
"""The two companies of the demo: a shop that is custodian, and a data consumer, each with an agent."""

from __future__ import annotations

import json
import re
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from faircart.streams.network import Node

from scripts._demo.networks import NETWORK, faircart
from scripts._demo.processes import Child, Processes

READY_SECONDS = 240
# All customers of the demo call from this machine, which would else be taken for one impatient caller.
REQUESTS = 100_000


@dataclass(frozen=True)
class Company:
    """A company's folder with its configuration, keys and database, and its Ethereum account."""

    name: str
    role: str
    folder: Path
    account: LocalAccount

    @property
    def config(self) -> Path:
        """The agent's configuration file."""
        return self.folder / "agent.toml"

    @property
    def api(self) -> str:
        """Where the agent's HTTP API answers; known once the agent is ready."""
        return str(json.loads((self.folder / "http.json").read_text())["url"])

    def status(self) -> dict[str, Any]:
        """What `faircart agent status --json` says."""
        status: dict[str, Any] = json.loads(faircart("agent", "status", "-c", str(self.config), "--json"))
        return status


def found_company(
    name: str,
    role: str,
    folder: Path,
    *,
    ethereum_url: str,
    chain_id: int,
    records: Path,
    node: Node,
    chain_name: str,
) -> Company:
    """Make a company's keys and configuration with `faircart init`."""
    password_file = folder / f"{name}.password"
    password_file.touch(mode=0o600)
    password_file.write_text(secrets.token_urlsafe(24))
    home = folder / name
    faircart(
        *("init", str(home), "--name", name, "--role", role, "--network", NETWORK),
        *("--ethereum-url", ethereum_url, "--chain-id", str(chain_id)),
        *("--deployments", str(records)),
        *("--confirmations", "1", "--password-file", str(password_file)),
        *("--streams-url", node.url, "--streams-user", node.user),
        *("--streams-password-file", str(node.password_file), "--chain-name", chain_name),
        *("--streams-address", node.address),
    )
    config = home / "agent.toml"
    rate = f"requests_per_minute = {REQUESTS}"
    config.write_text(re.sub(r"(?m)^requests_per_minute = \d+", rate, config.read_text()))
    keystore = json.loads((home / "ethereum.json").read_text())
    key = Account.decrypt(keystore, password_file.read_text())
    return Company(name, role, home, Account.from_key(key))


def start_agent(processes: Processes, company: Company) -> Child:
    """Start a company's agent as a process of its own and wait until its HTTP API answers."""
    child = processes.start(
        f"{company.name}-agent",
        [
            *(str(Path(sys.executable).parent / "faircart"), "agent", "run", "-c", str(company.config)),
        ],
    )
    processes.wait_until(child, (company.folder / "http.json").exists, READY_SECONDS)
    return child


def admit(founder: Company, newcomer: Company) -> None:
    """Create the shared streams at the founder's node, and let the newcomer in by its signed application."""
    application = str(newcomer.folder / "application.json")
    faircart("streams", "init", "-c", str(founder.config))
    faircart("streams", "join", "-c", str(founder.config))
    faircart("streams", "join", "-c", str(newcomer.config), "--application", application)
    faircart("streams", "join", "-c", str(founder.config), "--admit", application)
    faircart("streams", "join", "-c", str(newcomer.config))
