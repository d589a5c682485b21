# SPDX-License-Identifier: Apache-2.0
"""The committed ABIs are those of the compiled contracts."""

import json
from pathlib import Path

import pytest

from scripts import _abi


def test_each_committed_abi_is_what_the_compiler_made() -> None:
    contracts = _abi.product_contracts()
    assert "ConsentRegistry" in contracts
    for name, contract in contracts.items():
        assert (_abi.ABI_FOLDER / f"{name}.json").read_text() == _abi.rendered(contract["abi"])


def test_there_is_no_abi_without_its_contract() -> None:
    assert {path.stem for path in _abi.ABI_FOLDER.glob("*.json")} == set(_abi.product_contracts())


def test_exporting_twice_leaves_the_files_alone(tmp_path: Path) -> None:
    first = {path: path.stat().st_mtime_ns for path in _abi.export(tmp_path)}
    assert {path: path.stat().st_mtime_ns for path in _abi.export(tmp_path)} == first
    assert json.loads((tmp_path / "ConsentRegistry.json").read_text())


def test_exporting_before_compiling_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Compile first: make setup"):
        _abi.export(tmp_path, tmp_path / "missing.json")
