"""`faircart import` and `faircart export`."""

import json
from pathlib import Path

import click

from faircart.cli.options import FILE, config_option, load_config


@click.command("import")
@config_option
@click.argument("file", type=FILE)
def import_(config_file: Path, file: Path) -> None:
    """Give a custodian's agent its customers' documents (JSON Lines): all of FILE, or nothing."""
    from faircart.agent import offline

    count = offline.import_documents(load_config(config_file), file)
    click.echo(json.dumps({"imported": count}))


@click.command()
@config_option
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write to."
)
def export(config_file: Path, out: Path) -> None:
    """Write the documents that a consumer bought, decrypted: one file an exchange."""
    from faircart.agent import offline

    count = offline.export_documents(load_config(config_file), out)
    click.echo(json.dumps({"exported": count}))
