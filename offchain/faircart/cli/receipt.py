# SPDX-License-Identifier: Apache-2.0
"""`faircart receipt`: get one's consent receipts, and check any."""

import json
import time
from pathlib import Path
from typing import Any

import click

from faircart.cli.ledgers import ledger_options, open_ledgers, open_source, read_canonical, read_json
from faircart.cli.options import ACCOUNT, FILE, customer_options, make_folder, rights_client, write_private
from faircart.errors import FairCartError


class NotActive(FairCartError):
    """A receipt is genuine, but its consent has ended."""


@click.group()
def receipt() -> None:
    """Get consent receipts, read them, check them against both ledgers."""


@receipt.command()
@customer_options
@ledger_options
@click.option("--customer", type=ACCOUNT, required=True, help="The customer's Ethereum address.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def save(api: str, reading_key: Path, password_file: Path, customer: str, out: Path, **options: Any) -> None:
    """Write every receipt that is sealed to the customer: one file a consent, <consent id>.json.

    The files are canonical JSON (RFC 8785): keep them byte for byte, `receipt show` tells what they say.
    """
    from faircart.canonical import canonical

    client = rights_client(api, reading_key, password_file, customer=customer)
    found = client.receipts(open_source(options, api))
    make_folder(out)
    for consent_id, value in sorted(found.items()):
        write_private(out / f"{consent_id}.json", canonical(value))
    click.echo(json.dumps({"receipts": sorted(found)}))


@receipt.command()
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """Say in plain words what a receipt says; exit code 1 if it is not as its custodian signed it.

    Neither ledger is asked: that is for `receipt verify`.
    """
    from faircart.documents import show as in_words
    from faircart.rights import receipts
    from faircart.rights.ledgers import CheckFailed

    value = read_json(file, "FILE")
    text = in_words("consent-receipt", value)
    try:
        receipts.check_alone(value)
    except CheckFailed as error:
        click.echo(f"NOT GENUINE: {error}\n")
        click.echo(text)
        raise
    click.echo(text)


@receipt.command()
@ledger_options
@click.option("--allow-ended", is_flag=True, help="A consent that has ended is no failure.")
@click.argument("file", type=FILE)
def verify(file: Path, allow_ended: bool, **options: Any) -> None:
    """Check a receipt by itself and against both ledgers, and say what it proves.

    Exit code 1 with the name of the check that failed, also if the consent has ended.
    """
    from faircart.rights import receipts

    value = read_canonical(file, "FILE")
    receipts.check_alone(value)
    verdict = receipts.verify(value, open_ledgers(options), int(time.time()))
    for line in verdict.checks:
        click.echo(f"ok  {line}")
    for line in verdict.proves:
        click.echo(f"It proves {line}.")
    if not verdict.active and not allow_ended:
        raise NotActive(f"state: the receipt is genuine, but the consent is {verdict.state}")
