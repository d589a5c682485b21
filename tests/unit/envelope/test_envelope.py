# SPDX-License-Identifier: Apache-2.0
"""Envelopes open for their reader and their request, and for nobody and nothing else."""

import pytest
from faircart import envelope
from faircart.envelope import CannotOpen, EnvelopeError, KeyUnusable
from hypothesis import given
from hypothesis import strategies as st

REQUEST = bytes(range(32))
PRIVATE, PUBLIC = envelope.new_request_key()


@given(st.binary(max_size=2000), st.binary(min_size=32, max_size=32))
def test_the_reader_reads_what_was_sealed(payload: bytes, request_id: bytes) -> None:
    sealed = envelope.seal_envelope(request_id, PUBLIC, payload)
    assert len(sealed) == len(payload) + envelope.OVERHEAD_BYTES
    assert envelope.open_envelope(request_id, PRIVATE, sealed) == payload


@given(st.data())
def test_any_flipped_byte_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(envelope.seal_envelope(REQUEST, PUBLIC, b"an offer"))
    # X25519 ignores the top bit of the encapsulated key's last byte (RFC 7748), but HPKE hashes it into the
    # key.
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CannotOpen):
        envelope.open_envelope(REQUEST, PRIVATE, bytes(sealed))


def test_another_reader_another_request_and_another_purpose_do_not_open_it() -> None:
    sealed = envelope.seal_envelope(REQUEST, PUBLIC, b"an offer")
    with pytest.raises(CannotOpen):
        envelope.open_envelope(REQUEST, envelope.new_request_key()[0], sealed)
    with pytest.raises(CannotOpen):
        envelope.open_envelope(bytes(32), PRIVATE, sealed)
    with pytest.raises(CannotOpen):
        envelope.open_from(b"faircart/receipt/1" + REQUEST, PRIVATE, sealed)


def test_the_request_id_stands_raw_behind_the_purpose() -> None:
    sealed = envelope.seal_to(b"faircart/envelope/1" + REQUEST, PUBLIC, b"an offer")
    assert envelope.open_envelope(REQUEST, PRIVATE, sealed) == b"an offer"


@pytest.mark.parametrize("sealed", [b"", bytes(47), bytes(48), b"\x01" * 100])
def test_bytes_that_are_no_envelope_are_refused(sealed: bytes) -> None:
    with pytest.raises(CannotOpen):
        envelope.open_envelope(REQUEST, PRIVATE, sealed)


def test_unusable_keys_and_ids_are_refused() -> None:
    with pytest.raises(KeyUnusable, match="has 32 bytes, this one 31"):
        envelope.seal_envelope(REQUEST, bytes(31), b"")
    with pytest.raises(KeyUnusable, match="low order"):
        envelope.seal_envelope(REQUEST, bytes(32), b"")
    with pytest.raises(KeyUnusable):
        envelope.open_envelope(REQUEST, bytes(33), bytes(60))
    with pytest.raises(EnvelopeError, match="a request id has 32 bytes"):
        envelope.seal_envelope(b"short", PUBLIC, b"")


def test_the_suite_stands_beside_every_written_key() -> None:
    assert envelope.encode_public_key(PUBLIC) == b"HPKE\x00\x20\x00\x01\x00\x03" + PUBLIC
    assert envelope.decode_public_key(envelope.encode_public_key(PUBLIC)) == PUBLIC
    written = envelope.public_key_to_json(PUBLIC)
    assert written == {"suite": "HPKE-0020-0001-0003", "publicKey": "0x" + PUBLIC.hex()}
    assert envelope.public_key_from_json(written) == PUBLIC
    assert envelope.public_key_of(PRIVATE) == PUBLIC


def test_keys_of_another_suite_are_refused() -> None:
    for encoded in (PUBLIC, b"HPKE\x00\x10\x00\x01\x00\x03" + PUBLIC, envelope.SUITE_ID + PUBLIC[1:]):
        with pytest.raises(KeyUnusable):
            envelope.decode_public_key(encoded)
    written = envelope.public_key_to_json(PUBLIC)
    for change in ({"suite": "HPKE-0010-0001-0003"}, {"publicKey": "0x00"}, {"more": "1"}, {"publicKey": 5}):
        with pytest.raises(KeyUnusable):
            envelope.public_key_from_json(written | change)
    with pytest.raises(KeyUnusable):
        envelope.public_key_from_json("0x00")


def test_what_was_sealed_to_a_former_key_opens_beside_the_current_one() -> None:
    (old, old_public), (new, new_public) = envelope.new_request_key(), envelope.new_request_key()
    for public in (old_public, new_public):
        assert (
            envelope.open_with_any(b"info", (new, old), envelope.seal_to(b"info", public, b"hello"))
            == b"hello"
        )
    with pytest.raises(envelope.CannotOpen):
        envelope.open_with_any(b"info", (new,), envelope.seal_to(b"info", old_public, b"hello"))
