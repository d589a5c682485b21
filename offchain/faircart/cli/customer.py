# SPDX-License-Identifier: Apache-2.0
"""`faircart customer`: what a person needs to buy, to consent and to read what is sealed to it."""

import json
from pathlib import Path

import click

from faircart.cli.options import FILE, make_folder


@click.group()
def customer() -> None:
    """Make a customer's keys."""


@customer.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--password-file", type=FILE, required=True, help="Password of both key files.")
@click.option("--ethereum-key-file", type=FILE, help="File with an Ethereum private key (hex) to use.")
def new(folder: Path, password_file: Path, ethereum_key_file: Path | None) -> None:
    """Make an Ethereum account and a reading key in FOLDER; prints their public parts.

    A shop seals to the reading key what only this customer may read. Use a fresh account for each shop:
    what an account does is visible to everybody.
    """
    from faircart import envelope, keys
    from faircart.agent.config import read_secret
    from faircart.agent.founding import private_key

    password = read_secret(password_file, "--password-file")
    given = private_key(ethereum_key_file)
    account_file, reading_file = folder / "ethereum.json", folder / "reading.json"
    for path in (account_file, reading_file):
        if path.exists():
            raise keys.KeyFileExists(f"{path} is there already: choose another folder")
    make_folder(folder, "FOLDER")
    if given is None:
        keys.create_account(account_file, password)
    else:
        keys.save_account(account_file, password, given)
    reading = keys.create_hpke_key(reading_file, password)
    printed = {
        "address": keys.load_account(account_file, password).address,
        "readingKey": "0x" + envelope.encode_public_key(reading.public).hex(),
    }
    click.echo(json.dumps(printed))
