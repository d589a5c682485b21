"""`faircart withdraw`: as easy as consenting, and without gas."""

import json
from pathlib import Path

import click

from faircart.cli.options import FILE, customer_client, customer_options


@click.command()
@customer_options
@click.option("--keystore", type=FILE, required=True, help="The customer's Ethereum keystore.")
@click.option(
    "--all", "epoch", type=click.IntRange(min=0), help="Withdraw everything of this epoch (0 at first)."
)
@click.argument("consent", required=False, type=FILE)
def withdraw(
    api: str, reading_key: Path, password_file: Path, keystore: Path, epoch: int | None, consent: Path | None
) -> None:
    """Withdraw the consent in the JSON file CONSENT, or with --all everything of an epoch."""
    if (epoch is None) == (consent is None):
        raise click.UsageError("name either a CONSENT file or --all EPOCH")
    client = customer_client(api, reading_key, password_file, keystore=keystore)
    if consent is not None:
        from faircart.papers import Consent

        paper = Consent.from_json(json.loads(consent.read_text(encoding="utf-8")))
        click.echo(json.dumps({"withdrawn": client.withdraw(paper)}))
    elif epoch is not None:
        click.echo(json.dumps({"nextEpoch": client.withdraw_all(epoch)}))
