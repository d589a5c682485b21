# SPDX-License-Identifier: Apache-2.0
"""`faircart erase`: a customer has its data erased, category by category, and gets a certificate."""

import json
from pathlib import Path

import click

from faircart.cli.options import FILE, customer_options, rights_client, write_private


@click.group(invoke_without_command=True)
@customer_options
@click.option("--keystore", type=FILE, required=True, help="The customer's Ethereum keystore.")
@click.option("--category", "categories", multiple=True, help="What to erase; may be repeated.")
@click.pass_context
def erase(
    context: click.Context,
    api: str,
    reading_key: Path,
    password_file: Path,
    keystore: Path,
    categories: tuple[str, ...],
) -> None:
    """Withdraw all consents in a category, and have its keys destroyed at the shop and at every recipient."""
    client = rights_client(api, reading_key, password_file, keystore=keystore)
    context.obj = client
    if context.invoked_subcommand is not None:
        return
    if not categories:
        raise click.UsageError("name at least one --category")
    said: dict[str, object] = {"erasure": client.erase(categories)}
    held = {one.category for one in client.holdings().documents if one.current}
    if "orders" in categories and "preferences" in held - set(categories):
        said["stays"] = "preferences, which follow from these orders: name that category, too"
    click.echo(json.dumps(said))


@erase.command()
@click.option("--out", type=FILE, help="Write the certificates there as a JSON list.")
@click.pass_obj
def certificate(client: object, out: Path | None) -> None:
    """Show the certificates: what was destroyed, by whom, and what cannot be erased."""
    from faircart.documents import show
    from faircart.rights.customer import RightsClient

    assert isinstance(client, RightsClient)
    found = client.certificates()
    for value in found:
        click.echo(show("erasure-certificate", value))
    if not found:
        click.echo("No erasure is certified yet: recipients have 30 days to acknowledge.")
    if out is not None:
        write_private(out, (json.dumps(found, indent=1) + "\n").encode())
