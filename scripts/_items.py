# SPDX-License-Identifier: Apache-2.0
"""Documents, items and secrets of an exchange as files.

| file | what | who has it |
|---|---|---|
| version | the document with the random bytes that blind its leaves | customer and custodian |
| item | the sealed container, as it is published | everybody, harmless |
| secrets | JSON with `key` and `pad` | the custodian |
| pad | JSON with `pad` alone | the consumer, from the envelope |
"""

import json
import os
from pathlib import Path

import click
from faircart.errors import FairCartError
from faircart.sealing import DocumentVersion, Item, container, new_key, pad_document
from faircart.sealing import seal as seal_item

from scripts._connected import FileCommand

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


def refuse_existing(*paths: Path) -> None:
    """Raises ClickException if one of these files exists: an overwritten secret is lost."""
    for path in paths:
        if path.exists():
            raise click.ClickException(f"{path} exists; it is not overwritten. Name another file.")


def write_secret(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Writes a new file that only its owner can read. Raises ClickException if there is one."""
    refuse_existing(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def write_secrets(path: Path, **secrets: bytes) -> None:
    """Writes 32-byte secrets by name."""
    write_secret(path, json.dumps({name: "0x" + value.hex() for name, value in secrets.items()}).encode())


def read_secret(path: Path, name: str) -> bytes:
    """The 32 bytes called `name` in a secrets file. The message of an error never holds them."""
    try:
        value = bytes.fromhex(json.loads(path.read_text())[name].removeprefix("0x"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        value = b""
    if len(value) != 32:
        raise click.ClickException(f"{path} holds no {name} of 32 bytes; name the file that `seal` wrote.")
    return value


def read_item(path: Path) -> Item:
    """The item in a container file. Raises ClickException, naming the file, if it is none."""
    try:
        return container.decode(path.read_bytes())
    except FairCartError as error:
        raise click.ClickException(f"{path}: {error}") from error


def add_item_commands(group: click.Group) -> None:
    """Adds the commands that make versions and items; they need no network."""

    @group.command(cls=FileCommand)
    @click.argument("document", type=FILE)
    @click.option("--version", type=NEW_FILE, required=True, help="File to write, kept secret.")
    def prepare(document: Path, version: Path) -> None:
        """Make a version of DOCUMENT: what a customer can consent to. Prints its data root."""
        try:
            made = DocumentVersion.make(pad_document(document.read_bytes()))
        except FairCartError as error:
            raise click.ClickException(f"{document}: {error}") from error
        write_secret(version, made.plaintext)
        click.echo("0x" + made.root.hex())

    @group.command(cls=FileCommand)
    @click.argument("version", type=FILE)
    @click.option("--item", type=NEW_FILE, required=True, help="Container to write, for publishing.")
    @click.option("--secrets", type=NEW_FILE, required=True, help="File to write: key and pad.")
    @click.option("--pad", type=NEW_FILE, required=True, help="File to write: the pad, for the consumer.")
    def seal(version: Path, item: Path, secrets: Path, pad: Path) -> None:
        """Seal VERSION for one offer, under a fresh key. Prints the item's root."""
        try:
            plain = DocumentVersion.from_plaintext(version.read_bytes())
        except FairCartError as error:
            raise click.ClickException(f"{version}: {error}") from error
        refuse_existing(item, secrets, pad)
        if len({path.resolve() for path in (item, secrets, pad)}) != 3:
            raise click.UsageError("--item, --secrets and --pad have to name three files.")
        key, cover = new_key(), new_key()
        sealed = seal_item(plain, key, cover)
        # The item first: where it cannot be written, no secrets lie about that belong to nothing.
        write_secret(item, container.encode(sealed), mode=0o644)
        write_secrets(secrets, key=key, pad=cover)
        write_secrets(pad, pad=cover)
        click.echo("0x" + sealed.item_root.hex())
