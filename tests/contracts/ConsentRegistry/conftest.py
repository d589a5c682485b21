# SPDX-License-Identifier: Apache-2.0
"""A customer and its registry."""

from typing import Any

import pytest

from tests.support.consents import Consents


@pytest.fixture
def consents(chain: Any, registry: Any, customer: Any, consumer: Any, custodian: Any) -> Consents:
    return Consents(chain, registry, customer, consumer, custodian)
