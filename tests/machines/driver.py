# SPDX-License-Identifier: Apache-2.0
"""Does each step twice, in the model and on the chain, and compares everything that can be seen."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.machines.cast import Cast, codec, write_script
from tests.machines.models.world import Call, Refused, Script, Signature, World
from tests.machines.node import GAS_LIMIT, Node, Receipt
from tests.machines.probe import Probe
from tests.support.codec import Event, Failure

VIEW = tuple[str, str, tuple[Any, ...]]
"""A view: contract, function, arguments."""


class Driver:
    """One run of a machine: a model, and the node that it is compared with."""

    def __init__(
        self, node: Node, cast: Cast, probe: Probe, contracts: dict[str, str], seen: Counter[str]
    ) -> None:
        self.node = node
        self.cast = cast
        self.names = {address: name for name, address in contracts.items()}
        self.world = World(node.now)
        self.world.receivers = {person.address: person.receiver for person in cast.people}
        self.seen = seen
        self.agrees = True
        """Whether all went as the model said, so far."""
        self._codecs = {address: codec(name) for name, address in contracts.items()}
        self._probe = probe
        self._views: dict[VIEW, bytes] = {}
        watched = [*cast.addresses, *contracts.values()]
        self.world.balances = dict(zip(watched, self.look(watched, [])[0], strict=True))

    def do(self, caller: str, call: Call, value: int = 0, gas: int = GAS_LIMIT) -> str:
        """One transaction in the second `world.now`; returns the outcome's name.

        With a gas limit that may not suffice, the call may also fail without having changed anything. But it
        may not succeed in another way.
        """
        self.agrees = False
        expected = self.world.attempt(caller, call, value)
        receipt = self.node.transact(
            caller, call.contract, self.encode(call), value=value, at=self.world.now, gas=gas
        )
        if gas < GAS_LIMIT and not receipt.succeeded:
            return self._starved(call, expected, receipt)
        got = self._outcome(call, receipt)
        outcome = "done"
        foreseen: Any = expected
        if isinstance(expected, Refused):
            outcome = expected.name
            foreseen = Failure(expected.name, expected.values)
        assert got == foreseen, f"{self.tell(caller, call)}\nthe model: {foreseen}\nthe contract: {got}"
        self.agrees = True
        if not isinstance(expected, Refused):
            self.seen.update(f"event {event.name}" for event in expected)
            self.seen.update(f"call from a receiver: {name}" for name in self.world.refused_inside)
        self.seen[f"{self.names[call.contract]}.{call.name}: {outcome}"] += 1
        return outcome

    def send_plain_ether(self, sender: str, contract: str, wei: int) -> None:
        """A plain transfer to a contract; all of them refuse it."""
        receipt = self.node.transact(sender, contract, value=wei, at=self.world.now)
        assert not receipt.succeeded
        assert receipt.revert_data == b""

    def force_ether(self, sender: str, contract: str, wei: int) -> None:
        """Ether that no code can refuse: a contract that destroys itself in favour of `contract`."""
        receipt = self.node.transact(
            sender, None, b"\x73" + bytes.fromhex(contract[2:]) + b"\xff", value=wei, at=self.world.now
        )
        assert receipt.succeeded
        self.world.balances[sender] -= wei
        self.world.balances[contract] += wei

    def arm(self, person: str, script: Script | None) -> None:
        """What the re-entering person calls when it is paid from now on."""
        calldata = b"" if script is None else self.encode(script.call)
        write_script(self.node, self.cast, script, calldata)
        if script is None:
            self.world.scripts.pop(person, None)
        else:
            self.world.scripts[person] = script

    def compare(self, views: Sequence[tuple[VIEW, Any]]) -> None:
        """Every balance is the model's, and each view answers what the model expects.

        An expectation is an integer, several of them, or the `Refused` that the view reverts with.
        """
        watched = list(self.world.balances)
        balances, answers = self.look(watched, [view for view, _ in views])
        for account, wei in zip(watched, balances, strict=True):
            assert wei == self.world.balances[account], f"{self.name(account)} has {wei} wei"
        for ((contract, name, arguments), expected), (success, result) in zip(views, answers, strict=True):
            if isinstance(expected, Refused):
                failure = self._codecs[contract].failure(result)
                assert not success, f"{name}{arguments} answers 0x{result.hex()}"
                assert failure == Failure(expected.name, expected.values), f"{name}{arguments}: {failure}"
            else:
                words = expected if isinstance(expected, tuple) else (expected,)
                encoded = b"".join([word.to_bytes(32, "big") for word in words])
                assert success, f"{name}{arguments} reverts"
                assert result == encoded, f"{name}{arguments} answers 0x{result.hex()}, not {words}"

    def look(self, accounts: list[str], views: list[VIEW]) -> tuple[list[int], list[tuple[bool, bytes]]]:
        """Balances of accounts, and what views answer, from one call."""
        calls = [self._view(view) for view in views]
        return self._probe.look(accounts, [contract for contract, _, _ in views], calls)

    def _view(self, view: VIEW) -> bytes:
        if view not in self._views:
            contract, name, arguments = view
            self._views[view] = self._codecs[contract].call(name, arguments)
        return self._views[view]

    def encode(self, call: Call) -> bytes:
        """The call's data."""
        return self._codecs[call.contract].call(call.name, [_plain(value) for value in call.arguments])

    def name(self, account: str) -> str:
        """Who that is."""
        known = {person.address: person.name for person in self.cast.people} | self.names
        return known.get(account, account)

    def tell(self, caller: str, call: Call) -> str:
        """The call in words, for a failure's report."""
        called = f"{self.names[call.contract]}.{call.name}{call.arguments}"
        return f"{self.name(caller)}: {called} at {self.world.now}"

    def _starved(self, call: Call, expected: Refused | list[Event], receipt: Receipt) -> str:
        failure = self._codecs[call.contract].failure(receipt.revert_data or b"")
        allowed = {"", "Payouts_InsufficientGas"}
        if isinstance(expected, Refused):
            allowed.add(expected.name)
        else:
            self.world.undo()
        assert failure.name in allowed, f"with little gas, {call.name} fails with {failure}"
        self.agrees = True
        self.seen[f"{self.names[call.contract]}.{call.name}: {failure.name or 'out of gas'}"] += 1
        return "starved"

    def _outcome(self, call: Call, receipt: Receipt) -> Failure | list[Event]:
        if receipt.revert_data is not None:
            return self._codecs[call.contract].failure(receipt.revert_data)
        events = []
        for log in receipt.logs:
            emitter = next(address for address in self._codecs if address.lower() == log.emitter.lower())
            events.append(self._codecs[emitter].event(emitter, log.topics, log.data))
        return events


def _plain(value: Any) -> Any:
    if hasattr(value, "abi"):
        return value.abi()
    if isinstance(value, Signature):
        return value.raw
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value
