# SPDX-License-Identifier: Apache-2.0
"""Kept connections to a node whose calls end at a deadline, and which are not kept too long.

urllib3's own timeouts bound each wait for bytes, not their sum, so an answer or only its headers could
trickle in for ever; and a request's body gets the time for connecting alone.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPMessage, HTTPResponse
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

SERVER_IDLE_SECONDS = 30.0  # -rpcservertimeout: the node closes idle connections then
RENEW_AFTER = SERVER_IDLE_SECONDS - 5.0
"""Idle seconds after which a connection is opened anew: the node's close could meet a request."""

_thread = threading.local()


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Calls of this thread through a `NodeAdapter` end at `deadline` (`time.monotonic`)."""
    _thread.deadline = deadline
    try:
        yield
    finally:
        del _thread.deadline


class _Incoming(io.RawIOBase):
    """What comes from a socket until the deadline of the call that opened it; TimeoutError afterwards."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        self._raw = raw
        self._connection = connection
        self._deadline: float = _thread.deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, connection: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(connection, *args, **options)
        self.fp = io.BufferedReader(_Incoming(self.fp.detach(), connection))

    def begin(self) -> None:
        super().begin()
        if self.msg.defects or self.msg.get_payload():
            # urllib3 would log what is no header, and it can repeat what was sent
            clean = HTTPMessage()
            for name, value in self.msg.items():
                clean[name] = value
            self.headers = self.msg = clean


class _Kept:
    """What both connections of urllib3 get before their own."""

    response_class: Any = _Answer
    sock: socket.socket | None
    _used = 0.0

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self._used = time.monotonic()

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None and time.monotonic() - self._used > RENEW_AFTER:
            self.close()  # type: ignore[attr-defined]
        super().request(*args, **options)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(_left(_thread.deadline))
        super().send(data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        answer = super().getresponse()  # type: ignore[misc]
        self._used = time.monotonic()
        return answer


class _Http(_Kept, HTTPConnection):
    pass


class _Https(_Kept, HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https


class NodeAdapter(HTTPAdapter):
    """For `requests`: to be used inside `until`."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
