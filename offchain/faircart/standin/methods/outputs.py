# SPDX-License-Identifier: Apache-2.0
"""Payloads by output, and the binary cache."""

from __future__ import annotations

import json
import secrets
from typing import Any

from faircart.standin import values
from faircart.standin.registry import method
from faircart.standin.rpcerror import (
    INTERNAL,
    NO_DATA,
    NOT_SUPPORTED,
    OUTPUT,
    PARAMETER,
    TRANSACTION,
    RpcError,
)
from faircart.standin.wallet import Wallet

MAX_ANSWER_BYTES = 0x4000000
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_UNKNOWN_CACHE = "Binary cache item with this identifier not found"


@method("createbinarycache", 0, 0)
def createbinarycache(wallet: Wallet, _: list[Any]) -> Any:
    identifier = "".join(secrets.choice(_ALPHABET) for _ in range(11))
    with wallet.ledger.changing() as db:
        db.execute("INSERT INTO caches VALUES (?, ?, 0)", (wallet.number, identifier))
    return identifier


@method("appendbinarycache", 2, 2, '"identifier" "data-hex" ')
def appendbinarycache(wallet: Wallet, params: list[Any]) -> Any:
    identifier, data = params
    if not isinstance(identifier, str):
        raise RpcError(PARAMETER, "cache identifier should be string")
    piece = values.hexadecimal(data)
    if piece is None:
        raise RpcError(PARAMETER, "data should be hexadecimal string")
    return _append(wallet, identifier, piece)


def _append(wallet: Wallet, identifier: str, piece: bytes) -> int:
    with wallet.ledger.changing() as db:
        size = _cache_size(wallet, identifier) + len(piece)
        if piece:
            db.execute("INSERT INTO cachepieces VALUES (NULL, ?, ?, ?)", (wallet.number, identifier, piece))
            db.execute(
                "UPDATE caches SET size = ? WHERE wallet = ? AND identifier = ?",
                (size, wallet.number, identifier),
            )
    return size


def _cache_size(wallet: Wallet, identifier: str) -> int:
    size = wallet.ledger.value(
        "SELECT size FROM caches WHERE wallet = ? AND identifier = ?", wallet.number, identifier
    )
    if size is None:
        raise RpcError(PARAMETER, _UNKNOWN_CACHE)
    return int(size)


def cached(wallet: Wallet, identifier: str) -> bytes:
    """What is in a cache item; raises -8 for an unknown one."""
    _cache_size(wallet, identifier)
    rows = wallet.ledger.rows(
        "SELECT data FROM cachepieces WHERE wallet = ? AND identifier = ? ORDER BY piece",
        wallet.number,
        identifier,
    )
    return b"".join(row[0] for row in rows)


@method("deletebinarycache", 1, 1, '"identifier" ')
def deletebinarycache(wallet: Wallet, params: list[Any]) -> Any:
    identifier = params[0]
    if not isinstance(identifier, str):
        raise RpcError(PARAMETER, "cache identifier should be string")
    with wallet.ledger.changing() as db:
        _cache_size(wallet, identifier)
        for table in ("caches", "cachepieces"):
            db.execute(
                f"DELETE FROM {table} WHERE wallet = ? AND identifier = ?",  # noqa: S608 - constants
                (wallet.number, identifier),
            )
    return None


@method("gettxoutdata", 2, 4, '"txid" vout ( count-bytes start-byte )')
def gettxoutdata(wallet: Wallet, params: list[Any]) -> Any:
    form, payload = _output(wallet, params)
    if form == "raw":
        if len(payload) > MAX_ANSWER_BYTES:
            raise RpcError(PARAMETER, "Invalid count, must be below 64MB")
        return as_answered(wallet, payload).hex()
    if form == "text":
        return {"text": payload.decode("utf-8", "surrogatepass")}
    return {"json": json.loads(payload)}


@method("txouttobinarycache", 3, 5, '"identifier" "txid" vout ( count-bytes start-byte )')
def txouttobinarycache(wallet: Wallet, params: list[Any]) -> Any:
    identifier = values.string(params[0])
    if _cache_size(wallet, identifier):
        raise RpcError(INTERNAL, "Binary cache item is not empty")
    form, payload = _output(wallet, params[1:])
    if form != "raw":
        raise RpcError(NOT_SUPPORTED, "This API is not supported for text and JSON data")
    return _append(wallet, identifier, payload)


def as_answered(wallet: Wallet, payload: bytes) -> bytes:
    if wallet.corrupt_answers and payload:
        return bytes([payload[0] ^ 1]) + payload[1:]
    return payload


def _output(wallet: Wallet, params: list[Any]) -> tuple[str, bytes]:
    """(format, the part asked for) of an output that this wallet has seen."""
    txid = values.string(params[0]).lower()
    if isinstance(params[1], str):
        raise RpcError(PARAMETER, "Invalid data reference")
    vout = values.integer(params[1])
    ledger = wallet.ledger
    outputs = ledger.value(
        "SELECT outputs FROM transactions t JOIN arrivals a ON a.txid = t.txid AND a.wallet = ?"
        " WHERE t.txid = ?",
        wallet.number,
        txid,
    )
    if outputs is None:
        raise RpcError(TRANSACTION, "No information available about transaction")
    if not 0 <= vout < outputs:
        # with the transaction in its wallet a node leaks a lock here and freezes later; not imitated
        raise RpcError(OUTPUT, "Invalid vout")
    row = ledger.one(
        "SELECT item, offchain, format, size, payload FROM items WHERE txid = ? AND vout = ?", txid, vout
    )
    if row is None:
        raise RpcError(NO_DATA, "Output without metadata")
    item, offchain, form, size, payload = row
    if offchain and not ledger.holds(wallet.number, item):
        raise RpcError(OUTPUT, "Data for this output is not available")
    first, count = _part(params, size)
    if form != "raw":
        if first != 0:
            raise RpcError(PARAMETER, "Invalid start, must be 0 for text and JSON data")
        if count != size:
            raise RpcError(PARAMETER, "Invalid count, must include all text or JSON data")
        return form, payload
    return form, payload[first : first + count]


def _part(params: list[Any], size: int) -> tuple[int, int]:
    count, start = size, 0
    if len(params) > 2:
        count = _int64(params[2], "Invalid count")
        if count < 0:
            raise RpcError(PARAMETER, "Invalid count")
    if len(params) > 3:
        start = _int64(params[3], "Invalid start")
    start = max(start + size, 0) if start < 0 else min(start, size)
    return start, min(count, size - start)


def _int64(value: Any, message: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RpcError(PARAMETER, message)
    return value
