# SPDX-License-Identifier: Apache-2.0
"""FairCart's off-chain agent: bridges contract events to MultiChain streams."""

__version__ = "0.1.0"
