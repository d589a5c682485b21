# SPDX-License-Identifier: Apache-2.0
"""A development stand-in for MultiChain nodes, for machines that have none. It is never a blockchain: see
README.md.
"""
