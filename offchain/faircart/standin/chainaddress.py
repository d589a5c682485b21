# SPDX-License-Identifier: Apache-2.0
"""Addresses, keys and message signatures of a MultiChain chain. Pure, apart from new keys.

An address is base58 of version and hash160 interleaved (one version byte before every fifth byte), and a
checksum that is XORed with a value of the chain; a message signature is a Bitcoin compact signature over
another prefix.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from Crypto.Hash import RIPEMD160
from eth_keys.datatypes import PrivateKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MAGIC = b"MultiChain Signed Message:\n"


@dataclass(frozen=True)
class AddressRules:
    """The chain's parameters of these names."""

    pubkeyhash_version: bytes
    checksum_value: bytes
    private_key_version: bytes


@dataclass(frozen=True)
class KeyPair:
    address: str
    pubkey: str
    secret: bytes


def double_sha256(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def new_key(rules: AddressRules) -> KeyPair:
    while True:
        secret = secrets.token_bytes(32)
        try:
            public = PrivateKey(secret).public_key.to_compressed_bytes()
        except ValidationError:
            continue
        return KeyPair(address_of(rules, public), public.hex(), secret)


def address_of(rules: AddressRules, public: bytes) -> str:
    digest = RIPEMD160.new(hashlib.sha256(public).digest()).digest()
    return encode_address(rules, digest)


def encode_address(rules: AddressRules, hash160: bytes) -> str:
    version = rules.pubkeyhash_version
    step = 20 // len(version)
    body = b"".join(version[i : i + 1] + hash160[i * step : (i + 1) * step] for i in range(len(version)))
    body += hash160[step * len(version) :]
    check = double_sha256(body)[:4]
    return _base58(body + bytes(a ^ b for a, b in zip(check, rules.checksum_value, strict=True)))


def is_address(rules: AddressRules, text: str) -> bool:
    raw = _unbase58(text)
    if raw is None or len(raw) != 20 + len(rules.pubkeyhash_version) + 4:
        return False
    body, check = raw[:-4], raw[-4:]
    expected = bytes(a ^ b for a, b in zip(double_sha256(body)[:4], rules.checksum_value, strict=True))
    version = bytes(body[i * 6] for i in range(len(rules.pubkeyhash_version)))
    return check == expected and version == rules.pubkeyhash_version


def encode_private_key(rules: AddressRules, secret: bytes) -> str:
    body, raw = b"", secret + b"\x01"
    version = rules.private_key_version
    step = 33 // len(version)
    for i in range(len(version)):
        body += version[i : i + 1] + raw[i * step : (i + 1) * step]
    body += raw[step * len(version) :]
    check = double_sha256(body)[:4]
    return _base58(body + bytes(a ^ b for a, b in zip(check, rules.checksum_value, strict=True)))


def decode_private_key(rules: AddressRules, text: str) -> bytes | None:
    raw = _unbase58(text)
    version = rules.private_key_version
    if raw is None or len(raw) != 33 + len(version) + 4:
        return None
    step = 33 // len(version)
    secret = b"".join(raw[i * (step + 1) + 1 : (i + 1) * (step + 1)] for i in range(len(version)))
    secret += raw[(step + 1) * len(version) : -4]
    candidate = secret[:32]
    return candidate if encode_private_key(rules, candidate) == text else None


def public_of(secret: bytes) -> bytes:
    return PrivateKey(secret).public_key.to_compressed_bytes()


def _message_digest(message: str) -> bytes:
    raw = message.encode("utf-8", "surrogatepass")
    return double_sha256(bytes([len(_MAGIC)]) + _MAGIC + _compact(len(raw)) + raw)


def _compact(number: int) -> bytes:
    if number < 253:
        return bytes([number])
    if number < 2**16:
        return b"\xfd" + number.to_bytes(2, "little")
    return b"\xfe" + number.to_bytes(4, "little")


def sign_message(secret: bytes, message: str) -> str:
    signature = PrivateKey(secret).sign_msg_hash(_message_digest(message))
    raw = bytes([27 + 4 + signature.v]) + signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big")
    return base64.b64encode(raw).decode()


def is_base64(text: str) -> bool:
    """Whether a node takes `text` for base64: it stops at the first other character, and looks only at how
    much came before and at the padding that follows.
    """
    rest = text.lstrip(_BASE64)
    digits = text[: len(text) - len(rest)]
    missing = -len(digits) % 4
    if missing in (0, 3):
        return missing == 0
    unused_bits = _BASE64.index(digits[-1]) & (15 if missing == 2 else 3)
    after = rest[missing : missing + 1]
    return rest.startswith("=" * missing) and not unused_bits and (not after or after not in _BASE64)


def verify_message(rules: AddressRules, address: str, signature: str, message: str) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if len(raw) != 65 or not 31 <= raw[0] <= 34:
            return False
        recoverable = Signature(raw[1:] + bytes([raw[0] - 31]))
        public = recoverable.recover_public_key_from_msg_hash(_message_digest(message))
    except (binascii.Error, ValueError, BadSignature, ValidationError):
        return False
    return address_of(rules, public.to_compressed_bytes()) == address


def _base58(raw: bytes) -> str:
    number = int.from_bytes(raw, "big")
    digits = ""
    while number:
        number, rest = divmod(number, 58)
        digits = _ALPHABET[rest] + digits
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + digits


def _unbase58(text: str) -> bytes | None:
    number = 0
    for letter in text:
        place = _ALPHABET.find(letter)
        if place < 0:
            return None
        number = number * 58 + place
    leading = len(text) - len(text.lstrip("1"))
    return b"\0" * leading + number.to_bytes((number.bit_length() + 7) // 8, "big")
