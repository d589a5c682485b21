# SPDX-License-Identifier: Apache-2.0
"""The names of an exchange's states, as `IDataExchange.State` numbers them."""

STATES = (
    "None",
    "Open",
    "Delivered",
    "Settled",
    "Conceded",
    "Faulted",
    "Aborted",
    "Cancelled",
    "Voided",
)
