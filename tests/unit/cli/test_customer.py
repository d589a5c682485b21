# SPDX-License-Identifier: Apache-2.0
"""A person makes keys of its own."""

import json
from pathlib import Path

import pytest
from faircart import keys

from tests.unit.cli.conftest import Faircart


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("sesame\n")
    return path


def test_a_person_gets_two_key_files_that_open_with_the_password(
    faircart: Faircart, tmp_path: Path, password: Path
) -> None:
    folder = tmp_path / "deep" / "me"
    printed = json.loads(faircart("customer", "new", folder, "--password-file", password).stdout)
    assert keys.load_account(folder / "ethereum.json", "sesame").address == printed["address"]
    assert printed["readingKey"].endswith(keys.read_public_key(folder / "reading.json").hex())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_keys_that_are_there_stay(faircart: Faircart, tmp_path: Path, password: Path) -> None:
    (tmp_path / "reading.json").write_text("mine")
    done = faircart("customer", "new", tmp_path, "--password-file", password)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: {tmp_path / 'reading.json'} is there already: choose another folder\n"
    assert (tmp_path / "reading.json").read_text() == "mine"
    assert not (tmp_path / "ethereum.json").exists()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param("password/me", "FOLDER: {} cannot be made: Not a directory", id="behind-a-file"),
        pytest.param(300 * "x", "{}/ethereum.json: File name too long", id="too-long"),
    ],
)
def test_a_folder_that_cannot_be_made_is_named(
    faircart: Faircart, tmp_path: Path, password: Path, name: str, complaint: str
) -> None:
    done = faircart("customer", "new", tmp_path / name, "--password-file", password)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: " + complaint.format(tmp_path / name))
    assert done.stderr.count("\n") == 1
