# SPDX-License-Identifier: Apache-2.0
"""Randomness from a seed, so that two tellings of one story draw the same keys, pads, salts and ids.

Nothing in `faircart` knows of this, so nobody can switch it on there: a test replaces the sources of
randomness in its own processes (`forked.run_agent`, or this module's `main` for the stand-in). What is drawn
depends on what it is for and not on when: a document, or the effect that is carried out, so that an agent
which is killed and tries again draws the same, whatever else it does at the time. What nothing names, such as
a nonce of the vault, stays random.
"""

import contextlib
import hashlib
import runpy
import secrets
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from faircart import envelope

_KEPT = {
    "token_bytes": secrets.token_bytes,
    "token_hex": secrets.token_hex,
    "uuid4": uuid.uuid4,
    "new_request_key": envelope.new_request_key,
}
_purpose = threading.local()
_everywhere: list["_Draws"] = []


class _Draws:
    """Bytes for one purpose, one after the other."""

    def __init__(self, purpose: str) -> None:
        self._purpose, self._count = purpose, 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(f"{self._purpose}/{self._count}".encode()).digest(size)


def _drawn(size: int) -> bytes:
    draws = getattr(_purpose, "draws", None) or (_everywhere[0] if _everywhere else None)
    return _KEPT["token_bytes"](size) if draws is None else draws(size)


def _new_request_key() -> tuple[bytes, bytes]:
    private = _drawn(32)
    return private, envelope.public_key_of(private)


@contextlib.contextmanager
def drawing(purpose: str) -> Iterator[None]:
    """Whatever this thread draws inside follows from `purpose`, once `install` was called."""
    before = getattr(_purpose, "draws", None)
    _purpose.draws = _Draws(purpose)
    try:
        yield
    finally:
        _purpose.draws = before


def install() -> None:
    """Replaces the sources in this process. Without a purpose they stay as random as they were."""
    secrets.token_bytes = lambda nbytes=None: _drawn(32 if nbytes is None else nbytes)
    secrets.token_hex = lambda nbytes=None: _drawn(32 if nbytes is None else nbytes).hex()
    uuid.uuid4 = lambda: uuid.UUID(bytes=_drawn(16), version=4)
    envelope.new_request_key = _new_request_key


def remove() -> None:
    """The sources are what they were."""
    secrets.token_bytes, secrets.token_hex = _KEPT["token_bytes"], _KEPT["token_hex"]
    uuid.uuid4, envelope.new_request_key = _KEPT["uuid4"], _KEPT["new_request_key"]


def install_in_agent(seed: str) -> None:
    """In an agent's process: what a worker draws follows from the seed, the agent and the effect."""
    from faircart.agent.work import runner

    install()
    for kind, worker in list(runner.WORKERS.items()):
        runner.WORKERS[kind] = _seeded(seed, worker)


def _seeded(seed: str, worker: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def carry_out(tools: Any, effect: Any) -> Any:
        with drawing(f"{seed}/{tools.config.agent.name}/{_about(tools, effect)}"):
            return worker(tools, effect)

    return carry_out


def _about(tools: Any, effect: Any) -> str:
    """What an effect is, without the ids that follow from the clock: of a consent, its customer."""
    from faircart.store.records import Consent, Offer, Paper, Proposal

    said = [effect.kind]
    with tools.store.read() as work:
        for name, value in sorted(effect.body.items()):
            if name in ("exchange", "consent", "subject"):
                subject = bytes.fromhex(value)
                offer = work.get(Offer, subject)
                consent_id = subject if offer is None else offer.consent_id
                row = (
                    offer
                    or next(iter(work.find(Proposal, consent_id=consent_id)), None)
                    or work.get(Consent, consent_id)
                )
                said += [getattr(row, "customer", "nobody"), str(getattr(offer, "ordinal", ""))]
            elif name == "paper":
                paper = work.get(Paper, bytes.fromhex(value))
                said.append(getattr(paper, "signer", "nobody"))
            elif name == "notice":
                said += [value["customer"], value["kind"]]
            elif name in ("request", "document", "category", "step", "ordinal", "late"):
                said.append(f"{name} {value}")
    return "/".join(said)


def main() -> None:
    """`python -m tests.support.seed SEED MODULE …`: runs a module whose every draw follows from the seed."""
    install()
    _everywhere.append(_Draws(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
