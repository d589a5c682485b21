# SPDX-License-Identifier: Apache-2.0
"""Sealed items for the exchange machine: honest ones, and two ways to cheat."""

import enum
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256

from faircart.papers import Consent, Offer, Sealing
from faircart.sealing import DocumentVersion, FaultProof, Item, find_fault, seal, wrap

from tests.machines.models.world import Signature

DOCUMENT_SIZES = (1, 240, 241, 1000)


class Honesty(enum.Enum):
    """What the custodian seals and means to deliver."""

    HONEST = "the key and every chunk are right"
    WRONG_KEY = "what it will deliver is not the key"
    WRONG_CHUNK = "one chunk does not decrypt to what was consented to"


@dataclass(frozen=True)
class Sealed:
    """An item with its secrets; `key` is what goes into `wrapped_key`."""

    honesty: Honesty
    item: Item
    sealing: Sealing
    key: bytes
    pad: bytes

    @property
    def wrapped_key(self) -> bytes:
        """What the custodian delivers."""
        return wrap(self.key, self.pad)

    def fault(self, wrapped_key: bytes) -> FaultProof | None:
        """What the consumer's agent would prove after this delivery; None if all is right."""
        return find_fault(self.item, wrapped_key, self.pad, self.sealing.key_hash)


@dataclass(frozen=True)
class Deal:
    """A consent and an offer under it, as both sides know them."""

    consent: Consent
    offer: Offer
    signature: Signature
    sealed: Sealed


@cache
def version(size: int) -> DocumentVersion:
    """The one document of so many bytes."""
    count = -(-size // 240)
    return DocumentVersion.make(b"d" * size, [sha256(bytes([i])).digest()[:16] for i in range(count)])


@cache
def sealed(size: int, honesty: Honesty, number: int) -> Sealed:
    """The document of that size, sealed for the offer of that number."""
    key = sha256(f"key {number}".encode()).digest()
    pad = sha256(f"pad {number}".encode()).digest()
    made = seal(version(size), key, pad)
    item: Item = Item(made.data_leaves, made.ciphertext, made.tag)
    if honesty is Honesty.WRONG_CHUNK:
        last = len(item.ciphertext) - 1
        item = replace(item, ciphertext=item.ciphertext[:last] + bytes([item.ciphertext[last] ^ 1]))
    sealing = Sealing(item.item_root, made.key_hash, made.pad_hash)
    if honesty is Honesty.WRONG_KEY:
        key = sha256(key).digest()
    return Sealed(honesty, item, sealing, key, pad)
