# SPDX-License-Identifier: Apache-2.0
"""Merkle trees as OpenZeppelin's MerkleProof verifies them with a SHA-256 hasher.

`node = sha256(0x01 ‖ smaller child ‖ larger child)`; an odd node at the end of a level is carried up
unchanged. The 0x01 keeps a node from passing for a leaf: leaves are hashed with 0x00 or 0x02 in front.
"""

from collections.abc import Sequence
from hashlib import sha256

from faircart.sealing.errors import ChunkUnknown, LengthWrong


def levels(leaves: Sequence[bytes]) -> list[Sequence[bytes]]:
    """All levels of the tree, the leaves first, the root last. Raises LengthWrong for no leaves."""
    if not leaves:
        raise LengthWrong("a Merkle tree needs at least one leaf")
    result = [leaves]
    while len(leaves) > 1:
        leaves = _parents(leaves)
        result.append(leaves)
    return result


def root(leaves: Sequence[bytes]) -> bytes:
    """The root (32 bytes) over at least one leaf of 32 bytes each."""
    if not leaves:
        raise LengthWrong("a Merkle tree needs at least one leaf")
    while len(leaves) > 1:
        leaves = _parents(leaves)
    return leaves[0]


def path(tree: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """The siblings from leaf `index` up to below the root; a level that carries the node up gives none."""
    if not 0 <= index < len(tree[0]):
        raise ChunkUnknown(f"there is no leaf {index}: the tree has {len(tree[0])}")
    siblings = []
    for level in tree[:-1]:
        if (sibling := index ^ 1) < len(level):
            siblings.append(level[sibling])
        index >>= 1
    return siblings


def root_of_path(leaf: bytes, siblings: Sequence[bytes]) -> bytes:
    """The root that `leaf` and its path lead to."""
    for sibling in siblings:
        low, high = (leaf, sibling) if leaf < sibling else (sibling, leaf)
        leaf = sha256(b"\x01" + low + high).digest()
    return leaf


def _parents(nodes: Sequence[bytes]) -> list[bytes]:
    pairs = iter(nodes)
    parents = [
        sha256(b"\x01" + a + b if a < b else b"\x01" + b + a).digest()
        for a, b in zip(pairs, pairs, strict=False)
    ]
    if len(nodes) % 2:
        parents.append(nodes[-1])
    return parents
