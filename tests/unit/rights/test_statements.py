# SPDX-License-Identifier: Apache-2.0
"""Statements say what they are, to whom and on which chain, and only their signer can have made them."""

import pytest
from eth_account import Account
from faircart.rights import statements

ALICE = Account.from_key(b"\x0a" * 32)
SHOP = "0x" + "C3" * 20
BODY = {"faircart": "decline/1", "chainId": 31337, "custodian": SHOP, "proposal": "ab" * 32}


def test_a_statement_is_its_signers_and_nobody_elses() -> None:
    signature = statements.sign(BODY, bytes(ALICE.key))
    assert statements.signer(BODY, signature) == ALICE.address
    assert statements.signer({**BODY, "proposal": "ac" * 32}, signature) != ALICE.address


@pytest.mark.parametrize("signature", ["", "0x", "0x12", "zz", "0x" + "00" * 65, "0x" + "ff" * 65])
def test_what_is_no_signature_is_refused_by_name(signature: str) -> None:
    with pytest.raises(statements.StatementWrong, match="signature: it is no signature of 65 bytes"):
        statements.signer(BODY, signature)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"faircart": "counter/1"}, "statement: it is no decline of a version that is known here"),
        ({"faircart": "decline/2"}, "statement: it is no decline of a version that is known here"),
        ({"chainId": 1}, "chainId: the statement is for another chain"),
        ({"custodian": "0x" + "D4" * 20}, "custodian: the statement is for another enterprise"),
        ({"more": 1}, "statement: it must hold exactly chainId, custodian, proposal"),
    ],
)
def test_a_statement_for_something_else_is_refused_with_the_check_that_failed(
    changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(statements.StatementWrong, match=reason):
        statements.check({**BODY, **changes}, statements.DECLINE, 31337, SHOP)
    assert statements.check(BODY, statements.DECLINE, 31337, SHOP) == BODY
