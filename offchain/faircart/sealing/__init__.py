# SPDX-License-Identifier: Apache-2.0
"""Sealing: documents as Merkle-committed chunks, encrypted items, containers, opening and fault proofs.

version = DocumentVersion.make(pad_document(canonical(document)))   # customer consents to version.root
item = seal(version, key := new_key(), pad := new_key())            # offered as item.sealing
data = container.encode(item)                                       # published off chain
got = container.decode(data); check(got, data_root, item_root)      # before paying
opened = open_item(got, wrap(wrapped_key, pad))                     # after delivery
document = unpad_document(opened.document)                          # if not opened.wrong_chunks
prove_chunk(got, opened.wrong_chunks[0])                            # otherwise
"""

from faircart.sealing import container
from faircart.sealing.document import (
    MAX_DOCUMENT_BYTES,
    DocumentVersion,
    pad_document,
    unpad_document,
)
from faircart.sealing.errors import (
    ChunkUnknown,
    ContainerError,
    ContainerLengthWrong,
    ContainerVersionUnknown,
    DataRootMismatch,
    DocumentSizeOutOfRange,
    ItemRootMismatch,
    LengthWrong,
    NotAContainer,
    PaddingWrong,
    SealingError,
)
from faircart.sealing.item import (
    ChunkProof,
    FaultProof,
    Item,
    Opened,
    SealedItem,
    check,
    find_fault,
    new_key,
    open_item,
    opens,
    prove_chunk,
    seal,
    shows_fault,
    wrap,
)

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "ChunkProof",
    "ChunkUnknown",
    "ContainerError",
    "ContainerLengthWrong",
    "ContainerVersionUnknown",
    "DataRootMismatch",
    "DocumentSizeOutOfRange",
    "DocumentVersion",
    "FaultProof",
    "Item",
    "ItemRootMismatch",
    "LengthWrong",
    "NotAContainer",
    "Opened",
    "PaddingWrong",
    "SealedItem",
    "SealingError",
    "check",
    "container",
    "find_fault",
    "new_key",
    "open_item",
    "opens",
    "pad_document",
    "prove_chunk",
    "seal",
    "shows_fault",
    "unpad_document",
    "wrap",
]
