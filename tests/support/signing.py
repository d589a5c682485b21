# SPDX-License-Identifier: Apache-2.0
"""Throw-away keys that sign a digest in microseconds.

eth_keys needs 8 ms for each signature, which would be most of what a state machine does. Here each key has
one secret nonce for all its signatures, whose curve point is computed once. That gives away a key after two
signatures: it is for keys that everybody knows anyway, and for nothing else.
"""

from dataclasses import dataclass
from functools import cached_property

from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True)
class TestKey:
    """A key derived from a name."""

    __test__ = False

    name: str

    @cached_property
    def private_key(self) -> bytes:
        """32 bytes."""
        return keccak(text=f"faircart test key {self.name}")

    @cached_property
    def address(self) -> str:
        """The account's checksum address."""
        return str(PrivateKey(self.private_key).public_key.to_checksum_address())

    def sign(self, digest: bytes) -> bytes:
        """The signature over 32 bytes: r, s in the lower half of the order, v (65 bytes)."""
        nonce, r, odd = self._nonce
        s = pow(nonce, -1, _ORDER) * (
            int.from_bytes(digest, "big") + r * int.from_bytes(self.private_key, "big")
        )
        s %= _ORDER
        if s > _ORDER // 2:
            s, odd = _ORDER - s, not odd
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + odd])

    @cached_property
    def _nonce(self) -> tuple[int, int, bool]:
        nonce = keccak(text=f"faircart test nonce {self.name}")
        point = PrivateKey(nonce).public_key.to_bytes()
        return int.from_bytes(nonce, "big"), int.from_bytes(point[:32], "big"), bool(point[63] & 1)
