# SPDX-License-Identifier: Apache-2.0
"""Agents as processes that start in a moment: forked from a server that has imported everything already.

What runs is the agent itself (`startup.start`, `daemon.run`), in a process of its own that a signal can end
at any instant. `Orders` say what a test wants of that process: where it shall be killed, how it cheats, and
which seed its randomness comes from.
"""

import json
import multiprocessing
import os
import secrets
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from eth_account import Account
from faircart import keys
from faircart.agent import config as configuration
from faircart.agent import founding, offline
from faircart.agent.client import ApiUnreachable, CustomerClient
from faircart.store import Store

from tests.support.agents import ETHER, PASSWORD, WORK, Ethereum, Shopper, Streams, wait_for

_PRELOAD = [
    "faircart.agent.daemon",
    "faircart.agent.startup",
    "faircart.agent.status",
    "fastapi",
    "uvicorn.protocols.http.auto",
    "uvicorn.loops.auto",
    "uvicorn.lifespan.off",
    "tests.support.cheats",
    "tests.support.seed",
]


AWAY = (ApiUnreachable, OSError, ValueError)
"""What a client sees of an agent that was killed: no answer, half an answer, no address file yet."""


@dataclass(frozen=True)
class Orders:
    """What one process of an agent is told: `kill` says at which crossing of which labels it dies.

    `cheats` names misbehaviours (`tests.support.cheats`) and the customers whom they hit; labels that are
    crossed are written into the file `labels` when it is given, the last one before a death into `died_at`.
    Without a `seed` randomness is what it always is.
    """

    kill: dict[str, int] = field(default_factory=dict)
    cheats: dict[str, list[str]] = field(default_factory=dict)
    labels: str = ""
    died_at: str = ""
    seed: str = ""


def context() -> Any:
    """The fork server, which imports the agent once."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(_PRELOAD)
    return server


def run_agent(config_file: str, log_file: str, orders: Orders) -> None:
    """The body of an agent's process."""
    from faircart.agent import daemon, log, startup, steps
    from faircart.errors import FairCartError

    from tests.support import cheats, seed

    target = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(target, number)
    sa.event.listen(sa.Engine, "connect", _hurry)
    steps.watch(_watcher(orders))
    cheats.commit(orders.cheats)
    if orders.seed:
        seed.install_in_agent(orders.seed)
    config = configuration.load(Path(config_file))
    log.setup(config.agent.log_format, config.agent.name)
    try:
        daemon.run(startup.start(config, waits=True))
    except FairCartError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        sys.exit(error.exit_code)


def _hurry(connection: Any, _record: Any) -> None:
    # A process that is killed loses nothing that it has handed to the system: only a machine that is needs
    # every change on the disk, and waiting for that takes longer than all the rest.
    connection.execute("PRAGMA synchronous=OFF")


def _watcher(orders: Orders) -> Any:
    crossed: Counter[str] = Counter()
    dying = threading.Lock()

    def passed(label: str) -> None:
        crossed[label] += 1
        if orders.labels:
            with Path(orders.labels).open("a") as file:
                file.write(label + "\n")
        if orders.kill.get(label) == crossed[label]:
            with dying:  # of one thing only, though several threads may be about to
                # Whole or not at all: a kill at random may come in between.
                draft = Path(orders.died_at + ".draft")
                draft.write_text(label)
                draft.replace(orders.died_at)
                os.kill(os.getpid(), signal.SIGKILL)

    return passed


