# SPDX-License-Identifier: Apache-2.0
"""Sealing: what goes in comes out, and whatever is changed on the way is noticed and can be proven."""

import dataclasses
import hashlib
import secrets

import pytest
from faircart import sealing
from faircart.canonical import canonical
from faircart.sealing import DocumentVersion, Item, container, merkle
from hypothesis import given, settings
from hypothesis import strategies as st

keys = st.binary(min_size=32, max_size=32)
documents = st.one_of(
    st.binary(min_size=1, max_size=300),
    st.integers(1, 6000).map(lambda size: (b"0123456789abcdef" * 375)[:size]),
    st.sampled_from([239, 240, 241, 480, 960, 1024]).map(lambda size: b"x" * size),
)


def sealed(
    document: bytes = b"a document that the customer has read" * 20,
) -> tuple[sealing.SealedItem, bytes]:
    key = sealing.new_key()
    return sealing.seal(DocumentVersion.make(document), key, sealing.new_key()), key


@given(documents, keys, keys)
def test_what_goes_in_comes_out(document: bytes, key: bytes, pad: bytes) -> None:
    version = DocumentVersion.make(document)
    offered = sealing.seal(version, key, pad)
    item = container.decode(container.encode(offered))
    sealing.check(item, version.root, offered.sealing.item_root)
    opened = sealing.open_item(item, sealing.wrap(sealing.wrap(key, pad), pad))
    assert opened.document == document
    assert opened.wrong_chunks == []
    assert opened.tag_ok


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))))
def test_padding_is_taken_off_again(value: dict[str, str]) -> None:
    document = canonical(value)
    padded = sealing.pad_document(document)
    assert sealing.unpad_document(padded) == document
    assert padded[len(document) :].strip(b" ") == b""
    assert len(padded) // 1024 in {2**n for n in range(20)}
    assert len(padded) == 1024 or len(padded) < 2 * len(document)


@pytest.mark.parametrize(("size", "padded"), [(1, 1024), (1024, 1024), (1025, 2048), (2049, 4096)])
def test_documents_are_padded_to_the_next_power_of_two_kibibytes(size: int, padded: int) -> None:
    assert len(sealing.pad_document(b"x" * size)) == padded


@pytest.mark.parametrize("document", [b" " * 1024, b"x", b"x" + b" " * 2047, b"x" * 1025, b""])
def test_a_document_that_is_padded_otherwise_is_refused(document: bytes) -> None:
    with pytest.raises(sealing.PaddingWrong):
        sealing.unpad_document(document)


def test_empty_and_oversized_documents_are_refused() -> None:
    for document in (b"", bytes(sealing.MAX_DOCUMENT_BYTES + 1)):
        with pytest.raises(sealing.DocumentSizeOutOfRange):
            sealing.pad_document(document)
        with pytest.raises(sealing.DocumentSizeOutOfRange):
            DocumentVersion.make(document)


def noticed(data: bytes, item: sealing.SealedItem, data_root: bytes, key: bytes) -> str:
    """How the consumer notices that `data` is not what was sealed; empty if it does not."""
    try:
        got = container.decode(data)
    except sealing.ContainerError:
        return "container"
    try:
        sealing.check(got, data_root, item.item_root)
    except (sealing.DataRootMismatch, sealing.ItemRootMismatch) as error:
        return type(error).__name__
    return "" if sealing.open_item(got, key).tag_ok else "tag"


@settings(max_examples=300)
@given(documents, st.data())
def test_any_flipped_byte_of_the_container_is_noticed(document: bytes, data: st.DataObject) -> None:
    item, key = sealed(document)
    whole = container.encode(item)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= data.draw(st.integers(1, 255))
    leaves_end = 24 + 32 * len(item.data_leaves)
    expected = (
        "container"
        if at < 24
        else "DataRootMismatch"
        if at < leaves_end
        else "ItemRootMismatch"
        if at < len(whole) - 16
        else "tag"
    )
    assert noticed(bytes(flipped), item, item.data_root, key) == expected
    assert noticed(whole, item, item.data_root, key) == ""


