# SPDX-License-Identifier: Apache-2.0
"""The development stand-in as a process of its own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faircart.streams.network import Network, Node, StreamsError
from faircart.streams.processes import child

_START_SECONDS = 30.0


@contextmanager
def running(folder: Path, nodes: int, *, chain: str, block_seconds: float) -> Iterator[Network]:
    folder.mkdir(parents=True, exist_ok=True)
    port_file, log = folder / "standin.json", folder / "standin.log"
    port_file.unlink(missing_ok=True)
    command: list[str | Path] = [
        *(sys.executable, "-m", "faircart.standin", "--data", folder, "--wallets", str(nodes)),
        *("--port-file", port_file, "--chain-name", chain, "--block-seconds", str(block_seconds)),
    ]
    with child(command, log) as process:
        deadline = time.monotonic() + _START_SECONDS
        while not port_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise StreamsError(f"the stand-in did not start: {''.join(last) or f'see {log}'}")
            time.sleep(0.02)
        described = json.loads(port_file.read_text())
        yield Network(
            kind="stand-in",
            chain=described["chain"],
            nodes=tuple(Node.from_json(wallet) for wallet in described["wallets"]),
            pids=(process.pid,),
        )
