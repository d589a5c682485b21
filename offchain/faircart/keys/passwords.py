# SPDX-License-Identifier: Apache-2.0
"""Passwords: from a file or from a prompt, never from an argument or plain environment variable."""

import getpass
import os
import sys
from pathlib import Path

from faircart.keys.errors import PasswordMissing

PASSWORD_FILE_VARIABLE = "FAIRCART_PASSWORD_FILE"  # noqa: S105 - the name of a variable, not a password


def read_password(
    what: str,
    *,
    file: Path | str | None = None,
    option: str = "--password-file",
    variable: str = PASSWORD_FILE_VARIABLE,
    confirm: bool = False,
) -> str:
    """The password for `what` (words for the prompt and for errors, such as "the keystore shop.json").

    Looked for in this order: `file` (what the user gave as `option`), the file that the environment variable
    `variable` names, a prompt if standard input is a terminal (asked twice with `confirm`). One line break at
    the end of a file does not count. Raises PasswordMissing, which says what to set.
    """
    named = file or os.environ.get(variable)
    if named:
        return _from_file(what, Path(named))
    if not sys.stdin.isatty():
        raise PasswordMissing(
            f"no password for {what}, and no terminal to ask on: give {option} FILE or set {variable} "
            "to the name of a file that holds it"
        )
    password = getpass.getpass(f"Password for {what}: ")
    if not password:
        raise PasswordMissing(f"the password for {what} is empty")
    if confirm and getpass.getpass("Once more: ") != password:
        raise PasswordMissing(f"the two passwords for {what} differ: try again")
    return password


def _from_file(what: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PasswordMissing(f"cannot read the password file {path} for {what}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise PasswordMissing(f"the password file {path} for {what} is not UTF-8 text") from None
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        raise PasswordMissing(f"the password file {path} for {what} is empty")
    return password
