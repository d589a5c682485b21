# SPDX-License-Identifier: Apache-2.0
"""Carts, orders and everything that can become of them: the calls of CheckoutEscrow.

    ape run checkout quote --account shop --buyer 0x... --arbiter 0x... --amount '0.01 ether' \\
        --document order.json --out quote.json
    ape run checkout pay quote.json other-quote.json --account buyer
    ape run checkout ship quote.json --account shop
    ape run checkout confirm quote.json --account buyer

Each command shows what will happen and the gas before it sends; `--dry-run` stops there.
"""

import json
import secrets
from pathlib import Path
from typing import Any, TextIO

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import account_option
from faircart.canonical import commitment
from faircart.errors import FairCartError
from faircart.papers import Order, Settlement

from scripts import _papers
from scripts._arguments import Address, Amount, Bytes32, Duration, moment
from scripts._call import Deployed, deployed, records_option, send, sending, sending_options
from scripts._connected import NodeCommand
from scripts._credits import add_credit_commands
from scripts._sentences import STATES
from scripts._tx import ether

ESCROW = "CheckoutEscrow"


@click.group()
def cli() -> None:
    """Pay carts of signed quotes through CheckoutEscrow, and see the orders through."""


def order_command(function: Any) -> Any:
    """A command that sends a transaction about one ORDER, named by its quote's file."""
    return cli.command(cls=NodeCommand)(
        sending_options(click.argument("order", type=_papers.PAPER_FILE)(function))
    )


@cli.command(cls=NodeCommand)
@account_option()
@records_option()
@click.option(
    "--seller", type=Address(), help="The seller, if it is a contract account. Default: the account."
)
@click.option("--buyer", type=Address(), required=True)
@click.option("--arbiter", type=Address(), required=True)
@click.option("--amount", type=Amount(), required=True, help="Price, for example '0.01 ether'.")
@click.option(
    "--document", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Order document."
)
@click.option("--order-hash", type=Bytes32(), help="Salted commitment to the order document, instead of it.")
@click.option(
    "--valid-for", type=Duration(), default="1d", help="How long the quote can be paid. Default: 1d."
)
@click.option(
    "--ship-within", type=Duration("1h", "180d"), default="7d", help="From 1h to 180d. Default: 7d."
)
@click.option(
    "--confirm-within", type=Duration("1h", "180d"), default="14d", help="From 1h to 180d. Default: 14d."
)
@click.option(
    "--arbitration-within", type=Duration("1h", "180d"), default="30d", help="From 1h to 180d. Default: 30d."
)
@_papers.OUT
def quote(
    account: AccountAPI,
    provider: ProviderAPI,
    records: Path,
    seller: str | None,
    buyer: str,
    arbiter: str,
    amount: int,
    document: Path | None,
    order_hash: bytes | None,
    valid_for: int,
    ship_within: int,
    confirm_within: int,
    arbitration_within: int,
    out: TextIO,
) -> None:
    """The seller signs a quote for one order. Nothing is sent."""
    escrow = deployed(provider, records, ESCROW)
    order = Order(
        seller=seller or account.address,
        buyer=buyer,
        arbiter=arbiter,
        amount=amount,
        order_hash=_committed(document, order_hash, "--document", "--order-hash"),
        valid_until=escrow.later(valid_for),
        ship_within=ship_within,
        confirm_within=confirm_within,
        arbitration_within=arbitration_within,
        salt=secrets.randbits(256),
    )
    click.echo(
        f"{order.seller} offers order 0x{order.digest(escrow.domain).hex()} to {buyer} for {ether(amount)} "
        f"until {moment(order.valid_until)}.",
        err=True,
    )
    _papers.save(out, order, escrow.domain, _papers.sign(account, order, escrow.domain))


