# SPDX-License-Identifier: Apache-2.0
"""Items: a document version encrypted for one offer, what can be checked before paying, and opening.

K and pad are 32 random bytes each, used once. ciphertext = ChaCha20-Poly1305 (RFC 8439) of the concatenated
plain chunks under K with a zero nonce (K is never used twice) and no associated data. `itemLeaf_i =
sha256(0x02 ‖ uint32 i ‖ ciphertext chunk i ‖ dataLeaf_i)`, `itemRoot` is the root over them. The tag is
advisory: the data are right if and only if every chunk hashes to its data leaf.
"""

import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from hmac import compare_digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from faircart.papers import Sealing
from faircart.sealing import merkle
from faircart.sealing.document import (
    CHUNK_BYTES,
    DocumentVersion,
    chunk_count,
    data_leaf,
    data_leaves,
    document_length,
    document_of,
)
from faircart.sealing.errors import (
    ChunkUnknown,
    DataRootMismatch,
    ItemRootMismatch,
    LengthWrong,
)

KEY_BYTES = 32
TAG_BYTES = 16
HASH_BYTES = 32

_NONCE = bytes(12)
_BLOCKS_PER_CHUNK = 4
_leaf_prefix = struct.Struct(">BI").pack


@dataclass(frozen=True)
class Item:
    """What a stream item carries: one ciphertext with its tag and the data leaves of its document version.

    Raises LengthWrong when made of parts that do not belong together.
    """

    data_leaves: Sequence[bytes]
    ciphertext: bytes
    tag: bytes

    def __post_init__(self) -> None:
        length = document_length(len(self.ciphertext))
        if length is None or chunk_count(length) != len(self.data_leaves):
            raise LengthWrong(
                f"{len(self.ciphertext)} bytes of ciphertext do not go with {len(self.data_leaves)} leaves"
            )
        if len(self.tag) != TAG_BYTES or set(map(len, self.data_leaves)) != {HASH_BYTES}:
            raise LengthWrong("a tag has 16 bytes and a leaf 32")

    @cached_property
    def data_root(self) -> bytes:
        """`dataRoot` recomputed from the item's data leaves: must be the consent's."""
        return merkle.root(self.data_leaves)

    @cached_property
    def item_tree(self) -> list[Sequence[bytes]]:
        """All levels of the tree over the item leaves."""
        prefix, ciphertext = _leaf_prefix, self.ciphertext
        leaves = [
            sha256(
                prefix(2, index) + ciphertext[CHUNK_BYTES * index : CHUNK_BYTES * (index + 1)] + leaf
            ).digest()
            for index, leaf in enumerate(self.data_leaves)
        ]
        return merkle.levels(leaves)

    @property
    def item_root(self) -> bytes:
        """`itemRoot` recomputed from the item: must be the offer's."""
        return self.item_tree[-1][0]


@dataclass(frozen=True)
class SealedItem(Item):
    """An item as its custodian made it, with what the offer says about it."""

    key_hash: bytes
    pad_hash: bytes

    @property
    def sealing(self) -> Sealing:
        """The `Sealing` struct of the offer."""
        return Sealing(self.item_root, self.key_hash, self.pad_hash)


@dataclass(frozen=True)
class Opened:
    """A decrypted item. The document is what the customer signed if and only if `wrong_chunks` is empty."""

    plaintext: bytes
    wrong_chunks: list[int]
    tag_ok: bool

    @property
    def document(self) -> bytes:
        """The decrypted (padded) document; it proves nothing while `wrong_chunks` is not empty."""
        return document_of(self.plaintext)


@dataclass(frozen=True)
class ChunkProof:
    """One chunk with its path to `itemRoot`: what `proveFault` needs to see a wrong chunk."""

    index: int
    ciphertext_chunk: bytes
    data_leaf: bytes
    path: list[bytes]


@dataclass(frozen=True)
class FaultProof:
    """What `proveFault` takes (`IDataExchange.FaultProof`); of a wrong key, the first two members only."""

    wrapped_key: bytes
    pad: bytes
    index: int = 0
    ciphertext: bytes = b""
    data_leaf: bytes = bytes(HASH_BYTES)
    path: tuple[bytes, ...] = ()

    def abi(self) -> tuple[bytes, bytes, int, bytes, bytes, list[bytes]]:
        """The struct as contract calls take it."""
        return self.wrapped_key, self.pad, self.index, self.ciphertext, self.data_leaf, list(self.path)


def new_key() -> bytes:
    """32 fresh random bytes, for K and for pad; neither may ever be used twice."""
    return secrets.token_bytes(KEY_BYTES)


