# SPDX-License-Identifier: Apache-2.0
"""Blocks."""

from __future__ import annotations

import re
from typing import Any

from faircart.standin import values
from faircart.standin.registry import method
from faircart.standin.rpcerror import BLOCK, PARAMETER, RpcError
from faircart.standin.wallet import Wallet


@method("getblockcount", 0, 0)
def getblockcount(wallet: Wallet, _: list[Any]) -> Any:
    return wallet.height


@method("getbestblockhash", 0, 0)
def getbestblockhash(wallet: Wallet, _: list[Any]) -> Any:
    return wallet.ledger.value("SELECT hash FROM blocks WHERE height = ?", wallet.height)


@method("getblockhash", 1, 1, "index")
def getblockhash(wallet: Wallet, params: list[Any]) -> Any:
    height = values.integer(params[0])
    if not 0 <= height <= wallet.height:
        raise RpcError(BLOCK, "Block height out of range")
    return wallet.ledger.value("SELECT hash FROM blocks WHERE height = ?", height)


@method("getlastblockinfo", 0, 1, "( skip )")
def getlastblockinfo(wallet: Wallet, params: list[Any]) -> Any:
    skip = values.page(params, 0, 0)[0] if params else 0
    row = wallet.ledger.one("SELECT * FROM blocks WHERE height = ?", wallet.height - skip)
    if row is None:
        raise RpcError(BLOCK, "Skip out of range")
    height, block, time, miner, count = row
    return {"hash": block, "height": height, "time": time, "txcount": count, "miner": miner}


@method("listblocks", 1, 2, "block-set-identifier ( verbose )")
def listblocks(wallet: Wallet, params: list[Any]) -> Any:
    wanted = block_set(wallet, params[0])
    listed = []
    for height in wanted:
        _, block, time, miner, count = wallet.ledger.one("SELECT * FROM blocks WHERE height = ?", height)
        listed.append(
            {
                "hash": block,
                "miner": miner,
                "confirmations": wallet.height - height + 1,
                "height": height,
                "time": time,
                "txcount": count,
            }
        )
    return listed


def block_set(wallet: Wallet, identifier: Any) -> list[int]:
    """Heights named by "0-10", "-3", a hash, a number, a list of those, or {starttime, endtime}; unknown
    ones left out.
    """
    top = wallet.height
    if isinstance(identifier, dict):
        return _by_time(wallet, identifier, top)
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    heights: set[int] = set()
    for text in values.strings(identifier):
        low, high = _range(wallet, text, top)
        if low > high:
            raise RpcError(PARAMETER, f"Invalid range {text}")
        heights.update(range(max(low, 0), min(high, top) + 1))
    return sorted(heights)


def _range(wallet: Wallet, text: str, top: int) -> tuple[int, int]:
    if re.fullmatch(r"-?\d+", text) and len(text) < 12:
        value = int(text)
        return (top + value + 1, top) if value < 0 else (value, value)
    if span := re.fullmatch(r"(\d+)-(\d+)", text):
        return int(span[1]), int(span[2])
    if not re.fullmatch(r"[0-9a-fA-F]+", text):
        raise RpcError(PARAMETER, f"Block hash must be hexadecimal string (not '{text}')")
    height = wallet.ledger.value("SELECT height FROM blocks WHERE hash = ?", text.lower())
    if height is None or height > top:
        raise RpcError(BLOCK, f"Block {text} not found")
    return height, height


def _by_time(wallet: Wallet, span: dict[str, Any], top: int) -> list[int]:
    for name, value in span.items():
        if name not in ("starttime", "endtime"):
            raise RpcError(PARAMETER, "Invalid time range")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFFFFFFFF:
            raise RpcError(PARAMETER, f"Invalid {name}")
    for name in ("starttime", "endtime"):
        if name not in span:
            raise RpcError(PARAMETER, f"Missing {name}")
    rows = wallet.ledger.rows(
        "SELECT height FROM blocks WHERE time BETWEEN ? AND ? AND height <= ? ORDER BY height",
        span["starttime"],
        span["endtime"],
        top,
    )
    return [row[0] for row in rows]
