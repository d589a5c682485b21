# SPDX-License-Identifier: Apache-2.0
"""`faircart import` and `faircart export`: documents and portability archives, into and out of an agent."""

import json
import time
from pathlib import Path
from typing import Any

import click

from faircart.cli.ledgers import LedgerUnnamed, ledger_options, open_ledgers
from faircart.cli.options import ACCOUNT, FILE, load_config, rights_client, write_private


@click.command("import")
@click.option("-c", "--config", "config_file", type=FILE, required=True, help="The agent's TOML file.")
@click.option(
    "--derive-preferences", is_flag=True, help="Also make the category preferences from each orders document."
)
@click.option(
    "--customer", type=ACCOUNT, help="For an archive: the customer's address here, if it is another one."
)
@click.option("--reading-key", type=FILE, help="For an archive: the customer's reading key here, likewise.")
@click.argument("file", type=FILE)
def import_(
    config_file: Path, derive_preferences: bool, customer: str | None, reading_key: Path | None, file: Path
) -> None:
    """Give a custodian's agent its customers' documents: all of FILE, or nothing.

    FILE is JSON Lines (one document a line), or the archive that `faircart export` made at another shop. Of
    an archive see `attestedBy`: whether that account is a shop that you believe is for you to judge.
    """
    from faircart.agent import offline

    config = load_config(config_file)
    if _is_archive(file):
        count, custodian = offline.import_archive(config, file, customer, reading_key)
        click.echo(json.dumps({"imported": count, "attestedBy": custodian}))
        return
    count = offline.import_documents(config, file, derive_preferences=derive_preferences)
    click.echo(json.dumps({"imported": count}))


def _is_archive(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(2) == b"PK"
    except OSError:
        return False  # the import says what is wrong with it


@click.command()
@click.option("-c", "--config", "config_file", type=FILE, help="A consumer's agent: write what it bought.")
@click.option("--api", help="A custodian's API: write everything it holds about the customer.")
@click.option("--customer", type=ACCOUNT, help="The customer's Ethereum address.")
@click.option("--reading-key", type=FILE, help="The customer's reading key file.")
@click.option("--password-file", type=FILE, help="Password of the customer's key files.")
@ledger_options
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder (-c) or file (--api).")
def export(config_file: Path | None, out: Path, **options: Any) -> None:
    """Take data out: as customer everything that a shop holds, in one archive; as consumer what was bought.

    With --ethereum-url and --network the access log in the archive is verified line by line.
    """
    if (config_file is None) == (options["api"] is None):
        raise click.UsageError("name either -c FILE (a consumer's agent) or --api URL (as customer)")
    if config_file is not None:
        from faircart.agent import offline

        click.echo(json.dumps({"exported": offline.export_documents(load_config(config_file), out)}))
        return
    for name in ("customer", "reading_key", "password_file"):
        if options[name] is None:
            raise LedgerUnnamed(f"--{name.replace('_', '-')} is needed with --api")
    client = rights_client(
        options["api"], options["reading_key"], options["password_file"], customer=options["customer"]
    )
    now = int(time.time())
    if options["ethereum_url"] or options["network"]:
        log = client.ledger(open_ledgers(options, options["api"]), now)
    else:
        log = client.unchecked_ledger()
    packed, held = client.archive(log, now)
    write_private(out, packed)
    click.echo(json.dumps({"archive": str(out), "documents": sum(one.current for one in held.documents)}))
