# SPDX-License-Identifier: Apache-2.0
"""Values that no contract takes and files that cannot be are refused before anything is signed or written."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from scripts import checkout, exchange
from scripts._arguments import Amount, Duration

SOMEBODY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def run(cli: click.Group, *arguments: object) -> Result:
    """An exception that the command does not turn into a sentence fails the test."""
    runner = CliRunner(mix_stderr=False)
    return runner.invoke(cli, [str(one) for one in arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-1 ether", "is no amount"),
        ("", "is no amount"),
        ("1", "is no amount"),
        ("0.1 wei", "is no amount"),
        ("340282366920938463463374607431768211456 wei", "is more than the contracts take"),
        ("9" * 5000 + " ether", "is no amount"),
    ],
)
def test_an_amount_that_cannot_be_paid_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(click.BadParameter, match=complaint):
        Amount().convert(text, None, None)


def test_the_largest_amount_is_the_contracts_own() -> None:
    assert Amount().convert("340282366920938463463374607431768211455 wei", None, None) == 2**128 - 1


@pytest.mark.parametrize("text", ["0s", "59m", "181d", "9999999999d"])
def test_a_window_that_the_escrow_refuses_is_refused_before_a_quote_is_signed(
    tmp_path: Path, text: str
) -> None:
    out = tmp_path / "quote.json"
    done = run(
        checkout.cli,
        *("quote", "--buyer", SOMEBODY, "--arbiter", SOMEBODY, "--amount", "1 ether", "--ship-within", text),
        *("--out", out),
    )
    assert done.exit_code == 2
    assert f"Invalid value for '--ship-within': '{text}' is not from 1h to 180d." in done.stderr
    assert not out.exists()


@pytest.mark.parametrize("text", ["0s", "18251d"])
def test_a_validity_of_nothing_or_of_generations_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not from 1s to 18250d"):
        Duration().convert(text, None, None)


@pytest.fixture
def version(tmp_path: Path) -> Path:
    (tmp_path / "document").write_text('{"a": 1}')
    version = tmp_path / "version"
    assert run(exchange.cli, "prepare", tmp_path / "document", "--version", version).exit_code == 0
    return version


def test_one_name_for_item_and_secrets_does_not_lose_the_secrets(tmp_path: Path, version: Path) -> None:
    same = tmp_path / "same"
    done = run(exchange.cli, "seal", version, "--item", same, "--secrets", same, "--pad", tmp_path / "pad")
    assert done.exit_code == 2
    assert "--item, --secrets and --pad have to name three files." in done.stderr
    assert not same.exists()


def test_an_item_in_a_folder_that_is_not_there_leaves_no_secrets_about(tmp_path: Path, version: Path) -> None:
    item = tmp_path / "nowhere" / "item"
    done = run(
        exchange.cli,
        *("seal", version, "--item", item, "--secrets", tmp_path / "secrets", "--pad", tmp_path / "pad"),
    )
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: {item}: No such file or directory\n"
    assert not (tmp_path / "secrets").exists()


def test_an_item_that_is_there_is_not_overwritten(tmp_path: Path, version: Path) -> None:
    (tmp_path / "item").write_bytes(b"published")
    done = run(
        exchange.cli,
        *("seal", version, "--item", tmp_path / "item"),
        *("--secrets", tmp_path / "secrets", "--pad", tmp_path / "pad"),
    )
    assert done.exit_code == 1
    assert "item exists; it is not overwritten" in done.stderr
    assert (tmp_path / "item").read_bytes() == b"published"
