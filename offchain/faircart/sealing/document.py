# SPDX-License-Identifier: Apache-2.0
"""One version of a document: padded, cut into blinded chunks, committed to by `dataRoot`.

The document (canonical JSON) is padded with spaces to the next 1 KiB · 2ⁿ, so that its size says little, and
cut into pieces of 240 bytes, the last one shorter. Plain chunk i = 16 random bytes ‖ piece i; the random
bytes blind its leaf `dataLeaf_i = sha256(0x00 ‖ uint32 i ‖ plain chunk i)` (big-endian). `dataRoot`, over
those leaves, is what the customer consents to; it belongs to the version of the document and not to a sale.
"""

import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from faircart.sealing import merkle
from faircart.sealing.errors import DocumentSizeOutOfRange, LengthWrong, PaddingWrong

SALT_BYTES = 16
PIECE_BYTES = 240
CHUNK_BYTES = SALT_BYTES + PIECE_BYTES
PADDING_UNIT = 1024
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
"""Largest padded document that is sealed or read: bounds what a hostile container can make a reader allocate.
"""

_leaf_prefix = struct.Struct(">BI").pack


def pad_document(document: bytes) -> bytes:
    """`document` padded with spaces (0x20) to the next 1 KiB · 2ⁿ.

    Raises DocumentSizeOutOfRange for an empty document and for one beyond MAX_DOCUMENT_BYTES.
    """
    _check_size(len(document))
    size = PADDING_UNIT
    while size < len(document):
        size *= 2
    return document.ljust(size, b" ")


def unpad_document(document: bytes) -> bytes:
    """The document without its padding (canonical JSON never ends in a space).

    Raises PaddingWrong unless `pad_document` would give `document` back.
    """
    text = document.rstrip(b" ")
    if not text or pad_document(text) != document:
        raise PaddingWrong("this document is not padded with spaces to the next 1 KiB * 2**n")
    return text


@dataclass(frozen=True)
class DocumentVersion:
    """A document with the random bytes of its chunks, their leaves and the root over them.

    `plaintext` is the concatenation of all plain chunks: what items encrypt, and all that must be kept.
    """

    plaintext: bytes
    leaves: Sequence[bytes]
    root: bytes

    @classmethod
    def make(cls, document: bytes, salts: Sequence[bytes] | None = None) -> Self:
        """A version of `document` (already padded), with fresh random bytes unless `salts` (16 bytes each)
        are given.

        Raises DocumentSizeOutOfRange, and LengthWrong if `salts` does not hold one per chunk.
        """
        _check_size(len(document))
        count = chunk_count(len(document))
        if salts is None:
            random = secrets.token_bytes(SALT_BYTES * count)
            salts = [random[at : at + SALT_BYTES] for at in range(0, len(random), SALT_BYTES)]
        if len(salts) != count or set(map(len, salts)) != {SALT_BYTES}:
            raise LengthWrong(f"this document needs {count} salts of {SALT_BYTES} bytes")
        pieces = range(0, len(document), PIECE_BYTES)
        chunks = [salt + document[at : at + PIECE_BYTES] for salt, at in zip(salts, pieces, strict=True)]
        leaves = _leaves(chunks)
        return cls(b"".join(chunks), leaves, merkle.root(leaves))

    @classmethod
    def from_plaintext(cls, plaintext: bytes) -> Self:
        """The version whose concatenated plain chunks these are. Raises LengthWrong if no document has that
        size.
        """
        if document_length(len(plaintext)) is None:
            raise LengthWrong(f"no document has {len(plaintext)} bytes of plain chunks")
        leaves = data_leaves(plaintext)
        return cls(plaintext, leaves, merkle.root(leaves))

    @property
    def chunks(self) -> list[bytes]:
        """The plain chunks, 256 bytes each, the last one shorter."""
        return split_chunks(self.plaintext)

    @property
    def salts(self) -> list[bytes]:
        """The random 16 bytes in front of each piece."""
        return [chunk[:SALT_BYTES] for chunk in self.chunks]

    @property
    def document(self) -> bytes:
        """The padded document."""
        return document_of(self.plaintext)


def data_leaf(index: int, plain_chunk: bytes) -> bytes:
    """`sha256(0x00 ‖ uint32 index ‖ plain chunk)`."""
    return sha256(_leaf_prefix(0, index) + plain_chunk).digest()


def data_leaves(plaintext: bytes) -> list[bytes]:
    """The data leaf of every chunk of the concatenated plain chunks."""
    return _leaves(split_chunks(plaintext))


def document_of(plaintext: bytes) -> bytes:
    """The (padded) document inside the concatenated plain chunks."""
    starts = range(SALT_BYTES, len(plaintext), CHUNK_BYTES)
    return b"".join([plaintext[at : at + PIECE_BYTES] for at in starts])


def chunk_count(length: int) -> int:
    """Chunks of a document of `length` bytes."""
    return -(-length // PIECE_BYTES)


def document_length(plaintext_length: int) -> int | None:
    """Bytes of the document inside so many bytes of plain chunks; None if no document has that many."""
    length = plaintext_length - SALT_BYTES * -(-plaintext_length // CHUNK_BYTES)
    if not 0 < length <= MAX_DOCUMENT_BYTES or length + SALT_BYTES * chunk_count(length) != plaintext_length:
        return None
    return length


def split_chunks(joined: bytes) -> list[bytes]:
    """Concatenated (plain or ciphertext) chunks as a list."""
    return [joined[at : at + CHUNK_BYTES] for at in range(0, len(joined), CHUNK_BYTES)]


def _leaves(chunks: Sequence[bytes]) -> list[bytes]:
    prefix = _leaf_prefix
    return [sha256(prefix(0, index) + chunk).digest() for index, chunk in enumerate(chunks)]


def _check_size(length: int) -> None:
    if length == 0:
        raise DocumentSizeOutOfRange("an empty document cannot be sealed")
    if length > MAX_DOCUMENT_BYTES:
        raise DocumentSizeOutOfRange(
            f"a document of {length} bytes is beyond the limit of {MAX_DOCUMENT_BYTES} bytes: split it"
        )
