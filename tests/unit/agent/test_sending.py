# SPDX-License-Identifier: Apache-2.0
"""When a mined transaction counts: only once our reader has read that very block, so that no block which is
taken back in between is missed by both.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from faircart.agent.chain_reader import KEPT_BLOCKS
from faircart.agent.work.pending import has_read
from faircart.ethereum.node import Receipt
from faircart.store import Store
from faircart.store import tables as t

BLOCK, THIS, OTHER = 1000, b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path}/agent.db") as store:
        store.pin({"chain id": "1"})
        yield store


def read_up_to(store: Store, number: int, kept: bytes | None = None) -> None:
    with store.write() as work:
        work.set_cursor("ethereum", number)
        if kept is not None:
            work.upsert(t.blocks, [{"number": BLOCK, "hash": kept, "timestamp": 1}])


def counts(store: Store, *, logged: bool = True) -> bool:
    with store.read() as work:
        return has_read(work, Receipt(b"\x03" * 32, True, BLOCK, THIS, 0, logged))


def test_a_transaction_counts_in_a_block_that_the_reader_has_kept(store: Store) -> None:
    read_up_to(store, BLOCK, THIS)
    assert counts(store)


def test_it_does_not_count_before_the_reader_is_there(store: Store) -> None:
    read_up_to(store, BLOCK - 1)
    assert not counts(store)


def test_it_does_not_count_in_a_block_that_was_taken_back_before_the_reader_came(store: Store) -> None:
    read_up_to(store, BLOCK, OTHER)
    assert not counts(store)


def test_it_does_not_count_in_a_block_in_which_the_reader_found_no_event_of_ours(store: Store) -> None:
    read_up_to(store, BLOCK + 5)
    assert not counts(store)
    assert counts(store, logged=False)


def test_what_lies_too_deep_to_be_taken_back_counts(store: Store) -> None:
    read_up_to(store, BLOCK + KEPT_BLOCKS)
    assert counts(store)
