# SPDX-License-Identifier: Apache-2.0
"""What a node's streams look like at this moment."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from faircart.multichain import StreamInfo, StreamNode

_PAGE = 200
GLOBAL = ("connect", "send", "receive", "create", "admin", "mine")


@dataclass(frozen=True)
class StreamState:
    """One stream. `missing`: off-chain payloads not here, among the last `looked_at` items; None if not
    followed.
    """

    name: str
    restrict: list[str]
    subscribed: bool
    items: int | None
    confirmed: int | None
    missing: int | None
    looked_at: int


@dataclass(frozen=True)
class State:
    chain: str
    version: str
    edition: str
    blocks: int
    peers: list[str]
    streams: list[StreamState]
    permissions: dict[str, list[str]]
    """By address of this wallet."""

    @property
    def missing(self) -> int:
        return sum(stream.missing or 0 for stream in self.streams)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "missing": self.missing}


def look(node: StreamNode, *, last: int = 1000) -> State:
    """Ask a node for everything; payloads are looked for among the last `last` items of each followed
    stream.
    """
    info = node.info()
    streams = [stream for stream in node.streams() if stream.name != "root"]
    permissions: dict[str, list[str]] = {address: [] for address in node.addresses()}
    for entry in node.permissions():
        if entry.address in permissions and entry.type in GLOBAL:
            permissions[entry.address].append(entry.type)
    for address, kinds in permissions.items():
        for stream in streams:
            if "write" in stream.restrict and node.has_permission(address, f"{stream.createtxid}.write"):
                kinds.append(f"{stream.name}.write")
    return State(
        chain=info.chain_name,
        version=info.version,
        edition=info.edition,
        blocks=info.blocks,
        peers=node.peers(),
        streams=[_state(node, stream, last) for stream in streams],
        permissions=permissions,
    )


def _state(node: StreamNode, stream: StreamInfo, last: int) -> StreamState:
    missing, looked_at = 0, 0
    if stream.subscribed:
        total = min(stream.items or 0, last)
        for behind in range(total, 0, -_PAGE):
            page = node.items(stream.createtxid, count=min(_PAGE, behind), start=-behind)
            looked_at += len(page)
            missing += sum(not item.available for item in page)
    return StreamState(
        name=stream.name,
        restrict=sorted(stream.restrict),
        subscribed=stream.subscribed,
        items=stream.items,
        confirmed=stream.confirmed,
        missing=missing if stream.subscribed else None,
        looked_at=looked_at,
    )
