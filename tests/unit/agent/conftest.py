# SPDX-License-Identifier: Apache-2.0
"""An anvil with the contracts, and an agent's tools on it."""

from tests.support.tools import config, contracts, ethereum, node, tools

__all__ = ["config", "contracts", "ethereum", "node", "tools"]
