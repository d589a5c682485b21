# SPDX-License-Identifier: Apache-2.0
"""`faircart init`: a folder with a commented configuration and an enterprise's keys."""

import json
from pathlib import Path

import click

from faircart.cli.options import FILE


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--role", type=click.Choice(["custodian", "consumer", "both"]), required=True)
@click.option("--name", help="What the agent is called in its log (default: the folder's name).")
@click.option("--network", required=True, help="Which deployment records name the contracts.")
@click.option("--ethereum-url", required=True)
@click.option(
    "--chain-id", type=click.IntRange(min=1), help="Default: the chain id in the deployment records."
)
@click.option(
    "--deployments", type=click.Path(file_okay=False, path_type=Path), help="Another folder of records."
)
@click.option("--confirmations", default="finalized", help="`finalized`, `safe` or a number of blocks.")
@click.option("--streams-url", required=True)
@click.option("--streams-user", required=True)
@click.option(
    "--streams-password-file", type=FILE, help="Default: asked for, or FAIRCART_STREAMS_PASSWORD_FILE."
)
@click.option("--streams-address", help="Our MultiChain address (default: the wallet's first).")
@click.option("--chain-name", help="The MultiChain chain's name; calls to another chain then fail.")
@click.option("--listen", default="127.0.0.1:0", show_default=True, help="Where the HTTP API listens.")
@click.option(
    "--password-file", type=FILE, help="Password of all key files (default: asked, FAIRCART_PASSWORD_FILE)."
)
@click.option("--ethereum-key-file", type=FILE, help="File with an Ethereum private key (hex) to use.")
def init(folder: Path, **answers: object) -> None:
    """Write FOLDER/agent.toml and make the keys beside it. What is there already is kept."""
    from faircart.agent import founding

    click.echo(json.dumps(founding.found(folder, answers)))
