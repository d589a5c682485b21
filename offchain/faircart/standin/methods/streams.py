# SPDX-License-Identifier: Apache-2.0
"""Creating and describing streams."""

from __future__ import annotations

from typing import Any

from faircart.standin import values
from faircart.standin.ledger import Stream
from faircart.standin.registry import method
from faircart.standin.rpcerror import (
    DUPLICATE,
    NOT_SUPPORTED,
    PARAMETER,
    PERMISSION,
    USAGE,
    RpcError,
)
from faircart.standin.ubjson import TooDeepError, encode
from faircart.standin.wallet import LOOKS_LIKE_REF, Wallet

MAX_NAME_BYTES = 32
_RESTRICTIONS = ("write", "read", "onchain", "offchain")


@method("create", 1, 100, '"entity-type" "entity-name" ...')
def create(wallet: Wallet, params: list[Any]) -> Any:
    return _create(wallet, None, params, "create")


@method("createfrom", 2, 100, '"from-address" "entity-type" "entity-name" ...')
def createfrom(wallet: Wallet, params: list[Any]) -> Any:
    return _create(wallet, params[0], params[1:], "createfrom")


def _create(wallet: Wallet, signer: Any, params: list[Any], called: str) -> str:
    if values.string(params[0]) != "stream":
        raise RpcError(PARAMETER, "Invalid entity type")
    if len(params) < 3:
        from faircart.standin.registry import METHODS

        raise RpcError(USAGE, METHODS[called].usage)
    name = _name(wallet, params[1])
    restrict = _restrict(params[2])
    details = _details(params[3]) if len(params) > 3 else {}
    creator = _creator(wallet, signer)
    txid = wallet.ledger.add_stream(wallet.number, creator, {"name": name, "details": details, **restrict})
    wallet.network.announce(wallet.number, txid)
    return txid


def _name(wallet: Wallet, value: Any) -> str:
    if not isinstance(value, str):
        raise RpcError(PARAMETER, "Invalid stream name, should be string")
    if value == "*":
        raise RpcError(PARAMETER, "Invalid stream name: *")
    if LOOKS_LIKE_REF.fullmatch(value):
        raise RpcError(PARAMETER, "Invalid stream name, looks like a stream reference")
    if len(value.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES or values.is_txid(value):
        raise RpcError(PARAMETER, "Invalid stream name")
    if value and wallet.ledger.stream_by_name(wallet.number, value) is not None:
        raise RpcError(DUPLICATE, "Entity with this name already exists")
    return value


def _restrict(value: Any) -> dict[str, bool]:
    words: set[str] = set()
    salted: bool | None = None
    if isinstance(value, bool):
        words = set() if value else {"write"}
    elif isinstance(value, dict):
        for field, setting in value.items():
            if field == "restrict":
                if not isinstance(setting, str):
                    raise RpcError(PARAMETER, "Invalid restrict field, should be string")
                words = set(setting.split(",")) - {""}
                if words - set(_RESTRICTIONS):
                    raise RpcError(NOT_SUPPORTED, "Unsupported restriction")
            elif field == "salted":
                if not isinstance(setting, bool):
                    raise RpcError(PARAMETER, "Invalid salted, should be boolean")
                salted = setting
            else:
                raise RpcError(PARAMETER, "Invalid field, should be restrict or salted")
    else:
        raise RpcError(PARAMETER, "Invalid open flag, should be boolean or object")
    if "read" in words:
        words.add("onchain")
        salted = True if salted is None else salted
    if {"onchain", "offchain"} <= words:
        raise RpcError(NOT_SUPPORTED, "Stream cannot be restricted from both onchain and offchain items")
    return {**{word: word in words for word in _RESTRICTIONS}, "salted": bool(salted)}


def _details(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        try:
            encode(value)
        except TooDeepError:
            raise RpcError(
                PARAMETER, "Couldn't transfer details JSON object to internal UBJSON format"
            ) from None
        return dict(values.plain_numbers(value))
    raise RpcError(PARAMETER, "Invalid details")


def _creator(wallet: Wallet, signer: Any) -> str:
    if signer is not None and signer != "*":
        address = wallet.from_address(signer)
        if not wallet.may(address, "create"):
            raise RpcError(PERMISSION, "from-address doesn't have create permission")
        return address
    for address in wallet.own_addresses():
        if wallet.may(address, "create"):
            return address
    raise RpcError(PERMISSION, "This wallet doesn't have keys with create permission")


@method("getstreaminfo", 1, 2, '"stream-identifier" ( verbose )')
def getstreaminfo(wallet: Wallet, params: list[Any]) -> Any:
    if not isinstance(params[0], str):
        raise RpcError(PARAMETER, "Invalid stream identifier, expected string")
    stream = wallet.stream(params[0])
    verbose = values.verbose(params, 1)
    return describe(wallet, stream, verbose)


def describe(wallet: Wallet, stream: Stream, verbose: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": stream.name} if stream.name else {}
    entry |= {
        "createtxid": stream.txid,
        "streamref": wallet.ledger.streamref(wallet.number, stream.txid),
        "restrict": {
            "write": stream.write,
            "read": stream.read,
            "onchain": stream.onchain,
            "offchain": stream.offchain,
        },
    }
    if verbose:
        entry["salted"] = stream.salted
    entry["details"] = stream.details
    if verbose:
        # the root stream comes with the chain; a node names the chain's founder
        founder = wallet.ledger.addresses(wallet.network.wallets()[0])[0][0]
        entry["creators"] = [stream.creator or founder]
    return entry


@method("liststreams", 0, 4, "( stream-identifier(s) verbose count start )")
def liststreams(wallet: Wallet, params: list[Any]) -> Any:
    ledger = wallet.ledger
    count, start = values.page(params, 2, 2**31 - 1)
    if params and params[0] is not None and params[0] != "*":
        if params[0] == "":
            return []
        names = [params[0]] if isinstance(params[0], str) else values.strings(params[0])
        if not names:
            return []
        streams = [wallet.stream(name) for name in names]
    else:
        streams = ledger.known_streams(wallet.number)
    verbose = values.verbose(params, 1)
    first, number = values.window(count, start, len(streams))
    return [_listed(wallet, stream, verbose) for stream in streams[first : first + number]]


def _listed(wallet: Wallet, stream: Stream, verbose: bool) -> dict[str, Any]:
    entry = describe(wallet, stream, verbose)
    if verbose:
        entry["filters"] = []
    entry["subscribed"] = wallet.ledger.subscribed(wallet.number, stream.txid)
    if not entry["subscribed"]:
        return entry
    on = dict.fromkeys(("items", "keys", "publishers", "items-local", "keys-local", "publishers-local"), True)
    items, confirmed, publishers = wallet.ledger.one(
        "SELECT count(*), count(CASE WHEN p.height <= ? THEN 1 END), count(DISTINCT i.publisher)"
        " FROM positions p JOIN items i ON i.item = p.item WHERE p.wallet = ? AND p.stream = ?",
        wallet.height,
        wallet.number,
        stream.txid,
    )
    keys = wallet.ledger.value(
        "SELECT count(DISTINCT k.key) FROM positions p"
        " JOIN itemkeys k ON k.stream = p.stream AND k.item = p.item"
        " WHERE p.wallet = ? AND p.stream = ?",
        wallet.number,
        stream.txid,
    )
    return {
        **entry,
        "retrieve": True,
        "canretrieve": True,
        "indexes": on,
        "synchronized": True,
        "items": items,
        "confirmed": confirmed,
        "keys": keys,
        "publishers": publishers,
    }
