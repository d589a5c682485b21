# SPDX-License-Identifier: Apache-2.0
"""The vault: every secret is sealed under a key of its own, and that key is held only wrapped under the vault
key.

So destroying one small wrapped key makes one thing unreadable, wherever copies of its ciphertext lie. What
lies in old copies of the wrapped key (backups, a database's log) stays readable to whoever also has the vault
key.

    sealed      = ChaCha20-Poly1305(entry key, zero nonce, secret, aad)     the entry key seals once
    wrapped key = nonce ‖ ChaCha20-Poly1305(vault key, nonce, entry key, aad)   12 random bytes of nonce
    aad         = canonical JSON of ["faircart/vault/1", kind, name]

The vault does no I/O: it works on rows that somebody else keeps.
"""

import secrets
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from faircart.canonical import canonical
from faircart.keys.errors import (
    VaultEntryDestroyed,
    VaultEntryExists,
    VaultEntryUnknown,
    VaultEntryUnreadable,
    VaultError,
)

KEY_BYTES = 32
_NONCE_BYTES = 12
_ONCE = bytes(_NONCE_BYTES)


@dataclass(frozen=True, repr=False)
class VaultRow:
    """One entry as it is kept. `wrapped_key` is None once it has been destroyed."""

    kind: str
    name: str
    wrapped_key: bytes | None
    sealed: bytes

    def __repr__(self) -> str:
        return (
            f"VaultRow({self.kind}, {self.name}, {'destroyed' if self.wrapped_key is None else 'readable'})"
        )


class VaultRows(Protocol):
    """Where the rows lie. (`kind`, `name`) is unique; calls join the caller's database transaction."""

    def insert(self, row: VaultRow) -> None:
        """Keep a new row."""

    def find(self, kind: str, name: str) -> VaultRow | None:
        """The row under that name, also if its key has been destroyed."""

    def clear_key(self, kind: str, name: str) -> None:
        """Set `wrapped_key` to None, overwriting what was there (SQLite: `PRAGMA secure_delete=ON`)."""


class Vault:
    """Secrets by kind (such as `item-key`) and name (such as an exchange id in hex)."""

    def __init__(self, key: bytes, rows: VaultRows) -> None:
        """`key` is the vault key (32 bytes). Raises VaultError for one of another length."""
        if len(key) != KEY_BYTES:
            raise VaultError(f"a vault key has {KEY_BYTES} bytes")
        self._cipher = ChaCha20Poly1305(key)
        self._rows = rows

    def put(self, kind: str, name: str, secret: bytes) -> None:
        """Seal `secret` and keep it.

        Raises VaultEntryExists for a name in use and VaultEntryDestroyed for one that was destroyed: what was
        erased does not come back under its name.
        """
        row = self._rows.find(kind, name)
        if row is not None:
            if row.wrapped_key is None:
                raise VaultEntryDestroyed(f"{kind} {name} was destroyed and cannot be put again")
            raise VaultEntryExists(f"the vault holds {kind} {name} already")
        entry_key, nonce, aad = (
            secrets.token_bytes(KEY_BYTES),
            secrets.token_bytes(_NONCE_BYTES),
            _aad(kind, name),
        )
        wrapped = nonce + self._cipher.encrypt(nonce, entry_key, aad)
        self._rows.insert(
            VaultRow(kind, name, wrapped, ChaCha20Poly1305(entry_key).encrypt(_ONCE, secret, aad))
        )

    def get(self, kind: str, name: str) -> bytes:
        """The secret. Raises VaultEntryUnknown, VaultEntryDestroyed or VaultEntryUnreadable."""
        row = self._rows.find(kind, name)
        if row is None:
            raise VaultEntryUnknown(f"the vault holds no {kind} {name}")
        if row.wrapped_key is None:
            raise VaultEntryDestroyed(f"the key of {kind} {name} was destroyed: it cannot be read any more")
        nonce, wrapped, aad = row.wrapped_key[:_NONCE_BYTES], row.wrapped_key[_NONCE_BYTES:], _aad(kind, name)
        try:
            entry_key = self._cipher.decrypt(nonce, wrapped, aad)
            return ChaCha20Poly1305(entry_key).decrypt(_ONCE, row.sealed, aad)
        except (InvalidTag, ValueError):
            raise VaultEntryUnreadable(
                f"{kind} {name} does not open: another vault key, or an altered entry"
            ) from None

    def holds(self, kind: str, name: str) -> bool:
        """Whether there is such an entry and its key has not been destroyed."""
        row = self._rows.find(kind, name)
        return row is not None and row.wrapped_key is not None

    def destroy(self, kind: str, name: str) -> None:
        """Destroy the entry's key; again is allowed. Raises VaultEntryUnknown."""
        if self._rows.find(kind, name) is None:
            raise VaultEntryUnknown(f"the vault holds no {kind} {name}")
        self._rows.clear_key(kind, name)


def _aad(kind: str, name: str) -> bytes:
    return canonical(["faircart/vault/1", kind, name])
