# SPDX-License-Identifier: Apache-2.0
"""When a customer's ledger is in order."""

import pytest
from faircart.cli.ledger import LedgerWrong, judge
from faircart.rights.ledger import Line


def line(status: str) -> Line:
    return Line(1, "opened", "", "", "", "", "", "", None, status, "why")


def test_a_ledger_is_in_order_if_every_line_is_verified_or_takes_one_back() -> None:
    judge([])
    judge([line("verified"), line("retracted"), line("verified")])


@pytest.mark.parametrize("status", ["refuted", "missing", "unverifiable", "awaited"])
def test_a_line_that_is_not_verified_is_named(status: str) -> None:
    with pytest.raises(
        LedgerWrong, match=f"^1 of 2 lines are not verified; the first: opened, {status}: why$"
    ):
        judge([line("verified"), line(status)])


def test_what_contradicts_the_ledgers_is_named_before_what_could_not_be_checked() -> None:
    with pytest.raises(LedgerWrong, match="2 of 2 lines are not verified; the first: opened, missing: "):
        judge([line("unverifiable"), line("missing")])
