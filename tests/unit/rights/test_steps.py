# SPDX-License-Identifier: Apache-2.0
"""What an access log has to tell of is what the agent writes, and nothing twice."""

from faircart.ethereum import events as e
from faircart.ethereum.events import At
from faircart.rights.steps import concerning, step_of

ALICE = "0x" + "A1" * 20
CONSENTS = (b"\x01" * 32, b"\x02" * 32)


def at(block: int) -> At:
    return At(block, block.to_bytes(32, "big"), block, b"\x77" * 32, 0)


def granted(consent_id: bytes) -> e.Granted:
    return e.Granted(at(1), consent_id, ALICE, "0xC", "0xD", b"\xdd" * 32, b"\x55" * 32, 1, 100)


def told(*events: e.Event) -> list[tuple[str, bytes]]:
    return [(step_of(event), consent.consent_id) for event, consent in concerning(ALICE, events)]


def test_a_consent_is_withdrawn_once_however_often_its_withdrawal_is_recorded() -> None:
    first, second = CONSENTS
    grants = [granted(first), granted(second)]
    one, everything = e.Revoked(at(2), first, ALICE), e.RevokedAll(at(3), ALICE, 0, 7)
    given = [("granted", first), ("granted", second)]
    assert told(*grants, one, everything) == [*given, ("withdrawn", first), ("withdrawn", second)]
    late = e.Revoked(at(4), second, ALICE)
    assert told(*grants, everything, late) == [*given, ("withdrawn", first), ("withdrawn", second)]
