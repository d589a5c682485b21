# SPDX-License-Identifier: Apache-2.0
"""A newcomer whose machine lacks something reads one clear sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "_setup" / "prerequisites.sh"
# What the script itself needs of the system, whatever else is missing.
TOOLS = ("bash", "sed", "env")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH folder with a fitting Python, Node and npm, which a test then spoils."""
    for tool in TOOLS:
        found = next(
            Path(folder) / tool
            for folder in os.environ["PATH"].split(os.pathsep)
            if (Path(folder) / tool).exists()
        )
        (tmp_path / tool).symlink_to(found)
    (tmp_path / "python3").symlink_to(sys.executable)
    put(tmp_path, "node", "echo v20.1.0")
    put(tmp_path, "npm", "echo 10.0.0")
    return tmp_path


def put(folder: Path, name: str, body: str) -> None:
    """Write an executable that does `body`."""
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!{folder}/bash\n{body}\n")
    path.chmod(0o755)


def check(machine: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(machine / "bash"), str(SCRIPT)],
        capture_output=True,
        text=True,
        env={"PATH": str(machine), **env},
        check=False,
    )


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_a_machine_that_has_everything_passes_in_silence(machine: Path) -> None:
    done = check(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_python_the_newcomer_is_told_which_to_install(machine: Path) -> None:
    (machine / "python3").unlink()
    assert_one_sentence(check(machine), "'python3' was not found", "Python 3.11")


def test_a_python_that_is_too_old_is_named_with_its_version(machine: Path) -> None:
    put(machine, "python3", '[ "$1" = --version ] && echo "Python 3.9.2" || exit 1')
    assert_one_sentence(check(machine), "Python 3.9.2 does not fit", "make PYTHON=")


def test_another_python_on_the_path_serves_where_python3_is_too_new(machine: Path) -> None:
    (machine / "python3.12").symlink_to(sys.executable)
    put(machine, "python3", '[ "$1" = --version ] && echo "Python 3.13.0" || exit 1')
    put(machine, "python3.11", "echo 'pyenv: python3.11: command not found' >&2; exit 127")
    done = check(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_python_that_is_only_a_shim_is_told_of_in_one_sentence(machine: Path) -> None:
    put(machine, "python3", "printf 'pyenv: python3: command not found\\n\\nIt is in 3.12\\n' >&2; exit 127")
    assert_one_sentence(check(machine), "'python3' does not run", "make PYTHON=")


def test_the_python_that_the_newcomer_names_is_the_one_looked_at(machine: Path) -> None:
    put(machine, "python3.8", '[ "$1" = --version ] && echo "Python 3.8.1" || exit 1')
    assert_one_sentence(check(machine, PYTHON="python3.8"), "Python 3.8.1 does not fit")


def test_without_node_the_newcomer_is_told_what_it_is_for(machine: Path) -> None:
    (machine / "node").unlink()
    assert_one_sentence(check(machine), "Node.js was not found", "Node.js 20")


def test_a_node_that_is_too_old_is_named_with_its_version(machine: Path) -> None:
    put(machine, "node", "echo v18.19.0")
    assert_one_sentence(check(machine), "Node.js v18.19.0 is too old", "Node.js 20")


def test_without_npm_the_newcomer_is_told_where_it_comes_from(machine: Path) -> None:
    (machine / "npm").unlink()
    assert_one_sentence(check(machine), "npm was not found")
