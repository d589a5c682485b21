# SPDX-License-Identifier: Apache-2.0
"""The model of what CheckoutEscrow and DataExchange share: pushed payments, and credits in their place."""

from typing import Any

from faircart.papers import CreditWithdrawal, Domain

from tests.machines.models.world import ZERO, Refused, Signature, World, digest


class Payouts:
    """Credits, their nonces, and the guard against re-entry."""

    GUARDED = frozenset({"withdrawCredit", "withdrawCreditFor"})
    """Calls that pay, and that cannot be made while one of them runs."""
    LOOKING = frozenset({"voidCreditWithdrawal"})
    """Calls that cannot be made either while one of those runs, but pay nobody themselves."""
    PAYABLE: frozenset[str] = frozenset()

    def __init__(self, world: World, address: str, chain_id: int) -> None:
        self.world = world
        self.address = address
        self.domain = Domain(chain_id, address)
        self.credits: dict[str, int] = {}
        self.nonces: dict[str, int] = {}
        self.forced = 0
        """Wei that was forced into the contract and belongs to nobody."""
        self._entered = False
        world.contracts[address] = self

    def invoke(self, caller: str, name: str, arguments: tuple[Any, ...], value: int) -> None:
        """Run the method that is named as the Solidity function."""
        method = getattr(self, f"do_{name}")
        if self._entered and name in self.GUARDED | self.LOOKING:
            raise Refused("ReentrancyGuardReentrantCall")
        if name not in self.GUARDED:
            method(caller, value, *arguments)
            return
        self._entered = True
        try:
            method(caller, value, *arguments)
        finally:
            self._entered = False

    def save(self) -> Any:
        """Its whole state."""
        return dict(self.credits), dict(self.nonces), self._entered

    def restore(self, state: Any) -> None:
        """Back to a saved state."""
        credits, nonces, self._entered = state
        self.credits, self.nonces = dict(credits), dict(nonces)

    def owed(self) -> int:
        """Wei that the contract owes to anybody."""
        return sum(self.credits.values())

    def do_withdrawCredit(self, caller: str, value: int, to: str, amount: int) -> None:  # noqa: N802
        self._withdraw_credit(caller, to, amount)

    def do_withdrawCreditFor(  # noqa: N802
        self, caller: str, value: int, paper: CreditWithdrawal, signature: Signature
    ) -> None:
        if self.world.now > paper.valid_until:
            raise Refused("Payouts_WithdrawalExpired", paper.valid_until, self.world.now)
        if not signature.by(paper.owner, digest(paper, self.domain)):
            raise Refused("Payouts_InvalidSignature", paper.owner)
        self._use_nonce(paper.owner, paper.nonce)
        self._withdraw_credit(paper.owner, paper.to, paper.amount)

    def do_voidCreditWithdrawal(self, caller: str, value: int, nonce: int) -> None:  # noqa: N802
        self._use_nonce(caller, nonce)
        self.emit("CreditWithdrawalVoided", caller, nonce)

    def _use_nonce(self, owner: str, nonce: int) -> None:
        current = self.nonces.get(owner, 0)
        if nonce != current:
            raise Refused("InvalidAccountNonce", owner, current)
        self.nonces[owner] = current + 1

    def _withdraw_credit(self, owner: str, to: str, amount: int) -> None:
        if to == ZERO:
            raise Refused("Payouts_ZeroReceiver")
        credit = self.credits.get(owner, 0)
        if amount > credit:
            raise Refused("Payouts_InsufficientCredit", owner, amount, credit)
        self.credits[owner] = credit - amount
        self.emit("CreditWithdrawn", owner, to, amount)
        self.send(to, amount)

    def pay(self, to: str, amount: int) -> None:
        """Push, and credit what is not accepted. Paying nothing calls nobody."""
        if amount and not self.world.transfer(self.address, to, amount):
            self.credits[to] = self.credits.get(to, 0) + amount
            self.emit("Credited", to, amount)

    def send(self, to: str, amount: int) -> None:
        """Send to a receiver that the owner chose, which has to take it."""
        if not self.world.transfer(self.address, to, amount):
            raise Refused("Payouts_Refused", to, amount)

    def emit(self, name: str, *values: Any) -> None:
        """Log one event of this contract."""
        self.world.emit(self.address, name, *values)
