# SPDX-License-Identifier: Apache-2.0
"""One wallet's side of the chain: what the methods work on."""

from __future__ import annotations

import re
from typing import Any

from faircart.standin import values
from faircart.standin.chainaddress import is_address
from faircart.standin.ledger import Ledger, Stream
from faircart.standin.network import Network
from faircart.standin.rpcerror import (
    ADDRESS,
    ENTITY,
    NOT_IN_WALLET,
    NOT_SUBSCRIBED,
    PARAMETER,
    RpcError,
    enterprise,
)

LOOKS_LIKE_REF = re.compile(r"\d+-\d+-\d+")
RUNTIME = {"maxshowndata": 16384, "maxqueryscanitems": 5000}


class Wallet:
    """A wallet of a node: `number` in the ledger; `port` for what a node says about itself."""

    def __init__(self, ledger: Ledger, network: Network, number: int, port: int = 0) -> None:
        self.ledger = ledger
        self.network = network
        self.number = number
        self.port = port
        self.rules = ledger.rules()
        self.corrupt_answers = False
        """Fault: payloads are handed to the client with a bit flipped, as a broken or lying node would."""

    @property
    def height(self) -> int:
        return self.ledger.wallet_height(self.number)

    def runtime(self, name: str) -> int:
        value = self.ledger.value(
            "SELECT value FROM runtime WHERE wallet = ? AND name = ?", self.number, name
        )
        return RUNTIME[name] if value is None else int(value)

    # --- addresses ---
    def address(self, text: str, message: str | None = None) -> str:
        if is_address(self.rules, text):
            return text
        raise RpcError(ADDRESS, f"Invalid address: {text}" if message is None else message)

    def own_addresses(self) -> list[str]:
        return [address for address, _ in self.ledger.addresses(self.number)]

    def from_address(self, value: Any) -> str:
        """The address that a ...from method names: valid, and of this wallet."""
        address = self.address(values.string(value))
        if address not in self.own_addresses():
            raise RpcError(NOT_IN_WALLET, "Private key for from-address is not found in this wallet")
        return address

    def may(self, address: str, kind: str, stream: str = "") -> bool:
        return self.ledger.granted(self.number, address, stream, kind)

    # --- streams ---
    def find_stream(self, text: str) -> tuple[Stream | None, str]:
        """(stream, what its identifier is called): by txid, reference or name."""
        if values.is_txid(text):
            return self.ledger.stream_by_txid(self.number, text.lower()), "txid"
        if LOOKS_LIKE_REF.fullmatch(text):
            return self.ledger.stream_by_ref(self.number, text), "reference"
        return self.ledger.stream_by_name(self.number, text), "name"

    def stream(self, value: Any) -> Stream:
        text = values.string(value)
        if text == "":
            raise RpcError(PARAMETER, "Invalid stream identifier")
        stream, by = self.find_stream(text)
        if stream is None:
            raise RpcError(ENTITY, f"Stream with this {by} not found: {text}")
        return stream

    def entity(self, text: str) -> Stream:
        """As `stream`, in the words of the methods that take any entity."""
        if not text:
            raise RpcError(PARAMETER, "Invalid entity identifier")
        stream, by = self.find_stream(text)
        if stream is None:
            raise RpcError(ENTITY, f"Entity with this {by} not found: {text}")
        return stream

    def readable(self, value: Any) -> Stream:
        """A stream to list items of: not read-restricted."""
        stream = self.stream(value)
        if stream.read:
            raise enterprise("Reading from read-restricted streams")
        return stream

    def followed(self, value: Any) -> Stream:
        stream = self.readable(value)
        if not self.ledger.subscribed(self.number, stream.txid):
            raise RpcError(NOT_SUBSCRIBED, "Not subscribed to this stream")
        return stream
