# SPDX-License-Identifier: Apache-2.0
"""The only module that talks to the database: rows, one transaction at a time, effects, cursors, pins.

SQLAlchemy Core over SQLite; Alembic migrations ship with the package and run when a store is opened.
"""

from faircart.store.database import Store
from faircart.store.outbox import Effect, EffectRow
from faircart.store.work import Work

__all__ = ["Effect", "EffectRow", "Store", "Work"]
