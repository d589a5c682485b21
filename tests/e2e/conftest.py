# SPDX-License-Identifier: Apache-2.0
"""One market for each test module that asks for it: its own networks, its own enterprises.

On the stand-in, and on MultiChain nodes where they are found: `pytest -m multichain` runs only the latter.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import kinds
from tests.support.agents import Enterprise, Ethereum, Streams


@pytest.fixture(scope="module", params=kinds.BOTH)
def kind(request: pytest.FixtureRequest) -> str:
    return kinds.chosen(request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, kind: str) -> Path:
    return tmp_path_factory.mktemp(f"market-{kind}")


@pytest.fixture(scope="module")
def ethereum(folder: Path) -> Iterator[Ethereum]:
    with Ethereum(folder) as network:
        yield network


@pytest.fixture(scope="module")
def streams(folder: Path, kind: str) -> Iterator[Streams]:
    with Streams(folder, real=kind == kinds.MULTICHAIN) as network:
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
