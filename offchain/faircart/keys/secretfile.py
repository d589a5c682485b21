# SPDX-License-Identifier: Apache-2.0
"""Secrets of 32 bytes in files, encrypted with a password: HPKE keys and the key of the vault.

A file is a JSON object: `faircart` (what the file holds), `version` 1, for HPKE keys `suite` and `publicKey`,
`kdf` {`name` scrypt, `n`, `r`, `p`, `salt`}, `cipher` {`name` chacha20-poly1305, `nonce`, `ciphertext`};
bytes are 0x-hex. The password's scrypt (RFC 7914) is the key; all members but `cipher` are authenticated with
the secret, as canonical JSON, so that no file can be passed off as another.
"""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from faircart import envelope
from faircart.canonical import CanonicalError, canonical
from faircart.keys.errors import KeyFileBroken, PasswordWrong
from faircart.keys.files import read_json, write_json

SCRYPT_WORK = 2**17
_MAX_WORK = 2**20
_BLOCK_SIZE = 8
SECRET_BYTES = 32
HPKE_KEY = "hpke-key"
VAULT_KEY = "vault-key"


@dataclass(frozen=True, repr=False)
class HpkeKey:
    """An X25519 key pair: 32 raw bytes each. Its representation shows no secret."""

    private: bytes
    public: bytes

    def __repr__(self) -> str:
        return f"HpkeKey(public=0x{self.public.hex()})"


def create_hpke_key(path: Path | str, password: str, *, work: int = SCRYPT_WORK) -> HpkeKey:
    """A fresh HPKE key, stored at `path`: an enterprise's key or a customer's reading key.

    Raises KeyFileExists, KeyFileBroken. `work` is scrypt's N, a power of two.
    """
    private, public = envelope.new_request_key()
    _create(Path(path), HPKE_KEY, private, password, work, envelope.public_key_to_json(public))
    return HpkeKey(private, public)


def load_hpke_key(path: Path | str, password: str) -> HpkeKey:
    """The HPKE key at `path`. Raises PasswordWrong, KeyFileBroken."""
    private = _load(Path(path), HPKE_KEY, password)
    return HpkeKey(private, envelope.public_key_of(private))


def load_former_hpke_keys(path: Path | str, password: str) -> list[HpkeKey]:
    """The keys that rotations kept beside the one at `path` as `path`.1, `path`.2 and so on, newest first.

    Raises PasswordWrong, KeyFileBroken.
    """
    path = Path(path)
    numbers = [file.name.removeprefix(f"{path.name}.") for file in path.parent.glob(f"{path.name}.*")]
    kept = sorted(
        (int(number) for number in numbers if re.fullmatch(r"[1-9][0-9]{0,2}", number)), reverse=True
    )
    return [load_hpke_key(path.with_name(f"{path.name}.{number}"), password) for number in kept]


def read_public_key(path: Path | str) -> bytes:
    """The public half (32 bytes) of the HPKE key at `path`, without the password. Raises KeyFileBroken."""
    file = _header(Path(path), HPKE_KEY)
    try:
        return envelope.public_key_from_json({name: file.get(name) for name in ("suite", "publicKey")})
    except envelope.KeyUnusable as error:
        raise KeyFileBroken(f"{path} is a damaged key file: {error}") from error


def create_vault_key(path: Path | str, password: str, *, work: int = SCRYPT_WORK) -> bytes:
    """A fresh vault key (32 bytes), stored at `path`. Raises KeyFileExists, KeyFileBroken."""
    key = secrets.token_bytes(SECRET_BYTES)
    _create(Path(path), VAULT_KEY, key, password, work, {})
    return key


def load_vault_key(path: Path | str, password: str) -> bytes:
    """The vault key (32 bytes) at `path`. Raises PasswordWrong, KeyFileBroken."""
    return _load(Path(path), VAULT_KEY, password)


def _create(path: Path, kind: str, secret: bytes, password: str, work: int, public: dict[str, str]) -> None:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    kdf = {"name": "scrypt", "n": work, "r": _BLOCK_SIZE, "p": 1, "salt": _hex(salt)}
    header = {"faircart": kind, "version": 1, **public, "kdf": kdf}
    ciphertext = ChaCha20Poly1305(_stretch(password, salt, work)).encrypt(nonce, secret, canonical(header))
    cipher = {"name": "chacha20-poly1305", "nonce": _hex(nonce), "ciphertext": _hex(ciphertext)}
    write_json(path, header | {"cipher": cipher})


def _load(path: Path, kind: str, password: str) -> bytes:
    file = _header(path, kind)
    damaged = KeyFileBroken(f"{path} is a damaged key file")
    kdf, cipher = file.get("kdf"), file.pop("cipher", None)
    if not isinstance(kdf, dict) or not isinstance(cipher, dict):
        raise damaged
    work = kdf.get("n")
    # Bounded, so that a hostile file cannot make us allocate what it likes.
    if not isinstance(work, int) or not 2 <= work <= _MAX_WORK or work & (work - 1):
        raise damaged
    if (kdf.get("name"), kdf.get("r"), kdf.get("p")) != ("scrypt", _BLOCK_SIZE, 1):
        raise damaged
    salt, nonce = _bytes(kdf.get("salt"), 16), _bytes(cipher.get("nonce"), 12)
    ciphertext = _bytes(cipher.get("ciphertext"), SECRET_BYTES + 16)
    if salt is None or nonce is None or ciphertext is None or cipher.get("name") != "chacha20-poly1305":
        raise damaged
    try:
        return ChaCha20Poly1305(_stretch(password, salt, work)).decrypt(nonce, ciphertext, canonical(file))
    except InvalidTag:
        raise PasswordWrong(f"the password does not open {path}, or the file was altered") from None
    except CanonicalError:
        raise damaged from None


def _header(path: Path, kind: str) -> dict[str, Any]:
    file = read_json(path)
    if file.get("faircart") != kind or file.get("version") != 1:
        raise KeyFileBroken(f"{path} is not a FairCart key file of the kind {kind}, version 1")
    return file


def _stretch(password: str, salt: bytes, work: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=work, r=_BLOCK_SIZE, p=1).derive(password.encode())


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _bytes(value: Any, length: int) -> bytes | None:
    if not isinstance(value, str) or not re.fullmatch(rf"0x[0-9a-f]{{{2 * length}}}", value):
        return None
    return bytes.fromhex(value[2:])
