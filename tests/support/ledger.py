# SPDX-License-Identifier: Apache-2.0
"""Exact balances: who has more, who has less, and that nobody else has either."""

from typing import Any

from ape.api import AccountAPI, ReceiptAPI
from ape.contracts import ContractInstance

Holder = AccountAPI | ContractInstance


class Ledger:
    """Remembers the balances of `holders`; `expect` says how each of them changed, fees left out."""

    def __init__(self, *holders: Holder) -> None:
        self._before = {holder.address: holder.balance for holder in holders}
        self._holders = holders

    def expect(self, *receipts: ReceiptAPI, changes: dict[Any, int]) -> None:
        """Since this ledger was made, `receipts` were all that happened, and they changed exactly `changes`
        (wei by holder). A holder that is not named kept its balance, but for the fees of what it sent."""
        fees: dict[str, int] = {}
        for receipt in receipts:
            fees[receipt.sender] = fees.get(receipt.sender, 0) + receipt.total_fees_paid
        named = {holder.address: change for holder, change in changes.items()}
        assert set(named) <= set(self._before), "every holder that is named must be on the ledger"
        found = {
            holder.address: holder.balance - self._before[holder.address] + fees.get(holder.address, 0)
            for holder in self._holders
        }
        assert found == {address: named.get(address, 0) for address in self._before}
