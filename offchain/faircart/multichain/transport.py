# SPDX-License-Identifier: Apache-2.0
"""The way to a node: savoir's calls over a transport of our own.

savoir 1.0.6 opens a connection per call, has no timeout, knows only `http://host:port`, returns errors
instead of raising them, logs every payload and lets any misspelled method name "exist". `NodeRpc` is a
Savoir whose calls go through kept connections instead; nothing of savoir's own sending and logging is
reached.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import itertools
import logging
import random
import re
import ssl
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from Savoir import Savoir

from faircart.multichain import connections, errors, messages
from faircart.multichain.messages import Body
from faircart.multichain.methods import METHODS, REPEATABLE

log = logging.getLogger("faircart.multichain")

MAX_IN_FLIGHT = 4  # a node has 4 workers and a queue of 16, which several clients share
_ATTEMPTS = 4
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_PATH_SAFE = "!#$%&'()*+,/:;=@[]~"

_gates: weakref.WeakValueDictionary[str, _Gate] = weakref.WeakValueDictionary()
_gates_lock = threading.Lock()


class _Gate:
    """Lets at most MAX_IN_FLIGHT calls through to one node, whichever client object makes them."""

    def __init__(self) -> None:
        self.slots = threading.BoundedSemaphore(MAX_IN_FLIGHT)


def _gate(node: str) -> _Gate:
    with _gates_lock:
        return _gates.setdefault(node, _Gate())


def _parse_url(url: str) -> tuple[SplitResult, str, int]:
    """The parts of a node's URL, its host (ASCII) and its port."""
    parts = host = port = None
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
    if parts is None:  # raised here, so that the error does not carry the URL with it
        raise errors.BadConfiguration(detail="the URL is malformed")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.BadConfiguration(detail="the URL must be http:// or https:// with a host")
    if parts.username or parts.password:
        raise errors.BadConfiguration(detail="user and password must not stand in the URL")
    if _HALF_PAIR.search(parts.path):
        raise errors.BadConfiguration(detail="the URL's path is no Unicode")
    if parts.query or parts.fragment:
        raise errors.BadConfiguration(detail="the URL must have no query and no fragment")
    with contextlib.suppress(ValueError):
        port = parts.port or (443 if parts.scheme == "https" else 80)
    if port is None:
        raise errors.BadConfiguration(detail="the URL's port is no number up to 65535")
    with contextlib.suppress(ValueError):
        host = parts.hostname.encode("idna").decode()
    if host is None or not re.fullmatch(r"[\w.-]+|[0-9a-f:.]+(%\w+)?", host, re.ASCII):
        raise errors.BadConfiguration(detail="the URL's host is no valid name")
    return parts, host, port


def _tls(verify: bool | str) -> ssl.SSLContext:
    if verify is False:
        raise errors.BadConfiguration(detail="an https node needs a certificate that can be checked")
    with contextlib.suppress(OSError):  # ssl.SSLError is one
        return ssl.create_default_context(cafile=None if verify is True else verify)
    raise errors.BadConfiguration(detail=f"the CA file {verify} cannot be read as PEM")


