# SPDX-License-Identifier: Apache-2.0
"""Indexes for what a consumer looks at before each purchase: a scan of a year of sales takes too long."""

from alembic import op

from faircart.store.tables import exchanges, offers

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # A new database has them from 0001 on, which makes whatever tables.py describes.
    for table in (exchanges, offers):
        for index in table.indexes:
            index.create(op.get_bind(), checkfirst=True)
