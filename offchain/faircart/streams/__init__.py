# SPDX-License-Identifier: Apache-2.0
"""The stream network of a market: starting nodes, creating streams, taking companies in, looking at its
state.
"""
