# SPDX-License-Identifier: Apache-2.0
"""What the demo shows at its end: tables for people, or one JSON object for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from faircart.cli.ledger import LINES
from rich import box
from rich.console import Console
from rich.table import Table
from web3 import Web3


@dataclass(frozen=True)
class CustomerLine:
    """One customer's row. Amounts are wei, sizes bytes, times seconds between two blocks."""

    id: str
    orders: int
    escrowed_wei: int
    data_bytes: int
    reward_wei: int
    open_to_reward_seconds: int

    def to_json(self) -> dict[str, Any]:
        """The row with the names that machines read."""
        return {_camel(name): value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Checks:
    """What the demo verified by itself. Everything has to hold for exit code 0."""

    ether_conserved: bool
    documents_equal: bool

    @property
    def all_hold(self) -> bool:
        """Whether the demo succeeded."""
        return self.ether_conserved and self.documents_equal


@dataclass(frozen=True)
class Report:
    """Everything that the demo prints. `left_out` counts lines by reason; balances are wei by name."""

    customers: tuple[CustomerLine, ...]
    left_out: Mapping[str, int]
    access_log: tuple[Mapping[str, Any], ...]
    before: Mapping[str, int]
    after: Mapping[str, int]
    burned: int
    checks: Checks

    def to_json(self) -> str:
        """One JSON object; amounts are integers of wei."""
        return json.dumps(
            {
                "customers": [line.to_json() for line in self.customers],
                "leftOut": dict(self.left_out),
                "accessLog": [dict(entry) for entry in self.access_log],
                "balances": {
                    "before": dict(self.before),
                    "after": dict(self.after),
                    "burnedFees": self.burned,
                },
                "checks": {
                    "etherConserved": self.checks.ether_conserved,
                    "documentsEqual": self.checks.documents_equal,
                },
            }
        )

    def print(self, console: Console) -> None:
        """The tables and the checks."""
        console.print(self._customers())
        customer = self.customers[0].id if self.customers else ""
        console.print(f"Access log, as customer {customer} reads it:\n", style="italic")
        for line in self._log_lines():
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
        console.print(self._balances())
        before, after = sum(self.before.values()), sum(self.after.values())
        conserved = (
            f"ether is conserved: {before} wei before = {after} wei after + {self.burned} wei burned fees"
        )
        _check(console, self.checks.ether_conserved, conserved)
        _check(console, self.checks.documents_equal, "every decrypted document equals what went in")

    def _log_lines(self) -> Iterator[str]:
        for entry in self.access_log:
            yield f"{entry['when']}  {entry['step']}"
            for label, name in LINES:
                yield f"  {label:<10} {entry[name]}"

    def _customers(self) -> Table:
        table = Table(title="Customers", box=box.SIMPLE_HEAD)
        for heading in ("customer", "orders", "escrowed (ETH)", "data set (bytes)", "reward (ETH)"):
            table.add_column(heading, justify="left" if heading == "customer" else "right")
        table.add_column("open to reward (s)", justify="right")
        for line in self.customers:
            table.add_row(
                line.id,
                str(line.orders),
                ether(line.escrowed_wei),
                f"{line.data_bytes:,}",
                ether(line.reward_wei),
                str(line.open_to_reward_seconds),
            )
        return table

    def _balances(self) -> Table:
        table = Table(title="Balances (ETH)", box=box.SIMPLE_HEAD)
        table.add_column("account")
        for heading in ("before", "after", "difference"):
            table.add_column(heading, justify="right")
        for name, before in self.before.items():
            after = self.after[name]
            if before or after:
                table.add_row(name, _rounded(before), _rounded(after), _rounded(after - before, sign=True))
        return table


def ether(wei: int, *, sign: bool = False) -> str:
    """An amount of wei in ether, exact, without trailing zeros."""
    text = f"{Web3.from_wei(abs(wei), 'ether'):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if wei < 0:
        return f"-{text}"
    return f"+{text}" if sign and wei > 0 else text


def _rounded(wei: int, *, sign: bool = False) -> str:
    """An amount of wei in ether, cut to 9 decimals, to fit a table; the check below it is exact."""
    cut = abs(wei) // 10**9 * 10**9
    return ether(-cut if wei < 0 else cut, sign=sign)


def _check(console: Console, holds: bool, what: str) -> None:
    mark = "[green]ok[/green]    " if holds else "[red]FAILED[/red]"
    console.print(f"{mark} {what}", soft_wrap=True, highlight=False)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
