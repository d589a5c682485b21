# SPDX-License-Identifier: Apache-2.0
"""`make gas`: measures every scenario on anvil, writes reports/gas.json and prints it beside the others."""

import json
import sys
from pathlib import Path

from tests.gas import peers
from tests.gas.scenarios import SCENARIOS, deployments, measure
from tests.support.anvil import ROOT, Anvil

SETTING = "solc 0.8.37, viaIR, optimizer 200 runs, evmVersion cancun; the same for all contracts"
REPORTS = ROOT / "reports"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table whose columns also line up as plain text; all but the first to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(row: tuple[str, ...]) -> str:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return f"| {' | '.join(cells)} |"

    rule = "|".join(["-" * (widths[0] + 2)] + ["-" * (width + 1) + ":" for width in widths[1:]])
    return "\n".join([line(head), f"|{rule}|", *(line(row) for row in rows)])


def report(found: dict[str, int]) -> str:
    """The readable report, Markdown."""
    figures = [
        (
            s.key,
            s.what,
            f"{found[s.key]:,}",
            f"{s.goal:,}" if s.goal else "",
            f"{100 * (found[s.key] / s.goal - 1):+.1f} %" if s.goal else "",
        )
        for s in SCENARIOS
    ]
    g = {key: f"{gas:,}" for key, gas in found.items()}
    honest = f"{g['exchange.honest_total']} ({g['exchange.honest_batch_100_each']} in a batch)"
    faults = f"{g['exchange.fault_wrong_key']} key / {g['exchange.fault_wrong_chunk_1024']} chunk"
    sizes = [(name, f"{size:,}", f"{100 * size / 24_576:.0f} %") for name, size in deployments().items()]
    return "\n\n".join(
        [
            f"# Gas\n\n{SETTING}. Measured on anvil.",
            table(("scenario", "what", "gas", "goal", "against the goal"), figures),
            "## Escrow checkout",
            table(
                ("", "deploy", "fund", "release", "refund", "dispute", "note"),
                [
                    *peers.ESCROW,
                    (
                        "FairCart",
                        g["escrow.deploy"],
                        g["escrow.checkout"],
                        g["escrow.confirm"],
                        g["escrow.refund"],
                        g["escrow.dispute_and_rule"],
                        "every state has a timeout",
                    ),
                ],
            ),
            "## Consent",
            table(
                ("", "grant", "by signature", "revoke", "by signature"),
                [
                    *peers.CONSENT,
                    (
                        "FairCart",
                        g["consent.grant"],
                        g["consent.grantFor"],
                        f"{g['consent.revoke']} ({g['consent.revokeById']} by id)",
                        f"{g['consent.revokeFor']} ({g['consent.revokeByIdFor']} by id)",
                    ),
                ],
            ),
            "## Fair exchange of data",
            table(
                ("", "honest path", "dispute", "who can read the key"),
                [*peers.EXCHANGE, ("FairCart", honest, faults, "nobody else")],
            ),
            "## Code size",
            table(("contract", "bytes", "of EIP-170's 24,576"), sizes),
        ]
    )


def main() -> None:
    """Measures, writes and prints."""
    with Anvil() as chain:
        found = measure(chain)
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / "gas.json").write_text(json.dumps(found, indent=2) + "\n")
    text = report(found)
    (REPORTS / "gas.md").write_text(text + "\n")
    print(text)
    shown = Path("reports")
    print(f"\nWritten: {shown / 'gas.json'}, {shown / 'gas.md'}", file=sys.stderr)


if __name__ == "__main__":
    main()
