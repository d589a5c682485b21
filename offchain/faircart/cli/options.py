# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from faircart.agent.client import CustomerClient
    from faircart.agent.config import Config
    from faircart.rights.customer import RightsClient

from faircart.errors import FairCartError

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(dir_okay=False, path_type=Path)


class Account(click.ParamType):
    """An Ethereum address, given with its checksum to the command."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from faircart.papers import PaperError, account_address

        try:
            return account_address("", value)
        except PaperError as error:
            self.fail(str(error).removeprefix(": "), param, ctx)


class ReadingKey(click.ParamType):
    """A customer's public reading key: 0x-hex, the suite's id in front."""

    name = "key"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from faircart import envelope

        try:
            key = bytes.fromhex(str(value).removeprefix("0x"))
            envelope.decode_public_key(key)
        except (ValueError, envelope.KeyUnusable):
            self.fail("no reading key; take `readingKey` of what `faircart customer new` prints", param, ctx)
        return "0x" + key.hex()


ACCOUNT = Account()
READING_KEY = ReadingKey()


class UnwritableFile(FairCartError):
    """A file that the user names cannot be written."""


def config_option(command: F) -> F:
    """`-c FILE`, the agent's configuration."""
    return click.option(
        "-c", "--config", "config_file", type=FILE, required=True, help="The agent's TOML file."
    )(command)


def load_config(path: Path) -> "Config":
    """The configuration in a file."""
    from faircart.agent.config import load

    return load(path)


def customer_options(command: F) -> F:
    """`--api`, `--reading-key`, `--password-file`: a customer's side."""
    for option in (
        click.option(
            "--password-file",
            type=FILE,
            help="Password of the customer's key files (default: asked for, or FAIRCART_PASSWORD_FILE).",
        ),
        click.option("--reading-key", type=FILE, required=True, help="The customer's reading key file."),
        click.option("--api", required=True, help="Address of the custodian's API."),
    ):
        command = option(command)
    return command


def customer_client(
    api: str,
    reading_key: Path,
    password_file: Path | None,
    *,
    keystore: Path | None = None,
    customer: str = "",
) -> "CustomerClient":
    """The customer's client; with `keystore` it can sign."""
    from faircart import keys
    from faircart.agent.client import CustomerClient

    password = keys.read_password("the customer's key files", file=password_file)
    account = None if keystore is None else keys.load_account(keystore, password)
    return CustomerClient(api, account, keys.load_hpke_key(reading_key, password).private, customer)


def rights_client(
    api: str,
    reading_key: Path,
    password_file: Path | None,
    *,
    keystore: Path | None = None,
    customer: str = "",
) -> "RightsClient":
    """The client of a customer who exercises its rights; with `keystore` it can sign."""
    from faircart import keys
    from faircart.rights.customer import RightsClient

    password = keys.read_password("the customer's key files", file=password_file)
    account = None if keystore is None else keys.load_account(keystore, password)
    return RightsClient(api, account, keys.load_hpke_key(reading_key, password).private, customer)


def write_private(path: Path, data: bytes, option: str = "--out") -> None:
    """Writes a file that only its owner may read: the whole of it, or nothing. Raises UnwritableFile."""
    import os
    import tempfile

    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a pipe, a terminal; a folder says that it is one
            return
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UnwritableFile(f"{option}: {path} cannot be written: {error.strerror}") from None


def make_folder(path: Path, option: str = "--out") -> None:
    """A folder that only its owner may enter, if there is none yet. Raises UnwritableFile."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UnwritableFile(f"{option}: {path} cannot be made: {error.strerror}") from None
