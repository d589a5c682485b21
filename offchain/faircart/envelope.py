# SPDX-License-Identifier: Apache-2.0
"""Envelopes: bytes sealed to one reader's key with HPKE (RFC 9180, base mode, single shot).

Suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. An offer's envelope is sealed to the
request key with info = `faircart/envelope/1` ‖ request id (32 raw bytes), so that it opens for that request
only; receipts, access log and erasures use an info of their own with `seal_to`. The sealed form is the
encapsulated key (32 bytes) ‖ ciphertext ‖ tag (16 bytes): 48 bytes more than the payload.

The id of the suite stands beside every key that is written down: as 10 bytes in front of it
(`encode_public_key`) or as a JSON member (`public_key_to_json`). HPKE authenticates the reader only; who
wrote it, what is inside must say.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from faircart.errors import FairCartError

SUITE_ID = b"HPKE" + (0x0020).to_bytes(2, "big") + (0x0001).to_bytes(2, "big") + (0x0003).to_bytes(2, "big")
"""RFC 9180 section 5.1: "HPKE" ‖ KEM id ‖ KDF id ‖ AEAD id."""
SUITE_NAME = "HPKE-0020-0001-0003"
"""The same three ids as text, for JSON and for people."""
ENVELOPE_INFO = b"faircart/envelope/1"
KEY_BYTES = 32
REQUEST_ID_BYTES = 32
OVERHEAD_BYTES = 48

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class EnvelopeError(FairCartError):
    """Base of the errors of envelopes."""


class KeyUnusable(EnvelopeError):
    """A key is not one of the suite that FairCart uses."""


class CannotOpen(EnvelopeError):
    """The envelope was sealed to another key, for another purpose or request, or was altered."""


def new_request_key() -> tuple[bytes, bytes]:
    """A fresh X25519 key pair as raw bytes: (private, public), 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_key_of(private: bytes) -> bytes:
    """The public key (32 bytes) of a private one. Raises KeyUnusable unless it has 32 bytes."""
    return _private(private).public_key().public_bytes_raw()


def seal_envelope(request_id: bytes, public: bytes, payload: bytes) -> bytes:
    """`payload` sealed to the request key `public` of the request with that id (32 bytes)."""
    return seal_to(_envelope_info(request_id), public, payload)


def open_envelope(request_id: bytes, private: bytes, sealed: bytes) -> bytes:
    """The payload of an envelope of that request. Raises CannotOpen."""
    return open_from(_envelope_info(request_id), private, sealed)


def seal_to(info: bytes, public: bytes, payload: bytes) -> bytes:
    """`payload` sealed to `public` (32 raw bytes) for the purpose that `info` names.

    Raises KeyUnusable for bytes that are no usable X25519 public key.
    """
    if len(public) != KEY_BYTES:
        raise KeyUnusable(f"an X25519 public key has {KEY_BYTES} bytes, this one {len(public)}")
    try:
        return _SUITE.encrypt(payload, X25519PublicKey.from_public_bytes(public), info)
    except ValueError as error:
        raise KeyUnusable("this X25519 public key is a point of low order: nobody can own it") from error


def open_from(info: bytes, private: bytes, sealed: bytes) -> bytes:
    """The payload that `seal_to` sealed with the same `info` to the public key of `private`.

    Raises CannotOpen, which does not tell which of key, info and bytes is wrong, and KeyUnusable.
    """
    key = _private(private)
    if len(sealed) < OVERHEAD_BYTES:
        raise CannotOpen(f"{len(sealed)} bytes are too few for a sealed envelope")
    try:
        return _SUITE.decrypt(sealed, key, info)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(
            "this envelope does not open: sealed to another key or for another request, or altered"
        ) from error


def open_with_any(info: bytes, privates: Sequence[bytes], sealed: bytes) -> bytes:
    """As `open_from`, with the first of `privates` that opens it: keys are rotated. Raises CannotOpen."""
    for private in privates[:-1]:
        with contextlib.suppress(CannotOpen):
            return open_from(info, private, sealed)
    return open_from(info, privates[-1], sealed)


def encode_public_key(public: bytes) -> bytes:
    """`SUITE_ID` ‖ public key, 42 bytes: how keys stand in bindings and streams (`Binding.hpkeKey`)."""
    if len(public) != KEY_BYTES:
        raise KeyUnusable(f"an X25519 public key has {KEY_BYTES} bytes, this one {len(public)}")
    return SUITE_ID + public


def decode_public_key(encoded: bytes) -> bytes:
    """The key (32 bytes) that `encode_public_key` wrote. Raises KeyUnusable, also for other suites."""
    if not encoded.startswith(SUITE_ID) or len(encoded) != len(SUITE_ID) + KEY_BYTES:
        raise KeyUnusable(f"expected a key of the suite {SUITE_NAME} ({len(SUITE_ID) + KEY_BYTES} bytes)")
    return encoded[len(SUITE_ID) :]


def public_key_to_json(public: bytes) -> dict[str, str]:
    """`{"suite": …, "publicKey": 0x-hex}`."""
    encode_public_key(public)
    return {"suite": SUITE_NAME, "publicKey": "0x" + public.hex()}


def public_key_from_json(value: Any) -> bytes:
    """The key (32 bytes) that `public_key_to_json` wrote. Raises KeyUnusable, also for other suites."""
    if not isinstance(value, Mapping) or set(value) != {"suite", "publicKey"}:
        raise KeyUnusable('expected an object with "suite" and "publicKey"')
    if value["suite"] != SUITE_NAME:
        raise KeyUnusable(f"expected a key of the suite {SUITE_NAME}")
    text = value["publicKey"]
    if not isinstance(text, str) or not re.fullmatch(r"0x[0-9a-f]{64}", text):
        raise KeyUnusable("expected 32 bytes as 0x-prefixed lower-case hex")
    return bytes.fromhex(text[2:])


def _envelope_info(request_id: bytes) -> bytes:
    if len(request_id) != REQUEST_ID_BYTES:
        raise EnvelopeError(f"a request id has {REQUEST_ID_BYTES} bytes, this one {len(request_id)}")
    return ENVELOPE_INFO + request_id


def _private(private: bytes) -> X25519PrivateKey:
    if len(private) != KEY_BYTES:
        raise KeyUnusable(f"an X25519 private key has {KEY_BYTES} bytes, this one {len(private)}")
    return X25519PrivateKey.from_private_bytes(private)
