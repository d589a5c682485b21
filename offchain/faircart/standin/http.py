# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of one wallet: the envelope, statuses and limits of a node's JSON-RPC server.

aiohttp's low-level server fits: it hands over every method and path, keeps connections for a time that can
be set, answers `Expect: 100-continue`, and lets a body be refused before it is read and a connection be
cut.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
import ipaddress
import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from faircart.standin import values
from faircart.standin.registry import call
from faircart.standin.rpcerror import INTERNAL, METHOD, PARAMETER, PARSE, REQUEST, WARMING_UP, RpcError
from faircart.standin.wallet import Wallet

log = logging.getLogger("faircart.standin")

MAX_BODY = 33_554_432
WORKERS = 4  # -rpcthreads
QUEUE = 16  # -rpcworkqueue
IDLE_SECONDS = 29.7  # measured on a node whose -rpcservertimeout is 30
_WRONG_PASSWORD_SECONDS = 0.25
_HTML = "text/html; charset=ISO-8859-1"
_TOO_LARGE = (
    "<HTML><HEAD>\n<TITLE>413 Request Entity Too Large</TITLE>\n</HEAD><BODY>\n"
    "<H1>Request Entity Too Large</H1>\n</BODY></HTML>\n"
)
_NOT_IMPLEMENTED = (
    "<HTML><HEAD>\n<TITLE>501 Not Implemented</TITLE>\n</HEAD><BODY>\n"
    "<H1>Not Implemented</H1>\n</BODY></HTML>\n"
)
_KNOWN_VERBS = ("GET", "HEAD", "POST", "PUT")


@dataclass
class Faults:
    """What goes wrong on purpose, for tests. Counts say for how many of the next requests."""

    overloaded: int = 0
    """Answer 503 without doing anything."""
    cut: int = 0
    """Close the connection before doing anything."""
    cut_after: int = 0
    """Do what was asked, then close the connection without an answer."""
    slow: int = 0
    slow_seconds: float = 0.0
    """Wait this long before doing what was asked."""
    slow_answer: int = 0
    slow_answer_seconds: float = 0.0
    """Do what was asked, then wait this long before the answer."""
    garbage: int = 0
    """Answer 200 with something that is no JSON."""
    only: str = ""
    """Methods (comma separated) that the faults are for; empty: all."""


