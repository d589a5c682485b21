# SPDX-License-Identifier: Apache-2.0
"""A stand-in as a whole: a folder, some wallets, their ports, and the faults that tests ask for."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import faircart.standin.methods  # noqa: F401 - registers the methods
from faircart.errors import FairCartError
from faircart.standin.chainaddress import AddressRules
from faircart.standin.http import Faults, HttpSide
from faircart.standin.ledger import GLOBAL_TYPES, NEVER, Ledger
from faircart.standin.network import Condition, Delays, Network
from faircart.standin.wallet import Wallet

USER = "multichainrpc"
CHAIN = "faircart"
_T = TypeVar("_T")


class StandInError(FairCartError):
    """The stand-in cannot start."""


@dataclass(frozen=True)
class Access:
    """How a client reaches one wallet. The password lies in a file that only its owner can read."""

    name: str
    url: str
    user: str
    password_file: Path
    address: str

    def password(self) -> str:
        return self.password_file.read_text().strip()

    def describe(self) -> dict[str, str]:
        return {
            "name": self.name,
            "url": self.url,
            "user": self.user,
            "passwordFile": str(self.password_file),
            "address": self.address,
        }


class StandIn:
    """Several wallets of one chain, each on its own loopback port, in one process.

    `data` is the folder that holds everything; started again on it, the stand-in is where it was, on the
    same ports if they are free. Use as a context manager, or `start()` and `stop()`.
    """

    def __init__(
        self,
        data: Path,
        wallets: int = 2,
        *,
        chain_name: str = CHAIN,
        delays: Delays | None = None,
        rules: AddressRules | None = None,
    ) -> None:
        self.data = data
        self.delays = delays or Delays()
        self._wanted = wallets
        self._chain_name = chain_name
        self._rules = rules
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._sides: dict[int, HttpSide] = {}
        self.ledger: Ledger
        self.network: Network

    def __enter__(self) -> StandIn:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- life ---
    def start(self) -> None:
        """Raises StandInError if another one uses the folder or it cannot be written."""
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self._lock()
        except OSError as error:
            raise StandInError(
                f"{self.data}: cannot be used as the stand-in's folder ({error.strerror})"
            ) from None
        self.ledger = Ledger(self.data / "standin.sqlite")
        os.chmod(self.data / "standin.sqlite", 0o600)
        if self.ledger.one("SELECT 1 FROM meta") is None:
            self.ledger.found(self._chain_name, self._rules)
        self.network = Network(self.ledger, self.delays)
        self._add_wallets()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="standin-http", daemon=True)
        self._thread.start()
        for number in self.network.wallets():
            self._serve(number)
        self.network.start()

    def stop(self) -> None:
        if self._loop is None or self._thread is None:
            return
        for number in list(self._sides):
            self._run(self._sides[number].stop())
        self.network.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None
        self.ledger.close()
        self._lock_file.unlink(missing_ok=True)

    @property
    def _lock_file(self) -> Path:
        return self.data / "pid"

    def _lock(self) -> None:
        try:
            pid = int(self._lock_file.read_text())
            os.kill(pid, 0)
        except (OSError, ValueError):
            pid = 0
        if pid and pid != os.getpid():
            raise StandInError(f"{self.data}: a stand-in runs on this folder already (process {pid})")
        self._lock_file.write_text(str(os.getpid()))

    def _add_wallets(self) -> None:
        while len(self.network.wallets()) < self._wanted:
            number = len(self.network.wallets()) + 1
            wallet = self.ledger.add_wallet(f"wallet-{number}")
            address = self.ledger.add_address(wallet).address
            founder = self.ledger.addresses(self.network.wallets()[0])[0][0]
            if wallet == 1:
                with self.ledger.changing() as db:
                    db.execute("UPDATE blocks SET miner = ? WHERE height = 0", (address,))
            types = GLOBAL_TYPES if wallet == 1 else ("connect", "send", "receive", "create")
            txid = self.ledger.add_grants(1, founder, [address], "", list(types), 0, NEVER)
            for other in self.network.wallets():
                with self.ledger.changing() as db:
                    db.execute(
                        "INSERT OR IGNORE INTO arrivals VALUES (?, ?, ?)", (other, txid, int(time.time()))
                    )
        if self.ledger.height() == 0:
            self.network.mine()

    def _serve(self, number: int) -> None:
        folder = self.data / self.name(number)
        folder.mkdir(exist_ok=True)
        password_file = folder / "password"
        if not password_file.exists():
            handle = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
        side = self._sides.get(number)
        if side is None:
            wallet = Wallet(self.ledger, self.network, number)
            side = self._sides[number] = HttpSide(wallet, USER, password_file.read_text().strip())
        port_file = folder / "port"
        before = int(port_file.read_text()) if port_file.exists() else 0
        try:
            port = self._run(side.start(before))
        except OSError:
            port = self._run(side.start(0))
        port_file.write_text(str(port))

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    # --- access ---
    def name(self, number: int) -> str:
        return str(self.ledger.value("SELECT name FROM wallets WHERE wallet = ?", number))

    def access(self, number: int) -> Access:
        """How to reach wallet 1, 2, …"""
        return Access(
            name=self.name(number),
            url=f"http://127.0.0.1:{self._sides[number].wallet.port}/",
            user=USER,
            password_file=(self.data / self.name(number) / "password").absolute(),
            address=self.ledger.addresses(number)[0][0],
        )

    def describe(self) -> dict[str, Any]:
        """What `--port-file` holds: no secrets, only the names of the files that hold them."""
        return {
            "kind": "stand-in",
            "chain": self.ledger.meta("chain-name"),
            "pid": os.getpid(),
            "wallets": [self.access(number).describe() for number in self.network.wallets()],
        }

    def write_description(self, path: Path) -> None:
        """Written whole or not at all, so that whoever waits for the file can read it at once."""
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(self.describe(), indent=2) + "\n")
        part.replace(path)

    # --- faults and time, for tests ---
    def faults(self, number: int) -> Faults:
        return self._sides[number].faults

    def condition(self, number: int) -> Condition:
        """Withheld and corrupt payloads of a wallet (`set_offline` for the network)."""
        return self.network.condition(number)

    def corrupt_answers(self, number: int, on: bool = True) -> None:
        """Let a wallet's node hand altered payloads to its own client."""
        self._sides[number].wallet.corrupt_answers = on

    def cut_off(self, number: int, on: bool = True) -> None:
        """Take a wallet's node out of the network, or let it back; its client still reaches it."""
        self.network.set_offline(number, on)

    def stop_wallet(self, number: int) -> None:
        """Stop a wallet's node: its port is closed and the others no longer see it."""
        self.network.set_offline(number, True)
        self._run(self._sides[number].stop())

    def start_wallet(self, number: int, warm_up: float = 0.2) -> None:
        """Start it again on the same port; it answers -28 for `warm_up` seconds."""
        self._sides[number].warm_up_until = time.monotonic() + warm_up
        self._serve(number)
        self.network.set_offline(number, False)

    def settle(self) -> None:
        """Let everything arrive that can, without waiting."""
        self.network.settle()

    def mine(self) -> None:
        self.network.mine()
        self.network.settle()
