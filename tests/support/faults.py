# SPDX-License-Identifier: Apache-2.0
"""A proxy before a node that answers as bad nodes do: by chance, or by order.

It stands between an agent and its Ethereum or stream node (JSON-RPC over HTTP). Each call is passed on,
unless the dice say otherwise; what then happens is one of the named faults. A fault may strike before the
node sees the call or after it has acted on it, which the caller cannot tell apart.
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

Answer = tuple[int, bytes] | None
"""Status and body; None: the connection is cut without an answer."""


class FaultProxy:
    """`faults` are names out of FAULTS; one strikes in `rate` of all calls. Ready when entered."""

    def __init__(self, target: str, faults: Sequence[str], *, rate: float, seed: int) -> None:
        self.target, self.rate = target.rstrip("/"), rate
        self._faults = list(faults)
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self.struck: Counter[str] = Counter()
        self._sessions = threading.local()
        self._seen: dict[str, Any] = {}

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

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # the agent has hung up: it may

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """What the caller gets."""
        with self._lock:
            strikes = self._dice.random() < self.rate
            fault = self._dice.choice(self._faults) if strikes else ""
        if not fault:
            return self._pass_on(path, headers, body)
        answer = FAULTS[fault](self, path, headers, body)
        with self._lock:
            self.struck[fault] += 1
        return answer

    def _pass_on(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        kept = {name: headers[name] for name in ("Authorization", "Content-Type") if name in headers}
        answer = requests.post(self.target + path.rstrip("/"), data=body, headers=kept, timeout=30)
        self._remember(body, answer.content)
        return answer.status_code, answer.content

    def _remember(self, body: bytes, content: bytes) -> None:
        call = json.loads(body)
        if isinstance(call, dict) and call.get("method") == "eth_getBlockByNumber":
            with self._lock:
                self._seen.setdefault(str(call["params"]), []).append(content)
                del self._seen[str(call["params"])][:-20]

    # --- faults -------------------------------------------------------------------------------------------

    def _refuse(self, *_: Any) -> Answer:
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
        time.sleep(1.5)
        return answer

    def _nonsense(self, *_: Any) -> Answer:
        return 200, b'{"jsonrpc":"2.0","id":1,"result":{"lorem":"ipsum"}}'

    def _stale(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """A block that was the latest some blocks ago."""
        call = json.loads(body)
        with self._lock:
            old = self._seen.get(str(call.get("params")), []) if isinstance(call, dict) else []
            content = old[0] if old and call["params"][0] == "latest" else None
        if content is None:
            return self._pass_on(path, headers, body)
        answer = json.loads(content)
        answer["id"] = call["id"]
        return 200, json.dumps(answer).encode()

    def _logs(self, path: str, headers: dict[str, str], body: bytes, change: Callable[[Any], Any]) -> Answer:
        status, content = self._pass_on(path, headers, body)
        call, answer = json.loads(body), json.loads(content)
        if isinstance(call, dict) and call.get("method") == "eth_getLogs" and answer.get("result"):
            answer["result"] = change(answer["result"])
            content = json.dumps(answer).encode()
        return status, content

    def _twice(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        return self._logs(path, headers, body, lambda found: found + found[::-1])

    def _outside(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """A log of a block that nobody asked for."""

        def moved(found: Any) -> Any:
            return [*found, {**found[0], "blockNumber": hex(int(found[0]["blockNumber"], 16) + 10_000)}]

        return self._logs(path, headers, body, moved)

    def _incomplete(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """No logs, where there are some: the node has the block, but has not indexed it yet."""
        return self._logs(path, headers, body, lambda _: [])


FAULTS: dict[str, Callable[..., Answer]] = {
    "refuse": FaultProxy._refuse,
    "cut after": FaultProxy._cut_after,
    "busy": FaultProxy._busy,
    "half": FaultProxy._half,
    "slow": FaultProxy._slow,
    "nonsense": FaultProxy._nonsense,
    "stale": FaultProxy._stale,
    "twice": FaultProxy._twice,
    "outside": FaultProxy._outside,
    "incomplete": FaultProxy._incomplete,
}
