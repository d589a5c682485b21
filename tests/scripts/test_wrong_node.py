# SPDX-License-Identifier: Apache-2.0
"""A node that cannot be used is one sentence and an exit code, whatever the command."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.agents import free_port
from tests.support.anvil import Anvil

ROOT = Path(__file__).parents[2]


def deploy(network: str, records: Path) -> subprocess.CompletedProcess[str]:
    """`ape run deploy`, as a process: what a user would see of a traceback would be seen here."""
    return subprocess.run(
        [
            *(str(Path(sys.executable).parent / "ape"), "run", "deploy", "--network", network),
            *("--account", "TEST::0", "--records", str(records)),
        ],
        cwd=ROOT,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=480,
    )


def assert_refused(done: subprocess.CompletedProcess[str], records: Path, words: str) -> None:
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert list(records.iterdir()) == []


def test_a_node_of_another_chain_is_named_with_both_chain_ids(tmp_path: Path) -> None:
    port = free_port()
    with Anvil("--chain-id", "31337", port=port):
        done = deploy(f"ethereum:local:http://127.0.0.1:{port}", tmp_path)
    assert_refused(done, tmp_path, "Wrong chain: the node has chain id 31337, but ethereum:local is 1337.")


def test_a_node_that_does_not_answer_is_said_to_be_away(tmp_path: Path) -> None:
    done = deploy(f"ethereum:local:http://127.0.0.1:{free_port()}", tmp_path)
    assert_refused(done, tmp_path, "No node answers for the chosen --network.")


def test_an_unknown_network_is_named(tmp_path: Path) -> None:
    done = deploy("ethereum:nonsense", tmp_path)
    assert_refused(done, tmp_path, "nonsense")