@cli.command(cls=NodeCommand)
@click.argument("orders", type=_papers.PAPER_FILE, nargs=-1, required=True)
@sending_options
def pay(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    orders: tuple[TextIO, ...],
) -> None:
    """The buyer pays a cart: the quotes in the files ORDERS, all or none."""
    escrow = deployed(provider, records, ESCROW)
    cart = [_papers.load(order, Order, escrow.domain) for order in orders]
    total = sum(signed.paper.amount for signed in cart)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.checkout(
            [signed.paper.abi() for signed in cart], [signed.signature for signed in cart]
        ),
        *(
            f"{ether(signed.paper.amount)} for {signed.paper.seller} go into escrow; it has "
            f"{_length(signed.paper.ship_within)} to ship, else anyone can have you refunded."
            for signed in cart
        ),
        value=total,
    )


@order_command
def ship(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, order: TextIO
) -> None:
    """The seller says that it shipped ORDER."""
    escrow, paper = _loaded(provider, records, order)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.ship(paper.abi()),
        f"The buyer has {_length(paper.confirm_within)} to dispute; then anyone can claim for the seller.",
    )


@order_command
def confirm(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, order: TextIO
) -> None:
    """The buyer releases ORDER to the seller."""
    escrow, paper = _loaded(provider, records, order)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.confirm(paper.abi()),
        f"{paper.seller} is paid {ether(paper.amount)}. This is final.",
    )


@order_command
def refund(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, order: TextIO
) -> None:
    """The seller returns ORDER's ether; anyone can, once it was not shipped in time."""
    escrow, paper = _loaded(provider, records, order)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.refund(paper.abi()),
        f"{paper.buyer} is paid back {ether(paper.amount)}. This is final.",
    )


@order_command
def claim(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, order: TextIO
) -> None:
    """Pay the seller of ORDER once the buyer let the confirm window pass."""
    escrow, paper = _loaded(provider, records, order)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.claim(paper.abi()),
        f"{paper.seller} is paid {ether(paper.amount)}. This is final.",
    )


@cli.command(cls=NodeCommand)
@click.argument("order", type=_papers.PAPER_FILE)
@click.option(
    "--evidence", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON with a salt."
)
@click.option("--evidence-hash", type=Bytes32(), help="Salted commitment to the evidence, instead of it.")
@sending_options
def dispute(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    order: TextIO,
    evidence: Path | None,
    evidence_hash: bytes | None,
) -> None:
    """The buyer calls the arbiter about ORDER. Hand the evidence itself to the arbiter."""
    escrow, paper = _loaded(provider, records, order)
    committed = _committed(evidence, evidence_hash, "--evidence", "--evidence-hash")
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.dispute(paper.abi(), committed),
        f"{paper.arbiter} has {_length(paper.arbitration_within)} to rule; afterwards the amount is halved.",
    )


@cli.command(cls=NodeCommand)
@click.argument("order", type=_papers.PAPER_FILE)
@click.option("--buyer-amount", type=Amount(), required=True, help="For the buyer; the rest is the seller's.")
@sending_options
def rule(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    order: TextIO,
    buyer_amount: int,
) -> None:
    """The arbiter splits the amount of a disputed ORDER."""
    escrow, paper = _loaded(provider, records, order)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.rule(paper.abi(), buyer_amount),
        _split(paper, buyer_amount),
    )


@cli.command(cls=NodeCommand)
@account_option()
@records_option()
@click.argument("order", type=_papers.PAPER_FILE)
@click.option("--buyer-amount", type=Amount(), required=True, help="For the buyer; the rest is the seller's.")
@click.option("--valid-for", type=Duration(), default="1d", help="How long it can be submitted. Default: 1d.")
@_papers.OUT
def sign_settlement(
    account: AccountAPI,
    provider: ProviderAPI,
    records: Path,
    order: TextIO,
    buyer_amount: int,
    valid_for: int,
    out: TextIO,
) -> None:
    """Buyer or seller agrees to split ORDER, for the other side to submit. Nothing is sent."""
    escrow, paper = _loaded(provider, records, order)
    settlement = Settlement(
        order_id=paper.digest(escrow.domain), buyer_amount=buyer_amount, valid_until=escrow.later(valid_for)
    )
    click.echo(f"{_split(paper, buyer_amount)} Valid until {moment(settlement.valid_until)}.", err=True)
    _papers.save(out, settlement, escrow.domain, _papers.sign(account, settlement, escrow.domain))


