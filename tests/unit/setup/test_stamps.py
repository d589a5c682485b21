# SPDX-License-Identifier: Apache-2.0
"""What set-up made is made again when it is gone, and only then."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# What each step leaves behind, without the minutes that it takes.
STEPS = {
    "prerequisites": "",
    "python": "mkdir -p .venv/bin; for name in python ape; do cp tool .venv/bin/$name; done",
    "node": "mkdir -p node_modules/solc; touch node_modules/solc/package.json",
    "solc": "mkdir -p .ape/solcx; rm -rf .ape/packages",
}
TOOL = """#!/usr/bin/env bash
[ "$1" = compile ] || exit 0
echo contracts >>steps
mkdir -p .build .ape/packages
touch .build/__local__.json
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that was set up, with steps that are quick and write their names into `steps`."""
    folder = tmp_path / "clone"
    setup = folder / "scripts" / "_setup"
    setup.mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "scripts" / "_setup" / "stale.sh", setup)
    for name, body in STEPS.items():
        log = "" if name == "prerequisites" else f"echo {name} >>steps\n"
        (setup / f"{name}.sh").write_text(f"set -e\n{log}{body}\n")
    for name in (
        *("requirements-dev.lock", "pyproject.toml", "package-lock.json", "package.json", ".npmrc"),
        *("ape-config.yaml", "scripts/_abi.py", "scripts/_setup/solc_wrapper.js"),
        *("contracts/A.sol", "interfaces/IA.sol"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    (folder / "tool").write_text(TOOL)
    (folder / "tool").chmod(0o755)
    assert set_up(folder) == ["node", "python", "solc", "contracts"]
    return folder


def set_up(folder: Path) -> list[str]:
    """Runs `make setup`; the steps that it took."""
    (folder / "steps").unlink(missing_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(["make", "-s", "setup"], cwd=folder, env=env, check=True, capture_output=True)
    steps = folder / "steps"
    return steps.read_text().split() if steps.exists() else []


def test_a_second_set_up_does_nothing(clone: Path) -> None:
    assert set_up(clone) == []


@pytest.mark.parametrize(
    ("removed", "made"),
    [
        (".venv", ["python", "solc", "contracts"]),
        (".venv/bin/python", ["python", "solc", "contracts"]),
        ("node_modules", ["node", "solc", "contracts"]),
        (".ape", ["solc", "contracts"]),
        (".ape/packages", ["contracts"]),
        (".build", ["contracts"]),
    ],
)
def test_what_was_removed_is_made_again_with_what_builds_on_it(
    clone: Path, removed: str, made: list[str]
) -> None:
    path = clone / removed
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert set_up(clone) == made
    assert path.exists()
    assert set_up(clone) == []


def test_a_changed_contract_is_compiled_and_nothing_else_is_done(clone: Path) -> None:
    os.utime(clone / "contracts" / "A.sol", (2**31, 2**31))
    assert set_up(clone) == ["contracts"]


def test_a_moved_clone_is_set_up_anew(clone: Path) -> None:
    moved = clone.rename(clone.with_name("moved"))
    assert set_up(moved) == ["node", "python", "solc", "contracts"]
    assert set_up(moved) == []


def test_a_copied_clone_is_set_up_anew_and_the_first_goes_on(clone: Path) -> None:
    copy = Path(shutil.copytree(clone, clone.with_name("a copy"), symlinks=True))
    assert set_up(copy) == ["node", "python", "solc", "contracts"]
    assert set_up(copy) == []
    assert set_up(clone) == []


def test_a_link_to_the_environment_of_another_clone_is_replaced_and_that_stays(clone: Path) -> None:
    copy = Path(shutil.copytree(clone, clone.with_name("linked"), symlinks=True))
    shutil.rmtree(copy / "node_modules")
    (copy / "node_modules").symlink_to(clone / "node_modules")
    assert "node" in set_up(copy)
    assert not (copy / "node_modules").is_symlink()
    assert set_up(clone) == []
