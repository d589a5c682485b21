# SPDX-License-Identifier: Apache-2.0
"""Key files on disk: written whole or not at all, readable by their owner only, never overwritten."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from faircart.keys.errors import KeyFileBroken, KeyFileExists


def write_json(path: Path, value: Any) -> None:
    """Write a new key file with mode 0600. Raises KeyFileExists, or KeyFileBroken if it cannot be written."""
    try:
        # Reserving the name first means that two that create a key at once cannot overwrite each other.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise KeyFileExists(
            f"{path} exists: keys are never overwritten; name another file or move it"
        ) from error
    except OSError as error:
        raise KeyFileBroken(f"cannot write {path}: {error.strerror}") from error
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise KeyFileBroken(f"cannot write {path}: {error.strerror}") from error


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a key file. Raises KeyFileBroken."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KeyFileBroken(f"cannot read the key file {path}: {error.strerror}") from error
    except (ValueError, RecursionError):
        # Not chained: the decoder's error quotes the file.
        raise KeyFileBroken(f"{path} is not a key file: not JSON") from None
    if not isinstance(value, dict):
        raise KeyFileBroken(f"{path} is not a key file: not a JSON object")
    return value