@given(documents, st.integers(0, 255), st.integers(0, 31), st.integers(1, 255))
def test_any_flipped_byte_of_a_leaf_or_a_root_is_noticed(
    document: bytes, leaf: int, at: int, by: int
) -> None:
    def flip(value: bytes) -> bytes:
        return value[:at] + bytes([value[at] ^ by]) + value[at + 1 :]

    item, _ = sealed(document)
    leaves = list(item.data_leaves)
    leaves[leaf % len(leaves)] = flip(leaves[leaf % len(leaves)])
    with pytest.raises(sealing.DataRootMismatch):
        sealing.check(Item(leaves, item.ciphertext, item.tag), item.data_root, item.item_root)
    with pytest.raises(sealing.DataRootMismatch):
        sealing.check(item, flip(item.data_root), item.item_root)
    with pytest.raises(sealing.ItemRootMismatch):
        sealing.check(item, item.data_root, flip(item.item_root))


@given(st.binary(max_size=400))
def test_bytes_that_are_no_container_are_refused_with_a_typed_error(data: bytes) -> None:
    for hostile in (data, b"FAIRCART" + data, b"FAIRCART\x00\x01\x00\x00" + data):
        with pytest.raises(sealing.ContainerError):
            container.decode(hostile)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_a_header_that_announces_more_than_there_is_allocates_nothing(chunks: int, length: int) -> None:
    header = b"FAIRCART\x00\x01\x00\x00" + chunks.to_bytes(4, "big") + length.to_bytes(8, "big")
    with pytest.raises(sealing.ContainerLengthWrong):
        container.decode(header + bytes(100))


@given(documents, st.integers(1, 100))
def test_a_container_that_is_cut_or_continued_is_refused(document: bytes, by: int) -> None:
    whole = container.encode(sealed(document)[0])
    for other in (whole[:-by], whole + bytes(by)):
        with pytest.raises(sealing.ContainerError):
            container.decode(other)


def test_a_container_of_a_later_version_is_named_as_such() -> None:
    whole = bytearray(container.encode(sealed()[0]))
    whole[9] = 2
    with pytest.raises(sealing.ContainerVersionUnknown, match="version 2"):
        container.decode(bytes(whole))


def test_a_container_is_laid_out_as_documented() -> None:
    item, _ = sealed(b"x" * 1000)
    assert container.encode(item) == (
        b"FAIRCART\x00\x01\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x04\x38"
        + b"".join(item.data_leaves)
        + item.ciphertext
        + item.tag
    )


def test_the_tag_is_advisory_a_wrong_one_over_right_chunks_is_opened_and_reported() -> None:
    item, key = sealed(b"x" * 1000)
    opened = sealing.open_item(dataclasses.replace(item, tag=bytes(16)), key)
    assert opened.document == b"x" * 1000
    assert opened.wrong_chunks == []
    assert not opened.tag_ok


def cheating_item(document: bytes, wrong: set[int], key: bytes) -> sealing.SealedItem:
    """What a custodian publishes who encrypts something else in the chunks `wrong`, with a right tag."""
    honest = DocumentVersion.make(document)
    chunks = [bytes(len(c)) if i in wrong else c for i, c in enumerate(honest.chunks)]
    lie = DocumentVersion.from_plaintext(b"".join(chunks))
    return sealing.seal(
        dataclasses.replace(lie, leaves=honest.leaves, root=honest.root), key, sealing.new_key()
    )