@cli.command(cls=NodeCommand)
@click.argument("order", type=_papers.PAPER_FILE)
@click.argument("settlement", type=_papers.PAPER_FILE)
@sending_options
def settle(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    order: TextIO,
    settlement: TextIO,
) -> None:
    """Buyer or seller splits ORDER as the other side's signed SETTLEMENT says."""
    escrow, paper = _loaded(provider, records, order)
    signed = _papers.load(settlement, Settlement, escrow.domain)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.settle(paper.abi(), signed.paper.abi(), signed.signature),
        _split(paper, signed.paper.buyer_amount),
    )


@order_command
def lapse(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, order: TextIO
) -> None:
    """Halve the amount of a disputed ORDER on which the arbiter did not rule in time."""
    escrow, paper = _loaded(provider, records, order)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.lapse(paper.abi()),
        _split(paper, paper.amount - paper.amount // 2),
    )


@order_command
def void_order(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, order: TextIO
) -> None:
    """The seller withdraws the quote of an ORDER that was not paid."""
    escrow, paper = _loaded(provider, records, order)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.voidOrder(paper.abi()),
        "The quote can never be paid any more.",
    )


@cli.command(cls=NodeCommand)
@click.argument("settlement", type=_papers.PAPER_FILE)
@sending_options
def void_settlement(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, settlement: TextIO
) -> None:
    """Withdraw a SETTLEMENT that the caller signed, before the other side submits it."""
    escrow = deployed(provider, records, ESCROW)
    signed = _papers.load(settlement, Settlement, escrow.domain)
    send(
        escrow,
        sending(provider, account, depth, dry_run),
        escrow.functions.voidSettlement(signed.paper.abi()),
        f"The settlement can never be used against {account.address} any more.",
    )


@cli.command(cls=NodeCommand)
@click.argument("order", type=_papers.PAPER_FILE)
@records_option()
def show(provider: ProviderAPI, records: Path, order: TextIO) -> None:
    """Where ORDER stands."""
    escrow, paper = _loaded(provider, records, order)
    order_id = paper.digest(escrow.domain)
    state, deadline = escrow.view(escrow.functions.stateOf(order_id))
    click.echo(
        f"Order 0x{order_id.hex()}: {STATES[state]}" + (f" until {moment(deadline)}" if deadline else "")
    )
    click.echo(f"{ether(paper.amount)} from {paper.buyer} for {paper.seller}, arbiter {paper.arbiter}")


def _loaded(provider: ProviderAPI, records: Path, order: TextIO) -> tuple[Deployed, Order]:
    escrow = deployed(provider, records, ESCROW)
    return escrow, _papers.load(order, Order, escrow.domain).paper


def _committed(document: Path | None, digest: bytes | None, file_option: str, hash_option: str) -> bytes:
    """The salted commitment that a pair of options names. Raises UsageError unless exactly one is given."""
    if (document is None) == (digest is None):
        raise click.UsageError(f"Give either {file_option} or {hash_option}.")
    if digest is not None:
        return digest
    assert document is not None
    try:
        return commitment(json.loads(document.read_text()))
    except (ValueError, RecursionError, FairCartError) as error:
        raise click.ClickException(f"{document}: {error}") from error


def _split(order: Order, buyer_amount: int) -> str:
    seller_amount = max(order.amount - buyer_amount, 0)
    return (
        f"{order.buyer} is paid back {ether(buyer_amount)}, {order.seller} is paid {ether(seller_amount)}. "
        "This is final."
    )


def _length(seconds: int) -> str:
    """A window as people read it: `7 days`, `36 hours`."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % length == 0 and seconds:
            number = seconds // length
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{seconds} seconds"


add_credit_commands(cli, ESCROW)