@dataclass
class _Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class _Bare(web.Response):
    """A response without aiohttp's own Server header: a node names itself only in successful answers."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        if "multichain" not in self.headers.get("Server", ""):
            self.headers.pop("Server", None)


class HttpSide:
    """Serves one wallet on one loopback port. `start` and `stop` belong to the event loop's thread."""

    def __init__(self, wallet: Wallet, user: str, password: str, allowed: str = "127.0.0.0/8") -> None:
        self.wallet = wallet
        self.faults = Faults()
        self.warm_up_until = 0.0
        self._secret = f"{user}:{password}".encode()
        self._allowed = ipaddress.ip_network(allowed)
        self._pool: ThreadPoolExecutor | None = None
        self._pending = 0
        self._runner: web.ServerRunner | None = None

    async def start(self, port: int) -> int:
        """Listen on `port` (0: any free one) and return it."""
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix=f"wallet-{self.wallet.number}")
        server = web.Server(
            self._handle,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=1.0,
            access_log=None,
            max_line_size=1 << 16,
            max_field_size=1 << 16,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        bound = int(self._runner.addresses[0][1])
        self.wallet.port = bound
        return bound

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    # --- one request ---
    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        with contextlib.suppress(ValueError):
            if int(request.headers.get("Content-Length", "0")) > MAX_BODY:
                return self._refuse_body()
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # as aiohttp's own router does, so that headers can still follow
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > MAX_BODY:
                return self._refuse_body()
        if ipaddress.ip_address(request.remote or "0.0.0.0") not in self._allowed:  # noqa: S104 - no bind
            return _Bare(status=403)
        if request.method == "DELETE":
            return self._plain(405)
        if request.method not in _KNOWN_VERBS:
            return self._page(501, _NOT_IMPLEMENTED)
        if request.path_qs != "/":
            return self._plain(404)
        if self._pending >= WORKERS + QUEUE:
            return self._plain(503, b"Work queue depth exceeded")
        assert self._pool is not None
        self._pending += 1
        try:
            answer = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._work, request.method, request.headers.get("Authorization"), bytes(body)
            )
        finally:
            self._pending -= 1
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return _Bare(status=500)
        response = _Bare(status=answer.status, body=answer.body, headers=answer.headers)
        if "Content-Type" not in answer.headers:
            response.headers["Content-Type"] = _HTML
        return response

    @staticmethod
    def _plain(status: int, body: bytes = b"") -> web.Response:
        return _Bare(status=status, body=body, headers={"Content-Type": _HTML})

    @classmethod
    def _refuse_body(cls) -> web.Response:
        return cls._page(413, _TOO_LARGE)

    @staticmethod
    def _page(status: int, page: str) -> web.Response:
        response = _Bare(status=status, body=page.encode(), headers={"Content-Type": "text/html"})
        response.force_close()
        return response

    # --- in a worker thread ---
    def _work(self, verb: str, authorization: str | None, body: bytes) -> _Answer | None:
        if verb != "POST":
            return _Answer(405, b"JSONRPC server handles only POST requests")
        if authorization is None:
            return _unauthorised()
        if not self._authorised(authorization):
            time.sleep(_WRONG_PASSWORD_SECONDS)
            return _unauthorised()
        fault = self._fault(body)
        if fault == "overloaded":
            return _Answer(503, b"Work queue depth exceeded")
        if fault == "cut":
            return None
        if fault == "garbage":
            return _Answer(200, b"<html>maintenance</html>")
        if fault == "slow":
            time.sleep(self.faults.slow_seconds)
        answer = self._answer(body)
        if fault == "slow_answer":
            time.sleep(self.faults.slow_answer_seconds)
        return None if fault == "cut_after" else answer

    def _authorised(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        if scheme != "Basic":
            return False
        try:
            given = base64.b64decode(encoded.strip())
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, self._secret)

    def _fault(self, body: bytes) -> str:
        faults = self.faults
        if faults.only and not any(f'"{name}"'.encode() in body[:200] for name in faults.only.split(",")):
            return ""
        for kind in ("overloaded", "cut", "cut_after", "slow", "slow_answer", "garbage"):
            left = getattr(faults, kind)
            if left > 0:
                setattr(faults, kind, left - 1)
                return kind
        return ""

    def _answer(self, body: bytes) -> _Answer:
        try:
            request = values.read_json(body)
        except (ValueError, RecursionError):
            return _error(0, RpcError(PARSE, "Parse error"))
        if time.monotonic() < self.warm_up_until:
            try:
                name = _parse(request, self.wallet.ledger.meta("chain-name"))[0]
            except RpcError as error:
                return _error(0, error)
            if name != "getinitstatus":
                return _error(0, RpcError(WARMING_UP, "RPC server started"))
        if isinstance(request, list):
            return _ok([self._member(member) for member in request])
        if not isinstance(request, dict):
            return _error(0, RpcError(PARSE, "Top-level object parse error"))
        identifier: Any = 0
        try:
            name, params = _parse(request, self.wallet.ledger.meta("chain-name"))
            identifier = request.get("id")
            return _ok({"result": self._call(name, params), "error": None, "id": identifier})
        except RpcError as error:
            return _error(identifier, error)

    def _member(self, request: Any) -> dict[str, Any]:
        identifier = request.get("id") if isinstance(request, dict) else None
        try:
            name, params = _parse(request, self.wallet.ledger.meta("chain-name"))
            return {"result": self._call(name, params), "error": None, "id": identifier}
        except RpcError as error:
            return {"result": None, "error": _described(error), "id": identifier}

    def _call(self, name: str, params: list[Any]) -> Any:
        try:
            return call(self.wallet, name, params)
        except RpcError:
            raise
        except UnicodeEncodeError:
            # the database takes no lone surrogates
            raise RpcError(PARAMETER, "Invalid string: not valid Unicode") from None
        except Exception as error:  # noqa: BLE001 - answered and logged, without what was sent
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error("%s failed: %s at %s:%s", name, type(error).__name__, place.filename, place.lineno)
            raise RpcError(INTERNAL, "Internal error") from None


def _parse(request: Any, chain_name: str) -> tuple[str, list[Any]]:
    if not isinstance(request, dict):
        raise RpcError(REQUEST, "Invalid Request object")
    name = request.get("method")
    if name is None:
        raise RpcError(REQUEST, "Missing method")
    if not isinstance(name, str):
        raise RpcError(REQUEST, "Method must be a string")
    chain = request.get("chain_name")
    if chain is not None:
        if not isinstance(chain, str):
            raise RpcError(REQUEST, "Chain name must be a string")
        if chain != chain_name:
            raise RpcError(REQUEST, "Wrong chain name")
    params = request.get("params")
    if params is None:
        params = []
    if not isinstance(params, list):
        raise RpcError(REQUEST, "Params must be an array")
    return name, params


def _described(error: RpcError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message}


def _ok(answer: Any) -> _Answer:
    return _Answer(
        200,
        values.write_json(answer) + b"\n",
        {"Content-Type": "application/json", "Server": "multichain-json-rpc/2.3"},
    )


def _error(identifier: Any, error: RpcError) -> _Answer:
    status = {REQUEST: 400, METHOD: 404}.get(error.code, 500)
    body = {"result": None, "error": _described(error), "id": identifier}
    return _Answer(status, values.write_json(body) + b"\n", {"Content-Type": "application/json"})


def _unauthorised() -> _Answer:
    return _Answer(401, b"", {"WWW-Authenticate": 'Basic realm="jsonrpc"'})
