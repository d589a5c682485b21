# SPDX-License-Identifier: Apache-2.0
"""Who may do what."""

from __future__ import annotations

from typing import Any

from faircart.standin import values
from faircart.standin.ledger import GLOBAL_TYPES, NEVER, STREAM_TYPES, Stream
from faircart.standin.registry import method
from faircart.standin.rpcerror import NOT_IN_WALLET, PARAMETER, PERMISSION, RpcError
from faircart.standin.wallet import Wallet

_BY_ACTIVATE = {"connect", "send", "receive", "write", "read"}
"""Kinds that an activate permission is enough to hand out; the others need admin."""


def _split(wallet: Wallet, text: str) -> tuple[Stream | None, str]:
    """(stream or None, kinds) of `stream.kind,kind`; the prefix stands once, before the last full stop."""
    entity, dot, kinds = text.rpartition(".")
    return (wallet.entity(entity), kinds) if dot and entity else (None, kinds)


def _kinds(stream: Stream | None, text: str) -> list[str]:
    allowed = GLOBAL_TYPES if stream is None else STREAM_TYPES
    if text in ("*", "all"):
        return list(allowed)
    kinds = text.split(",")
    if any(kind not in allowed for kind in kinds):
        raise RpcError(PARAMETER, "Invalid permission")
    return [kind for kind in allowed if kind in kinds]


@method("listpermissions", 0, 3, '( "permission(s)" address(es) verbose )')
def listpermissions(wallet: Wallet, params: list[Any]) -> Any:
    text = "*" if not params or params[0] is None else values.string(params[0])
    stream, names = _split(wallet, text)
    kinds = _kinds(stream, names)
    verbose = values.verbose(params, 2)
    wanted: list[str] | None = None
    if len(params) > 1 and params[1] is not None and params[1] != "*":
        wanted = [wallet.address(address) for address in values.strings(params[1])]
    subject = _for(wallet, stream)
    listed = []
    rows = wallet.ledger.permissions(wallet.number, "" if stream is None else stream.txid)
    order = GLOBAL_TYPES if stream is None else STREAM_TYPES
    for address, kind, start, end, admin in sorted(rows, key=lambda row: (row[0], order.index(row[1]))):
        if kind not in kinds or (wanted is not None and address not in wanted):
            continue
        entry = {"address": address, "for": subject, "type": kind, "startblock": start, "endblock": end}
        listed.append({**entry, "admins": [admin], "pending": []} if verbose else entry)
    return listed


def _for(wallet: Wallet, stream: Stream | None) -> Any:
    if stream is None:
        return None
    return {
        "type": "stream",
        **({"name": stream.name} if stream.name else {}),
        "streamref": wallet.ledger.streamref(wallet.number, stream.txid),
    }


@method("verifypermission", 2, 2, '"address" "permission"')
def verifypermission(wallet: Wallet, params: list[Any]) -> Any:
    if not isinstance(params[1], str):
        raise RpcError(PARAMETER, "Invalid permission, expected string")
    if not isinstance(params[0], str):
        raise RpcError(PARAMETER, "Invalid address, expected string")
    stream, name = _split(wallet, params[1])
    kinds = _kinds(stream, name)
    if len(kinds) != 1:
        raise RpcError(PARAMETER, "Invalid permission")
    address = wallet.address(params[0])
    if stream is None:
        return wallet.may(address, kinds[0])
    # in a stream without write restriction a node says yes for everybody and every kind
    return not stream.write or wallet.may(address, kinds[0], stream.txid)


@method(
    "grant",
    2,
    7,
    '"address(es)" "permission(s)" ( native-amount startblock endblock "comment" "comment-to" )',
)
def grant(wallet: Wallet, params: list[Any]) -> Any:
    return _grant(wallet, None, params)


@method(
    "grantfrom",
    3,
    8,
    '"from-address" "to-address(es)" "permission(s)"'
    ' ( native-amount startblock endblock "comment" "comment-to" )',
)
def grantfrom(wallet: Wallet, params: list[Any]) -> Any:
    return _grant(wallet, params[0], params[1:])


@method("revoke", 2, 5, '"address(es)" "permission(s)" ( native-amount "comment" "comment-to" )')
def revoke(wallet: Wallet, params: list[Any]) -> Any:
    return _grant(wallet, None, [*params[:2], 0, 0, 0])


@method(
    "revokefrom",
    3,
    6,
    '"from-address" "to-address(es)" "permission(s)" ( native-amount "comment" "comment-to" )',
)
def revokefrom(wallet: Wallet, params: list[Any]) -> Any:
    return _grant(wallet, params[0], [*params[1:3], 0, 0, 0])


def _grant(wallet: Wallet, signer: Any, params: list[Any]) -> str:
    texts = values.string(params[0]).split(",")
    addresses: list[str] = []
    for text in texts:
        if wallet.address(text) in addresses:
            raise RpcError(PARAMETER, f"Invalid parameter, duplicated address: {text}")
        addresses.append(text)
    if len(params) > 2 and params[2]:
        raise RpcError(PARAMETER, "Invalid amount")
    start, end = _blocks(params)
    text = values.string(params[1])
    stream, names = _split(wallet, text)
    kinds = _kinds(stream, names)
    admin = _admin(wallet, signer, stream, kinds)
    txid = wallet.ledger.add_grants(
        wallet.number, admin, addresses, "" if stream is None else stream.txid, kinds, start, end
    )
    wallet.network.announce(wallet.number, txid)
    return txid


def _blocks(params: list[Any]) -> tuple[int, int]:
    start, end = 0, NEVER
    if len(params) > 3 and params[3] is not None:
        start = values.integer(params[3])
        if start < 0:
            raise RpcError(PARAMETER, "start_block should be non-negative")
    if len(params) > 4 and params[4] is not None and params[4] != -1:
        end = values.integer(params[4])
        if end < 0:
            raise RpcError(PARAMETER, "end_block should be non-negative or -1")
    return start, end


def _admin(wallet: Wallet, signer: Any, stream: Stream | None, kinds: list[str]) -> str:
    """The address that may hand these out: with activate where that is enough for every kind, else with
    admin.
    """
    enough = ("activate", "admin") if set(kinds) <= _BY_ACTIVATE else ("admin",)
    subject = "" if stream is None else stream.txid
    suffix = "" if stream is None else " for this entity"
    needed = "activate or admin permission" if len(enough) == 2 else "admin permission"
    if signer is None:
        for address in wallet.own_addresses():
            if any(wallet.may(address, kind, subject) for kind in enough):
                return address
        raise RpcError(PERMISSION, f"This wallet doesn't have addresses with {needed}{suffix}")
    address = wallet.address(values.string(signer))
    if address not in wallet.own_addresses():
        raise RpcError(NOT_IN_WALLET, "Private key for from-address is not found in this wallet")
    if not any(wallet.may(address, kind, subject) for kind in enough):
        raise RpcError(PERMISSION, f"from-address doesn't have {needed}{suffix}")
    return address
