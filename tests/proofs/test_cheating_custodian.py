# SPDX-License-Identifier: Apache-2.0
"""A custodian that cheats is always convicted: by a wrong key, and by any single wrong chunk.

What the consumer checks before it pays (data root and item root, recomputed from the item) holds in every
case here, so it has paid; and what it then finds by itself is exactly what it can prove.
"""

import random
from dataclasses import replace

import pytest
from faircart.sealing import DocumentVersion, Item, check, open_item, seal
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proofs.stage import WRONG_CHUNK, WRONG_KEY, Proof, Stage
from tests.support.anvil import events, refused
from tests.support.market import Deal

LENGTHS = [1, 239, 240, 241, 1_000, 7 * 240]  # 1,680 bytes: an odd number of chunks, twice carried up
MANY = 1_024 * 240
SAMPLED = [0, 1, 2, 255, 256, 511, 512, 700, 1_022, 1_023]


def _chunks(length: int) -> int:
    return -(-length // 240)


def _flipped(data: bytes, position: int, bit: int = 0) -> bytes:
    return data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]


def _with_wrong_chunk(stage: Stage, length: int, index: int) -> Deal:
    """An open and delivered exchange over an item with one flipped bit in this chunk."""
    honest = stage.deal(document=b"x" * length)
    item = replace(honest.item, ciphertext=_flipped(honest.item.ciphertext, 256 * index))
    deal = stage.tampered(honest, item)
    check(item, deal.consent.data_root, deal.offer.sealing.item_root)
    return stage.delivered(deal)


def _expect_conviction(stage: Stage, deal: Deal, proof: Proof, fault: int) -> None:
    """The proof gives the consumer all that it paid and the custodian's deposit, and nobody anything else."""
    people = [person.address for person in (stage.market.customer, stage.market.custodian)]
    consumer = stage.market.consumer.address
    before = stage.standing(consumer)
    ether, inside = [stage.chain.w3.eth.get_balance(who) for who in people], list(map(stage.standing, people))
    held = stage.chain.w3.eth.get_balance(stage.exchange.address)
    receipt = stage.prove(deal, proof)
    index = proof.index if fault == WRONG_CHUNK else 0
    assert events(stage.exchange, receipt) == [
        ("FaultProven", {"exchangeId": deal.exchange_id, "fault": fault, "index": index})
    ]
    won = deal.consumer_pays + deal.offer.terms.custodian_deposit
    assert stage.standing(consumer) == before + won
    assert [stage.chain.w3.eth.get_balance(who) for who in people] == ether
    assert list(map(stage.standing, people)) == inside
    assert stage.chain.w3.eth.get_balance(stage.exchange.address) == held
    with refused("DataExchange_WrongState", exchangeId=deal.exchange_id, state=5):
        stage.accuse(deal, proof)


@pytest.mark.parametrize(
    ("length", "index"),
    [(length, index) for length in LENGTHS for index in range(_chunks(length))]
    + [(MANY, index) for index in SAMPLED],
)
def test_one_wrong_chunk_at_any_position_convicts(stage, length, index):
    deal = _with_wrong_chunk(stage, length, index)
    assert open_item(deal.item, deal.key).wrong_chunks == [index]
    others = [i for i in range(_chunks(length)) if i != index]
    for right in others if len(others) < 10 else random.Random(index).sample(others, 3):
        with refused("DataExchange_ChunkIsRight", exchangeId=deal.exchange_id, index=right):
            stage.accuse(deal, stage.proof(deal, right))
    _expect_conviction(stage, deal, stage.proof(deal, index), WRONG_CHUNK)


@pytest.mark.parametrize("length", [*LENGTHS, MANY])
def test_a_wrong_key_convicts_whatever_the_document(stage, length):
    wrong = b"\x5a" * 32
    deal = stage.delivered(stage.deal(document=b"x" * length), wrong)
    _expect_conviction(stage, deal, Proof(wrong, deal.pad), WRONG_KEY)


def test_a_wrong_key_convicts_also_if_the_proof_names_a_chunk(stage):
    wrong = b"\x5a" * 32
    deal = stage.delivered(stage.deal(), wrong)
    _expect_conviction(stage, deal, replace(stage.proof(deal, 0), wrapped_key=wrong), WRONG_KEY)


@settings(max_examples=40, deadline=None)
@given(wrapped_key=st.binary(min_size=32, max_size=32))
def test_any_key_but_the_right_one_convicts(stage, wrapped_key):
    with stage.chain.undone():
        deal = stage.deal()
        stage.delivered(deal, wrapped_key)
        stage.accuse(deal, Proof(wrapped_key, deal.pad))


def test_the_item_of_another_document_is_convicted_in_every_chunk(stage):
    consented = stage.deal(document=b"x" * 1_000)
    other = seal(DocumentVersion.make(b"y" * 1_000), consented.key, consented.pad)
    # It must carry the leaves of the consent, or the consumer refuses it before it pays.
    item = replace(other, data_leaves=consented.item.data_leaves)
    deal = stage.delivered(stage.tampered(consented, item))
    check(item, deal.consent.data_root, deal.offer.sealing.item_root)
    for index in range(5):
        stage.accuse(deal, stage.proof(deal, index))


def test_chunks_in_another_order_are_convicted(stage):
    honest = stage.deal(document=b"x" * 720)
    data = honest.item.ciphertext
    item = replace(honest.item, ciphertext=data[256:512] + data[:256] + data[512:])
    deal = stage.delivered(stage.tampered(honest, item))
    assert open_item(item, deal.key).wrong_chunks == [0, 1]
    stage.accuse(deal, stage.proof(deal, 0))
    stage.accuse(deal, stage.proof(deal, 1))
    with refused("DataExchange_ChunkIsRight", exchangeId=deal.exchange_id, index=2):
        stage.accuse(deal, stage.proof(deal, 2))


def test_a_wrong_tag_over_a_right_tree_is_no_fault(stage):
    honest = stage.deal(document=b"x" * 300)
    deal = stage.delivered(stage.tampered(honest, replace(honest.item, tag=bytes(16))))
    opened = open_item(deal.item, deal.key)
    assert (opened.tag_ok, opened.wrong_chunks) == (False, [])
    for index in range(2):
        with refused("DataExchange_ChunkIsRight", exchangeId=deal.exchange_id, index=index):
            stage.accuse(deal, stage.proof(deal, index))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_in_the_ciphertext_is_convicted_where_it_was_changed(stage, data):
    length = data.draw(st.integers(1, 1_000), label="length")
    with stage.chain.undone():
        honest = stage.deal(document=b"x" * length)
        changed = honest.item.ciphertext
        for _ in range(data.draw(st.integers(1, 3), label="changes")):
            position = data.draw(st.integers(0, len(changed) - 1), label="position")
            changed = _flipped(changed, position, data.draw(st.integers(0, 7), label="bit"))
        item: Item = replace(honest.item, ciphertext=changed)
        deal = stage.delivered(stage.tampered(honest, item))
        wrong = open_item(item, deal.key).wrong_chunks
        for index in range(_chunks(length)):
            if index in wrong:
                stage.accuse(deal, stage.proof(deal, index))
            else:
                with refused("DataExchange_ChunkIsRight", exchangeId=deal.exchange_id, index=index):
                    stage.accuse(deal, stage.proof(deal, index))
