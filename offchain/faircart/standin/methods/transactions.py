# SPDX-License-Identifier: Apache-2.0
"""Transactions of the wallet itself, as far as they are stream items."""

from __future__ import annotations

from typing import Any

from faircart.standin import values
from faircart.standin.methods.items import entry
from faircart.standin.registry import method
from faircart.standin.rpcerror import NOT_SUPPORTED, PARAMETER, RpcError
from faircart.standin.wallet import Wallet


@method("listwallettransactions", 0, 4, "( count skip includeWatchonly verbose )")
def listwallettransactions(wallet: Wallet, params: list[Any]) -> Any:
    count = values.integer(params[0]) if params else 10
    skip = values.integer(params[1]) if len(params) > 1 else 0
    if count < 0:
        raise RpcError(PARAMETER, "Negative count")
    if skip < 0:
        raise RpcError(PARAMETER, "Negative from")
    if len(params) > 3 and values.verbose(params, 3):
        raise RpcError(NOT_SUPPORTED, "The development stand-in lists no inputs and outputs")
    rows = wallet.ledger.rows(
        "SELECT txid, signer FROM transactions WHERE wallet = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
        wallet.number,
        count,
        skip,
    )
    return [_transaction(wallet, txid, signer) for txid, signer in reversed(rows)]


def _transaction(wallet: Wallet, txid: str, signer: str) -> dict[str, Any]:
    ledger = wallet.ledger
    items, common = [], {}
    for item, stream_txid in ledger.rows("SELECT item, stream FROM items WHERE txid = ? ORDER BY vout", txid):
        shown = entry(wallet, item, True)
        stream = ledger.stream_by_txid(wallet.number, stream_txid)
        items.append(
            {
                "type": "stream",
                **({"name": stream.name} if stream and stream.name else {}),
                "streamref": ledger.streamref(wallet.number, stream_txid),
                **{name: shown[name] for name in ("publishers", "keys", "offchain", "available", "data")},
            }
        )
        common = {
            name: value
            for name, value in shown.items()
            if name not in ("publishers", "keys", "offchain", "available", "data", "vout")
        }
    return {
        "balance": {"amount": 0, "assets": []},
        "myaddresses": [signer],
        "addresses": [],
        "permissions": [],
        "items": items,
        "data": [],
        **(common or _place(wallet, txid)),
    }


def _place(wallet: Wallet, txid: str) -> dict[str, Any]:
    """Confirmations and times of a transaction without items."""
    ledger = wallet.ledger
    time, height, index = ledger.one("SELECT time, height, blockindex FROM transactions WHERE txid = ?", txid)
    received = ledger.value("SELECT time FROM arrivals WHERE wallet = ? AND txid = ?", wallet.number, txid)
    end = {"txid": txid, "valid": True, "time": time, "timereceived": received}
    if height is None or height > wallet.height:
        return {"confirmations": 0, **end}
    block, blocktime = ledger.one("SELECT hash, time FROM blocks WHERE height = ?", height)
    return {
        "confirmations": wallet.height - height + 1,
        "blockhash": block,
        "blockheight": height,
        "blockindex": index,
        "blocktime": blocktime,
        **end,
    }
