# SPDX-License-Identifier: Apache-2.0
"""The way to a node: savoir's calls over a transport of our own.

savoir 1.0.6 opens a connection per call, has no timeout, knows only `http://host:port`, returns errors
instead of raising them, logs every payload and lets any misspelled method name "exist". `NodeRpc` is a
Savoir whose calls go through one keep-alive session instead; nothing of savoir's own sending and logging is
reached.
"""

from __future__ import annotations

import binascii
import contextlib
import functools
import itertools
import json
import logging
import random
import threading
import time
import weakref
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3
from requests.auth import HTTPBasicAuth
from Savoir import Savoir

from faircart.multichain import errors
from faircart.multichain.connections import NodeAdapter, until

log = logging.getLogger("faircart.multichain")

MAX_IN_FLIGHT = 4  # a node has 4 workers and a queue of 16, which several clients share
_CONNECT_SECONDS = 5.0
_ATTEMPTS = 4
_LEAST_SECONDS = 0.001
_RESULT = b'{"result":"'
_LONG_RESULT = 1 << 15

READS = frozenset(
    {
        "getaddresses",
        "getblockchainparams",
        "getblockcount",
        "getchunkqueueinfo",
        "getchunkqueuetotals",
        "getinfo",
        "getinitstatus",
        "getlastblockinfo",
        "getpeerinfo",
        "getruntimeparams",
        "getstreamitem",
        "getstreaminfo",
        "gettxoutdata",
        "listaddresses",
        "listpermissions",
        "liststreamitems",
        "liststreamkeyitems",
        "liststreamkeys",
        "liststreampublisheritems",
        "liststreampublishers",
        "liststreams",
        "liststreamtxitems",
        "listwallettransactions",
        "signmessage",
        "validateaddress",
        "verifymessage",
        "verifypermission",
    }
)
"""Calls that change nothing: repeated after any failure of the way to the node."""

REPEATABLE = READS | {"subscribe", "unsubscribe"}
"""Calls whose second execution changes nothing more."""

METHODS = REPEATABLE | {
    "addnode",
    "appendbinarycache",
    "create",
    "createbinarycache",
    "createfrom",
    "deletebinarycache",
    "getnewaddress",
    "grant",
    "grantfrom",
    "publish",
    "publishfrom",
    "publishmulti",
    "publishmultifrom",
    "purgepublisheditems",
    "revoke",
    "revokefrom",
}
"""All that FairCart calls. `getwallettransaction` is left out on purpose: with an all-zero txid it kills a
node.
"""

_gates: weakref.WeakValueDictionary[str, _Gate] = weakref.WeakValueDictionary()
_gates_lock = threading.Lock()


class _Gate:
    """Lets at most MAX_IN_FLIGHT calls through to one node, whichever client object makes them."""

    def __init__(self) -> None:
        self.slots = threading.BoundedSemaphore(MAX_IN_FLIGHT)


def _gate(node: str) -> _Gate:
    with _gates_lock:
        return _gates.setdefault(node, _Gate())


def _parse_url(url: str) -> SplitResult:
    parts = None
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
    if parts is None:  # raised here, so that the error does not carry the URL with it
        raise errors.BadConfiguration(detail="the URL is malformed")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.BadConfiguration(detail="the URL must be http:// or https:// with a host")
    if parts.username or parts.password:
        raise errors.BadConfiguration(detail="user and password must not stand in the URL")
    if parts.query or parts.fragment:
        raise errors.BadConfiguration(detail="the URL must have no query and no fragment")
    return parts


