# SPDX-License-Identifier: Apache-2.0
"""The chain that all wallets of a stand-in share, and each wallet's view of it, in SQLite.

There is no proof of work, no signature check between nodes and no fork: blocks are made by a clock. What a
wallet may see follows from `arrivals` (transactions), its own height (blocks), `positions` (subscribed
streams) and `holdings` (off-chain payloads); `network.py` moves those forward.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faircart.standin.chainaddress import AddressRules, KeyPair, new_key
from faircart.standin.schema import SCHEMA

UNCONFIRMED = 2**40
"""The height of a position whose transaction is in no block yet: it sorts behind all others."""
NEVER = 4_294_967_295
GLOBAL_TYPES = ("mine", "admin", "activate", "connect", "send", "receive", "issue", "create")
STREAM_TYPES = ("admin", "activate", "write", "read")


_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(name: str) -> str:
    """A stream's name as it is compared: a node takes A to Z for a to z, and leaves all else as it is."""
    return name.translate(_LOWER)


@dataclass(frozen=True)
class Stream:
    txid: str
    seq: int
    name: str
    write: bool
    read: bool
    onchain: bool
    offchain: bool
    salted: bool
    details: dict[str, Any]
    creator: str


@dataclass(frozen=True)
class NewItem:
    stream: str
    keys: list[str]
    offchain: bool
    format: str
    size: int
    payload: bytes
    salt: bytes


