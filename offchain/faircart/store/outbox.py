# SPDX-License-Identifier: Apache-2.0
"""Effects that are still to be carried out, each under an id that says what it is and not when it was
decided.

An effect is `waiting`, then `running` (its worker has begun: from here on the other side is asked before
anything is repeated), then `done`; `parked` when it needs an operator, `dropped` when the operator said so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from faircart.store.tables import effects


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to do:

    by which worker (`lane`), what (`kind`), to what (`body`), not before when (seconds).
    """

    effect_id: str
    lane: str
    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    not_before: int = 0


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An effect with its progress."""

    effect_id: str
    lane: str
    kind: str
    body: dict[str, Any]
    state: str
    not_before: int
    moot: bool
    attempts: int
    error: str
    result: dict[str, Any]


class Outbox:
    """The effects, seen through one database transaction."""

    def __init__(self, connection: sa.Connection, insert: Any) -> None:
        self._connection = connection
        self._insert = insert

    def add(self, new: Iterable[Effect]) -> None:
        """Adds what is not there yet. What was done, or is under way, is never added again under its id.

        What came to nothing (`moot`), because its event was orphaned meanwhile, is decided anew.
        """
        rows = [
            {
                "effect_id": effect.effect_id,
                "lane": effect.lane,
                "kind": effect.kind,
                "body": effect.body,
                "state": "waiting",
                "not_before": effect.not_before,
                "moot": False,
                "attempts": 0,
                "error": "",
                "result": {},
            }
            for effect in new
        ]
        if rows:
            statement = self._insert(effects)
            anew = {
                name: statement.excluded[name] for name in ("state", "body", "not_before", "moot", "result")
            }
            where = (effects.c.state == "done") & effects.c.moot
            self._connection.execute(
                statement.on_conflict_do_update(index_elements=["effect_id"], set_=anew, where=where), rows
            )

    def get(self, effect_id: str) -> EffectRow | None:
        """One effect."""
        row = self._connection.execute(sa.select(effects).where(effects.c.effect_id == effect_id)).first()
        return None if row is None else EffectRow(*row)

    def due(self, lane: str, now: int, limit: int = 100) -> list[EffectRow]:
        """What a lane's worker may take up at `now` (seconds), the longest due first, then what was begun.

        A transaction that was begun is followed by its own row, so the Ethereum lane is given new work only.
        """
        states = ("waiting",) if lane == "ethereum" else ("waiting", "running")
        query = (
            sa.select(effects)
            .where(effects.c.lane == lane, effects.c.state.in_(states))
            .where(effects.c.not_before <= now)
            .order_by(effects.c.not_before, effects.c.state, effects.c.effect_id)
            .limit(limit)
        )
        return [EffectRow(*row) for row in self._connection.execute(query)]

    def by_state(self, *states: str, lane: str | None = None) -> list[EffectRow]:
        """All effects in these states, of one lane or of all."""
        query = sa.select(effects).where(effects.c.state.in_(states)).order_by(effects.c.effect_id)
        if lane is not None:
            query = query.where(effects.c.lane == lane)
        return [EffectRow(*row) for row in self._connection.execute(query)]

    def ids(self, prefix: str) -> list[str]:
        """The ids that begin with `prefix`, in order."""
        query = sa.select(effects.c.effect_id).where(
            effects.c.effect_id >= prefix, effects.c.effect_id < prefix + "\uffff"
        )
        return list(self._connection.execute(query.order_by(effects.c.effect_id)).scalars())

    def counts(self) -> dict[str, int]:
        """How many effects are in each state."""
        query = sa.select(effects.c.state, sa.func.count()).group_by(effects.c.state)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def begin(self, effect_id: str, result: dict[str, Any] | None = None) -> None:
        """Marks that the worker is about to touch the other side."""
        self._set(effect_id, state="running", result=result or {})

    def again(self, effect_id: str, error: str, not_before: int) -> None:
        """What was sent did not work: the effect is decided anew, and the failure counts."""
        changes = {"state": "waiting", "error": error, "attempts": effects.c.attempts + 1, "result": {}}
        self._set(effect_id, ("running", "done"), not_before=not_before, **changes)

    def finish(self, effect_id: str, result: dict[str, Any]) -> None:
        """Marks an effect as done."""
        self._set(effect_id, state="done", attempts=0, error="", result=result, moot="moot" in result)

    def postpone(self, effect_id: str, not_before: int, error: str, *, failed: bool = True) -> None:
        """Tries again later; `failed` counts towards parking."""
        step = 1 if failed else 0
        self._set(effect_id, not_before=not_before, error=error, attempts=effects.c.attempts + step)

    def revive(self, effect_ids: Iterable[str]) -> None:
        """What came to nothing (`moot`) is decided anew: the event that it came to nothing by is gone."""
        for effect_id in effect_ids:
            where = (effects.c.effect_id == effect_id) & (effects.c.state == "done") & effects.c.moot
            self._connection.execute(
                sa.update(effects).where(where).values(state="waiting", moot=False, result={})
            )

    def park(self, effect_id: str, error: str) -> None:
        """Sets an effect aside for the operator."""
        self._set(effect_id, state="parked", error=error)

    def retry(self, effect_id: str) -> bool:
        """Gives a parked effect back to its worker; false if it is not parked."""
        # Begun, as far as we know: so the other side is asked first. A transaction has its own row for that.
        state = sa.case((effects.c.lane == "ethereum", "waiting"), else_="running")
        return self._set(effect_id, ("parked",), state=state, attempts=0, not_before=0)

    def drop(self, effect_id: str) -> bool:
        """Gives a parked effect up; false if it is not parked."""
        return self._set(effect_id, ("parked",), state="dropped")

    def _set(self, effect_id: str, only: tuple[str, ...] = (), **changes: Any) -> bool:
        query = sa.update(effects).where(effects.c.effect_id == effect_id).values(**changes)
        if only:
            query = query.where(effects.c.state.in_(only))
        return bool(self._connection.execute(query).rowcount)
