# SPDX-License-Identifier: Apache-2.0
"""The picture of `make bench-streams`: latency by size, and resident memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NAMES = {
    "agent": "client",
    "custodianAgent": "custodian's agent",
    "consumerAgent": "consumer's agent",
    "node1": "node 1",
    "node2": "node 2",
}
COLOURS = dict(zip(NAMES, ("tab:green", "tab:olive", "tab:red", "tab:blue", "tab:cyan"), strict=True))


def draw(report: dict[str, Any], path: Path) -> None:
    """Latency by size; memory in each scenario, and over the number of items."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (latency, scenarios, growth) = pyplot.subplots(1, 3, figsize=(16, 4.8), layout="constrained")
    _draw_latency(latency, report)
    _draw_scenarios(scenarios, report["residentMib"])
    _draw_growth(growth, report)
    figure.suptitle(f"{report['node']}, {report['machine']['cpus']} cores: {report['note']}", fontsize=11)
    figure.savefig(path, dpi=120)


def _draw_latency(axes: Any, report: dict[str, Any]) -> None:
    labels = list(report["items"])
    for offset, statistic in ((-0.2, "median"), (0.2, "p95")):
        values = [report["items"][label]["availableMs"][statistic] for label in labels]
        bars = axes.bar([i + offset for i in range(len(labels))], values, 0.38, label=statistic)
        axes.bar_label(bars, fmt="%.0f", fontsize=7)
    axes.set_xticks(range(len(labels)), [label.replace(" o", "\no") for label in labels], fontsize=8)
    axes.set_ylabel("ms")
    axes.set_title("From publish to available on the other node", fontsize=10)
    axes.legend()


def _draw_scenarios(axes: Any, scenarios: dict[str, dict[str, float]]) -> None:
    place = 0.0
    middles = []
    named = set()
    for sizes in scenarios.values():
        middles.append(place + (len(sizes) - 1) / 2)
        for name, mib in sizes.items():
            label = None if name in named else NAMES[name]
            axes.bar_label(
                axes.bar(place, mib, 0.9, color=COLOURS[name], label=label), fmt="%.0f", fontsize=7
            )
            named.add(name)
            place += 1
        place += 1
    axes.set_xticks(middles, list(scenarios), fontsize=8)
    axes.set_ylabel("MiB")
    axes.set_title("Resident memory at most, over all sizes", fontsize=10)
    axes.set_ylim(top=1.3 * axes.get_ylim()[1])  # room for the legend
    axes.legend(fontsize=8, ncols=3, loc="upper center")


def _draw_growth(axes: Any, report: dict[str, Any]) -> None:
    wanted = (("memory", ("agent", "node1", "node2")), ("paidExchange", ("consumerAgent",)))
    for part, names in wanted:
        series = (report[part] if part == "memory" else report[part]["memory"])["series"]
        for name in (name for name in names if name in series[0]):
            points = [point["items"] for point in series], [point[name] for point in series]
            axes.plot(*points, marker=".", color=COLOURS[name], label=NAMES[name])
    axes.set_xlabel("1 KiB items published, discovered and retrieved")
    axes.set_ylabel("MiB")
    axes.set_ylim(bottom=0)
    axes.set_title("Resident memory over many items", fontsize=10)
    axes.legend(fontsize=8)
