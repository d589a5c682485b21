"""Alembic migrations; `Store` runs them when it opens a database."""