class NodeRpc(Savoir):  # type: ignore[misc]
    """JSON-RPC calls to one node: `rpc.getinfo()`, or `rpc.call("getinfo")`.

    `timeout` bounds each attempt of a call in seconds, from waiting for a free slot to the last byte of the
    answer; only the look-up of the host's name is the system's to bound. `verify` is a CA file for https,
    or True for the system's. Raises subclasses of `errors.MultiChainError` and nothing else. Thread-safe.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        timeout: float = 30.0,
        chain_name: str | None = None,
        verify: bool | str = True,
        attempts: int = _ATTEMPTS,
    ) -> None:
        parts, host, port = _parse_url(url)
        if not all(isinstance(text, str) and not _HALF_PAIR.search(text) for text in (user, password)):
            raise errors.BadConfiguration(detail="user and password must be texts in Unicode")
        # savoir keeps what it is given in plain attributes, so it is not given the password
        super().__init__(user, "", host, str(port), chain_name)
        path = parts.path or "/"
        self.url = parts._replace(path=path).geturl()
        # one node, however its address is written; no look-up of names for more than that
        self._gate = _gate(f"{parts.scheme}://{'127.0.0.1' if host == 'localhost' else host}:{port}{path}")
        self.chain_name = chain_name
        self.timeout = timeout
        self.attempts = attempts
        self._ids = itertools.count(1)
        tls = _tls(verify) if parts.scheme == "https" else None
        self._connections = connections.Connections(host, port, quote(path, _PATH_SAFE), tls, user, password)

    def __repr__(self) -> str:
        return f"NodeRpc({self.url!r})"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in METHODS:
            raise errors.UnknownMethod(name)
        return functools.partial(self.call, name)

    def __call__(self, *_: Any) -> Any:
        raise errors.UnknownMethod(detail="a call needs a method name")

    def close(self) -> None:
        """Close the connections; the object can still be used and opens new ones.

        A node that is told to stop waits for open connections until they have been idle for 30 s.
        """
        self._connections.close()

    def call(self, method: str, *params: Any, timeout: float | None = None, as_bytes: bool = False) -> Any:
        """The `result` of `method`; a parameter of `bytes` is sent as hex, and a result of hex comes
        `as_bytes` if it is wanted so. Repeats, with growing random pauses, only what is safe to repeat.

        Safe always: what the node refused without doing anything (503, warm-up) and what never left (no
        connection; but a refused certificate stays refused). Safe for `REPEATABLE` methods: also timeouts
        and cut connections.
        """
        if method not in METHODS:
            raise errors.UnknownMethod(method)
        body = self._encode(method, params)
        limit = self.timeout if timeout is None else timeout
        for attempt in range(1, self.attempts + 1):
            started = time.monotonic()
            failure: errors.MultiChainError | None = None
            result: Any = None
            try:
                result = self._attempt(method, body, limit, as_bytes)
            except errors.MultiChainError as error:
                failure = error
            log.debug(
                "%s: %s after %.1f ms (attempt %d)",
                method,
                "ok" if failure is None else type(failure).__name__,
                (time.monotonic() - started) * 1000,
                attempt,
            )
            if failure is None:
                return result
            if attempt == self.attempts or not self._may_repeat(method, failure):
                raise failure
            time.sleep(random.uniform(0.5, 1.0) * 0.1 * 2**attempt)  # noqa: S311 - jitter, no secret
        raise AssertionError("unreachable")

    @staticmethod
    def _may_repeat(method: str, failure: errors.MultiChainError) -> bool:
        if isinstance(failure, errors.CertificateRefused):
            return False
        if isinstance(failure, errors.Overloaded | errors.WarmingUp | errors.Unreachable):
            return True
        if isinstance(failure, errors.TimedOut | errors.ConnectionCut):
            return method in REPEATABLE
        return False

    def _encode(self, method: str, params: tuple[Any, ...]) -> Body:
        envelope: dict[str, Any] = {"method": method, "id": next(self._ids)}
        if self.chain_name is not None:
            envelope["chain_name"] = self.chain_name
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            return messages.request(envelope, params)
        # raised here, so that the error does not carry the values with it
        raise errors.InvalidItem(method, "a parameter is no JSON value in UTF-8")

    def _attempt(self, method: str, body: Body, limit: float, as_bytes: bool) -> Any:
        deadline = time.monotonic() + limit
        if not self._gate.slots.acquire(timeout=limit):
            raise errors.TimedOut(method, f"no free slot among {MAX_IN_FLIGHT} calls in {limit:g} s")
        try:
            status, content = self._post(method, body, limit, deadline)
        finally:
            self._gate.slots.release()
        return self._read(method, status, content, as_bytes)

    def _post(self, method: str, body: Body, limit: float, deadline: float) -> tuple[int, bytes]:
        """HTTP status and content. The errors of `http.client` can hold parts of an answer, so none is
        passed on.
        """
        failure: errors.MultiChainError
        connected = False
        try:
            with self._connections.one(deadline) as connection:
                connection.open()
                connected = True
                return self._connections.post(connection, body)
        except TimeoutError:
            failure = (
                errors.TimedOut(method, f"not complete within {limit:g} s")
                if connected
                else errors.Unreachable(method, "no connection in time")
            )
        # what is no length of an answer, or of a piece of it, raises the others
        except (OSError, http.client.HTTPException, ValueError, OverflowError, MemoryError) as error:
            if connected:
                # a node answers 413 and closes while it is still being sent to; the answer is then often lost
                large = len(body) > messages.MAX_BODY_BYTES
                failure = errors.TooLarge(method) if large else errors.ConnectionCut(method)
            elif isinstance(error, ssl.SSLError):
                failure = errors.CertificateRefused(method)
            else:
                failure = errors.Unreachable(method)
        raise failure

    def _read(self, method: str, status: int, content: bytes, as_bytes: bool) -> Any:
        if status == 401:
            raise errors.Unauthorised(method)
        if status == 403:
            raise errors.Forbidden(method)
        if status == 413:
            raise errors.TooLarge(method)
        if status == 503:
            raise errors.Overloaded(method)
        answer: Any = None
        readable = True
        try:
            answer = messages.answer(content, as_bytes=as_bytes)
        except (ValueError, RecursionError):
            readable = False
        if not readable or not isinstance(answer, dict) or not {"result", "error"} <= answer.keys():
            if status == 404:
                raise errors.WrongPath(method)
            raise errors.NotANode(method, f"HTTP status {status} without a JSON-RPC answer")
        error = answer["error"]
        if error is None and status == 200:
            return answer["result"]
        if isinstance(error, dict) and isinstance(error.get("code"), int):
            raise errors.by_code(method, error["code"], str(error.get("message", "")))
        raise errors.NotANode(method, f"HTTP status {status} with an error of no known form")
