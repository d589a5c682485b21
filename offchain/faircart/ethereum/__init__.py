# SPDX-License-Identifier: Apache-2.0
"""The only module that talks to Ethereum: node, contracts, events, transactions, deployment records."""
