# SPDX-License-Identifier: Apache-2.0
"""Tables of the customer's rights: counter-proposals and erasures."""

from alembic import op

from faircart.store.tables import counters, erasure_items

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # A new database has them from 0001 on, which makes whatever tables.py describes.
    for table in (counters, erasure_items):
        table.create(op.get_bind(), checkfirst=True)
