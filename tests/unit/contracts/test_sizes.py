# SPDX-License-Identifier: Apache-2.0
"""Every contract fits the limit of EIP-170 with room."""

import pytest

from scripts import _abi

LIMIT = 24_576


@pytest.mark.parametrize("contract", ["CheckoutEscrow", "ConsentRegistry", "DataExchange"])
def test_the_code_leaves_a_tenth_of_the_limit(contract):
    code = _abi.product_contracts()[contract]["runtimeBytecode"]["bytecode"]
    assert 1_000 < len(bytes.fromhex(code.removeprefix("0x"))) <= LIMIT * 9 // 10
