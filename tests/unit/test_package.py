# SPDX-License-Identifier: Apache-2.0
"""The package can be used without ape."""

import subprocess
import sys
from pathlib import Path


def test_the_console_script_imports_neither_ape_nor_web3_to_show_its_help() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from faircart.cli import main;"
        "r = CliRunner().invoke(main, ['--help']); assert r.exit_code == 0, r.output;"
        "print([m for m in ('ape', 'web3', 'sqlalchemy', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_source_file_names_its_licence() -> None:
    root = Path(__file__).parents[2]
    folders = ("contracts", "interfaces", "offchain", "scripts", "tests")
    sources = [
        path
        for folder in folders
        for path in (root / folder).rglob("*")
        if path.suffix in (".py", ".sol", ".sh", ".js", ".tree") and ".cache" not in path.parts
    ]
    sources += [
        root / name for name in ("Makefile", "ape-config.yaml", "pyproject.toml", ".gitignore", ".npmrc")
    ]
    assert len(sources) > 300
    missing = [
        path for path in sources if "SPDX-License-Identifier: Apache-2.0" not in path.read_text()[:200]
    ]
    assert missing == []
