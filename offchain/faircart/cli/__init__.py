# SPDX-License-Identifier: Apache-2.0
"""The console script `faircart`. Commands lie in modules of their own, imported when they are called."""

import click

from faircart import __version__
from faircart.cli.lazy import LazyGroup

COMMANDS = {
    "agent": ("faircart.cli.agent:agent", "Run an agent and look after it."),
    "customer": ("faircart.cli.customer:customer", "Make a customer's keys."),
    "erase": ("faircart.cli.erase:erase", "Have a customer's data erased, with a certificate."),
    "export": ("faircart.cli.documents:export", "Take a customer's data out, or what a consumer bought."),
    "import": ("faircart.cli.documents:import_", "Give a custodian's agent its customers' documents."),
    "init": ("faircart.cli.init:init", "Write a configuration and make an enterprise's keys."),
    "ledger": ("faircart.cli.ledger:ledger", "Show a customer every access to its data."),
    "orders": ("faircart.cli.orders:orders", "Turn order lines into carts, order documents, data sets."),
    "proof": ("faircart.cli.proof:proof", "Prove that an order or a data set existed."),
    "receipt": ("faircart.cli.receipt:receipt", "Get consent receipts, and check any."),
    "request": ("faircart.cli.request:request", "Ask for data; see what is asked, and answer."),
    "streams": ("faircart.cli.streams:streams", "Start stream nodes, create streams, take companies in."),
    "withdraw": ("faircart.cli.withdraw:withdraw", "Withdraw a consent, or all of them."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.version_option(__version__, prog_name="faircart")
def main() -> None:
    """Run and inspect FairCart's off-chain agents."""
