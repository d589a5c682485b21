# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a document, an item, a container or a key."""

from faircart.errors import FairCartError


class SealingError(FairCartError):
    """Base of the errors of sealing."""


class DocumentSizeOutOfRange(SealingError):
    """A document is empty or larger than an item may be."""


class PaddingWrong(SealingError):
    """An opened document is not padded with spaces to the next 1 KiB · 2ⁿ."""


class LengthWrong(SealingError):
    """A key, pad, root, salt, leaf or chunk has the wrong number of bytes."""


class ContainerError(SealingError):
    """Base: these bytes are not a container that this version reads."""


class NotAContainer(ContainerError):
    """The bytes do not begin as a container does."""


class ContainerVersionUnknown(ContainerError):
    """A container of a version that this FairCart does not know."""


class ContainerLengthWrong(ContainerError):
    """The container's size is not the one that its header announces, or beyond the limit."""


class DataRootMismatch(SealingError):
    """The item's leaves are not those of the document that the customer consented to."""


class ItemRootMismatch(SealingError):
    """The item is not the one that the custodian's offer commits to."""


class ChunkUnknown(SealingError):
    """The item has no chunk of that index."""
