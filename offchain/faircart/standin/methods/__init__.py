# SPDX-License-Identifier: Apache-2.0
"""The methods, by topic; importing this registers them all."""

from faircart.standin.methods import (
    addresses,
    blocks,
    items,
    node,
    outputs,
    permissions,
    publishing,
    streams,
    subscriptions,
    summaries,
    transactions,
)

__all__ = [
    "addresses",
    "blocks",
    "items",
    "node",
    "outputs",
    "permissions",
    "publishing",
    "streams",
    "subscriptions",
    "summaries",
    "transactions",
]
