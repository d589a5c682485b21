# SPDX-License-Identifier: Apache-2.0
"""What an operator can get wrong before an agent runs: one clear sentence, exit code not 0."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import kinds
from tests.support.agents import FAIRCART, Enterprise, Ethereum, Streams, free_port

NOBODY = "0x00000000000000000000000000000000DeaDBeef"


@pytest.fixture(scope="module")
def kind() -> str:
    """What an operator gets wrong is the same on every kind of stream node."""
    return kinds.STAND_IN


@pytest.fixture(scope="module")
def idle(folder: Path, ethereum: Ethereum, streams: Streams) -> Enterprise:
    """An enterprise whose agent has never run."""
    return Enterprise("idle", "custodian", folder, ethereum, streams, 0)


@pytest.fixture
def run_with(idle: Enterprise, tmp_path: Path) -> Callable[..., str]:
    """Runs the agent with a line of its configuration changed; it must fail, and its error is returned."""

    def run(changes: dict[str, str]) -> str:
        text = idle.config.read_text()
        for name, value in changes.items():
            lines = text.splitlines()
            section, _, key = name.rpartition(".")
            start = lines.index(f"[{section}]")
            place = next(i for i in range(start, len(lines)) if lines[i].startswith(f"{key} = "))
            lines[place] = f"{key} = {value}"
            text = "\n".join(lines)
        config = idle.home / f"{tmp_path.name}.toml"
        config.write_text(text)
        command = [*FAIRCART, "agent", "run", "-c", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=480)
        assert done.returncode != 0
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert not (idle.home / "agent.db").exists()
        [sentence] = done.stderr.strip().splitlines()
        return sentence

    return run


def test_a_wrong_password_to_the_stream_node_is_named(run_with: Callable[..., str], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("sesame")
    assert "does not accept this user and password" in run_with(
        {"streams.password_file": json.dumps(str(wrong))}
    )


def test_an_unreachable_stream_node_is_named(run_with: Callable[..., str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert "the stream node cannot be reached" in run_with({"streams.url": json.dumps(url)})


def test_an_unreachable_ethereum_node_is_named(run_with: Callable[..., str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    sentence = run_with({"ethereum.url": json.dumps(url)})
    assert (
        sentence == f"Error: The Ethereum node {url} is not reachable: is it running, is ethereum.url right?"
    )


def test_an_unknown_network_is_named_with_those_that_are_known(run_with: Callable[..., str]) -> None:
    sentence = run_with({"ethereum.network": '"atlantis"'})
    assert sentence == "Error: ethereum.network: no deployment is recorded for 'atlantis'; known: test"


def test_a_wrong_chain_id_is_named_with_the_right_one(
    run_with: Callable[..., str], ethereum: Ethereum
) -> None:
    sentence = run_with({"ethereum.chain_id": "1"})
    assert sentence == (
        f"Error: The Ethereum node {ethereum.url} serves chain 31337, but ethereum.chain_id is 1"
    )


def test_a_contract_address_without_code_is_named(
    run_with: Callable[..., str], ethereum: Ethereum, tmp_path: Path
) -> None:
    network = tmp_path / "deployments" / "test"
    network.mkdir(parents=True)
    for path in (ethereum.records / "test").iterdir():
        record = json.loads(path.read_text())
        if record["contract"] == "DataExchange":
            record["address"] = NOBODY
        (network / path.name).write_text(json.dumps(record))
    sentence = run_with({"ethereum.deployments": json.dumps(str(network.parent))})
    assert sentence.startswith("Error: There is no contract at 0x00000000000000000000000000000000DeaDBeef, ")
    assert "where DataExchange should be" in sentence


def test_a_password_that_does_not_open_the_keystore_is_named_and_not_shown(
    run_with: Callable[..., str], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("open-sesame")
    sentence = run_with({"ethereum.password_file": json.dumps(str(wrong))})
    assert "ethereum.json" in sentence
    assert "sesame" not in sentence


def test_an_address_that_is_not_in_the_wallet_is_named(
    idle: Enterprise, run_with: Callable[..., str]
) -> None:
    foreign = idle.streams.access[1]["address"]
    text = idle.config.read_text().replace("# address = ...", 'address = ""')
    idle.config.write_text(text)
    assert f"streams.address: {foreign} is not in the wallet" in run_with(
        {"streams.address": json.dumps(foreign)}
    )
    idle.config.write_text(text.replace('address = ""', "# address = ..."))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"agent.roles": '["broker"]'}, "agent.roles"),
        ({"custodian.deposit_wei": "0"}, "custodian.deposit_wei"),
        ({"ethereum.confirmations": '"soon"'}, "ethereum.confirmations"),
        ({"ethereum.confirmation_seconds": "3000"}, "custodian.deliver_within"),
    ],
    ids=["role", "deposit", "confirmations", "windows"],
)
def test_a_wrong_value_in_the_configuration_is_named(
    run_with: Callable[..., str], change: dict[str, str], expected: str
) -> None:
    assert expected in run_with(change)
