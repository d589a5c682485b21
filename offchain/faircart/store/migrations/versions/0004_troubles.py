# SPDX-License-Identifier: Apache-2.0
"""Parts of the agent that fail in a way nobody has thought of, for `agent status`."""

from alembic import op

from faircart.store.tables import troubles

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    troubles.create(op.get_bind(), checkfirst=True)
