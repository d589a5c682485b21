# SPDX-License-Identifier: Apache-2.0
"""What moves between the wallets: transactions, blocks and off-chain payloads, a moment later than they
were made.

One thread does it all. `settle()` does at once whatever could happen by now, for tests that do not wait.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import logging
import secrets
import threading
import time
from dataclasses import dataclass, field

from faircart.standin.ledger import UNCONFIRMED, Ledger

log = logging.getLogger("faircart.standin")

_TICK = 0.02
_RETRY = 0.25
EMPTY_ROUNDS = 10  # mine-empty-rounds: how many empty blocks follow the last transaction


@dataclass(frozen=True)
class Delays:
    """Seconds. `block` 0 makes no blocks by itself; `relay` for a transaction, `payload` for off-chain data
    after it.
    """

    block: float = 2.0
    relay: float = 0.15
    payload: float = 0.15


@dataclass
class Condition:
    """What is the matter with one wallet's node in the network (its HTTP side is elsewhere)."""

    offline: bool = False
    withheld: set[str] = field(default_factory=set)
    """Streams (txid) whose payloads it does not hand out; "*" for all."""
    corrupt: set[str] = field(default_factory=set)
    """Streams (txid) whose payloads it hands out altered; "*" for all. Who receives them throws them away."""


@dataclass(order=True)
class _Due:
    at: float
    number: int
    kind: str = field(compare=False)
    wallet: int = field(compare=False)
    what: str | int = field(compare=False)


