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

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(dir_okay=False, path_type=Path)


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
            "--password-file", type=FILE, required=True, help="Password of the customer's key files."
        ),
        click.option("--reading-key", type=FILE, required=True, help="The customer's reading key file."),
        click.option("--api", required=True, help="Address of the custodian's API."),
    ):
        command = option(command)
    return command


def customer_client(
    api: str, reading_key: Path, password_file: Path, *, keystore: Path | None = None, customer: str = ""
) -> "CustomerClient":
    """The customer's client; with `keystore` it can sign."""
    from faircart import keys
    from faircart.agent.client import CustomerClient
    from faircart.agent.config import read_secret

    password = read_secret(password_file, "--password-file")
    account = None if keystore is None else keys.load_account(keystore, password)
    return CustomerClient(api, account, keys.load_hpke_key(reading_key, password).private, customer)


def rights_client(
    api: str, reading_key: Path, password_file: Path, *, keystore: Path | None = None, customer: str = ""
) -> "RightsClient":
    """The client of a customer who exercises its rights; with `keystore` it can sign."""
    from faircart import keys
    from faircart.agent.config import read_secret
    from faircart.rights.customer import RightsClient

    password = read_secret(password_file, "--password-file")
    account = None if keystore is None else keys.load_account(keystore, password)
    return RightsClient(api, account, keys.load_hpke_key(reading_key, password).private, customer)
