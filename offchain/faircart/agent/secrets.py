# SPDX-License-Identifier: Apache-2.0
"""The vault over the database: each secret under a key of its own, in the transaction that changes rows."""

import sqlalchemy as sa

from faircart.keys import Vault, VaultRow
from faircart.store import Work
from faircart.store import tables as t


class _Rows:
    """The vault's rows inside one database transaction."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    def insert(self, row: VaultRow) -> None:
        values = {
            "kind": row.kind,
            "name": row.name,
            "wrapped_key": row.wrapped_key,
            "sealed": row.sealed,
        }
        self._connection.execute(sa.insert(t.vault).values(values))

    def find(self, kind: str, name: str) -> VaultRow | None:
        query = sa.select(t.vault).where(t.vault.c.kind == kind, t.vault.c.name == name)
        row = self._connection.execute(query).first()
        return None if row is None else VaultRow(*row)

    def clear_key(self, kind: str, name: str) -> None:
        query = sa.update(t.vault).where(t.vault.c.kind == kind, t.vault.c.name == name)
        # The ciphertext is of no use without its key: its place is given back, too.
        self._connection.execute(query.values(wrapped_key=None, sealed=b""))


class Secrets:
    """Kinds: `document` (plain chunks of a version), `key`, `pad`, `request` (private key), `data` (bought).

    What was destroyed cannot be kept again under its name.
    """

    def __init__(self, master: bytes) -> None:
        self._master = master

    def put(self, work: Work, kind: str, name: str, secret: bytes) -> None:
        """Keeps a secret. Raises VaultEntryExists, VaultEntryDestroyed."""
        self._vault(work).put(kind, name, secret)

    def get(self, work: Work, kind: str, name: str) -> bytes | None:
        """A secret, None if there is none or its key was destroyed. Raises VaultEntryUnreadable."""
        vault = self._vault(work)
        return vault.get(kind, name) if vault.holds(kind, name) else None

    def destroy(self, work: Work, kind: str, name: str) -> None:
        """Destroys a secret's key; what is not there, or is destroyed, stays so."""
        vault = self._vault(work)
        if vault.holds(kind, name):
            vault.destroy(kind, name)

    def _vault(self, work: Work) -> Vault:
        return Vault(self._master, _Rows(work))
