# SPDX-License-Identifier: Apache-2.0
"""A consumer's request as it stands in the stream: built, signed, read. Pure.

    {"request": {"version": 1, "id", "consumer", "categories", "purpose", "notice", "validFor",
                 "retentionDays", "processing", "storageLocation", "jurisdiction", "rewardWei",
                 "conditions", "expiresAt", "requestKey"}, "signature"}

`processing` are keys of `documents.PROCESSING`, `storageLocation` and `jurisdiction` where the consumer keeps
the data and whose law applies there (two letters: ISO 3166, or EU); `validFor` is how long the consent shall
last, `retentionDays` how long the data are kept after delivery, `expiresAt` until when offers are looked at
(seconds); `purpose` is one of `documents.PURPOSES`; the signature is the consumer's Ethereum key over the
canonical JSON of `request` (EIP-191).
"""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys.exceptions import BadSignature
from eth_utils.address import is_checksum_address
from eth_utils.exceptions import ValidationError

from faircart import canonical, documents, envelope
from faircart.agent.config import ConsumerSection
from faircart.agent.handlers.outcome import Ignore
from faircart.errors import FairCartError
from faircart.store.records import Request

_FIELDS = {
    "version",
    "id",
    "consumer",
    "categories",
    "purpose",
    "notice",
    "validFor",
    "retentionDays",
    "processing",
    "storageLocation",
    "jurisdiction",
    "rewardWei",
    "conditions",
    "expiresAt",
    "requestKey",
}


DPV = "https://w3id.org/dpv#"
LONGEST = {"notice": 300, "conditions": 500}
"""Characters that a consent record holds."""
LARGEST = {"validFor": 2**32 - 1, "retentionDays": 99_999, "expiresAt": 2**32 - 1}
"""Seconds, days, seconds since 1970: the registry keeps times in 32 bits, a record five digits of days."""


class UnknownPurpose(FairCartError):
    """A purpose that consent records cannot express."""


def purpose_term(text: str) -> str:
    """The short form of a purpose (`dpv:…`), given in short or as the vocabulary's address.

    Raises UnknownPurpose.
    """
    term = "dpv:" + text.removeprefix(DPV) if text.startswith(DPV) else text
    if term not in documents.PURPOSES:
        raise UnknownPurpose(f"--purpose: {text!r} is none of {', '.join(sorted(documents.PURPOSES))}")
    return term


class RequestInvalid(FairCartError):
    """A request that no consent record could answer; the message begins with the member's name."""


class UnknownCategory(FairCartError):
    """A category that there is no schema for."""


def known_categories(categories: tuple[str, ...]) -> tuple[str, ...]:
    """The same categories. Raises UnknownCategory."""
    for category in categories:
        if category not in documents.CATEGORIES:
            known = ", ".join(documents.CATEGORIES)
            raise UnknownCategory(f"--category: {category[:30]!r} is none of {known}")
    return categories


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a consumer asks for: `reward` in wei for each customer, `valid_for`, `expires_at` in seconds."""

    categories: tuple[str, ...]
    purpose: str
    notice: str
    reward: int
    valid_for: int
    retention_days: int
    expires_at: int
    processing: tuple[str, ...]
    storage_location: str
    jurisdiction: str
    conditions: str = ""


class NotInPolicy(FairCartError):
    """A request whose answers our own policy would refuse, after customer and shop had their trouble."""


def check_policy(wanted: Wanted, policy: ConsumerSection) -> None:
    """Whether this consumer would take the offers that it asks for. Raises NotInPolicy, naming the key."""
    way_out = "change it in the agent's configuration and start the agent anew, or ask for less"
    for category in wanted.categories:
        if category not in policy.categories:
            raise NotInPolicy(f"--category: {category} is not in consumer.categories; {way_out}")
    if policy.purposes and wanted.purpose not in policy.purposes:
        raise NotInPolicy(f"--purpose: {wanted.purpose} is not in consumer.purposes; {way_out}")
    if wanted.reward > policy.max_reward_wei:
        raise NotInPolicy(
            f"--reward: {wanted.reward} is above consumer.max_reward_wei ({policy.max_reward_wei}); {way_out}"
        )


def new_request(consumer: str, wanted: Wanted, public_key: bytes) -> Request:
    """A fresh request of our own under a random id, not signed yet. Raises RequestInvalid."""
    request_id = secrets.token_bytes(32)
    body = {
        "version": 1,
        "id": request_id.hex(),
        "consumer": consumer,
        "categories": list(wanted.categories),
        "purpose": wanted.purpose,
        "notice": wanted.notice,
        "validFor": wanted.valid_for,
        "retentionDays": wanted.retention_days,
        "processing": list(wanted.processing),
        "storageLocation": wanted.storage_location,
        "jurisdiction": wanted.jurisdiction,
        "rewardWei": str(wanted.reward),
        "conditions": wanted.conditions,
        "expiresAt": wanted.expires_at,
        "requestKey": envelope.public_key_to_json(public_key),
    }
    try:
        return _row(body, own=True)
    except ValueError as error:
        raise RequestInvalid(str(error)) from None


def sign(request: Request, private_key: bytes) -> dict[str, Any]:
    """The stream item of a request."""
    message = encode_defunct(canonical.canonical(request.body))
    signature = Account.sign_message(message, private_key).signature
    return {"request": request.body, "signature": "0x" + bytes(signature).hex()}


def read(value: Any) -> Request:
    """The request in a stream item, with its consumer's signature checked. Raises Ignore."""
    if not isinstance(value, dict) or set(value) != {"request", "signature"}:
        raise Ignore("no request")
    body = value["request"]
    if not isinstance(body, dict) or set(body) != _FIELDS or body["version"] != 1:
        raise Ignore("a request with other fields, or of another version")
    try:
        request = _row(body, own=False)
        signature = bytes.fromhex(str(value["signature"]).removeprefix("0x"))
        signer = Account.recover_message(encode_defunct(canonical.canonical(body)), signature=signature)
    except (canonical.CanonicalError, envelope.EnvelopeError) as error:
        raise Ignore(f"a request that cannot be read: {error}") from None
    except (ValueError, TypeError, KeyError, IndexError, BadSignature, ValidationError):
        raise Ignore("a request with values of another kind, or a broken signature") from None
    if signer != request.consumer:
        raise Ignore("a request that its consumer did not sign")
    return request


