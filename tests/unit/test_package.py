"""The package can be used without ape."""

import subprocess
import sys


def test_the_console_script_imports_neither_ape_nor_web3_to_show_its_help() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from faircart.cli import main;"
        "r = CliRunner().invoke(main, ['--help']); assert r.exit_code == 0, r.output;"
        "print([m for m in ('ape', 'web3', 'sqlalchemy', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
