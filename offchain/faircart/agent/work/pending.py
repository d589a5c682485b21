# SPDX-License-Identifier: Apache-2.0
"""Our own transactions, as they are stored from before they are broadcast until they are confirmed."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from faircart.agent.chain_reader import KEPT_BLOCKS
from faircart.ethereum.node import Receipt
from faircart.store import Work
from faircart.store import tables as t

READ_TO = "ethereum"
"""The cursor of the chain's reader: it notices if a block up to there is taken back."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A stored transaction that is not known to be mined.

    `hashes` are all that were signed under its nonce.
    """

    nonce: int
    effect_id: str
    hashes: list[str]
    raw: bytes
    max_fee: int
    priority_fee: int
    cost: int
    sent_at: int
    block: int
    state: str


def unconfirmed(work: Work) -> list[Pending]:
    """What is not known to be mined, by nonce."""
    query = (
        sa.select(t.transactions)
        .where(t.transactions.c.state.in_(("signed", "sent")))
        .order_by(t.transactions.c.nonce)
    )
    return [Pending(*row) for row in work.connection.execute(query)]


def next_nonce(work: Work) -> int:
    """The nonce above all that are stored."""
    highest = work.connection.execute(sa.select(sa.func.max(t.transactions.c.nonce))).scalar_one()
    return 0 if highest is None else int(highest) + 1


def has_read(work: Work, receipt: Receipt) -> bool:
    """Whether our reader has read the very block of a receipt: another one of the same number does not count.

    A block that is taken back before the reader was there is missed by nobody else.
    """
    cursor = work.cursor(READ_TO) or 0
    if cursor < receipt.block_number:
        return False
    kept = work.connection.execute(
        sa.select(t.blocks.c.hash).where(t.blocks.c.number == receipt.block_number)
    ).scalar_one_or_none()
    if kept is not None:
        return bool(kept == receipt.block_hash)
    # Every block with an event of ours is kept, unless it lies too deep to be taken back.
    return not receipt.logged or cursor - receipt.block_number >= KEPT_BLOCKS


def change(work: Work, nonce: int, **changes: Any) -> None:
    """Changes columns of a stored transaction."""
    work.connection.execute(
        sa.update(t.transactions).where(t.transactions.c.nonce == nonce).values(**changes)
    )


def highest_mined(work: Work) -> int:
    """The highest nonce that was ours and is used up, -1 for none."""
    query = sa.select(sa.func.max(t.transactions.c.nonce)).where(
        t.transactions.c.state.in_(("mined", "failed"))
    )
    highest = work.connection.execute(query).scalar_one()
    return -1 if highest is None else int(highest)


def remove(work: Work, nonce: int) -> None:
    """Forgets a stored transaction."""
    work.connection.execute(sa.delete(t.transactions).where(t.transactions.c.nonce == nonce))
