# SPDX-License-Identifier: Apache-2.0
"""A custodian that was honest is never convicted, whatever the consumer puts into the proof."""

from dataclasses import replace
from hashlib import sha256

import pytest
from faircart.sealing import merkle, prove_chunk
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proofs.stage import Proof, Stage
from tests.support.anvil import Refused, refused
from tests.support.market import Deal

LENGTHS = [1, 239, 240, 241, 1_000, 7 * 240]
MANY = 1_024 * 240
SAMPLED = [0, 1, 2, 255, 256, 511, 512, 700, 1_022, 1_023]
NO_FAULT = {
    "DataExchange_WrongWrappedKey",
    "DataExchange_WrongPad",
    "DataExchange_KeyIsRight",
    "DataExchange_ChunkTooLong",
    "DataExchange_ChunkIndexTooLarge",
    "DataExchange_ChunkNotInItem",
    "DataExchange_ChunkIsRight",
}


@pytest.fixture(scope="module")
def deals(stage: Stage) -> dict[int, Deal]:
    """An honestly delivered exchange for each length."""
    return {
        length: stage.delivered(stage.deal(document=bytes(i % 251 for i in range(length))))
        for length in [*LENGTHS, MANY]
    }


@pytest.fixture(scope="module")
def other(stage: Stage) -> Deal:
    """Another honest exchange of the same parties, over another item of five chunks."""
    return stage.delivered(stage.deal(document=b"z" * 1_000))


def _expect_not_in_item(stage: Stage, deal: Deal, proof: Proof) -> None:
    leaf = sha256(b"\x02" + proof.index.to_bytes(4, "big") + proof.ciphertext + proof.data_leaf).digest()
    with refused(
        "DataExchange_ChunkNotInItem",
        index=proof.index,
        computedRoot=merkle.root_of_path(leaf, proof.path),
        itemRoot=deal.item.item_root,
    ):
        stage.accuse(deal, proof)


