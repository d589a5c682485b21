# SPDX-License-Identifier: Apache-2.0
"""Statements that no contract reads: canonical JSON (RFC 8785) under an Ethereum account's signature
(EIP-191).

Every statement says in its member `faircart` what it is, and names chain and addressee, so that none can be
passed off as another, to somebody else or on another chain. Contract accounts sign `message_hash` (ERC-1271).

    {"faircart": "decline/1", "chainId", "custodian", "proposal"}
    {"faircart": "counter/1", "chainId", "custodian", "proposal", "rewardWei", "validFor"}
    {"faircart": "erasure/1", "chainId", "custodian", "customer", "categories", "requestedAt", "nonce"}
    {"faircart": "holdings/1", "chainId", "custodian", "customer", "readingKey", "createdAt", "files"}
    {"faircart": "arrival/1", "chainId", "custodian", "customer", "readingKey", "manifest"}
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from eth_account import Account
from eth_account.messages import defunct_hash_message, encode_defunct
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from faircart import papers
from faircart.canonical import canonical
from faircart.errors import FairCartError

DECLINE, COUNTER, ERASURE = "decline/1", "counter/1", "erasure/1"
HOLDINGS, ARRIVAL = "holdings/1", "arrival/1"
MEMBERS = {
    DECLINE: {"chainId", "custodian", "proposal"},
    COUNTER: {"chainId", "custodian", "proposal", "rewardWei", "validFor"},
    ERASURE: {"chainId", "custodian", "customer", "categories", "requestedAt", "nonce"},
    HOLDINGS: {"chainId", "custodian", "customer", "readingKey", "createdAt", "files"},
    ARRIVAL: {"chainId", "custodian", "customer", "readingKey", "manifest"},
}


class StatementWrong(FairCartError):
    """A statement is not one of the kind that was expected, or its signature is not one."""


def sign(body: Mapping[str, Any], private_key: bytes) -> str:
    """The signature (65 bytes, 0x-hex) over the canonical JSON of `body`."""
    signed = Account.sign_message(encode_defunct(canonical(body)), private_key)
    return "0x" + bytes(signed.signature).hex()


def signer(body: Mapping[str, Any], signature: str) -> str:
    """Whose signature it is (checksum address). Raises StatementWrong for one that is none.

    One spelling alone: lower-case hex, v 27 or 28, s in the lower half (EIP-2). Otherwise a character of a
    signed document could be changed and nobody would notice.
    """
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
        if "0x" + raw.hex() != signature or len(raw) != 65 or raw[64] not in (27, 28):
            raise ValueError
        if int.from_bytes(raw[32:64], "big") > papers.HALF_ORDER:
            raise ValueError
        return str(Account.recover_message(encode_defunct(canonical(body)), signature=raw))
    except (ValueError, TypeError, AttributeError, IndexError, BadSignature, ValidationError):
        raise StatementWrong("signature: it is no signature of 65 bytes as accounts make them") from None


def message_hash(body: Mapping[str, Any]) -> bytes:
    """What a contract account is asked about (ERC-1271): the EIP-191 hash of the canonical JSON."""
    return bytes(defunct_hash_message(primitive=canonical(body)))


def check(body: Any, kind: str, chain_id: int, custodian: str) -> dict[str, Any]:
    """`body` as a statement of that kind, for that custodian on that chain. Raises StatementWrong."""
    if not isinstance(body, dict) or body.get("faircart") != kind:
        raise StatementWrong(f"statement: it is no {kind.partition('/')[0]} of a version that is known here")
    if set(body) != MEMBERS[kind] | {"faircart"}:
        raise StatementWrong(f"statement: it must hold exactly {', '.join(sorted(MEMBERS[kind]))}")
    if body["chainId"] != chain_id:
        raise StatementWrong("chainId: the statement is for another chain")
    if body["custodian"] != custodian:
        raise StatementWrong("custodian: the statement is for another enterprise")
    return body


def digest(body: Mapping[str, Any]) -> bytes:
    """sha256 (32 bytes) of the canonical JSON: the statement's id."""
    return hashlib.sha256(canonical(body)).digest()
