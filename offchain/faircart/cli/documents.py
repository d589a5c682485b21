# SPDX-License-Identifier: Apache-2.0
"""`faircart import` and `faircart export`: documents and portability archives, into and out of an agent."""

import json
import time
from pathlib import Path
from typing import Any

import click

from faircart.cli.ledgers import LedgerUnnamed, ledger_options, open_ledgers, open_source
from faircart.cli.options import ACCOUNT, FILE, load_config, rights_client, write_private
from faircart.errors import FairCartError


class WrongKeystore(FairCartError):
    """A keystore is not of the account that was named."""


@click.command("import")
@click.option("-c", "--config", "config_file", type=FILE, required=True, help="The agent's TOML file.")
@click.option(
    "--derive-preferences", is_flag=True, help="Also make the category preferences from each orders document."
)
@click.option(
    "--attested-by",
    type=ACCOUNT,
    help="For an archive: the account of the shop it is from, if you believe it.",
)
@click.argument("file", type=FILE)
def import_(config_file: Path, derive_preferences: bool, attested_by: str | None, file: Path) -> None:
    """Give a custodian's agent its customers' documents: all of FILE, or nothing.

    FILE is JSON Lines (one document a line), or the archive that `faircart export --for` made at another
    shop: its customer must have addressed it to this shop. Whether the account that attests it is a shop that
    you believe is for you to judge.
    """
    from faircart.agent import offline

    config = load_config(config_file)
    if _is_archive(file):
        count = offline.import_archive(config, file, attested_by)
        click.echo(json.dumps({"imported": count, "attestedBy": attested_by}))
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
@click.option("--for", "shop", type=ACCOUNT, help="Account of another shop that shall import the archive.")
@click.option("--keystore", type=FILE, help="With --for: the customer's Ethereum keystore.")
@click.option("--new-keystore", type=FILE, help="With --for: the account at that shop, if it is another.")
@click.option("--new-reading-key", type=FILE, help="With --for: the reading key there, likewise.")
@ledger_options
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder (-c) or file (--api).")
def export(config_file: Path | None, out: Path, **options: Any) -> None:
    """Take data out: as customer everything that a shop holds, in one archive; as consumer what was bought.

    With --ethereum-url and --network the access log in the archive is verified line by line. With --for and
    --keystore the customer signs that the archive shall come to that shop, which takes no other.
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
    if options["shop"] is None and (
        options["keystore"] or options["new_keystore"] or options["new_reading_key"]
    ):
        raise click.UsageError("--keystore, --new-keystore, --new-reading-key: only with --for")
    signers = None if options["shop"] is None else _signers(options)
    now = int(time.time())
    if options["ethereum_url"] or options["network"]:
        log = client.ledger(open_ledgers(options, options["api"]), now)
    else:
        log = client.unchecked_ledger()
    packed, held = client.archive(log, open_source(options, options["api"]), now)
    if signers is not None:
        from faircart.rights import arrival

        accounts, public = signers
        packed = arrival.add(packed, client.domain().chain_id, options["shop"], accounts, public)
    write_private(out, packed)
    click.echo(json.dumps({"archive": str(out), "documents": sum(one.current for one in held.documents)}))


def _signers(options: dict[str, Any]) -> tuple[list[Any], bytes]:
    """The accounts that sign where the archive shall arrive, and the reading key there."""
    from faircart import envelope, keys

    if options["keystore"] is None:
        raise LedgerUnnamed("--keystore is needed with --for: the customer signs where the archive goes")
    password = keys.read_password("the customer's key files", file=options["password_file"])
    named = [options["keystore"], *([options["new_keystore"]] if options["new_keystore"] else [])]
    accounts = [keys.load_account(path, password) for path in named]
    if accounts[0].address != options["customer"]:
        raise WrongKeystore(f"--keystore: it is of {accounts[0].address}, not of the --customer")
    reading_key = keys.read_public_key(options["new_reading_key"] or options["reading_key"])
    return accounts, envelope.encode_public_key(reading_key)