def _row(body: dict[str, Any], *, own: bool) -> Request:
    categories = body["categories"]
    if not isinstance(categories, list) or not all(isinstance(entry, str) for entry in categories):
        raise ValueError("categories")
    if not is_checksum_address(body["consumer"]):
        raise ValueError("consumer")
    times = ("validFor", "retentionDays", "expiresAt")
    for name in times:
        if type(body[name]) is not int or not 0 < body[name] <= LARGEST[name]:
            raise ValueError(f"{name}: a number from 1 to {LARGEST[name]}")
    for name in ("id", "purpose", "notice", "conditions", "rewardWei"):
        if not isinstance(body[name], str):
            raise ValueError(f"{name}: a text")
    for name, longest in LONGEST.items():
        if len(body[name]) > longest or any(unicodedata.category(letter) == "Cc" for letter in body[name]):
            raise ValueError(f"{name}: at most {longest} characters, none of them a control character")
    _check_handling(body)
    if not body["notice"]:
        raise ValueError("notice: it must not be empty")
    if body["purpose"] not in documents.PURPOSES or not set(categories) <= set(documents.CATEGORIES):
        raise ValueError("purpose or categories")
    request_id, reward = bytes.fromhex(body["id"]), int(body["rewardWei"])
    if len(request_id) != 32 or request_id.hex() != body["id"]:
        raise ValueError("id: 32 bytes in lower-case hex")
    if not 0 <= reward < 2**128:
        raise ValueError("rewardWei: from 0 to 2**128 - 1 wei")
    if len(set(categories)) != len(categories) or not categories:
        raise ValueError("categories: at least one, each once")
    return Request(
        request_id=request_id,
        consumer=body["consumer"],
        own=own,
        categories=categories,
        purpose=body["purpose"],
        reward=reward,
        expires_at=body["expiresAt"],
        request_key=envelope.public_key_from_json(body["requestKey"]),
        body=body,
        state="Open",
    )


def _check_handling(body: dict[str, Any]) -> None:
    steps = body["processing"]
    if not isinstance(steps, list) or not steps or len(set(map(str, steps))) != len(steps):
        raise ValueError("processing: say what is done with the data, each once (consumer.processing)")
    for step in steps:
        if not isinstance(step, str) or step not in documents.PROCESSING:
            known = ", ".join(documents.PROCESSING)
            raise ValueError(f"processing: {str(step)[:30]!r} is none of {known}")
    for name, key in (("storageLocation", "storage_location"), ("jurisdiction", "jurisdiction")):
        if not isinstance(body[name], str) or not re.fullmatch("[A-Z]{2}", body[name]):
            raise ValueError(f"{name}: two capital letters, a country's (ISO 3166) or EU (consumer.{key})")
