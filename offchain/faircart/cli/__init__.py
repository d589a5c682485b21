"""The console script `faircart`."""

import click

from faircart import __version__


@click.group()
@click.version_option(__version__, prog_name="faircart")
def main() -> None:
    """Run and inspect FairCart's off-chain agents."""