def seal(version: DocumentVersion, key: bytes, pad: bytes) -> SealedItem:
    """The item of `version` under K = `key`. Raises LengthWrong unless key and pad have 32 bytes."""
    _check_length("a key", key, KEY_BYTES)
    _check_length("a pad", pad, KEY_BYTES)
    sealed = ChaCha20Poly1305(key).encrypt(_NONCE, version.plaintext, None)
    return SealedItem(
        data_leaves=version.leaves,
        ciphertext=sealed[:-TAG_BYTES],
        tag=sealed[-TAG_BYTES:],
        key_hash=sha256(key).digest(),
        pad_hash=sha256(pad).digest(),
    )


def check(item: Item, data_root: bytes, item_root: bytes) -> None:
    """Whether `item` is the one consented to and offered: after this, any false chunk can be proven.

    Raises DataRootMismatch or ItemRootMismatch.
    """
    if item.data_root != data_root:
        raise DataRootMismatch(
            f"the item's data root is 0x{item.data_root.hex()}, the consent's 0x{data_root.hex()}"
        )
    if item.item_root != item_root:
        raise ItemRootMismatch(
            f"the item's root is 0x{item.item_root.hex()}, the offer's 0x{item_root.hex()}"
        )


def wrap(key: bytes, pad: bytes) -> bytes:
    """`wrappedKey = K xor pad`; its own inverse: `wrap(wrapped, pad)` is K again."""
    _check_length("a key", key, KEY_BYTES)
    _check_length("a pad", pad, KEY_BYTES)
    return (int.from_bytes(key, "big") ^ int.from_bytes(pad, "big")).to_bytes(KEY_BYTES, "big")


def opens(key: bytes, key_hash: bytes) -> bool:
    """Whether `key` is the K of the offer: `sha256(K) == keyHash`."""
    return compare_digest(sha256(key).digest(), key_hash)


def open_item(item: Item, key: bytes) -> Opened:
    """Decrypt `item` under `key` and compare every chunk with its data leaf.

    A wrong tag does not stop it: raw ChaCha20 is used then, and `tag_ok` says so. Raises LengthWrong for a
    key that has not 32 bytes.
    """
    _check_length("a key", key, KEY_BYTES)
    try:
        plaintext = ChaCha20Poly1305(key).decrypt(_NONCE, item.ciphertext + item.tag, None)
        tag_ok = True
    except InvalidTag:
        plaintext = _chacha20(key, item.ciphertext, first_chunk=0)
        tag_ok = False
    leaves = data_leaves(plaintext)
    wrong: list[int] = []
    if leaves != item.data_leaves:
        pairs = zip(leaves, item.data_leaves, strict=True)
        wrong = [index for index, (got, signed) in enumerate(pairs) if got != signed]
    return Opened(plaintext, wrong, tag_ok)


def prove_chunk(item: Item, index: int) -> ChunkProof:
    """The proof of chunk `index` against `itemRoot`. Raises ChunkUnknown if there is no such chunk."""
    if not 0 <= index < len(item.data_leaves):
        raise ChunkUnknown(f"there is no chunk {index}: the item has {len(item.data_leaves)}")
    return ChunkProof(
        index=index,
        ciphertext_chunk=item.ciphertext[CHUNK_BYTES * index : CHUNK_BYTES * (index + 1)],
        data_leaf=item.data_leaves[index],
        path=merkle.path(item.item_tree, index),
    )


def shows_fault(proof: ChunkProof, item_root: bytes, key: bytes) -> bool:
    """What `proveFault` decides of a chunk: it lies under `itemRoot`, and its decryption is not its data
    leaf.
    """
    _check_length("a key", key, KEY_BYTES)
    leaf = sha256(_leaf_prefix(2, proof.index) + proof.ciphertext_chunk + proof.data_leaf).digest()
    if merkle.root_of_path(leaf, proof.path) != item_root:
        return False
    plain = _chacha20(key, proof.ciphertext_chunk, first_chunk=proof.index)
    return data_leaf(proof.index, plain) != proof.data_leaf


def find_fault(item: Item, wrapped_key: bytes, pad: bytes, key_hash: bytes) -> FaultProof | None:
    """The proof that the custodian delivered a wrong key or sealed a wrong chunk (the first); None if
    neither.
    """
    key = wrap(wrapped_key, pad)
    if not opens(key, key_hash):
        return FaultProof(wrapped_key, pad)
    wrong = open_item(item, key).wrong_chunks
    if not wrong:
        return None
    chunk = prove_chunk(item, wrong[0])
    return FaultProof(
        wrapped_key, pad, chunk.index, chunk.ciphertext_chunk, chunk.data_leaf, tuple(chunk.path)
    )


def _chacha20(key: bytes, ciphertext: bytes, *, first_chunk: int) -> bytes:
    # Block 0 of RFC 8439's construction makes the Poly1305 key: the text starts at counter 1.
    counter = (1 + _BLOCKS_PER_CHUNK * first_chunk).to_bytes(4, "little")
    return Cipher(ChaCha20(key, counter + _NONCE), mode=None).decryptor().update(ciphertext)


def _check_length(what: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise LengthWrong(f"{what} has {length} bytes, this one {len(value)}")
