# SPDX-License-Identifier: Apache-2.0
"""What is sealed to whom: proposals to a customer, log entries and receipts to the three parties. Pure.

Each kind has an HPKE info of its own with the item's id in it, so that nothing opens as something else.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from faircart import canonical, envelope
from faircart.errors import FairCartError

PROPOSAL = b"faircart/proposal/1"
ACCESS_ENTRY = b"faircart/accesslog/1"
RECEIPT = b"faircart/receipt/1"
ERASURE = b"faircart/erasure/1"
COUNTER = b"faircart/counter/1"
ANSWER = b"faircart/answer/1"
HOLDINGS = b"faircart/holdings/1"
TOKEN = b"faircart/token/1"


class NotForUs(FairCartError):
    """None of the sealed copies opens with this key."""


def seal(kind: bytes, item_id: str, readers: Sequence[bytes], value: Any) -> list[str]:
    """One sealed copy (hex) for each reader's public key (with suite id), in no order that says whose it
    is.
    """
    payload = canonical.canonical(value)
    info = kind + bytes.fromhex(item_id)
    copies = [envelope.seal_to(info, envelope.decode_public_key(key), payload).hex() for key in readers]
    return sorted(copies)


def committed(
    kind: bytes, item_id: str, readers: Sequence[bytes], document: Mapping[str, Any]
) -> dict[str, Any]:
    """A stream item that commits to `document` (which holds a salt) in clear and holds it sealed to
    `readers`."""
    commitment = canonical.commitment(document).hex()
    return {"version": 1, "commitment": commitment, "sealed": seal(kind, item_id, readers, document)}


def open_any(kind: bytes, item_id: str, private: bytes | Sequence[bytes], copies: Sequence[str]) -> Any:
    """The value in the copy that is ours, by any of our private keys. Raises NotForUs."""
    privates = (private,) if isinstance(private, bytes) else private
    info = kind + bytes.fromhex(item_id)
    for copy in copies:
        try:
            return json.loads(envelope.open_with_any(info, privates, bytes.fromhex(copy)))
        except envelope.CannotOpen:
            continue
    raise NotForUs("this item is sealed to other keys")
