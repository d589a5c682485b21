"""`faircart ledger`: the access log as its customer reads it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from faircart.cli.options import customer_client, customer_options

LINES = (
    ("who", "who"),
    ("what", "what"),
    ("with whom", "withWhom"),
    ("means", "means"),
    ("purpose", "purpose"),
    ("condition", "condition"),
)


@click.command()
@customer_options
@click.option("--customer", required=True, help="The customer's Ethereum address.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def ledger(api: str, reading_key: Path, password_file: Path, customer: str, as_json: bool) -> None:
    """Show every access: who, what, with whom, when, how, for what purpose, under what condition."""
    entries = customer_client(api, reading_key, password_file, customer=customer).access_log()
    if as_json:
        click.echo(json.dumps(entries))
        return
    for line in ledger_lines(entries):
        click.echo(line)
    if not entries:
        click.echo("No access is recorded for this customer.")


def ledger_lines(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lines in which a person reads entries of `CustomerClient.access_log`."""
    for entry in entries:
        yield f"{entry['when']}  {entry['step']}"
        for label, name in LINES:
            yield f"  {label:<10} {entry[name]}"
