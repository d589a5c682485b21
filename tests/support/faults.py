# SPDX-License-Identifier: Apache-2.0
"""A proxy before a node that answers as bad nodes do.

It stands between an agent and its Ethereum or stream node (JSON-RPC over HTTP). Faults of the transport
strike by chance, before the node sees a call or after it has acted on it, which no caller can tell apart.
Lies are told in turn, whenever they change an answer, but not twice in a row to the same call.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import requests

from tests.support.agents import free_port

Answer = tuple[int, bytes] | None
"""Status and body; None: the connection is cut without an answer."""
AWAY_SECONDS = 0.3
SLOW_SECONDS = 3
LISTS = ("eth_getLogs", "liststreamitems", "liststreamkeyitems", "liststreamtxitems")
"""What answers a list of logs or items."""
FORGETFUL = 3
"""How many changes a stale answer is behind, at most."""


class FaultProxy:
    """`faults` are names out of TRANSPORT and LIES; `rate` is that of the first, 0 turns off the others, too.

    Ready when entered.
    """

    def __init__(self, target: str, faults: Sequence[str], *, rate: float, seed: int) -> None:
        self.target, self.rate = target.rstrip("/"), rate
        self._transport = [name for name in faults if name in TRANSPORT]
        self._lies = [name for name in faults if name in LIES]
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._doubtful: set[str] = set()
        self._told: dict[str, list[Any]] = {}
        self._back: threading.Thread | None = None
        self.struck: Counter[str] = Counter()
        """How often each fault changed what the agent got."""

    def __enter__(self) -> Self:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = proxy.answer(self.path, dict(self.headers), body)
                if answer is None:
                    self.close_connection = True
                    return
                status, content = answer
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._handler = Handler
        self._listen(free_port())  # one that nobody gets while the node is away
        port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def _listen(self, port: int) -> None:
        self._server = _Server(("127.0.0.1", port), self._handler)
        self._loop = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._loop.start()

    def __exit__(self, *_: object) -> None:
        if self._back is not None:
            self._back.join()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """What the caller gets."""
        with self._lock:
            if self._back is not None and self._back.is_alive():
                return None  # an old connection to a node that is away
            strikes = self._transport and self._dice.random() < self.rate
            fault = self._dice.choice(self._transport) if strikes else ""
        if fault:
            with self._lock:
                self.struck[fault] += 1
            return TRANSPORT[fault](self, path, headers, body)
        status, content = self._pass_on(path, headers, body)
        return status, self._lied(json.loads(body), content) if self.rate else content

    def _pass_on(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        kept = {name: headers[name] for name in ("Authorization", "Content-Type") if name in headers}
        answer = requests.post(self.target + path.rstrip("/"), data=body, headers=kept, timeout=30)
        return answer.status_code, answer.content

    # --- faults of the transport --------------------------------------------------------------------------

    def _refuse(self, *_: Any) -> Answer:
        """The node goes away: connections end, and for a moment nobody listens."""
        port = self._server.server_address[1]

        def go_and_return() -> None:
            self._server.shutdown()
            self._server.server_close()
            time.sleep(AWAY_SECONDS)
            while True:
                try:
                    return self._listen(port)
                except OSError:  # something else got the port for a moment
                    time.sleep(0.1)

        with self._lock:
            if self._back is None or not self._back.is_alive():
                self._back = threading.Thread(target=go_and_return, daemon=True)
                self._back.start()
        return None

    def _cut_before(self, *_: Any) -> Answer:
        return None

    def _cut_after(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self._pass_on(path, headers, body)
        return None

    def _busy(self, *_: Any) -> Answer:
        return 503, b"Service Unavailable"

    def _half(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        status, content = self._pass_on(path, headers, body)
        return status, content[: len(content) // 2]

    def _slow(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        answer = self._pass_on(path, headers, body)
        time.sleep(SLOW_SECONDS)
        return answer

    def _nonsense(self, *_: Any) -> Answer:
        return 200, b'{"jsonrpc":"2.0","id":1,"result":{"lorem":"ipsum"}}'

    # --- lies ---------------------------------------------------------------------------------------------

    def _lied(self, call: Any, content: bytes) -> bytes:
        method, params = call.get("method", ""), call.get("params", [])
        answer = json.loads(content) if method in (*LISTS, "eth_getBlockByNumber") else {}
        if answer.get("result") is None:
            return content
        with self._lock:
            asked = f"{method} {params}"
            told = self._told.setdefault(asked, [])
            truth = answer["result"]
            if not told or told[-1] != truth:
                told.append(truth)
                del told[: -FORGETFUL - 1]
            if asked in self._doubtful:  # the last answer to the same call was a lie
                self._doubtful.remove(asked)
                return content
            for lie in sorted(self._lies, key=lambda name: self.struck[name]):
                changed = LIES[lie](method, params, truth, told)
                if changed != truth:
                    self._doubtful.add(asked)
                    self.struck[lie] += 1
                    return json.dumps({**answer, "result": changed}).encode()
        return content


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the agent has hung up: it may


def _stale(method: str, params: Any, truth: Any, told: list[Any]) -> Any:
    """What was true some changes ago: an old head, a list without the newest."""
    return truth if method == "eth_getBlockByNumber" and params[0] != "latest" else told[0]


def _twice(method: str, params: Any, truth: Any, told: list[Any]) -> Any:
    """Everything once more, backwards."""
    return truth + truth[::-1] if method in LISTS else truth


def _missing(method: str, params: Any, truth: Any, told: list[Any]) -> Any:
    """Every second one is left out, or the only one."""
    if method not in LISTS:
        return truth
    return truth[::2] if len(truth) > 1 else []


def _outside(method: str, params: Any, truth: Any, told: list[Any]) -> Any:
    """A log of a block that nobody asked for."""
    if method != "eth_getLogs" or not truth:
        return truth
    return [*truth, {**truth[0], "blockNumber": hex(int(truth[0]["blockNumber"], 16) + 10_000)}]


TRANSPORT: dict[str, Callable[..., Answer]] = {
    "refuse": FaultProxy._refuse,
    "cut before": FaultProxy._cut_before,
    "cut after": FaultProxy._cut_after,
    "busy": FaultProxy._busy,
    "half": FaultProxy._half,
    "slow": FaultProxy._slow,
    "nonsense": FaultProxy._nonsense,
}
LIES: dict[str, Callable[[str, Any, Any, list[Any]], Any]] = {
    "stale": _stale,
    "twice": _twice,
    "missing": _missing,
    "outside": _outside,
}
