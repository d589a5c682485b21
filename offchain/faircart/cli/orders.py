# SPDX-License-Identifier: Apache-2.0
"""`faircart orders`: order lines of a shop become carts, order documents and data sets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from faircart import retail
from faircart.cli.options import ACCOUNT, FILE, READING_KEY, make_folder, write_private

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def orders() -> None:
    """Turn order lines (CSV) into carts, order documents and data sets."""


def lines_option(command: F) -> F:
    """`--lines FILE`, the order lines; the shipped sample by default."""
    option = click.option("--lines", type=FILE, help="CSV of order lines (default: the shipped sample).")
    return option(command)


def _load(lines: Path | None) -> retail.Retail:
    return retail.load(retail.SAMPLE if lines is None else lines)


@orders.command("list")
@lines_option
@click.option("--customers", "count", type=click.IntRange(min=1), help="Only the first ones.")
@click.option("--shop", type=click.Choice(retail.SHOPS), help="Only customers with an order at this shop.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(lines: Path | None, count: int | None, shop: str | None, as_json: bool) -> None:
    """Show customers with their carts and what they cost, and which lines were left out and why."""
    found = _load(lines)
    rows = []
    for number in found.customers(count, shop=shop):
        parts = [order for invoice in found.invoices_of(number) for order in invoice.orders]
        rows.append(
            {
                "customer": number,
                "carts": len(found.invoices_of(number)),
                "orders": len(parts),
                "amountWei": sum(order.wei for order in parts),
            }
        )
    left_out = {str(reason): lost for reason, lost in found.left_out.items()}
    if as_json:
        click.echo(json.dumps({"customers": rows, "leftOut": left_out, "tidied": found.tidied}))
        return
    for row in rows:
        counts = f"{row['carts']:>3} carts  {row['orders']:>3} orders"
        click.echo(f"{row['customer']:>8}  {counts}  {row['amountWei']} wei")
    for reason, lost in found.left_out.items():
        click.echo(f"left out: {lost:>5}  {retail.EXPLANATION[reason]}")


@orders.command()
@lines_option
@click.option("--number", required=True, help="The customer's number in the order lines.")
@click.option(
    "--shop",
    type=click.Choice(retail.SHOPS),
    required=True,
    help="The seller: only what it sold is written.",
)
@click.option("--customer", type=ACCOUNT, required=True, help="The customer's Ethereum address.")
@click.option(
    "--reading-key",
    type=READING_KEY,
    required=True,
    help="The customer's public reading key, as `faircart customer new` prints it.",
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(lines: Path | None, number: str, shop: str, customer: str, reading_key: str, folder: Path) -> None:
    """Write one customer's order documents and data set to FOLDER, in files that only you can read.

    Each order document (<invoice>.json) is what a quote commits to; documents.jsonl is what
    `faircart import` takes. Prints what each order costs.
    """
    import secrets

    from faircart.canonical import canonical
    from faircart.documents import order_document, orders_document

    invoices = _load(lines).invoices_of(number)
    # At random, so that it cannot be traced back to the customer's number.
    dataset = orders_document(f"customer-{secrets.token_hex(8)}", shop, invoices)
    line = {"customer": customer, "readingKey": reading_key, "category": "orders", "document": dataset}
    make_folder(folder, "FOLDER")
    written = []
    for invoice in invoices:
        for order in invoice.orders:
            if order.shop == shop:
                path = folder / f"{invoice.number}.json"
                write_private(path, canonical(order_document(invoice, order)), "FOLDER")
                written.append({"invoice": invoice.number, "amountWei": order.wei, "document": str(path)})
    documents = folder / "documents.jsonl"
    write_private(documents, (json.dumps(line) + "\n").encode(), "FOLDER")
    click.echo(json.dumps({"documents": str(documents), "orders": written}))
