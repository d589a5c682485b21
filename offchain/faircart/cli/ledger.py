# SPDX-License-Identifier: Apache-2.0
"""`faircart ledger`: the access log as its customer reads it."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from faircart.cli.ledgers import ledger_options, open_ledgers
from faircart.cli.options import ACCOUNT, customer_options, rights_client
from faircart.errors import FairCartError

if TYPE_CHECKING:
    from faircart.rights.ledger import Line

LINES = (
    ("who", "who"),
    ("what", "what"),
    ("with whom", "withWhom"),
    ("means", "means"),
    ("purpose", "purpose"),
    ("condition", "condition"),
)


class LedgerWrong(FairCartError):
    """Not every line of the access log is verified by both ledgers."""


@click.command()
@customer_options
@ledger_options
@click.option("--customer", type=ACCOUNT, required=True, help="The customer's Ethereum address.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonld", "csv"]),
    default="text",
    help="Text, a JSON list, JSON-LD (PROV-O) or CSV.",
)
def ledger(
    api: str,
    reading_key: Path,
    password_file: Path,
    customer: str,
    as_json: bool,
    form: str,
    **options: Any,
) -> None:
    """Show every access: who, what, with whom, when, how, for what purpose, under what condition.

    With --ethereum-url and --network each line is verified against both ledgers, and these are reconciled:
    exit code 1 unless every line is verified. Without them each line is shown as unverifiable.
    """
    client = rights_client(api, reading_key, password_file, customer=customer)
    checked = bool(options["ethereum_url"] or options["network"])
    if checked:
        lines = client.ledger(open_ledgers(options, api), int(time.time()))
    else:
        lines = client.unchecked_ledger()
    click.echo(_formatted(lines, "json" if as_json else form, client.address), nl=False)
    if checked:
        judge(lines)


def judge(lines: "Sequence[Line]") -> None:
    """Raises LedgerWrong unless every line is verified, or takes an earlier one back."""
    wrong = [line for line in lines if line.status not in ("verified", "retracted")]
    if wrong:
        # With another key nothing opens, which looks as if nothing had been written.
        hint = "; is --reading-key the one that the shop seals to?" if len(wrong) == len(lines) else ""
        first = next((line for line in wrong if line.status in ("refuted", "missing")), wrong[0])
        raise LedgerWrong(
            f"{len(wrong)} of {len(lines)} lines are not verified; the first: "
            f"{first.step}, {first.status}: {first.problem}{hint}"
        )


def _formatted(lines: "Sequence[Line]", form: str, customer: str) -> str:
    from faircart.rights import ledger_export

    if form == "json":
        return json.dumps([line.to_json() for line in lines]) + "\n"
    if form == "jsonld":
        return json.dumps(ledger_export.to_json_ld(lines, customer, int(time.time())), indent=1) + "\n"
    if form == "csv":
        return ledger_export.to_csv(lines)
    if not lines:
        return "No access to this customer's data is recorded.\n"
    return "".join(f"{text}\n" for line in lines for text in _verified_line(line))


def _verified_line(line: "Line") -> Iterator[str]:
    said = line.to_json()
    yield f"{said['when']}  {line.step}  [{line.status}{': ' + line.problem if line.problem else ''}]"
    for label, name in LINES:
        yield f"  {label:<10} {said[name]}"
    if line.reward is not None:
        yield f"  {'reward':<10} {line.reward} wei"
    place = [f"{name} {value}" for name, value in line.evidence.items() if value is not None]
    yield f"  {'evidence':<10} {', '.join(place)}"
