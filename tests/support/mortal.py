# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.support.mortal FOLDER agent run …`: an agent that is killed once at every boundary.

A parent that has imported everything forks one life after the other: one that died by SIGKILL is followed by
the next, as a supervisor would do it. Which boundaries it has died at stands in FOLDER.
"""

import os
import signal
import sys
from pathlib import Path

from faircart.agent import daemon, http_api, startup, steps
from faircart.cli import main

PRELOADED = (daemon, http_api, startup)


def live(folder: Path, arguments: list[str]) -> None:
    """One life: nothing is caught or cleaned up, the process ends as by `kill -9`."""

    def die(label: str) -> None:
        try:
            (folder / label).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    steps.watch(die)
    main(arguments, prog_name="faircart")


def supervise(folder: Path, arguments: list[str]) -> int:
    """Lives until one ends by itself; its exit code. SIGTERM is passed on."""
    folder.mkdir(exist_ok=True)
    while True:
        child = os.fork()
        if child == 0:
            live(folder, arguments)
            os._exit(0)
        signal.signal(signal.SIGTERM, lambda *_, child=child: os.kill(child, signal.SIGTERM))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != -signal.SIGKILL:
            return code


if __name__ == "__main__":
    import fastapi
    import uvicorn

    assert fastapi, uvicorn
    sys.exit(supervise(Path(sys.argv[1]), sys.argv[2:]))
