# SPDX-License-Identifier: Apache-2.0
"""Amounts that people write are taken to the wei, or refused."""

import click
import pytest

from scripts._arguments import Amount


def test_the_largest_amount_is_taken_to_the_wei():
    largest = 2**128 - 1
    assert Amount().convert(f"{largest} wei", None, None) == largest
    assert Amount().convert("0.000000000000000001 ether", None, None) == 1
    with pytest.raises(click.BadParameter):
        Amount().convert("0.0000000000000000001 ether", None, None)
