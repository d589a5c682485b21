# SPDX-License-Identifier: Apache-2.0
"""Following streams."""

from __future__ import annotations

from typing import Any

from faircart.standin import values
from faircart.standin.registry import method
from faircart.standin.rpcerror import PARAMETER, RpcError, enterprise
from faircart.standin.wallet import Wallet


@method("subscribe", 1, 3, "entity-identifier(s) ( rescan parameters )")
def subscribe(wallet: Wallet, params: list[Any]) -> Any:
    rescan = params[1] if len(params) > 1 and isinstance(params[1], bool) else True
    if len(params) > 2:
        raise enterprise("Controlled subscriptions")
    streams = [wallet.entity(name) for name in _names(params[0])]
    for stream in streams:
        if stream.read:
            raise enterprise("Subscribing to read-restricted stream")
    ledger = wallet.ledger
    with ledger.changing() as db:
        for stream in streams:
            added = db.execute(
                "INSERT OR IGNORE INTO subscriptions VALUES (?, ?)", (wallet.number, stream.txid)
            ).rowcount
            if added and rescan:
                _rescan(wallet, stream.txid)
    return None


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else values.strings(value)


def _rescan(wallet: Wallet, stream: str) -> None:
    """Earlier items, in chain order, those in no block last."""
    found = wallet.ledger.rows(
        "SELECT DISTINCT t.txid, t.height, t.blockindex, t.seq FROM items i"
        " JOIN transactions t ON t.txid = i.txid"
        " JOIN arrivals a ON a.txid = t.txid AND a.wallet = ? WHERE i.stream = ?"
        " ORDER BY t.height IS NULL, t.height, t.blockindex, t.seq",
        wallet.number,
        stream,
    )
    for txid, *_ in found:
        wallet.network.want(wallet.number, wallet.ledger.place(wallet.number, txid))


@method("unsubscribe", 1, 2, "entity-identifier(s) ( purge )")
def unsubscribe(wallet: Wallet, params: list[Any]) -> Any:
    if len(params) > 1 and not isinstance(params[1], bool):
        raise RpcError(PARAMETER, "Invalid value for 'purge' field, should be boolean")
    purge = len(params) > 1 and params[1]
    streams = [wallet.entity(name) for name in _names(params[0])]
    with wallet.ledger.changing() as db:
        for stream in streams:
            of_stream = (wallet.number, stream.txid)
            db.execute("DELETE FROM subscriptions WHERE wallet = ? AND stream = ?", of_stream)
            db.execute("DELETE FROM positions WHERE wallet = ? AND stream = ?", of_stream)
            if purge:
                # what this wallet published itself stays
                db.execute(
                    "DELETE FROM holdings WHERE wallet = ? AND item IN (SELECT i.item FROM items i"
                    " JOIN transactions t ON t.txid = i.txid WHERE i.stream = ? AND t.wallet <> ?)",
                    (*of_stream, wallet.number),
                )
    return None
