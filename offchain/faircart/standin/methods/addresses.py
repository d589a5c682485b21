# SPDX-License-Identifier: Apache-2.0
"""Addresses of the wallet, and messages signed by them."""

from __future__ import annotations

from typing import Any

from faircart.standin import values
from faircart.standin.chainaddress import (
    KeyPair,
    address_of,
    decode_private_key,
    encode_private_key,
    is_address,
    is_base64,
    new_key,
    public_of,
    sign_message,
    verify_message,
)
from faircart.standin.registry import method
from faircart.standin.rpcerror import ADDRESS, MALFORMED, PARAMETER, RpcError
from faircart.standin.wallet import Wallet


def _rows(wallet: Wallet) -> dict[str, Any]:
    """(pubkey, has a key, startblock) of every address, watched ones too."""
    rows = wallet.ledger.rows(
        "SELECT address, pubkey, secret <> x'', startblock FROM addresses WHERE wallet = ? ORDER BY seq",
        wallet.number,
    )
    return {row[0]: row[1:] for row in rows}


def describe(wallet: Wallet, address: str, *, brief: bool = False) -> dict[str, Any]:
    pubkey, mine, startblock = _rows(wallet).get(address, (None, 0, None))
    entry: dict[str, Any] = {"address": address, "ismine": bool(mine)}
    if pubkey is None or brief:
        return entry
    entry |= {"iswatchonly": not mine, "isscript": False}
    if mine:
        entry |= {"pubkey": pubkey, "iscompressed": True}
    entry |= {"account": "", "synchronized": startblock is None}
    return entry if startblock is None else {**entry, "startblock": startblock}


def _verbose(params: list[Any], position: int) -> bool:
    if len(params) <= position:
        return False
    if isinstance(params[position], bool):
        return bool(params[position])
    raise RpcError(PARAMETER, "Invalid value for 'verbose' parameter, should be boolean")


@method("getaddresses", 0, 1, "( verbose )")
def getaddresses(wallet: Wallet, params: list[Any]) -> Any:
    own = list(_rows(wallet))
    return [describe(wallet, address) for address in own] if _verbose(params, 0) else own


@method("listaddresses", 0, 5, "( address(es) verbose count start )")
def listaddresses(wallet: Wallet, params: list[Any]) -> Any:
    own = list(_rows(wallet))
    if params and params[0] != "*":
        wanted = [wallet.address(text) for text in values.strings(params[0])]
        own = [address for address in own if address in wanted]
    verbose = _verbose(params, 1)
    count, start = values.page(params, 2, len(own))
    first, number = values.window(count, start, len(own))
    return [describe(wallet, address, brief=not verbose) for address in own[first : first + number]]


@method("getnewaddress", 0, 1, '( "account" )')
def getnewaddress(wallet: Wallet, _: list[Any]) -> Any:
    return wallet.ledger.add_address(wallet.number).address


@method("createkeypairs", 0, 1, "( count )")
def createkeypairs(wallet: Wallet, params: list[Any]) -> Any:
    count = values.page(params, 0, 1)[0]
    pairs = [new_key(wallet.rules) for _ in range(count)]
    return [
        {
            "address": pair.address,
            "pubkey": pair.pubkey,
            "privkey": encode_private_key(wallet.rules, pair.secret),
        }
        for pair in pairs
    ]


@method("importaddress", 1, 3, 'address(es) ( "label" rescan )')
def importaddress(wallet: Wallet, params: list[Any]) -> Any:
    for text in values.strings(params[0]):
        address = wallet.address(text, "Invalid MultiChain address or script")
        wallet.ledger.add_address(wallet.number, KeyPair(address, "", b""), _startblock(wallet, params))
    return None


@method("importprivkey", 1, 3, 'privkey(s) ( "label" rescan )')
def importprivkey(wallet: Wallet, params: list[Any]) -> Any:
    for text in values.strings(params[0]):
        secret = decode_private_key(wallet.rules, text)
        if secret is None:
            raise RpcError(ADDRESS, "Invalid private key encoding")
        public = public_of(secret)
        pair = KeyPair(address_of(wallet.rules, public), public.hex(), secret)
        wallet.ledger.add_address(wallet.number, pair, _startblock(wallet, params))
    return None


def _startblock(wallet: Wallet, params: list[Any]) -> int | None:
    rescan = params[2] if len(params) > 2 else True
    return None if rescan else wallet.height + 1


@method("validateaddress", 1, 1, '"address"|"pubkey"|"privkey"')
def validateaddress(wallet: Wallet, params: list[Any]) -> Any:
    text = values.string(params[0])
    if is_address(wallet.rules, text):
        return {"isvalid": True, **describe(wallet, text)}
    secret = decode_private_key(wallet.rules, text)
    public = public_of(secret) if secret else values.hexadecimal(text)
    if not public or len(public) != 33 or public[0] not in (2, 3):
        return {"isvalid": False}
    return {"isvalid": True, **describe(wallet, address_of(wallet.rules, public))}


@method("signmessage", 2, 2, '"address"|"privkey" "message"')
def signmessage(wallet: Wallet, params: list[Any]) -> Any:
    signer, message = values.string(params[0]), values.string(params[1])
    if is_address(wallet.rules, signer):
        secret = wallet.ledger.secret(wallet.number, signer)
        if secret is None:
            raise RpcError(ADDRESS, "Private key not available")
    else:
        secret = decode_private_key(wallet.rules, signer)
        if secret is None:
            raise RpcError(ADDRESS, "Invalid address or private key")
    return sign_message(secret, message)


@method("verifymessage", 3, 3, '"address" "signature" "message"')
def verifymessage(wallet: Wallet, params: list[Any]) -> Any:
    address, signature, message = (values.string(value) for value in params)
    wallet.address(address, "Invalid address")
    if not is_base64(signature):
        raise RpcError(MALFORMED, "Malformed base64 encoding")
    return verify_message(wallet.rules, address, signature, message)
