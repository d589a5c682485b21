# SPDX-License-Identifier: Apache-2.0
"""What the rules of both machines draw: times, people, amounts, flaws."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tests.machines.cast import Cast, Person
from tests.machines.models.world import Signature, World
from tests.machines.node import GAS_LIMIT

T = TypeVar("T")
HOUR = 3600
DAY = 24 * HOUR
_HORIZON = 200 * DAY
"""How far the clock is moved at most: all of an example's times fit 32 bits."""
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Draw:
    """Draws for one rule, from one seed.

    Hypothesis chooses rules and seeds, and so shrinks a failing example to few steps. Were each of a rule's
    some twenty choices its own, it would favour the first ones so much that most of what can go wrong never
    did in some hundred examples.
    """

    def __init__(self, data: DataObject, world: World, cast: Cast) -> None:
        self._random = Random(data.draw(st.integers(0, 2**32 - 1), label="seed"))
        self._world = world
        self._cast = cast

    def one(self, members: Sequence[T]) -> T:
        """One of them, each as likely as the others."""
        return members[self._random.randrange(len(members))]

    def number(self, low: int, high: int) -> int:
        """An integer, both bounds included."""
        return self._random.randint(low, high)

    def seldom(self, one_in: int = 8) -> bool:
        """True once in so many times."""
        return self._random.randrange(one_in) == 0

    def bytes32(self) -> bytes:
        """32 bytes."""
        return self._random.randbytes(32)

    def amount(self, maximum: int) -> int:
        """Wei from 0 to the maximum, the ends and odd numbers often."""
        return self.one([1, 7, 10**18 + 1, maximum, 0, maximum // 2, self.number(0, maximum)])

    def person(self, *likely: str) -> Person:
        """Most often one of the accounts that are likely, if they are people; else anybody."""
        known = [person for person in self._cast.people if person.address in likely]
        return self.one(known if known and not self.seldom(6) else self._cast.people)

    def sender(self, *likely: str) -> str:
        """As `person`, the address only."""
        return self.person(*likely).address

    def time_passes(self, *deadlines: int, late: bool = False) -> None:
        """The next call's second: often on a deadline, or the first one after it if `late` is asked for."""
        now = self._world.now
        deadlines = tuple(deadline for deadline in deadlines if now <= deadline <= now + _HORIZON)
        soon = [now, now + 1, now + 90]
        after = [deadline + 1 for deadline in deadlines]
        likely = [*after * 5, *deadlines] if late else [*soon * 3, *deadlines * 2, *after]
        self._world.now = self.one([*likely, *soon, now + 5 * 60])

    def gas(self) -> int:
        """Nearly always enough; else between too little for anything and more than enough."""
        return self.number(60_000, 260_000) if self.seldom(10) else GAS_LIMIT

    def signature(self, signer: str, digest: bytes) -> Signature:
        """The signer's, or with some luck one that does not count."""
        person = next(
            (person for person in self._cast.people if person.address == signer), self._cast.people[0]
        )
        if not self.seldom(12):
            return person.sign(digest)
        return self.one(
            [
                self.person().sign(digest),
                person.sign(bytes(32)),
                *(Signature(None, digest, raw) for raw in _spoiled(person.sign(digest).raw)),
            ]
        )


def _spoiled(raw: bytes) -> list[bytes]:
    """Forms that recover the same key elsewhere, or that careless code might take."""
    r, s, v = raw[:32], int.from_bytes(raw[32:64], "big"), raw[64]
    compact = r + ((v - 27) << 255 | s).to_bytes(32, "big")
    return [
        b"",
        raw[:64],
        raw + b"\0",
        raw[:64] + bytes([v - 27]),
        r + (_ORDER - s).to_bytes(32, "big") + bytes([55 - v]),
        compact,
        bytes(65),
    ]
