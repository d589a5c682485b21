# SPDX-License-Identifier: Apache-2.0
"""Stream nodes that run on this machine, real ones or the stand-in, as one context manager.

with running(folder, 2) as network:
    shop, consumer = (node.client() for node in network.nodes)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faircart.errors import FairCartError
from faircart.multichain import StreamNode

_CHAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
"""MultiChain's own tools take more, and then a path for a folder or an @ for what separates the host."""


class StreamsError(FairCartError):
    """The stream network cannot be started or set up."""


@dataclass(frozen=True)
class Node:
    """How to reach one node. The password lies in a file that only its owner can read."""

    name: str
    url: str
    user: str
    password_file: Path
    address: str

    def client(self, *, timeout: float = 30.0, chain_name: str | None = None) -> StreamNode:
        return StreamNode(
            self.url, self.user, read_secret(self.password_file), timeout=timeout, chain_name=chain_name
        )

    def to_json(self) -> dict[str, str]:
        return {
            "name": self.name,
            "url": self.url,
            "user": self.user,
            "passwordFile": str(self.password_file),
            "address": self.address,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Node:
        return cls(value["name"], value["url"], value["user"], Path(value["passwordFile"]), value["address"])


@dataclass(frozen=True)
class Network:
    """Nodes of one chain. `kind` is "multichain" or "stand-in", for people to read and never to decide by."""

    kind: str
    chain: str
    nodes: tuple[Node, ...]
    pids: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "chain": self.chain,
            "nodes": [node.to_json() for node in self.nodes],
            "pids": list(self.pids),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Network:
        """What `to_json` wrote."""
        nodes = tuple(Node.from_json(node) for node in value["nodes"])
        return cls(value["kind"], value["chain"], nodes, tuple(value["pids"]))


def read_secret(path: Path) -> str:
    """The first line of a file. Raises StreamsError naming the file if it is unreadable, empty or no
    UTF-8.
    """
    lines = None
    try:
        with suppress(UnicodeDecodeError):
            lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise StreamsError(f"{path}: the password file cannot be read ({error.strerror})") from None
    if lines is None:  # raised here, so that it does not carry the decoding error, which holds the password
        raise StreamsError(f"{path}: the password file is no UTF-8 text") from None
    if not lines or not lines[0]:
        raise StreamsError(f"{path}: the password file is empty")
    return lines[0]


@contextmanager
def running(
    folder: Path,
    nodes: int = 2,
    *,
    real: bool | None = None,
    chain: str = "faircart",
    block_seconds: float = 2.0,
) -> Iterator[Network]:
    """Start nodes on `folder` and stop them at the end; what they hold survives there.

    `real` True: MultiChain, or StreamsError if it is not found; False: the stand-in; None: MultiChain if it
    is found. Raises StreamsError, also for a name that no chain can have and a folder that cannot be made.
    """
    from faircart.streams import real_nodes, standin_nodes

    if not _CHAIN.fullmatch(chain):
        raise StreamsError(
            "a chain's name has 1 to 32 letters (a-z, A-Z), digits, hyphens, dots and underscores,"
            " and begins with a letter or digit"
        )
    program = None if real is False else real_nodes.find()
    if real and program is None:
        raise StreamsError(
            "multichaind is not on the PATH and MULTICHAIND does not name it;"
            " get MultiChain 2.3 from https://www.multichain.com/download-community/"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StreamsError(f"{folder}: the folder cannot be made ({error.strerror})") from None
    if program is not None:
        with real_nodes.running(program, folder, nodes, chain=chain, block_seconds=block_seconds) as network:
            yield network
    else:
        with standin_nodes.running(folder, nodes, chain=chain, block_seconds=block_seconds) as network:
            yield network


def write_description(network: Network, path: Path) -> None:
    write_text(path, json.dumps(network.to_json(), indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Written whole or not at all, so that whoever waits for the file can read it at once."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text)
        part.replace(path)
    except OSError as error:
        raise StreamsError(f"{path}: cannot be written ({error.strerror})") from None
