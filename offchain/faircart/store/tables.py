# SPDX-License-Identifier: Apache-2.0
"""The tables. Each row class of `records` has one with the same columns;

the rest is the agent's book-keeping.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

from faircart.store import records

metadata = MetaData()


class Wei(TypeDecorator[int]):
    """An amount up to 2**256 - 1, which no integer column holds, as decimal text."""

    impl = String(78)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else int(value)


def _hash(name: str, **options: Any) -> Column[bytes]:
    return Column(name, LargeBinary(32), nullable=False, **options)


def _address(name: str, **options: Any) -> Column[str]:
    return Column(name, String(42), nullable=False, **options)


def _text(name: str, length: int | None = None, **options: Any) -> Column[str]:
    return Column(name, String(length) if length else Text(), nullable=False, **options)


def _int(name: str, **options: Any) -> Column[int]:
    return Column(name, BigInteger(), nullable=False, **options)


def _wei(name: str) -> Column[int]:
    return Column(name, Wei(), nullable=False)


def _json(name: str) -> Column[Any]:
    return Column(name, JSON(), nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False)


consents = Table(
    "consents",
    metadata,
    _hash("consent_id", primary_key=True),
    _address("customer", index=True),
    _address("consumer"),
    _address("custodian"),
    _hash("data_root"),
    _hash("terms"),
    _wei("reward"),
    _int("valid_until"),
    _int("granted_at"),
    _int("ended_at"),
    _hash("transaction"),
)
exchanges = Table(
    "exchanges",
    metadata,
    _hash("exchange_id", primary_key=True),
    _hash("consent_id", index=True),
    _address("customer"),
    _address("consumer"),
    _address("custodian"),
    _wei("reward"),
    _wei("fee"),
    _wei("custodian_deposit"),
    _wei("consumer_deposit"),
    _text("state", 16, index=True),
    _int("opened_at", index=True),
    _int("deliver_by"),
    _int("delivered_at"),
    _int("respond_by"),
    Column("wrapped_key", LargeBinary(32), nullable=False),
    _int("closed_at"),
    Column("transaction", LargeBinary(32), nullable=False),
)
orders = Table(
    "orders",
    metadata,
    _hash("order_id", primary_key=True),
    _address("buyer"),
    _address("seller"),
    _wei("amount"),
    _text("state", 16),
    _int("changed_at"),
)
participants = Table(
    "participants",
    metadata,
    _address("address", primary_key=True),
    _text("multichain_address", 64, index=True),
    Column("hpke_key", LargeBinary(), nullable=False),
    _int("version"),
)
catalog = Table(
    "catalog",
    metadata,
    _text("entry_id", 64, primary_key=True),
    _text("publisher", 64),
    _text("category", 13),
    _json("body"),
)
customers = Table(
    "customers",
    metadata,
    _address("address", primary_key=True),
    Column("reading_key", LargeBinary(), nullable=False),
)
documents = Table(
    "documents",
    metadata,
    _hash("data_root", primary_key=True),
    _address("customer", index=True),
    _text("category", 13),
    _int("version"),
    _flag("current"),
    _int("size"),
    _int("records"),
    _text("period_from", 10),
    _text("period_to", 10),
    Column("order_id", LargeBinary(32), nullable=False, index=True),
)
requests = Table(
    "requests",
    metadata,
    _hash("request_id", primary_key=True),
    _address("consumer"),
    _flag("own"),
    _json("categories"),
    _text("purpose"),
    _wei("reward"),
    _int("expires_at"),
    Column("request_key", LargeBinary(), nullable=False),
    _json("body"),
    _text("state", 16, index=True),
)
proposals = Table(
    "proposals",
    metadata,
    _text("proposal_id", 64, primary_key=True),
    _hash("request_id", index=True),
    _address("customer", index=True),
    _hash("consent_id", index=True),
    _hash("data_root"),
    _text("category", 13),
    _json("consent"),
    _json("terms"),
    _text("state", 16),
)
papers = Table(
    "papers",
    metadata,
    _hash("digest", primary_key=True),
    _text("kind", 24),
    _address("signer"),
    _json("body"),
    Column("signature", LargeBinary(), nullable=False),
    _int("received_at"),
)
withdrawals = Table("withdrawals", metadata, _hash("consent_id", primary_key=True), _int("known_at"))
offers = Table(
    "offers",
    metadata,
    _hash("exchange_id", primary_key=True),
    _hash("consent_id", index=True),
    _hash("request_id", index=True),
    _int("ordinal"),
    _address("customer", index=True),
    _address("consumer"),
    _address("custodian"),
    _hash("data_root"),
    _wei("reward"),
    _json("offer"),
    _json("consent"),
    Column("signature", LargeBinary(), nullable=False),
    _text("item_stream", 32),
    _text("item_key", 64),
    _text("category", 13),
    _int("valid_until"),
    _text("state", 16, index=True),
    _text("reason"),
)
data_sets = Table(
    "data_sets",
    metadata,
    _hash("exchange_id", primary_key=True),
    _hash("consent_id", index=True),
    _text("category", 13),
    _int("size"),
    _flag("valid"),
    _flag("tag_ok"),
    _int("keep_until"),
)
access_entries = Table(
    "access_entries",
    metadata,
    _text("entry_id", 64, primary_key=True),
    _text("effect_id", 200, unique=True),
    _address("customer", index=True),
    _hash("commitment"),
    _json("sealed"),
)
counters = Table(
    "counters",
    metadata,
    _text("counter_id", 64, primary_key=True),
    _hash("request_id", index=True),
    _text("proposal_id", 64),
    _address("customer"),
    _text("category", 13),
    _wei("reward"),
    _int("valid_for"),
    _text("state", 16),
    _text("reason"),
)
erasure_items = Table(
    "erasure_items",
    metadata,
    _text("item_id", 64, primary_key=True),
    _hash("erasure_id", index=True),
    _text("step", 16),
    _address("customer", index=True),
    _address("author"),
    _address("consumer"),
    _text("notice", 64),
    _hash("commitment"),
    _json("sealed"),
    _json("body"),
)

TABLE: dict[type[records.Record], Table] = {
    records.Consent: consents,
    records.Exchange: exchanges,
    records.Order: orders,
    records.Participant: participants,
    records.CatalogEntry: catalog,
    records.Customer: customers,
    records.Document: documents,
    records.Request: requests,
    records.Proposal: proposals,
    records.Paper: papers,
    records.Withdrawal: withdrawals,
    records.Offer: offers,
    records.DataSet: data_sets,
    records.AccessEntry: access_entries,
    records.Counter: counters,
    records.ErasureItem: erasure_items,
}

# --- book-keeping -----------------------------------------------------------------------------------------

pins = Table("pins", metadata, _text("name", 64, primary_key=True), _text("value"))
cursors = Table("cursors", metadata, _text("source", 64, primary_key=True), _int("position"))
troubles = Table("troubles", metadata, _text("part", 24, primary_key=True), _int("since"), _text("error"))
"""Parts of the agent that fail in a way nobody has thought of, and since when."""
blocks = Table(
    "blocks",
    metadata,
    _int("number", primary_key=True, autoincrement=False),
    _hash("hash"),
    _int("timestamp"),
)
events = Table(
    "events",
    metadata,
    _int("block_number", primary_key=True, autoincrement=False),
    _int("log_index", primary_key=True, autoincrement=False),
    _hash("block_hash", primary_key=True),
    _hash("transaction"),
    _text("name", 40),
    _hash("subject"),
    _json("body"),
    _text("state", 8),  # applied, orphaned, parked, retry, dropped
    _text("error"),
    Index("events_by_state", "state"),
)
undo = Table(
    "undo",
    metadata,
    _int("block_number", primary_key=True, autoincrement=False),
    _text("table_name", 24, primary_key=True),
    _text("row_key", 80, primary_key=True),
    Column("before", JSON(), nullable=True),
)
stream_items = Table(
    "stream_items",
    metadata,
    _text("stream", 32, primary_key=True),
    _text("txid", 64, primary_key=True),
    _int("vout", primary_key=True, autoincrement=False),
    _text("publisher", 64),
    _text("state", 10),  # applied, awaiting, ignored, parked, dropped
    _text("error"),
    Index("stream_items_by_state", "state"),
)
effects = Table(
    "effects",
    metadata,
    _text("effect_id", 200, primary_key=True),
    _text("lane", 10),
    _text("kind", 24),
    _json("body"),
    _text("state", 8),  # waiting, running, done, parked, dropped
    _int("not_before"),
    _flag("moot"),
    _int("attempts"),
    _text("error"),
    _json("result"),
    Index("effects_by_state", "lane", "state", "not_before"),
)
transactions = Table(
    "transactions",
    metadata,
    _int("nonce", primary_key=True, autoincrement=False),
    _text("effect_id", 200, index=True),
    _json("hashes"),
    Column("raw", LargeBinary(), nullable=False),
    _wei("max_fee"),
    _wei("priority_fee"),
    _wei("cost"),
    _int("sent_at"),
    _int("block"),  # where it was mined, 0 before
    _text("state", 10),  # signed, sent, mined, failed
)
vault = Table(
    "vault",
    metadata,
    _text("kind", 16, primary_key=True),
    _text("name", 80, primary_key=True),
    Column("wrapped_key", LargeBinary(), nullable=True),
    Column("sealed", LargeBinary(), nullable=False),
)
