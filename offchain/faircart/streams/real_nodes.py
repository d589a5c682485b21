# SPDX-License-Identifier: Apache-2.0
"""MultiChain nodes on this machine: a chain of our own, its founder and the nodes that join it.

multichaind keeps its RPC password in `multichain.conf` of its data folder; it never stands in an argument.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faircart.multichain import StreamNode, errors
from faircart.streams.network import Network, Node, StreamsError
from faircart.streams.processes import child, free_port, is_free

USER = "multichainrpc"
PERMISSIONS = "connect,send,receive,create"
"""What a company's address needs on the chain: to connect, publish, be granted, and create its own
streams.
"""

_START_SECONDS = 60.0
_JOIN_SECONDS = 60.0
_START_ATTEMPTS = 4
_ADDRESS = re.compile(r" grant (\w{30,40}) connect")


def parameters(block_seconds: float) -> dict[str, str]:
    """Where a market's chain differs from MultiChain's defaults, and why."""
    return {
        # 2 is the least that MultiChain takes
        "target-block-time": str(max(2, round(block_seconds))),
        # only admitted companies read and write, the root stream included
        "anyone-can-connect": "false",
        "root-stream-open": "false",
        # the founder must be able to go on alone, on a machine with two nodes and when peers are away
        "mining-requires-peers": "false",
        "mining-diversity": "0.3",
    }


def find() -> Path | None:
    """multichaind: as MULTICHAIND names it, else from the PATH. Raises StreamsError if MULTICHAIND names
    nothing.
    """
    named = os.environ.get("MULTICHAIND")
    if named:
        path = Path(named)
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise StreamsError(f"MULTICHAIND names {named}, which is no program")
        return path
    found = shutil.which("multichaind")
    return Path(found) if found else None


@dataclass(frozen=True)
class _Place:
    """One node's folder and ports."""

    folder: Path
    chain: str
    port: int
    rpcport: int

    @classmethod
    def of(cls, folder: Path, chain: str) -> _Place:
        """Ports are kept, so that configured URLs stay true; new ones only if others have taken them."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / "ports.json"
        ports = json.loads(kept.read_text()) if kept.exists() else []
        if len(ports) != 2 or not all(is_free(port) for port in ports):
            ports = [free_port(), free_port()]
            kept.write_text(json.dumps(ports))
        return cls(folder, chain, *ports)

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    @property
    def log(self) -> Path:
        return self.folder / "multichaind.log"

    def write_password(self) -> None:
        """A password of ours, in a file for clients and in multichaind's own."""
        if not self.password_file.exists():
            _write_private(self.password_file, secrets.token_urlsafe(32) + "\n")
        password = self.password_file.read_text().strip()
        (self.folder / self.chain).mkdir(exist_ok=True)
        _write_private(
            self.folder / self.chain / "multichain.conf", f"rpcuser={USER}\nrpcpassword={password}\n"
        )

    def command(self, program: Path, founder: _Place | None) -> list[str | Path]:
        target = self.chain if founder is None else f"{self.chain}@127.0.0.1:{founder.port}"
        return [
            program,
            target,
            f"-datadir={self.folder}",
            f"-port={self.port}",
            f"-rpcport={self.rpcport}",
            "-bind=127.0.0.1",
            "-server=1",
        ]

    def node(self, name: str) -> Node:
        return Node(name, f"http://127.0.0.1:{self.rpcport}/", USER, self.password_file.absolute(), "")


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


@contextmanager
def running(
    program: Path, folder: Path, nodes: int, *, chain: str, block_seconds: float
) -> Iterator[Network]:
    """Create the chain if it is new, start its founder and the other nodes, let those in, and wait until
    they follow.
    """
    places = [_Place.of(folder / f"node-{number}", chain) for number in range(1, nodes + 1)]
    founder = places[0]
    if not (founder.folder / chain / "params.dat").exists():
        _create(program, founder, block_seconds)
    with ExitStack() as stack:
        found: list[Node] = []
        pids: list[int] = []
        first: StreamNode | None = None
        for number, place in enumerate(places, start=1):
            place.write_password()
            if first is not None and not _knows_chain(place):
                first.grant(_introduce(program, place, founder), PERMISSIONS)
            node = place.node(f"node-{number}")
            client = stack.enter_context(node.client())
            command = place.command(program, None if first is None else founder)
            for attempt in range(1, _START_ATTEMPTS + 1):
                process = stack.enter_context(child(command, place.log))
                if _started(client, process, place):
                    break
                # the founder may not have told the new node's permission to its own network side yet
                if attempt == _START_ATTEMPTS:
                    raise StreamsError(f"multichaind stops at once; see {place.log}: {_last_line(place.log)}")
                time.sleep(1)
            found.append(Node(node.name, node.url, node.user, node.password_file, client.addresses()[0]))
            pids.append(process.pid)
            if first is None:
                first = client
            else:
                _wait_for_chain(client, first, place)
        yield Network("multichain", chain, tuple(found), tuple(pids))


def _create(program: Path, place: _Place, block_seconds: float) -> None:
    util = program.with_name("multichain-util")
    if not util.exists():
        raise StreamsError(f"{util}: not found, though it belongs to {program}")
    done = subprocess.run(  # noqa: S603 - no shell, our own arguments
        [
            util,
            "create",
            place.chain,
            f"-datadir={place.folder}",
            *(f"-{name}={value}" for name, value in parameters(block_seconds).items()),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stdout + done.stderr).strip().splitlines()[-1:]
        raise StreamsError(f"multichain-util could not create the chain: {''.join(last)}")


def _knows_chain(place: _Place) -> bool:
    return (place.folder / place.chain / "params.dat").exists()


def _introduce(program: Path, place: _Place, founder: _Place) -> str:
    """Let a new node meet the founder; it gets the chain's parameters, is not let in, and says its
    address.
    """
    with child(place.command(program, founder), place.log) as process:
        try:
            process.wait(_JOIN_SECONDS)
        except subprocess.TimeoutExpired:
            raise StreamsError(f"the new node found no chain; see {place.log}") from None
    found = _ADDRESS.search(place.log.read_text(errors="replace"))
    if found is None:
        raise StreamsError(f"the new node did not say its address; see {place.log}")
    return found[1]


def _started(client: StreamNode, process: subprocess.Popen[bytes], place: _Place) -> bool:
    """True once it answers, False if it has stopped. Raises StreamsError if neither happens."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None:
        with suppress(errors.WarmingUp, errors.Unreachable, errors.TimedOut, errors.ConnectionCut):
            client.info()
            return True
        if time.monotonic() > deadline:
            raise StreamsError(f"multichaind does not answer; see {place.log}")
        time.sleep(0.1)
    return False


def _last_line(log: Path) -> str:
    return "".join(log.read_text(errors="replace").strip().splitlines()[-1:])


def _wait_for_chain(client: StreamNode, founder: StreamNode, place: _Place) -> None:
    height = founder.block_count()
    deadline = time.monotonic() + _START_SECONDS
    while not client.peers() or client.block_count() < height:
        if time.monotonic() > deadline:
            raise StreamsError(f"the node does not follow the chain; see {place.log}")
        time.sleep(0.1)
