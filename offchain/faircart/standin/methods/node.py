# SPDX-License-Identifier: Apache-2.0
"""What a node says about itself and its peers."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from faircart.standin import values
from faircart.standin.chainaddress import encode_address
from faircart.standin.registry import METHODS, method
from faircart.standin.rpcerror import PARAMETER, USAGE, RpcError
from faircart.standin.wallet import RUNTIME, Wallet

VERSION = {"version": "2.3", "nodeversion": 20300901}
PROTOCOL = 20013
_DIFFICULTY = 5.96046447753906e-08


def network_port(wallet: Wallet) -> int:
    """The port that a node would use between nodes; nothing listens there."""
    return wallet.port - 1


def node_address(wallet: Wallet) -> str:
    return f"{wallet.ledger.meta('chain-name')}@127.0.0.1:{network_port(wallet)}"


@method("getinfo", 0, 0)
def getinfo(wallet: Wallet, _: list[Any]) -> Any:
    chain = wallet.ledger.meta("chain-name")
    created = wallet.ledger.value("SELECT created FROM wallets WHERE wallet = ?", wallet.number)
    return {
        **{"version": VERSION["version"], "nodeversion": VERSION["nodeversion"]},
        "edition": "Community",
        "protocolversion": PROTOCOL,
        "chainname": chain,
        "description": f"MultiChain {chain}",
        "protocol": "multichain",
        "port": network_port(wallet),
        "setupblocks": 1000000,
        "nodeaddress": node_address(wallet),
        "burnaddress": encode_address(wallet.rules, b"\0" * 20),
        "incomingpaused": False,
        "miningpaused": False,
        "offchainpaused": False,
        "walletversion": 60000,
        "balance": 0,
        "walletdbversion": 3,
        "reindex": False,
        "blocks": wallet.height,
        "chainrewards": 0,
        "streams": len(wallet.ledger.known_streams(wallet.number)),
        "timeoffset": 0,
        "connections": len(wallet.network.peers(wallet.number)),
        "proxy": "",
        "difficulty": _DIFFICULTY,
        "testnet": False,
        "keypoololdest": created,
        "keypoolsize": 2,
        "paytxfee": 0,
        "relayfee": 0,
        "errors": "",
    }


@method("getinitstatus", 0, 0)
def getinitstatus(_wallet: Wallet, _: list[Any]) -> Any:
    return {**VERSION, "initialized": True}


@method("getblockchaininfo", 0, 0)
def getblockchaininfo(wallet: Wallet, _: list[Any]) -> Any:
    chain, height = wallet.ledger.meta("chain-name"), wallet.height
    return {
        "chain": "main",
        "chainname": chain,
        "description": f"MultiChain {chain}",
        "protocol": "multichain",
        "setupblocks": 1000000,
        "reindex": False,
        "blocks": height,
        "headers": height,
        "bestblockhash": wallet.ledger.value("SELECT hash FROM blocks WHERE height = ?", height),
        "difficulty": _DIFFICULTY,
        "verificationprogress": 1,
        "chainwork": f"{(height + 1) * 256:064x}",
        "chainrewards": 0,
    }


@method("getconnectioncount", 0, 0)
def getconnectioncount(wallet: Wallet, _: list[Any]) -> Any:
    return len(wallet.network.peers(wallet.number))


@method("getpeerinfo", 0, 0)
def getpeerinfo(wallet: Wallet, _: list[Any]) -> Any:
    ledger, mine = wallet.ledger, wallet.own_addresses()[0]
    peers = []
    for number in wallet.network.peers(wallet.number):
        created = ledger.value("SELECT created FROM wallets WHERE wallet = ?", number)
        inbound = number > wallet.number
        height = ledger.wallet_height(number)
        peers.append(
            {
                "id": number,
                "addr": f"127.0.0.1:{network_port(wallet)}",
                "addrlocal": f"127.0.0.1:{network_port(wallet)}",
                "services": "0000000000000001",
                "lastsend": created,
                "lastrecv": created,
                "bytessent": 0,
                "bytesrecv": 0,
                "conntime": created,
                "pingtime": 0.001,
                "version": 70002,
                "subver": "/MultiChain:0.2.0.13/",
                "handshakelocal": mine,
                "handshake": ledger.addresses(number)[0][0],
                "inbound": inbound,
                "encrypted": False,
                "startingheight": 0,
                "banscore": 0,
                "synced_headers": -1 if inbound else height,
                "synced_blocks": -1 if inbound else height,
                "inflight": [],
                "whitelisted": False,
            }
        )
    return peers


@method("addnode", 2, 2, '"node" "add"|"remove"|"onetry"')
def addnode(_wallet: Wallet, params: list[Any]) -> Any:
    values.string(params[0])
    if values.string(params[1]) not in ("add", "remove", "onetry"):
        raise RpcError(USAGE, METHODS["addnode"].usage)
    return None  # all wallets of a stand-in are connected


@method("ping", 0, 0)
def ping(_wallet: Wallet, _: list[Any]) -> Any:
    return None


@method("getchunkqueueinfo", 0, 0)
def getchunkqueueinfo(_wallet: Wallet, _: list[Any]) -> Any:
    # a node shows zeros here even while payloads are missing
    empty = {"waiting": 0, "querying": 0, "retrieving": 0}
    return {"chunks": empty, "bytes": empty}


@method("getchunkqueuetotals", 0, 0)
def getchunkqueuetotals(wallet: Wallet, _: list[Any]) -> Any:
    chunks, size, bad = wallet.ledger.one(
        "SELECT chunks, chunkbytes, bad FROM wallets WHERE wallet = ?", wallet.number
    )

    def totals(done: int, wrong: int) -> dict[str, int]:
        return {
            "queries": done + wrong,
            "responded": done + wrong,
            "unresponded": 0,
            "requests": done + wrong,
            "delivered": done,
            "undelivered": 0,
            "baddelivered": wrong,
        }

    return {"chunks": totals(chunks, bad), "bytes": totals(size, 0)}


@method("setruntimeparam", 2, 2, '"parameter-name" parameter-value')
def setruntimeparam(wallet: Wallet, params: list[Any]) -> Any:
    name = values.string(params[0])
    if name not in RUNTIME:
        raise RpcError(PARAMETER, f"Unsupported runtime parameter: {name}")
    value = params[1]
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RpcError(PARAMETER, "Invalid parameter value type")
    # a string counts as the number that it begins with, or 0
    leading = re.match(r"\s*[-+]?\d+", str(value))
    # a node clamps it to 64 bits and keeps the lower 32; int() itself refuses thousands of digits
    number = max(-(2**63), min(int(leading[0].strip()[:32]) if leading else 0, 2**63 - 1))
    number = (number + 2**31) % 2**32 - 2**31
    if number < 0:
        raise RpcError(PARAMETER, "Should be non-negative")
    with wallet.ledger.changing() as db:
        db.execute("INSERT OR REPLACE INTO runtime VALUES (?, ?, ?)", (wallet.number, name, str(number)))
    return None


@method("getruntimeparams", 0, 1)
def getruntimeparams(wallet: Wallet, _: list[Any]) -> Any:
    return {
        "port": network_port(wallet),
        "reindex": False,
        "rescan": False,
        "txindex": True,
        "autocombineminconf": 1,
        "autocombinemininputs": 50,
        "autocombinemaxinputs": 100,
        "autocombinedelay": 1,
        "autocombinesuspend": 15,
        "autosubscribe": "",
        "handshakelocal": wallet.own_addresses()[0],
        "bantx": "",
        "lockblock": "",
        "hideknownopdrops": False,
        "maxshowndata": wallet.runtime("maxshowndata"),
        "maxqueryscanitems": wallet.runtime("maxqueryscanitems"),
        "v1apicompatible": False,
        "miningrequirespeers": False,
        "mineemptyrounds": 10,
        "miningturnover": 0.5,
        "lockadminminerounds": 10,
        "gen": True,
        "genproclimit": 1,
        "lockinlinemetadata": True,
        "acceptfiltertimeout": 100,
        "sendfiltertimeout": 20,
    }


@method("getblockchainparams", 0, 2, "( displaynames with-upgrades )")
def getblockchainparams(wallet: Wallet, params: list[Any]) -> Any:
    display = values.flag(params[0]) if params else True
    if len(params) > 1 and not isinstance(params[1], bool):
        raise RpcError(PARAMETER, "with-upgrades should be boolean")
    named = _chain_parameters(wallet)
    return named if display else {name.replace("-", ""): value for name, value in named.items()}


def _chain_parameters(wallet: Wallet) -> dict[str, Any]:
    ledger = wallet.ledger
    chain, founded = ledger.meta("chain-name"), int(ledger.meta("founded"))
    genesis = ledger.value("SELECT hash FROM blocks WHERE height = 0")
    founder = wallet.network.wallets()[0]
    pubkey = ledger.addresses(founder)[0][1]
    mark = hashlib.sha256(chain.encode()).hexdigest()
    return {
        "chain-protocol": "multichain",
        "chain-description": f"MultiChain {chain}",
        "root-stream-name": "root",
        "root-stream-open": True,
        "chain-is-testnet": False,
        "target-block-time": max(2, round(wallet.network.delays.block)),
        "maximum-block-size": 8388608,
        "maximum-chunk-size": 1048576,
        "maximum-chunk-count": 1024,
        "default-network-port": network_port(wallet),
        "default-rpc-port": wallet.port,
        "anyone-can-connect": False,
        "anyone-can-send": False,
        "anyone-can-receive": False,
        "anyone-can-receive-empty": True,
        "anyone-can-create": False,
        "anyone-can-issue": False,
        "anyone-can-mine": False,
        "anyone-can-activate": False,
        "anyone-can-admin": False,
        "support-miner-precheck": True,
        "allow-arbitrary-outputs": False,
        "allow-p2sh-outputs": True,
        "allow-multisig-outputs": True,
        "setup-first-blocks": 1000000,
        "mining-diversity": 0,
        "admin-consensus-upgrade": 0.5,
        "admin-consensus-txfilter": 0.5,
        "admin-consensus-admin": 0.5,
        "admin-consensus-activate": 0.5,
        "admin-consensus-mine": 0.5,
        "admin-consensus-create": 0,
        "admin-consensus-issue": 0,
        "lock-admin-mine-rounds": 10,
        "mining-requires-peers": False,
        "mine-empty-rounds": 10,
        "mining-turnover": 0.5,
        "first-block-reward": -1,
        "initial-block-reward": 0,
        "reward-halving-interval": 52560000,
        "reward-spendable-delay": 1,
        "minimum-per-output": 0,
        "maximum-per-output": 100000000000000,
        "minimum-offchain-fee": 0,
        "minimum-relay-fee": 0,
        "native-currency-multiple": 100000000,
        "skip-pow-check": False,
        "pow-minimum-bits": 8,
        "target-adjust-freq": -1,
        "allow-min-difficulty-blocks": False,
        "only-accept-std-txs": True,
        "max-std-tx-size": 4194304,
        "max-std-op-returns-count": 32,
        "max-std-op-return-size": 2097152,
        "max-std-op-drops-count": 5,
        "max-std-element-size": 40000,
        "chain-name": chain,
        "protocol-version": PROTOCOL,
        "network-message-start": mark[:8],
        "address-pubkeyhash-version": ledger.meta("address-pubkeyhash-version"),
        "address-scripthash-version": mark[8:16],
        "private-key-version": ledger.meta("private-key-version"),
        "address-checksum-value": ledger.meta("address-checksum-value"),
        "genesis-pubkey": pubkey,
        "genesis-version": 1,
        "genesis-timestamp": founded,
        "genesis-nbits": 536936447,
        "genesis-nonce": 157,
        "genesis-pubkey-hash": mark[16:56],
        "genesis-hash": genesis,
        "chain-params-hash": hashlib.sha256(mark.encode()).hexdigest(),
    }
