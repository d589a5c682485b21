# SPDX-License-Identifier: Apache-2.0
"""Which methods there are, how many parameters each takes, and what is said when the number is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faircart.standin.rpcerror import METHOD, USAGE, RpcError, enterprise

if TYPE_CHECKING:
    from faircart.standin.wallet import Wallet

Implementation = Callable[["Wallet", list[Any]], Any]


@dataclass(frozen=True)
class Method:
    name: str
    least: int
    most: int
    usage: str
    run: Implementation


METHODS: dict[str, Method] = {}

ENTERPRISE = (
    "addtofeed",
    "createfeed",
    "datareftobinarycache",
    "deletefeed",
    "getdatarefdata",
    "gethealthcheck",
    "getlicenserequest",
    "listfeeds",
    "listlicenses",
    "pausefeed",
    "purgefeed",
    "purgepublisheditems",
    "purgestreamitems",
    "resumefeed",
    "retrievestreamitems",
    "trimsubscribe",
    "updatefeed",
)
"""Answered as the Community edition does: error -702."""


def method(name: str, least: int, most: int, usage: str = "") -> Callable[[Implementation], Implementation]:
    """Register a method that takes `least` to `most` parameters; `usage` is its parameter line."""

    def register(run: Implementation) -> Implementation:
        METHODS[name] = Method(name, least, most, f"{name} {usage}".rstrip() + "\n", run)
        return run

    return register


def call(wallet: Wallet, name: str, params: list[Any]) -> Any:
    """Run a method; raises RpcError."""
    if name in ENTERPRISE:
        raise enterprise(f"{name} API")
    found = METHODS.get(name)
    if found is None:
        raise RpcError(METHOD, "Method not found")
    if not found.least <= len(params) <= found.most:
        raise RpcError(USAGE, found.usage)
    return found.run(wallet, params)
