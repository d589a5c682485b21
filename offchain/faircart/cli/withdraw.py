# SPDX-License-Identifier: Apache-2.0
"""`faircart withdraw`: as easy as consenting, and without gas."""

import json
from pathlib import Path
from typing import Any

import click

from faircart.cli.ledgers import UnreadableFile, hex_id, read_json
from faircart.cli.options import FILE, customer_options, rights_client


@click.command()
@customer_options
@click.option("--keystore", type=FILE, required=True, help="The customer's Ethereum keystore.")
@click.option("--all", "everything", is_flag=True, help="Withdraw everything, in one step.")
@click.option("--epoch", type=click.IntRange(min=0), help="With --all: not the current epoch, but this one.")
@click.argument("consent", required=False)
def withdraw(
    api: str,
    reading_key: Path,
    password_file: Path,
    keystore: Path,
    everything: bool,
    epoch: int | None,
    consent: str | None,
) -> None:
    """Withdraw the consent CONSENT: its id, or the JSON file of the consent or of its receipt.

    What the consent renewed is withdrawn with it. The shop pays the gas, and is bound from now on.
    """
    if everything == (consent is not None):
        raise click.UsageError("name either a CONSENT or --all")
    client = rights_client(api, reading_key, password_file, keystore=keystore)
    if consent is None:
        next_epoch = client.withdraw_everything() if epoch is None else client.withdraw_all(epoch)
        click.echo(json.dumps({"nextEpoch": next_epoch}))
        return
    from faircart.papers import Consent

    path = Path(consent)
    if path.is_file():
        value: Any = read_json(path, "CONSENT")
        if isinstance(value, dict) and "faircart:consent" in value:
            value = value["faircart:consent"]
        paper = Consent.from_json(value)
        click.echo(json.dumps({"withdrawn": client.withdraw(paper)}))
        return
    if path.suffix or path.parent.name:
        raise UnreadableFile(f"CONSENT: there is no file {consent}")
    click.echo(json.dumps({"withdrawn": client.withdraw_by_id(hex_id(consent, "CONSENT"))}))
