# SPDX-License-Identifier: Apache-2.0
"""The whole chain once, on real orders: `make demo`, or `ape run demo`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
from faircart.errors import FairCartError
from requests.exceptions import RequestException
from rich.console import Console
from web3.exceptions import Web3Exception

from scripts._demo.ending import end_on_signals
from scripts._demo.progress import Progress
from scripts._demo.run import run


@click.command()
@click.option(
    "--customers",
    "count",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many customers of the sample file take part. Those who ordered at the shop that is custodian "
    "count: without such an order there is nothing to share.",
)
@click.option(
    "--streams",
    type=click.Choice(["embedded", "real"]),
    default="embedded",
    show_default=True,
    help="Stream nodes: the stand-in, or MultiChain (multichaind on the PATH or named by MULTICHAIND).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout; amounts are wei.")
def cli(count: int, streams: str, as_json: bool) -> None:
    """Turn real shop orders into a consented, paid-for, decrypted data set.

    Starts an Ethereum network (anvil), stream nodes and two agents of its own on free loopback ports, and
    ends them all. Exit code 0 only if ether is conserved to the wei and every decrypted document equals what
    went in.
    """
    end_on_signals()
    try:
        with tempfile.TemporaryDirectory(prefix="faircart-demo-") as folder:
            report = run(Path(folder), count, streams, Progress(Console(stderr=True)))
    except FairCartError as error:
        raise click.ClickException(str(error)) from error
    except (RequestException, Web3Exception) as error:
        raise click.ClickException(f"A node of the demo stopped answering: {error}") from error
    except KeyboardInterrupt:
        click.echo("Interrupted; everything that the demo started has been ended.", err=True)
        sys.exit(130)
    if as_json:
        click.echo(report.to_json())
    else:
        report.print(Console())
    if not report.checks.all_hold:
        sys.exit(1)
