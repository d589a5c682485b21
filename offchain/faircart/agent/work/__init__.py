# SPDX-License-Identifier: Apache-2.0
"""The workers that carry effects out: one lane for transactions, one for stream items, one for local work."""
