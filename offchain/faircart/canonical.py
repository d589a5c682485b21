# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON and commitments to it.

The one byte form of every document, consent record and order document is RFC 8785 (JSON Canonicalization
Scheme): UTF-8, members sorted, no white space. Amounts are strings, since JSON numbers are doubles.

A commitment is sha256 of that byte form. It goes on public ledgers, so what it covers must hold a random
32-byte `salt` member of its own: without it, whoever guesses the text could confirm the guess.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

import rfc8785

from faircart.errors import FairCartError

SALT_MEMBER = "salt"
SALT_BYTES = 32
MAX_DEPTH = 64
"""Deepest nesting that `parse` accepts: far above any document of ours, far below the interpreter's limit."""

_SALT = re.compile(r"0x[0-9a-f]{64}")
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class CanonicalError(FairCartError):
    """The value has no canonical JSON form, or the bytes are not one."""


class SaltMissing(CanonicalError):
    """A commitment was asked for something without a 32-byte `salt` member."""


def new_salt() -> str:
    """A fresh `salt` member: 32 random bytes as 0x-prefixed lower-case hex."""
    return "0x" + secrets.token_hex(SALT_BYTES)


def canonical(obj: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    Raises CanonicalError for what JSON or RFC 8785 cannot express: integers beyond 2**53, NaN, lone
    surrogates.
    """
    try:
        return rfc8785.dumps(obj)
    except rfc8785.CanonicalizationError as error:
        raise CanonicalError(f"this value has no canonical JSON form: {error}") from error
    except (UnicodeEncodeError, RecursionError) as error:
        raise CanonicalError(
            "this value has no canonical JSON form: bad text or nested too deeply"
        ) from error


def parse(data: bytes) -> Any:
    """The JSON value whose canonical form is exactly `data`.

    Raises CanonicalError for anything else: bad UTF-8 or JSON, repeated members, nesting beyond MAX_DEPTH,
    or a spelling that is not the canonical one (two spellings of one value would have two commitments).
    """
    _refuse_deep_nesting(data)
    try:
        value = json.loads(data.decode("utf-8"), parse_int=_integer)
    except UnicodeDecodeError as error:
        raise CanonicalError(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise CanonicalError(f"not JSON: {error.msg} at character {error.pos}") from error
    if canonical(value) != data:
        raise CanonicalError("JSON, but not in canonical form (RFC 8785)")
    return value


def commitment(obj: Mapping[str, Any]) -> bytes:
    """sha256 (32 bytes) of the canonical JSON of `obj`, which must hold its own random `salt` member.

    The salt is 32 bytes as 0x-prefixed lower-case hex. Raises SaltMissing if it is absent or misspelt.
    """
    salt = obj.get(SALT_MEMBER)
    if not isinstance(salt, str) or not _SALT.fullmatch(salt):
        raise SaltMissing(
            'a commitment needs a member "salt" with 32 random bytes as 0x-prefixed lower-case hex; '
            "make one with faircart.canonical.new_salt()"
        )
    return hashlib.sha256(canonical(obj)).digest()


def _integer(digits: str) -> int | float:
    # RFC 8785 writes every double without a fraction as an integer; beyond 2**53 it is no int of ours.
    return int(digits) if len(digits) <= 16 and abs(int(digits)) < 2**53 else float(digits)


def _refuse_deep_nesting(data: bytes) -> None:
    # json.loads raises RecursionError at a depth that depends on how deep the caller already is.
    depth = 0
    for token in _NESTING.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise CanonicalError(f"JSON nested deeper than {MAX_DEPTH} levels")
        elif first in b"]}":
            depth -= 1
