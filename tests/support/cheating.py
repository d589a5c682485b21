# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.support.cheating HOW agent run …`: a custodian that cheats in one way, else is real.

| HOW | what it does |
|---|---|
| withhold | never delivers |
| wrong-key | delivers a key that is not the offer's; concedes when asked |
| wrong-key-stubborn | the same, and never concedes |
| wrong-chunk-stubborn | seals an item with one wrong chunk, and never concedes |
| other-item | publishes another item than the one it offers |
| junk | publishes bytes that are no container |
"""

import secrets
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from faircart import sealing
from faircart.agent.work import calls, custodian, runner
from faircart.agent.work.done import Done, NotYet, moot
from faircart.cli import main


def withhold(*_: Any) -> Done:
    raise NotYet("kept back", 3600)


def deny(*_: Any) -> Done:
    return moot("denied")


def wrong_chunk(version: sealing.DocumentVersion, key: bytes, pad: bytes) -> sealing.SealedItem:
    """The true leaves over a ciphertext whose first chunk decrypts to something else."""
    item = sealing.seal(version, key, pad)
    return replace(item, ciphertext=bytes([item.ciphertext[0] ^ 1]) + item.ciphertext[1:])


def other_item(*_: Any) -> bytes:
    version = sealing.DocumentVersion.make(sealing.pad_document(b"{}"))
    return sealing.container.encode(sealing.seal(version, sealing.new_key(), sealing.new_key()))


def cheat(how: str) -> None:
    """Replaces the one part of the agent that is not honest."""
    if how == "withhold":
        calls._DECISIONS["deliver"] = withhold
    elif how in ("wrong-key", "wrong-key-stubborn"):
        calls.sealing = SimpleNamespace(opens=lambda *_: True, wrap=lambda *_: secrets.token_bytes(32))  # type: ignore[assignment]
    elif how == "wrong-chunk-stubborn":
        custodian.sealing = SimpleNamespace(**{**vars(sealing), "seal": wrong_chunk})  # type: ignore[assignment]
    elif how == "other-item":
        custodian.container = other_item
    elif how == "junk":
        custodian.container = lambda *_: b"no container"
    else:
        sys.exit(f"no such way to cheat: {how}")
    if how.endswith("stubborn"):
        runner.WORKERS["judgeConcession"] = deny


if __name__ == "__main__":
    cheat(sys.argv[1])
    main(sys.argv[2:], prog_name="faircart")
