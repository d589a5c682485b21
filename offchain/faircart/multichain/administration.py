# SPDX-License-Identifier: Apache-2.0
"""Calls on the node itself, its addresses, permissions and streams."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from faircart.multichain import errors
from faircart.multichain.calls import NodeCalls, truth, txid, well_formed, word
from faircart.multichain.items import JsonValue, NodeInfo, Permission, StreamInfo


class Administration(NodeCalls):
    """The part of `StreamNode` that is about the node and its streams, not about items."""

    # --- the node ---
    def info(self) -> NodeInfo:
        answer = self._rpc.getinfo()
        return well_formed(
            "getinfo",
            lambda: NodeInfo(
                chain_name=answer["chainname"],
                version=answer["version"],
                edition=answer["edition"],
                protocol=answer["protocolversion"],
                blocks=answer["blocks"],
                connections=answer["connections"],
                node_address=answer["nodeaddress"],
            ),
        )

    def wait_until_ready(self, seconds: float = 60.0) -> NodeInfo:
        """`info()` as soon as it succeeds; `getinitstatus` is no sign, it says initialized too early."""
        deadline = time.monotonic() + seconds
        while True:
            failure: errors.MultiChainError
            try:
                return self.info()
            except (errors.WarmingUp, errors.Unreachable, errors.TimedOut, errors.ConnectionCut) as error:
                failure = error
            if time.monotonic() > deadline:
                raise failure
            time.sleep(0.1)

    def block_count(self) -> int:
        answer = self._rpc.getblockcount()
        return well_formed("getblockcount", lambda: int(answer))

    def peers(self) -> list[str]:
        """Addresses (chain) of the nodes this one is connected to."""
        answer = self._rpc.getpeerinfo()
        return well_formed("getpeerinfo", lambda: [str(peer["handshake"]) for peer in answer])

    def connect(self, node_address: str) -> None:
        """Ask the node to connect to another one, named as in its `NodeInfo.node_address`."""
        self._rpc.addnode(node_address.rpartition("@")[2], "add")

    # --- addresses ---
    def addresses(self) -> list[str]:
        """The addresses of this wallet that it holds keys for, oldest first."""
        answer = self._rpc.getaddresses(True)
        return well_formed(
            "getaddresses", lambda: [str(entry["address"]) for entry in answer if entry["ismine"]]
        )

    def new_address(self) -> str:
        return word("getnewaddress", self._rpc.getnewaddress())

    def is_address(self, address: str) -> bool:
        answer = self._rpc.validateaddress(address)
        return truth("validateaddress", well_formed("validateaddress", lambda: answer["isvalid"]))

    def sign_message(self, address: str, message: str) -> str:
        """Base64 signature of `message` by an address of this wallet. An address only: a private key would
        leave us.
        """
        return word("signmessage", self._rpc.signmessage(address, message))

    def verify_message(self, address: str, signature: str, message: str) -> bool:
        try:
            return truth("verifymessage", self._rpc.verifymessage(address, signature, message))
        except errors.Malformed:
            return False  # nobody's signature: it is no base64

    # --- permissions ---
    def grant(self, address: str, permission: str, *, by: str | None = None) -> str:
        """Txid. `permission`: `connect,send,receive`, or `stream.write` and `stream.write,admin` for one
        stream.
        """
        return txid("grant", self._from("grant", by, address, permission))

    def revoke(self, address: str, permission: str, *, by: str | None = None) -> str:
        return txid("revoke", self._from("revoke", by, address, permission))

    def permissions(self, permission: str = "*", address: str | None = None) -> list[Permission]:
        """Permissions in force or dated; `permission` as for `grant`, or `*`, or `stream.*`."""
        answer = self._rpc.listpermissions(permission, *([] if address is None else [address]))
        return well_formed(
            "listpermissions",
            lambda: [
                Permission(
                    address=entry["address"],
                    type=entry["type"],
                    stream=entry["for"].get("name", "") if entry["for"] else None,
                    startblock=entry["startblock"],
                    endblock=entry["endblock"],
                )
                for entry in answer
            ],
        )

    def has_permission(self, address: str, permission: str) -> bool:
        return truth("verifypermission", self._rpc.verifypermission(address, permission))

    # --- streams ---
    def create_stream(
        self,
        name: str,
        restrict: Iterable[str],
        *,
        salted: bool = False,
        fields: Mapping[str, JsonValue] | None = None,
        by: str | None = None,
    ) -> str:
        """Txid. `restrict`: any of write, onchain, offchain, read, naming what is forbidden (not what is
        allowed).
        """
        options: dict[str, Any] = {"restrict": ",".join(restrict)}
        if salted:
            options["salted"] = True
        return txid("create", self._from("create", by, "stream", name, options, dict(fields or {})))

    def streams(self, names: Sequence[str] | None = None) -> list[StreamInfo]:
        """All streams, or those named (`EntityNotFound` if one is unknown)."""
        listed = self._rpc.liststreams("*" if names is None else list(names), True)
        return well_formed("liststreams", lambda: [_stream_info(entry) for entry in listed])

    def stream(self, name: str) -> StreamInfo:
        listed = self.streams([name])
        return well_formed("liststreams", lambda: listed[0])

    def has_stream(self, name: str) -> bool:
        try:
            self._rpc.getstreaminfo(name)
        except errors.EntityNotFound:
            return False
        return True

    def subscribe(self, name: str) -> None:
        """Follow a stream, its earlier items and payloads included. Repeating it is harmless."""
        self._on(name, lambda: self._rpc.subscribe(name))

    def unsubscribe(self, name: str, purge: bool = False) -> None:
        """Stop following; `purge` also removes the payloads that this node fetched (not those it
        published).
        """
        self._on(name, lambda: self._rpc.unsubscribe(name, purge))

    def purge_published(self, txids: Sequence[str]) -> None:
        """Remove the off-chain payloads of items that this node published. MultiChain Enterprise can;
        `EnterpriseOnly` from the Community edition.
        """
        self._rpc.purgepublisheditems(list(txids))


def _stream_info(entry: Mapping[str, Any]) -> StreamInfo:
    return StreamInfo(
        name=entry.get("name", ""),
        createtxid=entry["createtxid"],
        streamref=entry["streamref"],
        restrict=frozenset(word for word, on in entry["restrict"].items() if on),
        salted=entry["salted"],
        fields=entry["details"],
        creators=tuple(entry["creators"]),
        subscribed=entry["subscribed"],
        synchronized=entry.get("synchronized", False),
        items=entry.get("items"),
        confirmed=entry.get("confirmed"),
    )
