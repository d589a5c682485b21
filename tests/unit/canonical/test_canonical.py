# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: one spelling per value, and commitments only to salted ones."""

import hashlib
from typing import Any

import pytest
from faircart.canonical import CanonicalError, SaltMissing, canonical, commitment, new_salt, parse
from hypothesis import given
from hypothesis import strategies as st

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_parsing_and_writing_again_gives_the_same_bytes(value: Any) -> None:
    assert canonical(parse(canonical(value))) == canonical(value)


def test_members_are_sorted_and_nothing_is_spaced() -> None:
    assert canonical({"b": [1, "é"], "a": {"ü": None}}) == '{"a":{"ü":null},"b":[1,"é"]}'.encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1}', "not in canonical form"),
        (b'{"b":1,"a":2}', "not in canonical form"),
        (b'{"a":1,"a":1}', "not in canonical form"),
        (b"1.0", "not in canonical form"),
        (b"NaN", "no canonical JSON form"),
        (b'"\\ud800"', "no canonical JSON form"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b"[" * 65 + b"]" * 65, "nested deeper than 64"),
        (b'{"a":' * 100_000, "nested deeper than 64"),
        (b"9" * 10_000, "no canonical JSON form"),
        (b"9007199254740993", "not in canonical form"),
    ],
)
def test_other_bytes_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(CanonicalError, match=reason):
        parse(data)


def test_brackets_inside_text_are_not_nesting() -> None:
    data = canonical({"a": "[" * 1000 + '"' + "{" * 1000 + "\\"})
    assert canonical(parse(data)) == data


@pytest.mark.parametrize("value", [2**53 + 1, float("inf"), "\ud800", {1: 2}, b"bytes", object()])
def test_what_json_cannot_express_is_refused(value: Any) -> None:
    with pytest.raises(CanonicalError):
        canonical(value)


def test_a_commitment_is_sha256_of_the_salted_canonical_json() -> None:
    salt = "0x" + "ab" * 32
    text = b'{"amount":"1","salt":"0x' + b"ab" * 32 + b'"}'
    assert commitment({"salt": salt, "amount": "1"}) == hashlib.sha256(text).digest()


@pytest.mark.parametrize("salt", [None, "", "ab" * 32, "0x" + "AB" * 32, "0x" + "ab" * 31, 7])
def test_nothing_unsalted_is_committed_to(salt: Any) -> None:
    with pytest.raises(SaltMissing):
        commitment({"amount": "1"} if salt is None else {"amount": "1", "salt": salt})


def test_salts_are_fresh() -> None:
    assert len({new_salt() for _ in range(100)}) == 100
