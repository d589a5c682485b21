# SPDX-License-Identifier: Apache-2.0
"""Signals that end the demo, in a process of their own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, time
from scripts._demo.ending import end_on_signals

class Thing:
    def __del__(self):
        os.kill(os.getpid(), {number})
        for _ in range(100):  # Python runs the handler here, and drops what it raises
            pass

end_on_signals()
try:
    {where}
    time.sleep(20)
    print("was not ended")
except (KeyboardInterrupt, SystemExit) as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGINT, "KeyboardInterrupt"),
        (signal.SIGTERM, f"SystemExit {128 + signal.SIGTERM}"),
        (signal.SIGHUP, f"SystemExit {128 + signal.SIGHUP}"),
    ],
)
@pytest.mark.parametrize("where", ["Thing()", "os.kill(os.getpid(), {number})"], ids=["finalizer", "plain"])
def test_a_signal_ends_the_demo_wherever_it_happens_to_be(number: int, said: str, where: str) -> None:
    program = PROGRAM.format(number=int(number), where=where.format(number=int(number)))
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.stdout.strip(), ran.returncode) == (said, 0), ran.stderr
