# SPDX-License-Identifier: Apache-2.0
"""Why other terms were refused: what a consumer answered was dropped."""

import sqlalchemy as sa
from alembic import op

from faircart.store.tables import counters

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # A new database has it from 0001 on, which makes whatever tables.py describes.
    held = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(counters.name)}
    if "reason" not in held:
        op.add_column(counters.name, sa.Column("reason", sa.Text(), nullable=False, server_default=""))
