# SPDX-License-Identifier: Apache-2.0
"""`python -m faircart.standin --data DIR --wallets N [--port-file F]`: run until SIGTERM or Ctrl-C."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

import click

from faircart.errors import FairCartError
from faircart.standin.network import Delays
from faircart.standin.service import CHAIN, StandIn


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for all state."
)
@click.option(
    "--wallets", type=click.IntRange(1, 32), default=2, show_default=True, help="At least this many."
)
@click.option(
    "--port-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the description here, too."
)
@click.option("--chain-name", default=CHAIN, show_default=True, help="Name of a new chain.")
@click.option("--block-seconds", type=float, default=2.0, show_default=True, help="Time between blocks.")
@click.option(
    "--relay-seconds", type=float, default=0.15, show_default=True, help="Until others see a transaction."
)
@click.option(
    "--payload-seconds", type=float, default=0.15, show_default=True, help="Until off-chain data follow."
)
def main(
    data: Path,
    wallets: int,
    port_file: Path | None,
    chain_name: str,
    block_seconds: float,
    relay_seconds: float,
    payload_seconds: float,
) -> None:
    """Run a development stand-in for MultiChain nodes; never a blockchain.

    Prints one JSON object when it is ready: for each wallet its URL, user and the file that holds its
    password.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    standin = StandIn(
        data, wallets, chain_name=chain_name, delays=Delays(block_seconds, relay_seconds, payload_seconds)
    )
    try:
        standin.start()
    except FairCartError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    try:
        if port_file is not None:
            standin.write_description(port_file)
        click.echo(json.dumps(standin.describe()))
        sys.stdout.flush()
        stopped.wait()
    finally:
        standin.stop()
        if port_file is not None:
            port_file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
