# SPDX-License-Identifier: Apache-2.0
"""`faircart proof`: a self-contained proof of existence, and its check."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from faircart.cli.ledgers import (
    LedgerUnnamed,
    hex_id,
    ledger_options,
    open_ledgers,
    read_canonical,
    read_json,
)
from faircart.cli.options import ACCOUNT, FILE, rights_client, write_private
from faircart.errors import FairCartError

if TYPE_CHECKING:
    from faircart.rights.holdings import Holdings


class NoLongerHeld(FairCartError):
    """The document of a consent was erased, or replaced and given up."""


@click.group(invoke_without_command=True)
@ledger_options
@click.option("--consent", help="Prove the data set of this consent (id); with --api and the options below.")
@click.option("--api", help="Address of the custodian's API.")
@click.option("--customer", type=ACCOUNT, help="The customer's Ethereum address.")
@click.option("--reading-key", type=FILE, help="The customer's reading key file.")
@click.option("--password-file", type=FILE, help="Password of the customer's key files.")
@click.option(
    "--order",
    help="Prove an order: its id, with --api and what is below; or its quote's file, with --document.",
)
@click.option("--document", type=FILE, help="The order document that the paper's orderHash commits to.")
@click.option("--out", type=FILE, help="Where to write the proof.")
@click.pass_context
def proof(context: click.Context, /, **options: Any) -> None:
    """Write a file that proves that an order or a data set existed: document, salt, transaction, block."""
    from faircart.canonical import canonical

    if context.invoked_subcommand is not None:
        return
    if (options["consent"] is None) == (options["order"] is None) or options["out"] is None:
        raise click.UsageError("name --out FILE and either --consent ID or --order FILE")
    made = _data_set(options) if options["consent"] is not None else _order(options)
    path: Path = options["out"]
    write_private(path, canonical(made))
    click.echo(json.dumps({"proof": str(path), "id": made["id"]}))


def _holdings(options: dict[str, Any], option: str) -> "Holdings":
    for name in ("api", "customer", "reading_key", "password_file"):
        if options[name] is None:
            raise LedgerUnnamed(f"--{name.replace('_', '-')} is needed with {option}")
    client = rights_client(
        options["api"], options["reading_key"], options["password_file"], customer=options["customer"]
    )
    return client.holdings()


def _data_set(options: dict[str, Any]) -> dict[str, Any]:
    from faircart.rights import proofs

    consent_id = hex_id(options["consent"], "--consent")
    holdings = _holdings(options, "--consent")
    consent = holdings.consent(consent_id)
    held = holdings.document(consent.paper.data_root)
    if held is None:
        raise NoLongerHeld("The custodian does not hold the document of this consent any more")
    ledgers = open_ledgers(options, options["api"])
    return proofs.of_data_set(held.plain_chunks, consent.record, consent.paper, ledgers)


def _order(options: dict[str, Any]) -> dict[str, Any]:
    from faircart.papers import Order
    from faircart.rights import proofs

    file = Path(options["order"])
    if file.is_file():
        if options["document"] is None:
            raise LedgerUnnamed("--document is needed with the file of a quote")
        value = read_json(file, "--order")
        if isinstance(value, dict) and value.get("paper") == "Order":
            value = value.get("message")  # the file of a quote, as the shop handed it out
        paper, document = Order.from_json(value), read_json(options["document"], "--document")
    else:
        order_id = hex_id(options["order"], "--order, no file")
        paper, document = _holdings(options, "--order ID").order(order_id)
    ledgers = open_ledgers(options, options["api"] or "unused:")
    return proofs.of_order(document, paper, ledgers)


@proof.command()
@ledger_options
@click.option("--offline", is_flag=True, help="Check only what the file shows by itself.")
@click.argument("file", type=FILE)
def verify(file: Path, offline: bool, **options: Any) -> None:
    """Check a proof by itself and against an Ethereum node that you trust."""
    from faircart.rights import proofs

    value = read_canonical(file, "FILE")
    shown = proofs.check_alone(value)
    if not offline:
        shown = proofs.verify(value, open_ledgers(options, "unused:"))
    for line in shown.checks:
        click.echo(f"ok  {line}")
    if offline:
        click.echo("Not checked: that Ethereum holds the event; give --ethereum-url and --network for that.")