@given(st.integers(1, 5000), st.data())
def test_every_false_chunk_is_found_and_proven_and_no_true_one_is(size: int, data: st.DataObject) -> None:
    count = -(-size // 240)
    wrong = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    key = sealing.new_key()
    item = cheating_item(b"d" * size, wrong, key)
    opened = sealing.open_item(item, key)
    assert opened.wrong_chunks == sorted(wrong)
    assert opened.tag_ok
    for index in range(count):
        proof = sealing.prove_chunk(item, index)
        assert proof.ciphertext_chunk == item.ciphertext[256 * index : 256 * (index + 1)]
        assert sealing.shows_fault(proof, item.item_root, key) == (index in wrong)


@given(st.integers(1, 5000), st.data())
def test_a_proof_of_a_chunk_that_is_not_in_the_item_shows_nothing(size: int, data: st.DataObject) -> None:
    key = sealing.new_key()
    item = cheating_item(b"d" * size, {0}, key)
    proof = sealing.prove_chunk(item, 0)
    at = data.draw(st.integers(0, len(proof.ciphertext_chunk) - 1))
    chunk = bytearray(proof.ciphertext_chunk)
    chunk[at] ^= 1
    forged = [
        dataclasses.replace(proof, ciphertext_chunk=bytes(chunk)),
        dataclasses.replace(proof, data_leaf=secrets.token_bytes(32)),
        dataclasses.replace(proof, index=1),
        dataclasses.replace(proof, path=[*proof.path, bytes(32)]),
    ]
    assert sealing.shows_fault(proof, item.item_root, key)
    assert not any(sealing.shows_fault(fake, item.item_root, key) for fake in forged)


def test_the_consumer_finds_the_fault_that_it_can_prove() -> None:
    key, pad = sealing.new_key(), sealing.new_key()
    wrapped = sealing.wrap(key, pad)

    honest = sealing.seal(DocumentVersion.make(b"d" * 1000), key, pad)
    assert sealing.find_fault(honest, wrapped, pad, honest.key_hash) is None

    other = sealing.wrap(sealing.new_key(), pad)
    wrong_key = sealing.find_fault(honest, other, pad, honest.key_hash)
    assert wrong_key is not None
    assert wrong_key.abi() == (other, pad, 0, b"", bytes(32), [])

    cheat = cheating_item(b"d" * 1000, {2, 3}, key)
    wrong_chunk = sealing.find_fault(cheat, wrapped, pad, cheat.key_hash)
    assert wrong_chunk is not None
    proof = sealing.prove_chunk(cheat, 2)
    assert wrong_chunk.abi() == (wrapped, pad, 2, cheat.ciphertext[512:768], proof.data_leaf, proof.path)


def test_there_is_no_proof_of_a_chunk_that_the_item_does_not_have() -> None:
    item, _ = sealed(b"x" * 1000)
    for index in (-1, 5, 10**9):
        with pytest.raises(sealing.ChunkUnknown):
            sealing.prove_chunk(item, index)


def test_under_a_wrong_key_every_chunk_is_wrong() -> None:
    item, key = sealed(b"x" * 1000)
    assert sealing.opens(key, item.key_hash)
    other = sealing.new_key()
    assert not sealing.opens(other, item.key_hash)
    assert sealing.open_item(item, other).wrong_chunks == [0, 1, 2, 3, 4]


def test_two_versions_and_two_items_of_one_document_look_unrelated() -> None:
    first, second = DocumentVersion.make(b"x" * 1000), DocumentVersion.make(b"x" * 1000)
    assert not set(first.leaves) & set(second.leaves)
    one, two = (sealing.seal(first, sealing.new_key(), sealing.new_key()) for _ in range(2))
    assert one.data_root == two.data_root
    assert one.item_root != two.item_root


def test_a_version_survives_in_its_plaintext_alone() -> None:
    version = DocumentVersion.make(b"x" * 1000)
    assert DocumentVersion.from_plaintext(version.plaintext) == version
    assert DocumentVersion.make(version.document, version.salts) == version


@pytest.mark.parametrize("size", [0, 16, 256 + 16, 300 * 2**20])
def test_plain_chunks_of_an_impossible_size_are_refused(size: int) -> None:
    with pytest.raises(sealing.LengthWrong):
        DocumentVersion.from_plaintext(bytes(size))


def test_keys_pads_and_salts_of_the_wrong_size_are_refused() -> None:
    version = DocumentVersion.make(b"x")
    with pytest.raises(sealing.LengthWrong, match="a key has 32 bytes, this one 31"):
        sealing.seal(version, bytes(31), bytes(32))
    with pytest.raises(sealing.LengthWrong, match="a pad has 32 bytes, this one 33"):
        sealing.seal(version, bytes(32), bytes(33))
    with pytest.raises(sealing.LengthWrong):
        sealing.open_item(sealed()[0], bytes(31))
    with pytest.raises(sealing.LengthWrong):
        DocumentVersion.make(b"x", [bytes(15)])
    with pytest.raises(sealing.LengthWrong):
        DocumentVersion.make(b"x", [bytes(16), bytes(16)])


def test_a_node_cannot_pass_for_a_leaf() -> None:
    item, _ = sealed(b"x" * 480)
    children = sorted(item.data_leaves)
    assert item.data_root == hashlib.sha256(b"\x01" + children[0] + children[1]).digest()
    assert item.data_root != hashlib.sha256(b"\x00" + children[0] + children[1]).digest()


@given(st.integers(1, 70))
def test_every_leaf_of_a_tree_of_any_size_leads_to_its_root(count: int) -> None:
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(count)]
    tree = merkle.levels(leaves)
    assert tree[-1] == [merkle.root(leaves)]
    for index, leaf in enumerate(leaves):
        assert merkle.root_of_path(leaf, merkle.path(tree, index)) == merkle.root(leaves)
