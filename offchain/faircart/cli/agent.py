# SPDX-License-Identifier: Apache-2.0
"""`faircart agent`: run, status, parked (retry, drop), reconcile."""

import json
import signal
import sys
from pathlib import Path

import click

from faircart.cli.options import config_option, load_config
from faircart.errors import FairCartError


@click.group()
def agent() -> None:
    """Run an agent and look after it."""


@agent.command()
@config_option
def run(config_file: Path) -> None:
    """Run until SIGTERM or Ctrl-C, which end the work in hand first.

    An agent that has run before waits for nodes that are away; one that never has reports them.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # from here on: importing takes a moment
    config = load_config(config_file)
    from faircart.agent import daemon, log, startup

    log.setup(config.agent.log_format, config.agent.name)
    with daemon.ends_at_once():
        daemon.run(startup.start(config, waits=True))


@agent.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(config_file: Path, as_json: bool) -> None:
    """Show how far the agent is, its exchanges, and what waits."""
    from faircart.agent import status as reports

    report = reports.status(load_config(config_file))
    if as_json:
        click.echo(json.dumps(report))
        return
    click.echo(reports.as_text(report))


class Differences(FairCartError):
    """The database and the ledgers do not say the same."""


@agent.command()
@config_option
def reconcile(config_file: Path) -> None:
    """Build the state anew from both ledgers and report every difference (exit code 1 if there is one)."""
    config = load_config(config_file)
    from faircart.agent import log, startup
    from faircart.agent.reconcile import reconcile as compare

    log.setup(config.agent.log_format, config.agent.name)
    tools = startup.start(config)
    with tools.store:
        differences = compare(tools)
    for line in differences:
        click.echo(line)
    if differences:
        raise Differences(f"{len(differences)} differences between the database and the ledgers")
    click.echo("no differences")


@agent.group(invoke_without_command=True)
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON list of objects with kind, id, error.")
@click.pass_context
def parked(context: click.Context, config_file: Path, as_json: bool) -> None:
    """Show what the agent has set aside; `retry ID` and `drop ID` decide what becomes of it."""
    from faircart.agent import status as reports

    context.obj = load_config(config_file)
    if context.invoked_subcommand is None:
        found = reports.parked(context.obj)
        if as_json:
            click.echo(json.dumps(found))
            return
        for entry in found:
            click.echo(f"{entry['kind']}\t{entry['id']}\t{entry['error']}")


class NotParked(FairCartError):
    """There is nothing parked under this id."""


@parked.command()
@click.argument("name", metavar="ID")
@click.pass_obj
def retry(config: object, name: str) -> None:
    """Give a parked event, item or effect back to the agent."""
    _decide(config, name, "retry")


@parked.command()
@click.argument("name", metavar="ID")
@click.pass_obj
def drop(config: object, name: str) -> None:
    """Give a parked event, item or effect up."""
    _decide(config, name, "drop")


def _decide(config: object, name: str, decision: str) -> None:
    from faircart.agent import status as reports
    from faircart.agent.config import Config

    assert isinstance(config, Config)
    if not reports.decide(config, name, decision):
        raise NotParked(f"Nothing is parked under {name}: `faircart agent parked` lists what is")
    click.echo(f"{decision}: {name}")
