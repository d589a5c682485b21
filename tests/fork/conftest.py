# SPDX-License-Identifier: Apache-2.0
"""The fork as ape sees it. `python -m tests.fork` prepares what is forked and starts these tests."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.fork.before import Papers


@pytest.fixture(scope="session")
def papers() -> Papers:
    folder = os.environ.get("FAIRCART_FORK")
    if folder is None:
        pytest.skip("there is nothing to fork: start these tests with `python -m tests.fork`")
    return Papers(**json.loads((Path(folder) / "papers.json").read_text()))


@pytest.fixture(scope="session")
def escrow(papers: Papers, project: Any) -> Any:
    return project.CheckoutEscrow.at(papers.escrow)


@pytest.fixture(scope="session")
def registry(papers: Papers, project: Any) -> Any:
    return project.ConsentRegistry.at(papers.registry)


@pytest.fixture(scope="session")
def exchange(papers: Papers, project: Any) -> Any:
    return project.DataExchange.at(papers.exchange)
