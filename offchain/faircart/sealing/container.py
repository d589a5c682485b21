# SPDX-License-Identifier: Apache-2.0
"""The container: how an item is written into a MultiChain stream.

Version 1, integers big-endian, nothing between or behind the fields:

| offset | bytes | field |
|---|---|---|
| 0 | 8 | magic, ASCII `FAIRCART` |
| 8 | 2 | version, 1 |
| 10 | 2 | reserved, 0 |
| 12 | 4 | n, number of chunks, at least 1 |
| 16 | 8 | c, bytes of ciphertext: 256 · (n - 1) + 17 … 256 · n |
| 24 | 32 · n | dataLeaf_0 … dataLeaf_(n-1) |
| 24 + 32 · n | c | ciphertext, chunk after chunk |
| 24 + 32 · n + c | 16 | Poly1305 tag |

A reader refuses every container whose size is not exactly the one its header announces, and looks at the size
before it copies anything, so a hostile header cannot make it allocate more than the bytes it was handed.
"""

import struct

from faircart.sealing.document import MAX_DOCUMENT_BYTES, SALT_BYTES, chunk_count, document_length
from faircart.sealing.errors import ContainerLengthWrong, ContainerVersionUnknown, NotAContainer
from faircart.sealing.item import HASH_BYTES, TAG_BYTES, Item

MAGIC = b"FAIRCART"
VERSION = 1
_HEADER = struct.Struct(">8sHHIQ")
_MAX_CHUNKS = chunk_count(MAX_DOCUMENT_BYTES)
MAX_CONTAINER_BYTES = _HEADER.size + (HASH_BYTES + SALT_BYTES) * _MAX_CHUNKS + MAX_DOCUMENT_BYTES + TAG_BYTES
"""Size of the container of the largest document."""


def encode(item: Item) -> bytes:
    """`item` as a version 1 container."""
    header = _HEADER.pack(MAGIC, VERSION, 0, len(item.data_leaves), len(item.ciphertext))
    return b"".join([header, *item.data_leaves, item.ciphertext, item.tag])


def decode(data: bytes) -> Item:
    """The item in a container.

    Raises NotAContainer, ContainerVersionUnknown or ContainerLengthWrong (all ContainerError); whether the
    item is the right one is for `check` to say.
    """
    if len(data) < _HEADER.size or not data.startswith(MAGIC):
        raise NotAContainer("these bytes are not a FairCart container")
    _, version, reserved, count, length = _HEADER.unpack_from(data)
    if version != VERSION:
        raise ContainerVersionUnknown(f"container version {version}: this FairCart reads version {VERSION}")
    if reserved != 0:
        raise ContainerVersionUnknown("a version 1 container has zeros at offset 10")
    leaves_end = _HEADER.size + HASH_BYTES * count
    tag_start = leaves_end + length
    size = document_length(length)
    if size is None or chunk_count(size) != count or len(data) != tag_start + TAG_BYTES:
        raise ContainerLengthWrong(
            f"the header announces {count} chunks and {length} bytes of ciphertext, which is no container "
            f"of {len(data)} bytes"
        )
    block = bytes(data[_HEADER.size : leaves_end])
    return Item(
        data_leaves=[block[at : at + HASH_BYTES] for at in range(0, len(block), HASH_BYTES)],
        ciphertext=bytes(data[leaves_end:tag_start]),
        tag=bytes(data[tag_start:]),
    )
