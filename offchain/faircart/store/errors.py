# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with the database."""

from faircart.errors import FairCartError


class StoreUnusable(FairCartError):
    """The database cannot be opened or used."""


class ForeignStore(StoreUnusable):
    """The database belongs to another chain, other contracts, other streams or another account."""


class StoreBusy(FairCartError):
    """Somebody reads the database, so that it cannot be cleaned just now."""


class StoreInUse(StoreUnusable):
    """Another agent runs on this database."""
