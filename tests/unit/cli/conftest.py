# SPDX-License-Identifier: Apache-2.0
"""The console script as a person runs it, in this process."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from faircart.cli import main

Faircart = Callable[..., Result]


@pytest.fixture
def faircart() -> Faircart:
    """Runs a command line; an exception that the command does not turn into a sentence fails the test."""

    def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
        runner = CliRunner(mix_stderr=False)
        return runner.invoke(main, [str(one) for one in arguments], env=env, catch_exceptions=False)

    return run