class Company:
    """An enterprise's folder and its agent, in a process that can be killed and comes back."""

    def __init__(
        self,
        name: str,
        role: str,
        folder: Path,
        ethereum: Ethereum,
        streams: Streams,
        wallet: int,
        settings: dict[str, Any] | None = None,
        *,
        ethereum_url: str = "",
        streams_url: str = "",
    ) -> None:
        self.name, self.ethereum, self.streams = name, ethereum, streams
        access = streams.access[wallet]
        self.stream_address = access["address"]
        self.home = folder / name
        self.home.mkdir()
        password = folder / f"{name}.password"
        password.write_text(PASSWORD)
        self.account = Account.from_key(secrets.token_bytes(32))
        keys.save_account(self.home / "ethereum.json", PASSWORD, bytes(self.account.key), work=WORK)
        keys.create_hpke_key(self.home / "hpke.json", PASSWORD, work=WORK)
        keys.create_vault_key(self.home / "vault.json", PASSWORD, work=WORK)
        self.address = self.account.address
        answers = {
            "name": name,
            "role": role,
            "network": "test",
            "chain_id": None,
            "deployments": ethereum.records,
            "ethereum_url": ethereum_url or ethereum.url,
            "confirmations": "1",
            "password_file": password,
            "ethereum_key_file": None,
            "streams_url": streams_url or access["url"],
            "streams_user": access["user"],
            "streams_password_file": Path(access["passwordFile"]),
            "chain_name": streams.chain,
            "streams_address": None,
            "listen": "127.0.0.1:0",
        }
        founding.found(self.home, answers)
        self.config_file = self.home / "agent.toml"
        text = self.config_file.read_text()
        for key, value in {"poll_seconds": 0.05, **(settings or {})}.items():
            lines = [line for line in text.splitlines() if line.startswith(f"{key} = ")]
            assert len(lines) == 1, key
            text = text.replace(lines[0], f"{key} = {json.dumps(value)}")
        self.config_file.write_text(text)
        self.config = configuration.load(self.config_file)
        ethereum.give(self.address, 10 * ETHER)
        self.store = Store(self.config.database)
        self.cheats: dict[str, list[str]] = {}
        self.labels = ""
        self.seed = ""
        self.died_at = self.home / "died_at"
        self.process: Any = None

    # --- the process --------------------------------------------------------------------------------------

    def start(self, kill: dict[str, int] | None = None) -> Self:
        """Starts the agent, without waiting for it."""
        orders = Orders(dict(kill or {}), self.cheats, self.labels, str(self.died_at), self.seed)
        self.process = context().Process(
            target=run_agent, args=(str(self.config_file), str(self.home / "agent.log"), orders), daemon=True
        )
        self.process.start()
        return self

    def ready(self) -> Self:
        """Waits until the API answers."""
        wait_for(self._answers, f"{self.name} to be ready", 240)
        return self

    def _answers(self) -> bool:
        assert self.process.is_alive(), self.log
        try:
            CustomerClient(self.api, None, b"", self.address).about()
        except AWAY:
            return False
        return True

    def kill(self) -> None:
        """Ends the agent without asking, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def stop(self) -> int:
        """Asks the agent to end; its exit code."""
        os.kill(self.process.pid, signal.SIGTERM)
        self.process.join(60)
        return int(self.process.exitcode)

    @property
    def log(self) -> str:
        """What the agent has logged."""
        return (self.home / "agent.log").read_text()

    @property
    def api(self) -> str:
        """The address of the agent's HTTP API, as its last process wrote it down."""
        return str(json.loads((self.home / "http.json").read_text())["url"])

    # --- what people do with it ---------------------------------------------------------------------------

    def take(self, folder: Path, people: list[tuple[Shopper, dict[str, Any]]]) -> None:
        """Imports a document for each customer."""
        path = folder / "documents.jsonl"
        path.write_text("\n".join(person.import_line(document) for person, document in people))
        assert offline.import_documents(self.config, path) == len(people)

    def ask(self, reward: int, valid_for: int = 400_000) -> bytes:
        """Publishes a request for orders; its id."""
        wanted = offline.Wanted(
            categories=("orders",),
            purpose="dpv:ServiceOptimisation",
            notice="notice-1",
            reward=reward,
            valid_for=valid_for,
            retention_days=30,
            expires_at=int(time.time()) + 7 * 86400,
            processing=("dpv:Store", "dpv:Use"),
            storage_location="EU",
            jurisdiction="EU",
        )
        return offline.publish_request(self.config, wanted)

    def patiently(self, act: Any, seconds: float = 240) -> Any:
        """Does `act` with the API, and again while the agent is away: a customer's client tries again."""
        end = time.monotonic() + seconds
        while True:
            try:
                return act()
            except AWAY:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def client(self, person: Shopper) -> CustomerClient:
        """A customer's client of this custodian."""
        return CustomerClient(self.api, person.account, person.reading_key)

    def proposal(self, person: Shopper) -> Any:
        """The one proposal to a customer, once it is there."""

        def found() -> Any:
            try:
                return self.client(person).proposals()
            except AWAY:
                return None

        return wait_for(found, f"a proposal of {self.name}", 240)[0]

    def accept(self, person: Shopper) -> Any:
        """A customer consents to its proposal; the proposal."""
        proposal = self.proposal(person)
        self.patiently(lambda: self.client(person).accept(proposal))
        return proposal

    def withdraw(self, person: Shopper, consent: Any) -> None:
        """A customer withdraws."""
        self.patiently(lambda: self.client(person).withdraw(consent))

    def parked(self) -> list[str]:
        """Whatever the agent has set aside, with its reason."""
        from faircart.agent import status

        return [f"{entry['kind']} {entry['id']}: {entry['error']}" for entry in status.parked(self.config)]
