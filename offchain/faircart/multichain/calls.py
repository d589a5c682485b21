# SPDX-License-Identifier: Apache-2.0
"""What all calls of a `StreamNode` share: the way to the node, and how an answer is taken apart."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self, TypeVar

from faircart.multichain import errors
from faircart.multichain.items import Item, parse_item
from faircart.multichain.transport import NodeRpc

Taken = TypeVar("Taken")

_TXID = re.compile("[0-9a-f]{64}")
_SIGHT_LOST = (0.1, 0.3, 0.6, 1.0)
"""Pauses in seconds before a stream that was known is given up."""


class NodeCalls:
    """One wallet of one node, without the typed calls on it."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        timeout: float = 30.0,
        chain_name: str | None = None,
        verify: bool | str = True,
    ) -> None:
        self._rpc = NodeRpc(url, user, password, timeout=timeout, chain_name=chain_name, verify=verify)
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return f"StreamNode({self._rpc.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return self._rpc.url

    def close(self) -> None:
        self._rpc.close()

    def _from(self, method: str, by: str | None, *params: Any) -> Any:
        return self._rpc.call(method, *params) if by is None else self._rpc.call(method + "from", by, *params)

    def _list(
        self, method: str, stream: str, params: list[str], count: int, start: int | None, local: bool
    ) -> list[Item]:
        page = (count, -count if start is None else start)
        answers = self._on(stream, lambda: self._rpc.call(method, stream, *params, True, *page, local))
        return well_formed(method, lambda: [parse_item(stream, answer) for answer in answers])

    def _on(self, stream: str, work: Callable[[], Any]) -> Any:
        """What `work` gives, tried again if a stream that was there is unknown now.

        A real node loses sight of a stream that is in no block yet for a moment while it takes in a block.
        Nothing was done then, so repeating is safe for every call.
        """
        for pause in (*_SIGHT_LOST, None):
            try:
                result = work()
            except errors.EntityNotFound:
                if pause is None or stream not in self._known:
                    raise
            else:
                self._known.add(stream)
                return result
            time.sleep(pause)
        raise AssertionError("unreachable")


def well_formed(method: str, take: Callable[[], Taken]) -> Taken:
    """What `take` takes out of an answer; raises NotANode where the answer has another form."""
    with suppress(AttributeError, LookupError, TypeError, ValueError):
        return take()
    # raised here, so that the error does not carry what was answered with it
    raise errors.NotANode(method, "its answer lacks a field or has one of another type")


def word(method: str, answer: Any) -> str:
    """An answer that must be a text with something in it."""
    if isinstance(answer, str) and answer:
        return answer
    raise errors.NotANode(method, "its answer is no text")


def txid(method: str, answer: Any) -> str:
    """An answer that must be the id of a transaction."""
    if isinstance(answer, str) and _TXID.fullmatch(answer):
        return answer
    raise errors.NotANode(method, "its answer is no transaction id")


def truth(method: str, answer: Any) -> bool:
    """An answer that must be true or false: nothing else may pass for a yes."""
    if isinstance(answer, bool):
        return answer
    raise errors.NotANode(method, "its answer is neither true nor false")
