# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: runs on the connection that `Store` hands over."""

from alembic import context

from faircart.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
