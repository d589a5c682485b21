# SPDX-License-Identifier: Apache-2.0
"""Alembic migrations; `Store` runs them when it opens a database."""
