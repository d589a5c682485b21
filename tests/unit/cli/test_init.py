# SPDX-License-Identifier: Apache-2.0
"""An enterprise that mistypes an answer learns it from `init`, not from the agent's first run."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Faircart

NODE = "http://127.0.0.1:1"
ANSWERS = {
    "--role": "both",
    "--network": "sepolia",
    "--chain-id": "11155111",
    "--ethereum-url": NODE,
    "--streams-url": NODE,
    "--streams-user": "multichainrpc",
}


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--ethereum-url", "http://127.0.0.1:99999", "ethereum.url: it must be http://"),
        ("--streams-url", "http://my node", "streams.url: it must be http://"),
        ("--streams-url", "ftp://node", "streams.url: it must be http://"),
        ("--network", "../sepolia", "ethereum.network: it must be a name"),
        ("--network", "", "ethereum.network: it must be a name"),
        ("--chain-id", str(2**63), "ethereum.chain_id: "),
        ("--streams-user", "", "streams.user: it must be a line of text"),
        ("--streams-address", "", "streams.address: it must be a line of text"),
        ("--chain-name", " ", "streams.chain_name: it must be a line of text"),
        ("--name", "a\nb", "agent.name: it must be a line of text"),
        ("--confirmations", "0", 'ethereum.confirmations: it must be "finalized"'),
        ("--confirmations", "9" * 5000, 'ethereum.confirmations: it must be "finalized"'),
        ("--listen", "127.0.0.1:70000", "http.listen: it must be an address and a port"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_nothing_is_made(
    faircart: Faircart, tmp_path: Path, option: str, value: str, complaint: str
) -> None:
    (tmp_path / "password").write_text("sesame")
    answers = ANSWERS | {option: value, "--password-file": str(tmp_path / "password")}
    folder = tmp_path / "shop"
    done = faircart("init", folder, *[part for answer in answers.items() for part in answer])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {folder / 'agent.toml'}: {complaint}")
    assert done.stderr.count("\n") == 1
    assert not folder.exists()
