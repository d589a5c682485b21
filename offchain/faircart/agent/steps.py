# SPDX-License-Identifier: Apache-2.0
"""The labelled boundaries between an agent's steps, where tests end the process to see that nothing is
lost.
"""

from collections.abc import Callable

CUSTODIANS_ONLY = frozenset({"paper.stored"})
"""Nobody hands a paper to a mere consumer."""
LABELS = CUSTODIANS_ONLY | {
    "chain.applied",
    "chain.rewound",
    "effect.begun",
    "effect.carried_out",
    "effect.done",
    "publish.after",
    "publish.before",
    "streams.applied",
    "transaction.broadcast",
    "transaction.done",
    "transaction.mined",
    "transaction.sent",
    "transaction.stored",
}
"""Every boundary there is."""

_watcher: Callable[[str], None] | None = None


def watch(watcher: Callable[[str], None] | None) -> None:
    """Calls `watcher` with the label of every boundary that is passed (tests only)."""
    global _watcher
    _watcher = watcher


def boundary(label: str) -> None:
    """Here everything before is stored, and nothing after has begun."""
    if _watcher is not None:
        _watcher(label)