class Ledger:
    """All state. Every public method takes the lock; `changing()` makes several steps one transaction."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.execute("PRAGMA cache_size=-4096")
        self.db.executescript(SCHEMA)

    def close(self) -> None:
        with self.lock:
            self.db.close()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """One database transaction under the lock; an exception undoes it."""
        with self.lock:
            if self._depth:
                yield self.db
                return
            self.db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self.db
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            else:
                self.db.execute("COMMIT")
            finally:
                self._depth -= 1

    def rows(self, sql: str, *values: Any) -> list[Any]:
        with self.lock:
            return self.db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> Any:
        with self.lock:
            return self.db.execute(sql, values).fetchone()

    def value(self, sql: str, *values: Any) -> Any:
        row = self.one(sql, *values)
        return None if row is None else row[0]

    # --- the chain ---
    def meta(self, name: str) -> str:
        return str(self.value("SELECT value FROM meta WHERE name = ?", name))

    def set_meta(self, name: str, value: str) -> None:
        with self.changing() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def rules(self) -> AddressRules:
        return AddressRules(
            bytes.fromhex(self.meta("address-pubkeyhash-version")),
            bytes.fromhex(self.meta("address-checksum-value")),
            bytes.fromhex(self.meta("private-key-version")),
        )

    def height(self) -> int:
        return int(self.value("SELECT max(height) FROM blocks"))

    def found(self, chain_name: str, rules: AddressRules | None = None) -> None:
        """Make a new chain: parameters of its own, the genesis block, the root stream."""
        now = int(time.time())
        rules = rules or AddressRules(
            b"\0" + secrets.token_bytes(3), secrets.token_bytes(4), b"\x80" + secrets.token_bytes(3)
        )
        with self.changing() as db:
            for name, value in (
                ("chain-name", chain_name),
                ("address-pubkeyhash-version", rules.pubkeyhash_version.hex()),
                ("address-checksum-value", rules.checksum_value.hex()),
                ("private-key-version", rules.private_key_version.hex()),
                ("founded", str(now)),
            ):
                self.set_meta(name, value)
            txid = secrets.token_hex(32)
            db.execute("INSERT INTO blocks VALUES (0, ?, ?, '', 1)", (secrets.token_hex(32), now))
            db.execute(
                "INSERT INTO transactions VALUES (NULL, ?, 0, '', ?, 0, 0, 1)",
                (txid, now),
            )
            db.execute(
                "INSERT INTO streams VALUES (?, 0, 'root', 'root', 0, 0, 0, 0, 0, '{}', '', '0-0-0')", (txid,)
            )

    def root(self) -> str:
        return str(self.value("SELECT txid FROM streams WHERE seq = 0"))

    # --- wallets ---
    def add_wallet(self, name: str) -> int:
        with self.changing() as db:
            wallet = int(
                db.execute(
                    "INSERT INTO wallets (name, height, created) VALUES (?, ?, ?)",
                    (name, self.height(), int(time.time())),
                ).lastrowid
                or 0
            )
            db.execute("INSERT INTO subscriptions VALUES (?, ?)", (wallet, self.root()))
            now = int(time.time())
            db.execute(
                "INSERT INTO arrivals SELECT ?, txid, ? FROM transactions WHERE height IS NOT NULL",
                (wallet, now),
            )
        return wallet

    def add_address(self, wallet: int, pair: KeyPair | None = None, startblock: int | None = None) -> KeyPair:
        """A new address, or a given one; without a secret it is only watched."""
        pair = pair or new_key(self.rules())
        with self.changing() as db:
            seq = db.execute("SELECT count(*) FROM addresses WHERE wallet = ?", (wallet,)).fetchone()[0]
            db.execute(
                "INSERT INTO addresses VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " pubkey = excluded.pubkey, secret = excluded.secret WHERE excluded.secret <> x''",
                (wallet, seq, pair.address, pair.pubkey, pair.secret, startblock),
            )
        return pair

    def addresses(self, wallet: int) -> list[tuple[str, str]]:
        """(address, pubkey) of those that this wallet has keys for, oldest first."""
        return self.rows(
            "SELECT address, pubkey FROM addresses WHERE wallet = ? AND secret <> x'' ORDER BY seq", wallet
        )

    def secret(self, wallet: int, address: str) -> bytes | None:
        found = self.value("SELECT secret FROM addresses WHERE wallet = ? AND address = ?", wallet, address)
        return bytes(found) if found else None

    def wallet_height(self, wallet: int) -> int:
        return int(self.value("SELECT height FROM wallets WHERE wallet = ?", wallet))

    # --- transactions ---
    def add_transaction(self, wallet: int, signer: str, outputs: int) -> tuple[int, str]:
        """(seq, txid) of a new, unconfirmed transaction that its own wallet has seen and keeps."""
        txid = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
        now = int(time.time())
        with self.changing() as db:
            seq = db.execute(
                "INSERT INTO transactions VALUES (NULL, ?, ?, ?, ?, NULL, NULL, ?)",
                (txid, wallet, signer, now, outputs),
            ).lastrowid
            db.execute("INSERT INTO arrivals VALUES (?, ?, ?)", (wallet, txid, now))
            db.execute("INSERT INTO kept VALUES (?, ?)", (wallet, txid))
        return int(seq or 0), txid

    def add_stream(self, wallet: int, creator: str, stream: dict[str, Any]) -> str:
        """Create; the creator gets admin, activate, write and read, the first three as a node lists them."""
        with self.changing() as db:
            seq, txid = self.add_transaction(wallet, creator, 2)
            db.execute(
                "INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    txid,
                    seq,
                    stream["name"],
                    folded(stream["name"]),
                    stream["write"],
                    stream["read"],
                    stream["onchain"],
                    stream["offchain"],
                    stream["salted"],
                    json.dumps(stream["details"]),
                    creator,
                ),
            )
            for kind in STREAM_TYPES:
                db.execute(
                    "INSERT INTO grants VALUES (NULL, ?, ?, ?, ?, 0, ?, ?)",
                    (txid, txid, creator, kind, NEVER, creator),
                )
        return txid

    def add_grants(
        self,
        wallet: int,
        admin: str,
        addresses: list[str],
        stream: str,
        types: list[str],
        start: int,
        end: int,
    ) -> str:
        with self.changing() as db:
            _, txid = self.add_transaction(wallet, admin, len(addresses) + 1)
            for address in addresses:
                for kind in types:
                    db.execute(
                        "INSERT INTO grants VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
                        (txid, stream, address, kind, start, end, admin),
                    )
        return txid

    def add_items(self, wallet: int, publisher: str, items: list[NewItem]) -> str:
        with self.changing() as db:
            _, txid = self.add_transaction(wallet, publisher, len(items) + 1)
            for vout, item in enumerate(items):
                row = db.execute(
                    "INSERT INTO items VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        txid,
                        vout,
                        item.stream,
                        publisher,
                        json.dumps(item.keys),
                        item.offchain,
                        item.format,
                        item.size,
                        item.payload,
                        item.salt,
                    ),
                ).lastrowid
                db.executemany(
                    "INSERT INTO itemkeys VALUES (?, ?, ?)",
                    [(item.stream, key, row) for key in dict.fromkeys(item.keys)],
                )
                if item.offchain:
                    db.execute("INSERT INTO holdings VALUES (?, ?)", (row, wallet))
            self.place(wallet, txid)
        return txid

    def place(self, wallet: int, txid: str) -> list[int]:
        """Put a transaction's items into the wallet's view of the streams it follows; returns those whose
        payload is not here."""
        with self.changing() as db:
            found = db.execute(
                "SELECT item, i.stream, offchain FROM items i JOIN subscriptions s"
                " ON s.stream = i.stream AND s.wallet = ? WHERE txid = ? ORDER BY vout",
                (wallet, txid),
            ).fetchall()
            if not found:
                return []
            height, index = self._place_in_chain(wallet, txid)
            db.executemany(
                "INSERT OR IGNORE INTO positions VALUES (NULL, ?, ?, ?, ?, ?)",
                [(wallet, stream, item, height, index) for item, stream, _ in found],
            )
            db.execute("INSERT OR IGNORE INTO kept VALUES (?, ?)", (wallet, txid))
            return [item for item, _, offchain in found if offchain and not self.holds(wallet, item)]

    def _place_in_chain(self, wallet: int, txid: str) -> tuple[int, int]:
        height, index = self.one("SELECT height, blockindex FROM transactions WHERE txid = ?", txid)
        if height is None or height > self.wallet_height(wallet):
            return UNCONFIRMED, 0
        return int(height), int(index)

    def holds(self, wallet: int, item: int) -> bool:
        return self.one("SELECT 1 FROM holdings WHERE item = ? AND wallet = ?", item, wallet) is not None

    # --- streams ---
    def stream_row(self, row: Any) -> Stream:
        return Stream(
            txid=row[0],
            seq=row[1],
            name=row[2],
            write=bool(row[4]),
            read=bool(row[5]),
            onchain=bool(row[6]),
            offchain=bool(row[7]),
            salted=bool(row[8]),
            details=json.loads(row[9]),
            creator=row[10],
        )

    _KNOWN = "FROM streams s JOIN arrivals a ON a.txid = s.txid AND a.wallet = ?"

    def stream_by_txid(self, wallet: int, txid: str) -> Stream | None:
        row = self.one(f"SELECT s.* {self._KNOWN} WHERE s.txid = ?", wallet, txid)
        return None if row is None else self.stream_row(row)

    def stream_by_name(self, wallet: int, name: str) -> Stream | None:
        row = self.one(
            f"SELECT s.* {self._KNOWN} WHERE s.folded = ? ORDER BY s.seq LIMIT 1",
            wallet,
            folded(name),
        )
        return None if row is None else self.stream_row(row)

    def stream_by_ref(self, wallet: int, ref: str) -> Stream | None:
        row = self.one(f"SELECT s.* {self._KNOWN} WHERE s.ref = ?", wallet, ref)
        if row is None or self.streamref(wallet, row[0]) is None:
            return None
        return self.stream_row(row)

    def known_streams(self, wallet: int) -> list[Stream]:
        """Confirmed ones in chain order, then the others in order of arrival."""
        rows = self.rows(
            f"SELECT s.* {self._KNOWN} JOIN transactions t ON t.txid = s.txid"
            " ORDER BY CASE WHEN t.height <= ? THEN t.height ELSE ? END, t.blockindex, s.seq",
            wallet,
            self.wallet_height(wallet),
            UNCONFIRMED,
        )
        return [self.stream_row(row) for row in rows]

    def streamref(self, wallet: int, txid: str) -> str | None:
        height, ref = self.one(
            "SELECT t.height, s.ref FROM streams s JOIN transactions t ON t.txid = s.txid WHERE s.txid = ?",
            txid,
        )
        return ref if height is not None and height <= self.wallet_height(wallet) else None

    def subscribed(self, wallet: int, stream: str) -> bool:
        return (
            self.one("SELECT 1 FROM subscriptions WHERE wallet = ? AND stream = ?", wallet, stream)
            is not None
        )

    # --- permissions ---
    def granted(self, wallet: int, address: str, stream: str, kind: str) -> bool:
        """Whether the latest grant that this wallet has seen is in force at its height."""
        row = self.one(
            "SELECT startblock, endblock FROM grants g JOIN arrivals a ON a.txid = g.txid AND a.wallet = ?"
            " WHERE g.stream = ? AND g.address = ? AND g.type = ? ORDER BY g.seq DESC LIMIT 1",
            wallet,
            stream,
            address,
            kind,
        )
        return row is not None and row[0] <= self.wallet_height(wallet) + 1 < row[1] + (row[1] == NEVER)

    def permissions(self, wallet: int, stream: str) -> list[Any]:
        """(address, type, startblock, endblock, admin) of the latest grant of each kind, oldest subject
        first.
        """
        rows = self.rows(
            "SELECT g.address, g.type, g.startblock, g.endblock, g.admin FROM grants g"
            " JOIN arrivals a ON a.txid = g.txid AND a.wallet = ? WHERE g.stream = ? ORDER BY g.seq",
            wallet,
            stream,
        )
        latest = {(row[0], row[1]): row for row in rows}
        return [row for row in latest.values() if row[2] < row[3]]
