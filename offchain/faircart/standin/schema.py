# SPDX-License-Identifier: Apache-2.0
"""The stand-in's tables. One database holds the chain and every wallet's view of it."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS blocks (
    height INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, time INTEGER NOT NULL, miner TEXT NOT NULL,
    transactions INTEGER NOT NULL
);

-- a transaction exists once; who has seen it when stands in arrivals
CREATE TABLE IF NOT EXISTS transactions (
    seq INTEGER PRIMARY KEY, txid TEXT NOT NULL UNIQUE, wallet INTEGER NOT NULL, signer TEXT NOT NULL,
    time INTEGER NOT NULL, height INTEGER, blockindex INTEGER, outputs INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS unconfirmed ON transactions (seq) WHERE height IS NULL;
CREATE INDEX IF NOT EXISTS by_height ON transactions (height);

CREATE TABLE IF NOT EXISTS wallets (
    wallet INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, height INTEGER NOT NULL, created INTEGER NOT NULL,
    chunks INTEGER NOT NULL DEFAULT 0, chunkbytes INTEGER NOT NULL DEFAULT 0, bad INTEGER NOT NULL DEFAULT 0
);
-- without a secret: watched only; startblock: not looked for in earlier blocks
CREATE TABLE IF NOT EXISTS addresses (
    wallet INTEGER NOT NULL, seq INTEGER NOT NULL, address TEXT NOT NULL, pubkey TEXT NOT NULL,
    secret BLOB NOT NULL, startblock INTEGER, PRIMARY KEY (wallet, address)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS arrivals (
    wallet INTEGER NOT NULL, txid TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (wallet, txid)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS streams (
    txid TEXT PRIMARY KEY, seq INTEGER NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
    write INTEGER NOT NULL, read INTEGER NOT NULL, onchain INTEGER NOT NULL, offchain INTEGER NOT NULL,
    salted INTEGER NOT NULL, details TEXT NOT NULL, creator TEXT NOT NULL, ref TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_name ON streams (folded);

-- stream '' is the chain itself
CREATE TABLE IF NOT EXISTS grants (
    seq INTEGER PRIMARY KEY, txid TEXT NOT NULL, stream TEXT NOT NULL, address TEXT NOT NULL,
    type TEXT NOT NULL, startblock INTEGER NOT NULL, endblock INTEGER NOT NULL, admin TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_subject ON grants (stream, address, type);

CREATE TABLE IF NOT EXISTS items (
    item INTEGER PRIMARY KEY, txid TEXT NOT NULL, vout INTEGER NOT NULL, stream TEXT NOT NULL,
    publisher TEXT NOT NULL, keys TEXT NOT NULL, offchain INTEGER NOT NULL, format TEXT NOT NULL,
    size INTEGER NOT NULL, payload BLOB NOT NULL, salt BLOB NOT NULL, UNIQUE (txid, vout)
);
CREATE TABLE IF NOT EXISTS itemkeys (
    stream TEXT NOT NULL, key TEXT NOT NULL, item INTEGER NOT NULL, PRIMARY KEY (stream, key, item)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_publisher ON items (stream, publisher);

-- off-chain payloads: which wallet has a copy
CREATE TABLE IF NOT EXISTS holdings (
    item INTEGER NOT NULL, wallet INTEGER NOT NULL, PRIMARY KEY (item, wallet)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS subscriptions (
    wallet INTEGER NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (wallet, stream)
) WITHOUT ROWID;
-- a subscribed stream as one wallet sees it: order of arrival, and place in the chain once known there
CREATE TABLE IF NOT EXISTS positions (
    arrived INTEGER PRIMARY KEY, wallet INTEGER NOT NULL, stream TEXT NOT NULL, item INTEGER NOT NULL,
    height INTEGER NOT NULL, blockindex INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS chain_order ON positions (wallet, stream, height, blockindex, arrived);
CREATE UNIQUE INDEX IF NOT EXISTS local_order ON positions (wallet, stream, arrived);
CREATE UNIQUE INDEX IF NOT EXISTS one_position ON positions (wallet, item);
-- transactions that a wallet keeps: its own, and those of streams it was ever subscribed to
CREATE TABLE IF NOT EXISTS kept (
    wallet INTEGER NOT NULL, txid TEXT NOT NULL, PRIMARY KEY (wallet, txid)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS caches (
    wallet INTEGER NOT NULL, identifier TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (wallet, identifier)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cachepieces (
    piece INTEGER PRIMARY KEY, wallet INTEGER NOT NULL, identifier TEXT NOT NULL, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS runtime (
    wallet INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (wallet, name)
) WITHOUT ROWID;
"""
