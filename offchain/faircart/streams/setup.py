# SPDX-License-Identifier: Apache-2.0
"""Creating the streams of a market, as often as one likes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from faircart.multichain import StreamInfo, StreamNode, errors
from faircart.multichain.names import StreamPlan
from faircart.streams.network import StreamsError


@dataclass(frozen=True)
class Made:
    """What became of one plan: `created` False means that the stream was there, as it should be."""

    name: str
    created: bool


def create(node: StreamNode, plans: Iterable[StreamPlan], address: str) -> list[Made]:
    """Create what is missing, by `address`, and follow all of it.

    Raises StreamsError if a stream of one of these names exists with other restrictions or fields: it is
    another one, or somebody took the name.
    """
    made = []
    for plan in plans:
        created = False
        if not node.has_stream(plan.name):
            # another node may have made it in the meantime
            with suppress(errors.DuplicateName):
                node.create_stream(
                    plan.name, plan.restrict, salted=plan.salted, fields=dict(plan.fields), by=address
                )
                created = True
        check(node.stream(plan.name), plan)
        node.subscribe(plan.name)
        made.append(Made(plan.name, created))
    return made


def check(info: StreamInfo, plan: StreamPlan) -> None:
    """Raises StreamsError naming the first thing in which a stream differs from its plan."""
    for what, is_, wanted in (
        ("restrictions", sorted(info.restrict), sorted(plan.restrict)),
        ("salting", info.salted, plan.salted),
        ("custom fields", dict(info.fields), dict(plan.fields)),
    ):
        if is_ != wanted:
            raise StreamsError(
                f"the stream {plan.name} exists with other {what}: {is_} instead of {wanted};"
                f" it was created by {', '.join(info.creators)}"
            )
