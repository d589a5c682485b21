# SPDX-License-Identifier: Apache-2.0
"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "access_entries",
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("effect_id", sa.String(length=200), nullable=False),
        sa.Column("customer", sa.String(length=42), nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
        sa.UniqueConstraint("effect_id"),
    )
    op.create_index(op.f("ix_access_entries_customer"), "access_entries", ["customer"], unique=False)
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "catalog",
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("publisher", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=13), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("customer", sa.String(length=42), nullable=False),
        sa.Column("consumer", sa.String(length=42), nullable=False),
        sa.Column("custodian", sa.String(length=42), nullable=False),
        sa.Column("data_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("terms", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reward", sa.String(length=78), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("transaction", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("consent_id"),
    )
    op.create_index(op.f("ix_consents_customer"), "consents", ["customer"], unique=False)
    op.create_table(
        "cursors",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "customers",
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("reading_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_table(
        "data_sets",
        sa.Column("exchange_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("consent_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("category", sa.String(length=13), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("tag_ok", sa.Boolean(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id"),
    )
    op.create_index(op.f("ix_data_sets_consent_id"), "data_sets", ["consent_id"], unique=False)
    op.create_table(
        "documents",
        sa.Column("data_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("customer", sa.String(length=42), nullable=False),
        sa.Column("category", sa.String(length=13), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("period_from", sa.String(length=10), nullable=False),
        sa.Column("period_to", sa.String(length=10), nullable=False),
        sa.Column("order_id", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("data_root"),
    )
    op.create_index(op.f("ix_documents_customer"), "documents", ["customer"], unique=False)
    op.create_index(op.f("ix_documents_order_id"), "documents", ["order_id"], unique=False)
    op.create_table(
        "effects",
        sa.Column("effect_id", sa.String(length=200), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("moot", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("effect_id"),
    )
    op.create_index("effects_by_state", "effects", ["lane", "state", "not_before"], unique=False)
    op.create_table(
        "events",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("block_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("transaction", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block_number", "log_index", "block_hash"),
    )
    op.create_index("events_by_state", "events", ["state"], unique=False)
    op.create_table(
        "exchanges",
        sa.Column("exchange_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("consent_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("customer", sa.String(length=42), nullable=False),
        sa.Column("consumer", sa.String(length=42), nullable=False),
        sa.Column("custodian", sa.String(length=42), nullable=False),
        sa.Column("reward", sa.String(length=78), nullable=False),
        sa.Column("fee", sa.String(length=78), nullable=False),
        sa.Column("custodian_deposit", sa.String(length=78), nullable=False),
        sa.Column("consumer_deposit", sa.String(length=78), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("deliver_by", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=False),
        sa.Column("respond_by", sa.BigInteger(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("transaction", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id"),
    )
    op.create_index(op.f("ix_exchanges_consent_id"), "exchanges", ["consent_id"], unique=False)
    op.create_index(op.f("ix_exchanges_state"), "exchanges", ["state"], unique=False)
    op.create_table(
        "offers",
        sa.Column("exchange_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("consent_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(length=42), nullable=False),
        sa.Column("consumer", sa.String(length=42), nullable=False),
        sa.Column("custodian", sa.String(length=42), nullable=False),
        sa.Column("data_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reward", sa.String(length=78), nullable=False),
        sa.Column("offer", sa.JSON(), nullable=False),
        sa.Column("consent", sa.JSON(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("item_stream", sa.String(length=32), nullable=False),
        sa.Column("item_key", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=13), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id"),
    )
    op.create_index(op.f("ix_offers_consent_id"), "offers", ["consent_id"], unique=False)
    op.create_index(op.f("ix_offers_request_id"), "offers", ["request_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("order_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("buyer", sa.String(length=42), nullable=False),
        sa.Column("seller", sa.String(length=42), nullable=False),
        sa.Column("amount", sa.String(length=78), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_table(
        "papers",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("signer", sa.String(length=42), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "participants",
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("multichain_address", sa.String(length=64), nullable=False),
        sa.Column("hpke_key", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_index(
        op.f("ix_participants_multichain_address"), "participants", ["multichain_address"], unique=False
    )
    op.create_table(
        "pins",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "proposals",
        sa.Column("proposal_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("customer", sa.String(length=42), nullable=False),
        sa.Column("consent_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("data_root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("category", sa.String(length=13), nullable=False),
        sa.Column("consent", sa.JSON(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("proposal_id"),
    )
    op.create_index(op.f("ix_proposals_consent_id"), "proposals", ["consent_id"], unique=False)
    op.create_index(op.f("ix_proposals_customer"), "proposals", ["customer"], unique=False)
    op.create_index(op.f("ix_proposals_request_id"), "proposals", ["request_id"], unique=False)
    op.create_table(
        "requests",
        sa.Column("request_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("consumer", sa.String(length=42), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reward", sa.String(length=78), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index(op.f("ix_requests_state"), "requests", ["state"], unique=False)
    op.create_table(
        "stream_items",
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("txid", sa.String(length=64), nullable=False),
        sa.Column("vout", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("publisher", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "txid", "vout"),
    )
    op.create_index("stream_items_by_state", "stream_items", ["state"], unique=False)
    op.create_table(
        "transactions",
        sa.Column("nonce", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("effect_id", sa.String(length=200), nullable=False),
        sa.Column("hashes", sa.JSON(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee", sa.String(length=78), nullable=False),
        sa.Column("priority_fee", sa.String(length=78), nullable=False),
        sa.Column("cost", sa.String(length=78), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )
    op.create_index(op.f("ix_transactions_effect_id"), "transactions", ["effect_id"], unique=False)
    op.create_table(
        "undo",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("table_name", sa.String(length=24), nullable=False),
        sa.Column("row_key", sa.String(length=80), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("block_number", "table_name", "row_key"),
    )
    op.create_table(
        "vault",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name"),
    )
    op.create_table(
        "withdrawals",
        sa.Column("consent_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consent_id"),
    )
