# SPDX-License-Identifier: Apache-2.0
"""Where a machine plays: one node for all examples, taken back to the same beginning before each."""

from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.machines.cast import Cast, codec, deploy, gather
from tests.machines.driver import Driver
from tests.machines.node import Node
from tests.machines.probe import Probe
from tests.machines.profiles import EXAMPLES, examples
from tests.support.signing import TestKey


@dataclass
class Stage:
    """A node with the cast and the contracts. `seen` counts outcomes and events over all examples."""

    node: Node
    cast: Cast
    contracts: dict[str, str]
    probe: Probe
    seen: Counter[str] = field(default_factory=Counter)
    _beginning: str = ""

    def __post_init__(self) -> None:
        self.keep()

    def keep(self) -> None:
        """Every example begins from here."""
        self._beginning = self.node.snapshot()

    def begin(self) -> Driver:
        """Everything as it was after deployment."""
        self.node.revert(self._beginning)
        self._beginning = self.node.snapshot()
        return Driver(self.node, self.cast, self.probe, self.contracts, self.seen)

    def check_reach(self, unreachable: Set[str] = frozenset()) -> None:
        """The examples met every event and two thirds of the errors: they did not agree by doing nothing.
        Of fewer examples than usual it is not asked.

        Which errors is chance (each error has a test of its own in tests/contracts). Errors of OpenZeppelin's
        EIP712 can only occur in a constructor.
        """
        if examples() < EXAMPLES:
            return
        codecs = [codec(name) for name in self.contracts]
        events = {event for each in codecs for event in each.events} - {"EIP712DomainChanged"}
        errors = {error for each in codecs for error in each.errors} - {"InvalidShortString", "StringTooLong"}
        errors -= unreachable
        met = {key.split(": ")[-1].removeprefix("event ") for key in self.seen}
        assert events <= met, f"no example met {sorted(events - met)}"
        assert 3 * len(errors & met) >= 2 * len(errors), f"no example met {sorted(errors - met)}"


@contextmanager
def set_stage(deploy_contracts: Callable[[Node, str], dict[str, str]]) -> Iterator[Stage]:
    """A stage on a fresh node; `deploy_contracts(node, deployer)` gives names and addresses of contracts."""
    with Node() as node:
        cast = gather(node)
        deployer = TestKey("deployer").address
        probe = Probe(node, deploy(node, deployer, "Probe"))
        yield Stage(node, cast, deploy_contracts(node, deployer), probe)
