# SPDX-License-Identifier: Apache-2.0
"""The part of Ethereum that the models need: time, balances, logs, accounts that receive, rollback."""

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from faircart.papers import Domain, Paper

from tests.support.codec import Event

ZERO = "0x" + 40 * "0"


class Refused(Exception):
    """The call reverts with this error. No name: it reverts without data."""

    def __init__(self, name: str = "", *values: Any) -> None:
        super().__init__(name, *values)
        self.name = name
        self.values = values


class Receiver(enum.Enum):
    """What an account does with ether that is sent to it. The last three fail whatever the amount is."""

    TAKES = "takes it"
    REENTERS = "calls what its script says"
    DECLINES = "refuses it, but not a call without any"
    REFUSES = "refuses it"
    BURNS = "burns all gas"
    SHOUTS = "refuses it with as much data as it can"


@dataclass(frozen=True)
class Signature:
    """A signature as the models see it: whose it is and over what; `raw` is what goes into calldata.

    `signer` is the account that it counts for: a contract account's owner signs for that account. None: the
    bytes are no signature of anybody.
    """

    signer: str | None
    digest: bytes
    raw: bytes

    def by(self, account: str, digest: bytes) -> bool:
        """Whether a contract accepts it as `account`'s over `digest`."""
        return self.signer == account and self.digest == digest


@lru_cache(maxsize=10_000)
def digest(paper: Paper, domain: Domain) -> bytes:
    """A paper's digest, computed once: every call on an order needs it."""
    return paper.digest(domain)


@dataclass(frozen=True)
class Call:
    """One call of a contract: its Solidity name, and its arguments as the model takes them."""

    contract: str
    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Script:
    """What a re-entering account calls when it is paid, and whether it refuses the ether if that fails."""

    call: Call
    strict: bool


class Contract(Protocol):
    """A contract's model."""

    PAYABLE: frozenset[str]
    """The calls that take ether. With others it is refused, without a reason."""

    address: str

    def invoke(self, caller: str, name: str, arguments: tuple[Any, ...], value: int) -> None:
        """Run one call, or raise Refused (the world rolls back)."""

    def save(self) -> Any:
        """Its whole state."""

    def restore(self, state: Any) -> None:
        """Back to a saved state."""


class World:
    """All accounts, and the contracts among them."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.balances: dict[str, int] = {}
        self.receivers: dict[str, Receiver] = {}
        self.scripts: dict[str, Script] = {}
        self.contracts: dict[str, Contract] = {}
        self.log: list[Event] = []
        self.refused_inside: list[str] = []
        """Why calls of re-entering receivers failed, in this attempt."""
        self._before = self._save()

    def attempt(self, caller: str, call: Call, value: int) -> Refused | list[Event]:
        """One transaction: its events, or why it is refused and leaves everything as it was."""
        self.log = []
        self.refused_inside = []
        self._before = self._save()
        try:
            self._call(caller, call, value)
        except Refused as refusal:
            self.undo()
            return refusal
        return self.log

    def undo(self) -> None:
        """As if the last attempt had not been made."""
        self._restore(self._before)

    def transfer(self, sender: str, to: str, amount: int) -> bool:
        """Send plain ether from a contract; False, and nothing changed, if the receiver does not take it."""
        receiver = self.receivers.get(to, Receiver.TAKES)
        taken = receiver in (Receiver.TAKES, Receiver.REENTERS) or (
            receiver is Receiver.DECLINES and amount == 0
        )
        if to in self.contracts or not taken:
            return False
        self._move(sender, to, amount)
        script = self.scripts.get(to)
        if receiver is Receiver.REENTERS and script is not None:
            before = self._save()
            try:
                self._call(to, script.call, 0)
            except Refused as refusal:
                self._restore(before)
                self.refused_inside.append(refusal.name)
                if script.strict:
                    self._move(to, sender, amount)
                    return False
        return True

    def emit(self, emitter: str, name: str, *values: Any) -> None:
        """Log one event."""
        self.log.append(Event(emitter, name, values))

    def _call(self, caller: str, call: Call, value: int) -> None:
        if value and call.name not in self.contracts[call.contract].PAYABLE:
            raise Refused
        self._move(caller, call.contract, value)
        self.contracts[call.contract].invoke(caller, call.name, call.arguments, value)

    def _move(self, sender: str, to: str, amount: int) -> None:
        assert self.balances.get(sender, 0) >= amount, (
            f"{sender} cannot send {amount} wei: the model overspends"
        )
        self.balances[sender] = self.balances.get(sender, 0) - amount
        self.balances[to] = self.balances.get(to, 0) + amount

    def _save(self) -> tuple[dict[str, int], int, dict[str, Any]]:
        states = {address: contract.save() for address, contract in self.contracts.items()}
        return dict(self.balances), len(self.log), states

    def _restore(self, saved: tuple[dict[str, int], int, dict[str, Any]]) -> None:
        balances, events, states = saved
        self.balances = dict(balances)
        del self.log[events:]
        for address, state in states.items():
            self.contracts[address].restore(state)