class NodeRpc(Savoir):  # type: ignore[misc]
    """JSON-RPC calls to one node: `rpc.getinfo()`, or `rpc.call("getinfo")`.

    `timeout` bounds each attempt of a call in seconds, from waiting for a free slot to the last byte of the
    answer. `verify` is a CA file for https, or True for the system's. Raises subclasses of
    `errors.MultiChainError` and nothing else. Thread-safe.
    """

    _own = True

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
        parts = _parse_url(url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise errors.BadConfiguration(detail="the URL's port is no number up to 65535") from None
        # savoir keeps what it is given in plain attributes, so it is not given the password
        super().__init__(user, "", parts.hostname, str(port), chain_name)
        self.url = parts._replace(path=parts.path or "/").geturl()
        # one node, however its address is written
        node = f"{parts.scheme}://{parts.hostname}:{port}{parts.path or '/'}"
        self.chain_name = chain_name
        self.timeout = timeout
        self.attempts = attempts
        self._verify = verify
        self._auth = HTTPBasicAuth(user.encode(), password.encode())
        self._ids = itertools.count(1)
        self._gate = _gate(node)
        self._adapter = NodeAdapter(pool_connections=1, pool_maxsize=MAX_IN_FLIGHT, max_retries=0)
        self._session = self._new_session()
        # preparing a request anew costs more than all the rest of a call on our side
        try:
            self._prepared = self._session.prepare_request(requests.Request("POST", self.url, data=b"{}"))
        except ValueError:  # InvalidURL is one
            raise errors.BadConfiguration(detail="the URL's host is no valid name") from None

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
        # urllib3 closes a forgotten pool only when it is collected as garbage, which an error can put off
        pools = self._adapter.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118 - it is no dict and cannot be iterated over
            with contextlib.suppress(KeyError):
                pools[key].close()
        self._session.close()

    def call(self, method: str, *params: Any, timeout: float | None = None) -> Any:
        """The `result` of `method`; a parameter of `bytes` is sent as hex. Repeats, with growing random
        pauses, only what is safe to repeat.

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
                result = self._attempt(method, body, limit)
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

    def _encode(self, method: str, params: tuple[Any, ...]) -> bytes:
        request: dict[str, Any] = {"method": method, "id": next(self._ids)}
        if self.chain_name is not None:
            request["chain_name"] = self.chain_name
        encoded = None
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            encoded = [_json(request)[:-1], b',"params":[']
            for number, param in enumerate(params):
                # hex needs none of the escaping that takes most of the time for a long text
                value = (b'"', binascii.hexlify(param), b'"') if isinstance(param, bytes) else (_json(param),)
                encoded += (b"," if number else b"", *value)
        if encoded is None:  # raised here, so that the error does not carry the values with it
            raise errors.InvalidItem(method, "a parameter is no JSON value in UTF-8")
        return b"".join((*encoded, b"]}"))

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # no proxy and no netrc may redirect a node's credentials
        session.auth = self._auth
        session.verify = self._verify
        session.headers.update({"Content-Type": "application/json", "User-Agent": "faircart"})
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.mount("http://", self._adapter)
        session.mount("https://", self._adapter)
        return session

    def _attempt(self, method: str, body: bytes, limit: float) -> Any:
        deadline = time.monotonic() + limit
        if not self._gate.slots.acquire(timeout=limit):
            raise errors.TimedOut(method, f"no free slot among {MAX_IN_FLIGHT} calls in {limit:g} s")
        try:
            status, content = self._post(method, body, limit, deadline)
        finally:
            self._gate.slots.release()
        return self._read(method, status, content)

    def _post(self, method: str, body: bytes, limit: float, deadline: float) -> tuple[int, bytes]:
        """HTTP status and body. The errors of requests hold the request and its headers, so none is passed
        on.
        """
        failure: errors.MultiChainError
        left = max(deadline - time.monotonic(), _LEAST_SECONDS)  # the wait for a slot took its part
        connect = min(_CONNECT_SECONDS, left)
        try:
            request = self._prepared.copy()
            request.body = body
            request.headers["Content-Length"] = str(len(body))
            with (
                until(deadline),
                self._session.send(
                    request,
                    timeout=urllib3.Timeout(total=left, connect=connect),  # type: ignore[arg-type]
                    stream=True,
                    verify=self._verify,
                    allow_redirects=False,
                ) as answer,
            ):
                return answer.status_code, answer.raw.read(decode_content=True)
        except urllib3.exceptions.ReadTimeoutError:
            failure = errors.TimedOut(method, f"not complete within {limit:g} s")
        except (urllib3.exceptions.ProtocolError, urllib3.exceptions.SSLError):
            failure = errors.ConnectionCut(method)
        except urllib3.exceptions.HTTPError as error:
            failure = errors.NotANode(method, type(error).__name__)
        except requests.exceptions.SSLError:
            failure = errors.CertificateRefused(method)
        except requests.exceptions.ConnectTimeout:
            failure = errors.Unreachable(method, f"no connection within {connect:g} s")
        except requests.exceptions.Timeout:
            failure = errors.TimedOut(method, f"nothing within {limit:g} s")
        except requests.exceptions.ConnectionError as error:
            failure = _connection_failure(method, error, len(body))
        except requests.exceptions.RequestException as error:
            failure = errors.NotANode(method, type(error).__name__)
        except OSError:  # only of requests itself, before it connects
            failure = errors.BadConfiguration(method, "the CA file cannot be read")
        raise failure

    def _read(self, method: str, status: int, content: bytes) -> Any:
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
            answer = _parse(content)
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


def _json(value: Any) -> bytes:
    # not ASCII: escapes beyond the first plane are not understood by every node
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _parse(content: bytes) -> Any:
    """As json.loads, which looks at each character of a long result one by one."""
    start = len(_RESULT)
    end = content.find(b'"', start) if content.startswith(_RESULT) else -1
    if end - start < _LONG_RESULT or content.find(b"\\", start, end) != -1:
        return json.loads(content)
    answer = json.loads(_RESULT + content[end:])
    return {**answer, "result": str(memoryview(content)[start:end], "utf-8")}


def _connection_failure(
    method: str, error: requests.exceptions.ConnectionError, size: int
) -> errors.MultiChainError:
    """Tell "never connected" (nothing was executed) from "cut" (it may have been)."""
    text = repr(error)
    if "NewConnectionError" in text or "NameResolutionError" in text or "Connection refused" in text:
        return errors.Unreachable(method)
    if "Read timed out" in text or "TimeoutError(" in text:
        return errors.TimedOut(method)
    if size > MAX_BODY_BYTES:
        # the node answers 413 and closes while the body is still being sent; the answer is then often lost
        return errors.TooLarge(method)
    return errors.ConnectionCut(method)


MAX_BODY_BYTES = 33_554_432
"""The node's limit for one request body."""
