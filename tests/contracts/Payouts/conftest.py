# SPDX-License-Identifier: Apache-2.0
"""Payments are tested through the escrow, the simplest contract that makes them."""

from collections.abc import Callable
from typing import Any

import pytest
from ape.contracts import ContractInstance

from tests.support.shop import Sale, Shop


@pytest.fixture
def shop(chain: Any, escrow: Any, buyer: Any, seller: Any, arbiter: Any) -> Shop:
    return Shop(chain, escrow, buyer, seller, arbiter)


@pytest.fixture
def sold_by(shop: Shop) -> Callable[..., Sale]:
    """A paid order whose seller is the given contract account; the seller's key signs for it."""

    def sell(wallet: ContractInstance, **changes: Any) -> Sale:
        return shop.funded(seller=wallet.address, **changes)

    return sell


@pytest.fixture
def refusing(deployer: Any, seller: Any, project: Any) -> ContractInstance:
    return deployer.deploy(project.RefusingWallet, seller)


@pytest.fixture
def credited(shop: Shop, escrow: Any, refusing: Any, buyer: Any, sold_by: Any) -> ContractInstance:
    """A contract account that refused a payment and was credited."""
    escrow.confirm(sold_by(refusing).abi, sender=buyer)
    return refusing