@pytest.mark.parametrize(
    ("length", "index"),
    [(length, index) for length in LENGTHS for index in range(-(-length // 240))]
    + [(MANY, index) for index in SAMPLED],
)
def test_no_chunk_at_any_position_shows_a_fault(stage, deals, length, index):
    deal = deals[length]
    with refused("DataExchange_ChunkIsRight", exchangeId=deal.exchange_id, index=index):
        stage.accuse(deal, stage.proof(deal, index))


@pytest.mark.parametrize("length", [*LENGTHS, MANY])
def test_the_right_key_shows_no_fault(stage, deals, length):
    deal = deals[length]
    with refused("DataExchange_KeyIsRight", exchangeId=deal.exchange_id):
        stage.accuse(deal, Proof(deal.wrapped_key, deal.pad))


def test_another_wrapped_key_than_the_delivered_one_is_refused(stage, deals):
    deal = deals[1_000]
    with refused("DataExchange_WrongWrappedKey", exchangeId=deal.exchange_id, wrappedKey=b"\x07" * 32):
        stage.accuse(deal, Proof(b"\x07" * 32, deal.pad))


def test_another_pad_than_the_offers_is_refused(stage, deals):
    deal, pad = deals[1_000], b"\x07" * 32
    with refused("DataExchange_WrongPad", exchangeId=deal.exchange_id, padHash=sha256(pad).digest()):
        stage.accuse(deal, Proof(deal.wrapped_key, pad))


def test_another_wrapped_key_whose_pad_fits_together_with_it_is_refused(stage, deals):
    # The pair gives a wrong key, but the custodian delivered neither of them.
    deal = deals[1_000]
    wrapped = bytes(byte ^ 0xFF for byte in deal.wrapped_key)
    pad = bytes(byte ^ 0xFE for byte in deal.pad)
    with refused("DataExchange_WrongWrappedKey", exchangeId=deal.exchange_id, wrappedKey=wrapped):
        stage.accuse(deal, Proof(wrapped, pad))


@pytest.mark.parametrize("claimed", range(5))
@pytest.mark.parametrize("index", range(5))
def test_a_chunk_passed_for_another_position_is_not_in_the_item(stage, deals, index, claimed):
    deal = deals[1_000]
    proof = replace(stage.proof(deal, index), index=claimed)
    if claimed == index:
        with refused("DataExchange_ChunkIsRight", exchangeId=deal.exchange_id, index=index):
            stage.accuse(deal, proof)
    else:
        _expect_not_in_item(stage, deal, proof)


@pytest.mark.parametrize("index", range(5))
def test_a_chunk_with_the_path_of_another_is_not_in_the_item(stage, deals, index):
    deal = deals[1_000]
    path = stage.proof(deal, (index + 1) % 5).path
    _expect_not_in_item(stage, deal, replace(stage.proof(deal, index), path=path))


@pytest.mark.parametrize("index", range(5))
def test_a_chunk_with_the_data_leaf_of_another_is_not_in_the_item(stage, deals, index):
    deal = deals[1_000]
    leaf = deal.item.data_leaves[(index + 1) % 5]
    _expect_not_in_item(stage, deal, replace(stage.proof(deal, index), data_leaf=leaf))


@pytest.mark.parametrize("cut", [1, 16, 32, 255])
def test_a_truncated_chunk_is_not_in_the_item(stage, deals, cut):
    deal = deals[1_000]
    proof = stage.proof(deal, 0)
    _expect_not_in_item(stage, deal, replace(proof, ciphertext=proof.ciphertext[:-cut]))


@pytest.mark.parametrize("added", [1, 32, 200])
def test_a_padded_last_chunk_is_not_in_the_item(stage, deals, added):
    deal = deals[1_000]
    proof = stage.proof(deal, 4)
    assert len(proof.ciphertext) == 56
    _expect_not_in_item(stage, deal, replace(proof, ciphertext=proof.ciphertext + bytes(added)))


def test_a_chunk_padded_beyond_256_bytes_is_refused(stage, deals):
    deal = deals[1_000]
    proof = stage.proof(deal, 0)
    with refused("DataExchange_ChunkTooLong", length=257, maximum=256):
        stage.accuse(deal, replace(proof, ciphertext=proof.ciphertext + b"\x00"))


def test_the_border_between_chunk_and_data_leaf_cannot_be_moved(stage, deals):
    # The leaf hashes both behind each other: a shorter chunk would need a longer data leaf.
    deal = deals[1_000]
    proof = stage.proof(deal, 0)
    joined = proof.ciphertext + proof.data_leaf
    for shift in (1, 16, 31):
        moved = replace(proof, ciphertext=joined[: 256 - shift], data_leaf=joined[256 - shift : 288 - shift])
        _expect_not_in_item(stage, deal, moved)


def test_a_position_that_no_item_can_have_is_refused(stage, deals):
    deal = deals[1_000]
    last = stage.exchange.functions.MAX_CHUNK_INDEX().call()
    with refused("DataExchange_ChunkIndexTooLarge", index=last + 1, maximum=last):
        stage.accuse(deal, replace(stage.proof(deal, 0), index=last + 1))
    _expect_not_in_item(stage, deal, replace(stage.proof(deal, 0), index=last))


@pytest.mark.parametrize("level", [0, 1])
def test_a_node_passed_for_a_leaf_is_not_in_the_item(stage, deals, level):
    """A node is the hash of 65 bytes that begin with 1, an item leaf of bytes that begin with 2."""
    deal = deals[1_000]
    tree = deal.item.item_tree
    left, right = sorted(tree[level][:2])
    preimage = b"\x01" + left + right
    path = prove_chunk(deal.item, 0).path[level + 1 :]
    assert merkle.root_of_path(sha256(preimage).digest(), path) == deal.item.item_root
    # As a leaf these bytes would be: one byte of domain, four of position, a chunk, 32 of data leaf.
    proof = Proof(
        deal.wrapped_key,
        deal.pad,
        int.from_bytes(preimage[1:5], "big") % 2**30,
        preimage[5:33],
        preimage[33:],
        tuple(path),
    )
    _expect_not_in_item(stage, deal, proof)


def test_a_leaf_passed_for_a_node_is_not_in_the_item(stage, deals):
    """A path that goes on below a leaf leads elsewhere."""
    deal = deals[1_000]
    proof = stage.proof(deal, 0)
    leaf = deal.item.item_tree[0][0]
    _expect_not_in_item(stage, deal, replace(proof, path=(leaf, *proof.path)))


def test_a_proof_of_a_data_leaf_is_not_in_the_item(stage, deals):
    """The tree over the data leaves has another root and another domain."""
    deal = deals[1_000]
    path = merkle.path(merkle.levels(deal.item.data_leaves), 0)
    _expect_not_in_item(stage, deal, replace(stage.proof(deal, 0), path=tuple(path)))


@pytest.mark.parametrize("index", range(5))
def test_a_proof_from_another_exchange_is_refused(stage, deals, other, index):
    deal = deals[1_000]
    foreign = stage.proof(other, index)
    with refused("DataExchange_WrongWrappedKey", exchangeId=deal.exchange_id, wrappedKey=other.wrapped_key):
        stage.accuse(deal, foreign)
    with refused("DataExchange_WrongPad", exchangeId=deal.exchange_id, padHash=sha256(other.pad).digest()):
        stage.accuse(deal, replace(foreign, wrapped_key=deal.wrapped_key))
    own_keys = replace(foreign, wrapped_key=deal.wrapped_key, pad=deal.pad)
    _expect_not_in_item(stage, deal, own_keys)


def test_the_sealing_of_another_exchange_is_refused(stage, deals, other):
    deal = deals[1_000]
    mixed = replace(deal, offer=replace(deal.offer, sealing=other.offer.sealing))
    unknown = mixed.offer.digest(stage.market.exchange)
    with refused("DataExchange_WrongState", exchangeId=unknown, state=0):
        stage.accuse(mixed, stage.proof(other, 0))


def test_a_fault_that_another_exchange_has_convicts_only_that_one(stage, deals):
    honest = deals[1_000]
    cheated = stage.deal(document=b"q" * 1_000)
    data = cheated.item.ciphertext
    cheated = stage.delivered(
        stage.tampered(cheated, replace(cheated.item, ciphertext=bytes([data[0] ^ 1]) + data[1:]))
    )
    fault = stage.proof(cheated, 0)
    stage.accuse(cheated, fault)
    _expect_not_in_item(stage, honest, replace(fault, wrapped_key=honest.wrapped_key, pad=honest.pad))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_random_change_of_a_proof_convicts(stage, deals, other, data):
    """Between none and four members are replaced: by noise, or by what belongs to another chunk or item."""
    length = data.draw(st.sampled_from(LENGTHS), label="length")
    deal = deals[length]
    chunks = -(-length // 240)
    proof = stage.proof(deal, data.draw(st.integers(0, chunks - 1), label="chunk"))
    neighbour = stage.proof(deal, data.draw(st.integers(0, chunks - 1), label="neighbour"))
    foreign = stage.proof(other, data.draw(st.integers(0, 4), label="foreign chunk"))
    word = st.binary(min_size=32, max_size=32)
    noise = {
        "wrapped_key": word,
        "pad": word,
        "index": st.integers(0, 2**32 - 1),
        "ciphertext": st.binary(max_size=300),
        "data_leaf": word,
        "path": st.lists(word, max_size=12).map(tuple),
    }
    for name in data.draw(st.sets(st.sampled_from(sorted(noise)), max_size=4), label="changed"):
        known = [getattr(neighbour, name), getattr(foreign, name)]
        value = data.draw(st.one_of(st.sampled_from(known), noise[name]), label=name)
        proof = replace(proof, **{name: value})
    with pytest.raises(Refused) as refusal:
        stage.accuse(deal, proof)
    assert refusal.value.name in NO_FAULT
