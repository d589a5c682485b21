# SPDX-License-Identifier: Apache-2.0
"""One market for each test module that asks for it: its own networks, its own enterprises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agents import Enterprise, Ethereum, Streams


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("market")


@pytest.fixture(scope="module")
def ethereum(folder: Path) -> Iterator[Ethereum]:
    with Ethereum(folder) as network:
        yield network


@pytest.fixture(scope="module")
def streams(folder: Path) -> Iterator[Streams]:
    with Streams(folder) as network:
        yield network


@pytest.fixture(scope="module")
def shop(folder: Path, ethereum: Ethereum, streams: Streams) -> Iterator[Enterprise]:
    enterprise = Enterprise("shop", "custodian", folder, ethereum, streams, 0)
    try:
        yield enterprise.start()
    finally:
        enterprise.kill()


@pytest.fixture(scope="module")
def consumer(folder: Path, ethereum: Ethereum, streams: Streams) -> Iterator[Enterprise]:
    enterprise = Enterprise("consumer", "consumer", folder, ethereum, streams, 1)
    try:
        yield enterprise.start()
    finally:
        enterprise.kill()
