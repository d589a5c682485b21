# SPDX-License-Identifier: Apache-2.0
"""Every custom error of the deployed contracts is turned into a sentence that says what to do."""

import string
from typing import Any

import pytest

from scripts import _abi
from scripts._sentences import SENTENCES, sentence

SAMPLES = {"bytes32": b"\x01" * 32, "address": "0x" + "11" * 20, "string": "name"}


DESCRIBED = ("CheckoutEscrow", "ConsentRegistry", "DataExchange")


def errors() -> dict[str, list[dict[str, Any]]]:
    return {
        entry["name"]: entry["inputs"]
        for contract in DESCRIBED
        for entry in _abi.product_contracts()[contract]["abi"]
        if entry["type"] == "error"
        # Thrown by the constructor's short strings, which are ours and short.
        and entry["name"] not in ("InvalidShortString", "StringTooLong")
    }


@pytest.mark.parametrize("name", sorted(errors()))
def test_each_error_has_a_sentence_of_its_values(name):
    inputs = {entry["name"]: SAMPLES.get(entry["type"], 1) for entry in errors()[name]}
    said = sentence(name, inputs)
    assert not said.startswith("The contract refused")
    assert said.endswith(".")


def test_no_sentence_is_left_over():
    assert set(SENTENCES) <= set(errors())


def test_sentences_name_only_values_of_their_error():
    for name, template in SENTENCES.items():
        named = {field for _, field, _, _ in string.Formatter().parse(template) if field}
        assert named <= {entry["name"] for entry in errors()[name]}, name


def test_an_error_without_a_sentence_is_shown_as_it_is():
    assert sentence("Unheard_Of", {"x": 1}) == "The contract refused: Unheard_Of(x=1)"
