# SPDX-License-Identifier: Apache-2.0
"""What could be linked: every field of the sample, plain and hashed, against what both ledgers show."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from eth_utils.crypto import keccak
from faircart.canonical import canonical

HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s")
SHORTEST = 4
"""Shorter values (such as a quantity of 6) are in everything, and lead to nobody."""


def fields(value: Any) -> Iterator[str]:
    """Every scalar of a document, as text."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)
    elif value is not None:
        yield str(value)


def spellings(text: str) -> set[bytes]:
    """Ways in which somebody may have written a value before hashing it."""
    spaced = " ".join(text.split())
    said = {
        text,
        text.lower(),
        text.upper(),
        text.strip(),
        json.dumps(text),
        text + "\n",
        text + " ",
        " " + text,
    }
    said |= {spaced, spaced.lower(), spaced.upper(), spaced.replace(" ", ""), text.title(), text.casefold()}
    return {one.encode() for one in said} | {text.encode("utf-16-le"), *as_word(text)}


def as_word(text: str) -> list[bytes]:
    """A number or a short text as Solidity writes it: 32 bytes."""
    data = text.encode()
    short = [data.ljust(32, b"\0"), data.rjust(32, b"\0")] if len(data) <= 32 else []
    return [*short, int(text).to_bytes(32, "big")] if text.isdecimal() and len(text) < 77 else short


def digests(data: bytes) -> Iterator[bytes]:
    """The common hashes of a value, and hashes of its hash in hex."""
    for name in HASHES:
        digest = hashlib.new(name, data).digest()
        yield digest
        yield hashlib.sha256(digest.hex().encode()).digest()
    yield keccak(data)
    yield hashlib.sha256(hashlib.sha256(data).digest()).digest()


class Traces:
    """Plain values and hashes to look for."""

    def __init__(self, values: Iterable[str], documents: Iterable[Any]) -> None:
        self.values = sorted({value for value in values if len(value) >= SHORTEST})
        known: dict[bytes, str] = {}
        for value in self.values:
            for data in spellings(value):
                for digest in digests(data):
                    known[digest] = value
        for document in documents:
            for digest in digests(canonical(document)):
                known[digest] = "a whole document"
        self.hashes = known
        # Looked for by their first 16 bytes, so that hashes that were cut are found, too.
        self._starts = {digest[:16]: value for digest, value in known.items()}
        self._tokens = {value.encode() for value in self.values}
        self._words = {word: value for value in self.values for word in as_word(value)}

    def in_bytes(self, data: bytes) -> list[str]:
        """What is found in binary data: a hash or a word at any place, a value of 8 characters and more."""
        windows = (data[at : at + 16] for at in range(len(data) - 15))
        found = [self._starts[window] for window in windows if window in self._starts]
        words = (data[at : at + 32] for at in range(len(data) - 31))
        found += [self._words[word] for word in words if word in self._words]
        return found + [value for value in self.values if len(value) >= 8 and value.encode() in data]

    def in_text(self, text: str) -> list[str]:
        """What is found in a key, a name or another token: a value itself, or a hash in hex or base64."""
        found = [text] if text.encode() in self._tokens else []
        raw = text.removeprefix("0x")
        for decode in (bytes.fromhex, base64.b64decode):
            try:
                found += self.in_bytes(decode(raw))
            except ValueError:
                continue
        return found + [value for value in self.values if len(value) >= 8 and value in text]