class Network:
    def __init__(self, ledger: Ledger, delays: Delays) -> None:
        self.ledger = ledger
        self.delays = delays
        self.conditions: dict[int, Condition] = {}
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self._empty_left = EMPTY_ROUNDS
        self._next_block = 0.0
        self._thread = threading.Thread(target=self._run, name="standin-network", daemon=True)

    # --- life ---
    def start(self) -> None:
        """Take up what a stopped stand-in had left under way, then go on."""
        now = time.monotonic()
        with self.ledger.lock:
            for wallet in self.wallets():
                self.conditions.setdefault(wallet, Condition())
                missing = self.ledger.rows(
                    "SELECT txid FROM transactions"
                    " WHERE txid NOT IN (SELECT txid FROM arrivals WHERE wallet = ?)"
                    " ORDER BY seq",
                    wallet,
                )
                for (txid,) in missing:
                    self._schedule(now, "relay", wallet, txid)
                self._want_missing(wallet, now)
        self._next_block = now + self.delays.block
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def wallets(self) -> list[int]:
        return [row[0] for row in self.ledger.rows("SELECT wallet FROM wallets ORDER BY wallet")]

    def _run(self) -> None:
        while not self._stop.wait(_TICK):
            now = time.monotonic()
            with self.ledger.lock:
                self._deliver(now)
                if self.delays.block > 0 and now >= self._next_block:
                    self._next_block = now + self.delays.block
                    self.mine(only_if_due=True)

    # --- what the methods tell it ---
    def announce(self, wallet: int, txid: str) -> None:
        """A wallet has made a transaction."""
        with self.ledger.lock:
            self._empty_left = EMPTY_ROUNDS
            at = time.monotonic() + self.delays.relay
            for other in self.wallets():
                if other != wallet:
                    self._schedule(at, "relay", other, txid)

    def want(self, wallet: int, items: list[int]) -> None:
        """A wallet follows a stream and lacks these payloads."""
        with self.ledger.lock:
            at = time.monotonic() + self.delays.payload
            for item in items:
                self._schedule(at, "payload", wallet, item)

    def settle(self) -> None:
        """Deliver all that can be delivered, however recent."""
        with self.ledger.lock:
            for _ in range(3):  # transactions first, then the payloads that they make wanted
                self._deliver(float("inf"))

    def condition(self, wallet: int) -> Condition:
        return self.conditions.setdefault(wallet, Condition())

    def set_offline(self, wallet: int, offline: bool) -> None:
        """Cut a wallet's node off, or let it back and catch up."""
        with self.ledger.lock:
            self.condition(wallet).offline = offline
            if not offline:
                now = time.monotonic()
                self._want_missing(wallet, now + self.delays.payload)

    def connected(self, wallet: int) -> bool:
        """Whether this wallet's node is in the network: running, and its address may connect."""
        if self.condition(wallet).offline:
            return False
        founder = self.wallets()[0]
        if wallet == founder:
            return True
        return any(
            self.ledger.granted(founder, address, "", "connect")
            for address, _ in self.ledger.addresses(wallet)
        )

    def peers(self, wallet: int) -> list[int]:
        if not self.connected(wallet):
            return []
        return [other for other in self.wallets() if other != wallet and self.connected(other)]

    # --- delivery ---
    def _schedule(self, at: float, kind: str, wallet: int, what: str | int) -> None:
        heapq.heappush(self._due, _Due(at, next(self._numbers), kind, wallet, what))

    def _want_missing(self, wallet: int, at: float) -> None:
        for (item,) in self.ledger.rows(
            "SELECT p.item FROM positions p JOIN items i ON i.item = p.item WHERE p.wallet = ? AND i.offchain"
            " AND NOT EXISTS (SELECT 1 FROM holdings h WHERE h.item = p.item AND h.wallet = p.wallet)",
            wallet,
        ):
            self._schedule(at, "payload", wallet, item)

    def _deliver(self, now: float) -> None:
        due = []
        while self._due and self._due[0].at <= now:
            due.append(heapq.heappop(self._due))
        if not due:
            return
        later = time.monotonic() + _RETRY
        peers = {wallet: self.peers(wallet) for wallet in {entry.wallet for entry in due}}
        with self.ledger.changing():
            for entry in due:
                if entry.kind == "relay":
                    done = self._relay(entry.wallet, str(entry.what), peers[entry.wallet])
                else:
                    done = self._fetch(entry.wallet, int(entry.what), peers[entry.wallet])
                if not done:
                    self._schedule(later, entry.kind, entry.wallet, entry.what)

    def _relay(self, wallet: int, txid: str, peers: list[int]) -> bool:
        ledger = self.ledger
        if ledger.one("SELECT 1 FROM arrivals WHERE wallet = ? AND txid = ?", wallet, txid):
            return True
        holders = {row[0] for row in ledger.rows("SELECT wallet FROM arrivals WHERE txid = ?", txid)}
        if not holders & set(peers):
            return False
        self._arrive(wallet, txid)
        return True

    def _arrive(self, wallet: int, txid: str) -> None:
        self.ledger.db.execute(
            "INSERT OR IGNORE INTO arrivals VALUES (?, ?, ?)", (wallet, txid, int(time.time()))
        )
        self.want(wallet, self.ledger.place(wallet, txid))

    def _fetch(self, wallet: int, item: int, peers: list[int]) -> bool:
        ledger = self.ledger
        if ledger.holds(wallet, item):
            return True
        row = ledger.one("SELECT stream, size FROM items WHERE item = ?", item)
        if row is None or not ledger.subscribed(wallet, row[0]):
            return True
        stream, size = row
        for (holder,) in ledger.rows("SELECT wallet FROM holdings WHERE item = ?", item):
            condition = self.condition(holder)
            if holder not in peers or {stream, "*"} & condition.withheld:
                continue
            if {stream, "*"} & condition.corrupt:
                ledger.db.execute("UPDATE wallets SET bad = bad + 1 WHERE wallet = ?", (wallet,))
                continue
            ledger.db.execute("INSERT INTO holdings VALUES (?, ?)", (item, wallet))
            ledger.db.execute(
                "UPDATE wallets SET chunks = chunks + ?, chunkbytes = chunkbytes + ? WHERE wallet = ?",
                (max(1, -(-size // 1_048_576)), size, wallet),
            )
            return True
        return False

    # --- blocks ---
    def mine(self, only_if_due: bool = False) -> None:
        """Make a block of what the miner has seen, and let every connected node follow the chain."""
        ledger = self.ledger
        with ledger.changing() as db:
            miner = self._miner()
            if miner is not None:
                wallet, address = miner
                waiting = ledger.rows(
                    "SELECT t.txid FROM transactions t JOIN arrivals a ON a.txid = t.txid AND a.wallet = ?"
                    " WHERE t.height IS NULL ORDER BY t.seq",
                    wallet,
                )
                if waiting or not only_if_due or self._empty_left > 0:
                    self._empty_left = EMPTY_ROUNDS if waiting else self._empty_left - 1
                    height = ledger.height() + 1
                    block = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
                    db.execute(
                        "INSERT INTO blocks VALUES (?, ?, ?, ?, ?)",
                        (height, "00" + block[2:], int(time.time()), address, len(waiting) + 1),
                    )
                    for index, (txid,) in enumerate(waiting, start=1):
                        db.execute(
                            "UPDATE transactions SET height = ?, blockindex = ? WHERE txid = ?",
                            (height, index, txid),
                        )
                        db.execute(
                            "UPDATE streams SET ref = ? WHERE txid = ?",
                            (streamref(height, index, txid), txid),
                        )
            self._follow()

    def _miner(self) -> tuple[int, str] | None:
        for wallet in self.wallets():
            if self.connected(wallet):
                for address, _ in self.ledger.addresses(wallet):
                    if self.ledger.granted(wallet, address, "", "mine"):
                        return wallet, address
        return None

    def _follow(self) -> None:
        ledger, top = self.ledger, self.ledger.height()
        founder = self.wallets()[0]
        for wallet in self.wallets():
            height = ledger.wallet_height(wallet)
            # without its founder the network has no blocks to hand on
            if height == top or not self.connected(wallet) or not (wallet == founder or self.peers(wallet)):
                continue
            missing = ledger.rows(
                "SELECT txid FROM transactions t WHERE height > ? AND NOT EXISTS"
                " (SELECT 1 FROM arrivals a WHERE a.wallet = ? AND a.txid = t.txid)"
                " ORDER BY height, blockindex",
                height,
                wallet,
            )
            ledger.db.execute("UPDATE wallets SET height = ? WHERE wallet = ?", (top, wallet))
            for (txid,) in missing:
                self._arrive(wallet, txid)
            ledger.db.execute(
                "UPDATE positions SET (height, blockindex) = (SELECT t.height, t.blockindex FROM items i"
                " JOIN transactions t ON t.txid = i.txid WHERE i.item = positions.item)"
                " WHERE arrived IN (SELECT p.arrived FROM transactions t JOIN items i ON i.txid = t.txid"
                " JOIN positions p ON p.item = i.item AND p.wallet = ?"
                " WHERE t.height > ? AND p.height = ?)",
                (wallet, height, UNCONFIRMED),
            )


def streamref(height: int, index: int, txid: str) -> str:
    """Block, place in it, and the first two bytes of the txid as a number."""
    return f"{height}-{265 + 220 * (index - 1)}-{int.from_bytes(bytes.fromhex(txid)[:2], 'little')}"
