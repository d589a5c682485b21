# SPDX-License-Identifier: Apache-2.0
"""Keys and publishers of a stream, and the merged value of a key."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from faircart.standin import values
from faircart.standin.ledger import Stream
from faircart.standin.methods.items import Condition, by_key, by_publisher, entry, selected
from faircart.standin.registry import method
from faircart.standin.rpcerror import NOT_ALLOWED, PARAMETER, RpcError
from faircart.standin.wallet import Wallet

_ALL = 2**31 - 1


@method("liststreamkeys", 1, 6, '"stream-identifier" ( key(s) verbose count start local-ordering )')
def liststreamkeys(wallet: Wallet, params: list[Any]) -> Any:
    return _list(wallet, params, "key", by_key)


@method(
    "liststreampublishers", 1, 6, '"stream-identifier" ( address(es) verbose count start local-ordering )'
)
def liststreampublishers(wallet: Wallet, params: list[Any]) -> Any:
    return _list(wallet, params, "publisher", by_publisher)


def _list(wallet: Wallet, params: list[Any], what: str, condition: Callable[[Stream, str], Condition]) -> Any:
    verbose = values.verbose(params, 2)
    count, start = values.page(params, 3, _ALL)
    local = values.flag(params[5]) if len(params) > 5 else False
    wanted: list[str] | None = None
    if len(params) > 1:
        single = what == "key" and isinstance(params[1], str)
        wanted = [params[1]] if single else values.strings(params[1])
        if not wanted:
            return None  # a node answers null here, not an empty list
        if wanted == ["*"]:
            wanted = None
    stream = wallet.followed(params[0])
    if wanted is None:
        wanted = _present(wallet, stream, what, local)
    elif what == "publisher":
        for text in wanted:
            wallet.address(text, "Invalid address")
    first, number = values.window(count, start, len(wanted))
    return [
        {what: subject, **_summary(wallet, stream, condition(stream, subject), verbose, local)}
        for subject in wanted[first : first + number]
    ]


def _present(wallet: Wallet, stream: Stream, what: str, local: bool) -> list[str]:
    """Keys or publishers in the order of their first items."""
    order = "p.arrived" if local else "p.height, p.blockindex, p.arrived"
    column = "i.keys" if what == "key" else "i.publisher"
    rows = wallet.ledger.rows(
        f"SELECT {column} FROM positions p JOIN items i ON i.item = p.item"  # noqa: S608 - constants
        f" WHERE p.wallet = ? AND p.stream = ? ORDER BY {order}",
        wallet.number,
        stream.txid,
    )
    if what == "publisher":
        return list(dict.fromkeys(row[0] for row in rows))
    return list(dict.fromkeys(key for row in rows for key in json.loads(row[0])))


def _summary(
    wallet: Wallet, stream: Stream, condition: Condition, verbose: bool, local: bool
) -> dict[str, Any]:
    sql, bound = condition
    rows = selected(wallet, stream, sql, bound, _ALL, 0, local)
    confirmed = selected(wallet, stream, f"{sql} AND p.height <= {wallet.height}", bound, _ALL, 0, local)
    summary: dict[str, Any] = {"items": len(rows), "confirmed": len(confirmed)}
    if verbose and rows:
        summary["first"] = entry(wallet, rows[0][0], True)
        summary["last"] = entry(wallet, rows[-1][0], True)
    return summary


_MODES = {
    "jsonobjectmerge",
    "recursive",
    "ignore",
    "ignoreother",
    "ignoremissing",
    "noupdate",
    "omitnull",
    "firstpublishersany",
    "firstpublishersall",
}
_WRONG_FORMAT = "Some items to be merged are in the wrong format (try using 'ignoreother')"


@method("getstreamkeysummary", 3, 3, '"stream-identifier" "key" "mode"')
def getstreamkeysummary(wallet: Wallet, params: list[Any]) -> Any:
    modes = set(values.strings(params[2]))
    for mode in values.strings(params[2]):
        if mode not in _MODES:
            raise RpcError(PARAMETER, f"Unrecognized mode: {mode}")
    if {"firstpublishersany", "firstpublishersall"} <= modes:
        raise RpcError(PARAMETER, "firstpublishers* option can appear only once in them mode")
    if "jsonobjectmerge" not in modes:
        raise RpcError(PARAMETER, "missing jsonobjectmerge")
    stream = wallet.followed(params[0])
    key = values.string(params[1])
    ignore = bool(modes & {"ignore", "ignoreother"})
    merged: dict[str, Any] = {}
    first: list[str] | None = None
    for (item,) in selected(wallet, stream, *by_key(stream, key), _ALL, 0, False):
        shown = entry(wallet, item, False)
        if modes & {"firstpublishersany", "firstpublishersall"}:
            first = shown["publishers"] if first is None else first
            if not set(first) & set(shown["publishers"]):
                continue
        data = _whole(wallet, item) if shown["available"] else None
        if data is None:
            if shown["data"]["format"] != "json":
                if not ignore:
                    raise RpcError(NOT_ALLOWED, _WRONG_FORMAT)
            elif "ignoremissing" not in modes:
                raise RpcError(NOT_ALLOWED, "Some items to be merged are missing (try using 'ignoremissing')")
            continue
        if not (isinstance(data, dict) and set(data) == {"json"} and isinstance(data["json"], dict)):
            if not ignore:
                raise RpcError(NOT_ALLOWED, _WRONG_FORMAT)
            continue
        merged = _merge(merged, data["json"], modes, 1)
    return {
        "json": {name: merged[name] for name in sorted(merged, key=str.encode) if _kept(merged[name], modes)}
    }


def _kept(value: Any, modes: set[str]) -> bool:
    return value is not None or "omitnull" not in modes


def _whole(wallet: Wallet, item: int) -> Any:
    form, payload = wallet.ledger.one("SELECT format, payload FROM items WHERE item = ?", item)
    return {"json": json.loads(payload)} if form == "json" else payload


def _merge(old: Any, new: Any, modes: set[str], level: int) -> Any:
    if "omitnull" in modes and (old if "noupdate" in modes else new) is None:
        return None
    if level > 1 and "recursive" not in modes:
        return old if "noupdate" in modes else new
    if not isinstance(old, dict) or not isinstance(new, dict):
        if modes & {"ignore", "ignoreother"}:
            return old if isinstance(old, dict) else new
        raise RpcError(NOT_ALLOWED, _WRONG_FORMAT)
    merged: dict[str, Any] = {}
    for name in sorted(old, key=str.encode):
        merged[name] = _merge(old[name], new[name], modes, level + 1) if name in new else old[name]
    for name in sorted(set(new) - set(old), key=str.encode):
        merged[name] = new[name]
    return {name: value for name, value in merged.items() if _kept(value, modes)}
