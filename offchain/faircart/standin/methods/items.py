# SPDX-License-Identifier: Apache-2.0
"""Reading items: one by one, by stream, key, publisher, query and block."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from faircart.standin import values
from faircart.standin.ledger import Stream
from faircart.standin.methods.blocks import block_set
from faircart.standin.methods.outputs import as_answered
from faircart.standin.registry import method
from faircart.standin.rpcerror import (
    NOT_ALLOWED,
    NOT_SUPPORTED,
    PARAMETER,
    TRANSACTION,
    RpcError,
)
from faircart.standin.wallet import Wallet

_CHAIN = "ORDER BY p.height, p.blockindex, p.arrived"
_LOCAL = "ORDER BY p.arrived"


# --- how an item looks ---
def entry(wallet: Wallet, item: int, verbose: bool) -> dict[str, Any]:
    """An item as `liststreamitems` shows it."""
    ledger = wallet.ledger
    txid, vout, publisher, keys, offchain, form, size, payload = ledger.one(
        "SELECT txid, vout, publisher, keys, offchain, format, size,"
        " CASE WHEN length(payload) <= ? THEN payload END FROM items WHERE item = ?",
        4 * wallet.runtime("maxshowndata") + 64,
        item,
    )
    available = not offchain or ledger.holds(wallet.number, item)
    shown: dict[str, Any] = {
        "publishers": [publisher],
        "keys": json.loads(keys),
        "offchain": bool(offchain),
        "available": available,
        "data": shown_data(wallet, txid, vout, form, size, payload if available else None),
    }
    time, height, index = ledger.one("SELECT time, height, blockindex FROM transactions WHERE txid = ?", txid)
    received = ledger.value("SELECT time FROM arrivals WHERE wallet = ? AND txid = ?", wallet.number, txid)
    top = wallet.height
    if height is None or height > top:
        shown |= {"confirmations": 0, "txid": txid}
    else:
        block, blocktime = ledger.one("SELECT hash, time FROM blocks WHERE height = ?", height)
        shown["confirmations"] = top - height + 1
        if verbose:
            shown |= {"blockhash": block, "blockheight": height, "blockindex": index}
        shown |= {"blocktime": blocktime, "txid": txid}
    if verbose:
        shown |= {"vout": vout, "valid": True, "time": time, "timereceived": received}
    return shown


def shown_data(wallet: Wallet, txid: str, vout: int, form: str, size: int, payload: bytes | None) -> Any:
    if payload is None or size > wallet.runtime("maxshowndata"):
        return {"txid": txid, "vout": vout, "format": form, "size": size}
    if form == "raw":
        return as_answered(wallet, payload).hex()
    if form == "text":
        return {"text": payload.decode("utf-8", "surrogatepass")}
    return {"json": json.loads(payload)}


def _entries(wallet: Wallet, rows: Iterable[Any], verbose: bool) -> list[dict[str, Any]]:
    return [entry(wallet, row[0], verbose) for row in rows]


# --- by transaction ---
def _of_transactions(wallet: Wallet, params: list[Any]) -> list[dict[str, Any]]:
    verbose = values.verbose(params, 2)
    txids = [values.txid(text) for text in values.strings(params[1])]
    stream = wallet.readable(params[0])
    found: list[dict[str, Any]] = []
    for txid in txids:
        rows = wallet.ledger.rows(
            "SELECT item FROM items i JOIN kept k ON k.txid = i.txid AND k.wallet = ?"
            " WHERE i.txid = ? AND i.stream = ? ORDER BY vout",
            wallet.number,
            txid,
            stream.txid,
        )
        found += _entries(wallet, rows, verbose)
    return found


@method("liststreamtxitems", 2, 3, '"stream-identifier" txids ( verbose )')
def liststreamtxitems(wallet: Wallet, params: list[Any]) -> Any:
    return _of_transactions(wallet, params)


@method("getstreamitem", 2, 3, '"stream-identifier" "txid" ( verbose )')
def getstreamitem(wallet: Wallet, params: list[Any]) -> Any:
    found = _of_transactions(wallet, params)
    if not found:
        raise RpcError(TRANSACTION, "This transaction was not found in this stream")
    if len(found) > 1:
        raise RpcError(
            NOT_ALLOWED,
            "This transaction has more than one output for this stream, please use liststreamtxitems",
        )
    return found[0]


# --- by stream, key, publisher ---
def selected(
    wallet: Wallet,
    stream: Stream,
    condition: str,
    bound: tuple[Any, ...],
    count: int,
    start: int,
    local: bool,
) -> list[Any]:
    """Rows (item,) of a page of the items in a wallet's view of a stream that fulfil an SQL condition on p
    and i.
    """
    join = "JOIN items i ON i.item = p.item" if "i." in condition else ""
    where = f"FROM positions p {join} WHERE p.wallet = ? AND p.stream = ? {condition}"
    size = wallet.ledger.value(f"SELECT count(*) {where}", wallet.number, stream.txid, *bound)
    first, number = values.window(count, start, size)
    if number <= 0:
        return []
    return wallet.ledger.rows(
        f"SELECT p.item {where} {_LOCAL if local else _CHAIN} LIMIT ? OFFSET ?",
        wallet.number,
        stream.txid,
        *bound,
        number,
        first,
    )


Condition = tuple[str, tuple[str, ...]]
"""SQL on p and i, and what is bound in it."""


def by_key(stream: Stream, key: str) -> Condition:
    return "AND p.item IN (SELECT k.item FROM itemkeys k WHERE k.stream = ? AND k.key = ?)", (
        stream.txid,
        key,
    )


def by_publisher(_stream: Stream, address: str) -> Condition:
    return "AND i.publisher = ?", (address,)


def _page(params: list[Any], position: int) -> tuple[bool, int, int, bool]:
    verbose = values.verbose(params, position)
    count, start = values.page(params, position + 1, 10)
    local = values.flag(params[position + 3]) if len(params) > position + 3 else False
    return verbose, count, start, local


@method("liststreamitems", 1, 5, '"stream-identifier" ( verbose count start local-ordering )')
def liststreamitems(wallet: Wallet, params: list[Any]) -> Any:
    verbose, count, start, local = _page(params, 1)
    stream = wallet.followed(params[0])
    if local:
        return _entries(wallet, _by_arrival(wallet, stream, count, start), verbose)
    return _entries(wallet, selected(wallet, stream, "", (), count, start, local), verbose)


def _by_arrival(wallet: Wallet, stream: Stream, count: int, start: int) -> list[Any]:
    """In local order a node lists one row a transaction: of several items in it only the first (measured)."""
    where = "FROM positions p JOIN items i ON i.item = p.item WHERE p.wallet = ? AND p.stream = ?"
    size = wallet.ledger.value(f"SELECT count(DISTINCT i.txid) {where}", wallet.number, stream.txid)
    first, number = values.window(count, start, size)
    return wallet.ledger.rows(
        f"SELECT min(p.item) {where} GROUP BY i.txid ORDER BY min(p.arrived) LIMIT ? OFFSET ?",
        wallet.number,
        stream.txid,
        number,
        first,
    )


@method("liststreamkeyitems", 2, 6, '"stream-identifier" "key" ( verbose count start local-ordering )')
def liststreamkeyitems(wallet: Wallet, params: list[Any]) -> Any:
    verbose, count, start, local = _page(params, 2)
    stream = wallet.followed(params[0])
    key = values.string(params[1])
    if key == "*":
        return _entries(wallet, selected(wallet, stream, "", (), count, start, local), verbose)
    return _entries(wallet, selected(wallet, stream, *by_key(stream, key), count, start, local), verbose)


@method(
    "liststreampublisheritems", 2, 6, '"stream-identifier" "address" ( verbose count start local-ordering )'
)
def liststreampublisheritems(wallet: Wallet, params: list[Any]) -> Any:
    verbose, count, start, local = _page(params, 2)
    stream = wallet.followed(params[0])
    text = values.string(params[1])
    if text == "*":
        return _entries(wallet, selected(wallet, stream, "", (), count, start, local), verbose)
    address = wallet.address(text, "Invalid address")
    return _entries(
        wallet, selected(wallet, stream, *by_publisher(stream, address), count, start, local), verbose
    )


# --- by query and block ---
@method("liststreamqueryitems", 2, 3, '"stream-identifier" query ( verbose )')
def liststreamqueryitems(wallet: Wallet, params: list[Any]) -> Any:
    verbose = values.verbose(params, 2)
    keys, publishers = _query(params[1])
    stream = wallet.followed(params[0])
    for text in publishers:
        wallet.address(text, "Invalid address")
    conditions = [by_key(stream, key) for key in keys]
    conditions += [by_publisher(stream, address) for address in publishers]
    limit = wallet.runtime("maxqueryscanitems")
    everything = 2**31 - 1
    if len(conditions) > 1:
        # a node decodes the items of the rarest condition to check the others
        scanned = min(
            len(selected(wallet, stream, condition, bound, everything, 0, False))
            for condition, bound in conditions
        )
        if scanned > limit:
            raise RpcError(
                NOT_SUPPORTED,
                f"This query requires decoding {scanned} items,"
                f" which is above the maxqueryscanitems limit of {limit}.",
            )
    rows = selected(
        wallet,
        stream,
        " ".join(condition for condition, _ in conditions),
        tuple(value for _, bound in conditions for value in bound),
        everything,
        0,
        False,
    )
    if len(rows) > limit:
        raise RpcError(NOT_SUPPORTED, "Resulting list is too large")
    return _entries(wallet, rows, verbose)


def _query(query: Any) -> tuple[list[str], list[str]]:
    if not isinstance(query, dict):
        raise RpcError(PARAMETER, "Invalid query, should be object ")
    found: dict[str, list[str]] = {"key": [], "publisher": []}
    for field, value in query.items():
        subject = field.removesuffix("s")
        if subject not in found or field not in ("key", "keys", "publisher", "publishers"):
            raise RpcError(PARAMETER, f"Invalid field: {field}")
        if subject in query and subject + "s" in query and field.endswith("s"):
            raise RpcError(PARAMETER, f"Only one of the {subject} fields can appear in the object")
        listed = value if field.endswith("s") else [value]
        if not isinstance(listed, list):
            raise RpcError(PARAMETER, f"Invalid {field}, should be array")
        if any(not isinstance(member, str) for member in listed):
            raise RpcError(PARAMETER, f"Invalid {subject}, should be string")
        found[subject] = listed
    if not found["key"] and not found["publisher"]:
        raise RpcError(PARAMETER, "Invalid query, cannot be empty")
    return found["key"], found["publisher"]


@method("liststreamblockitems", 2, 5, '"stream-identifier" block-set-identifier ( verbose count start )')
def liststreamblockitems(wallet: Wallet, params: list[Any]) -> Any:
    verbose = values.verbose(params, 2)
    count, start = values.page(params, 3, 2**31 - 1)
    stream = wallet.followed(params[0])
    heights = block_set(wallet, params[1])
    # heights come from the chain itself, so they can stand in the statement
    condition = f"AND p.height IN ({','.join(map(str, heights))})"
    return _entries(wallet, selected(wallet, stream, condition, (), count, start, False), verbose)
