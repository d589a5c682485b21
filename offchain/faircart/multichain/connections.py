# SPDX-License-Identifier: Apache-2.0
"""Kept connections to a node whose calls end at a deadline, and which are not kept too long.

Timeouts of sockets bound each wait for bytes, not their sum: an answer, or only its headers, could trickle
in for ever. No proxy, no cookie, no redirect and no file of the user's has a part in a call.
"""

from __future__ import annotations

import base64
import io
import itertools
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from typing import Any

from faircart.multichain.messages import Body

SERVER_IDLE_SECONDS = 30.0  # -rpcservertimeout: the node closes idle connections then
RENEW_AFTER = SERVER_IDLE_SECONDS - 5.0
"""Idle seconds after which a connection is opened anew: the node's close could meet a request."""
CONNECT_SECONDS = 5.0
"""Seconds for connecting to one address of the node."""


class Connections:
    """As many connections to a node as calls are under way at once; thread-safe.

    `tls` is what https is checked by, or None for http. `path` must be quoted, `host` be ASCII.
    """

    def __init__(
        self, host: str, port: int, path: str, tls: ssl.SSLContext | None, user: str, password: str
    ) -> None:
        self._host, self._port, self._tls = host, port, tls
        name = f"[{host}]" if ":" in host else host
        word = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {name}:{port}\r\nAuthorization: Basic {word}\r\n"
            "Content-Type: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: faircart\r\n"
        ).encode()
        self._idle: list[Connection] = []

    @contextmanager
    def one(self, deadline: float) -> Iterator[Connection]:
        """A connection for one call until `deadline` (`time.monotonic`), open or not; kept if the call
        succeeds.
        """
        idle = self._idle
        connection = Connection(self._host, self._port, self._tls)
        with suppress(IndexError):
            connection = idle.pop()
        connection.deadline = deadline
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if idle is self._idle:
            idle.append(connection)
        else:  # closed meanwhile
            connection.close()

    def post(self, connection: Connection, body: Body) -> tuple[int, bytes]:
        """HTTP status and content of the answer to `body`."""
        pieces = iter(body)
        head = b"%sContent-Length: %d\r\n\r\n" % (self._head, len(body))
        return connection.exchange(itertools.chain((head + next(pieces),), pieces))

    def close(self) -> None:
        """Close what is idle now, and what is in use as soon as it is not."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class Connection:
    """A connection for one call after the other, each until its `deadline`."""

    deadline = 0.0

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._socket: socket.socket | None = None
        self._used = 0.0

    def open(self) -> None:
        """Connect, unless it is connected and was so a short while ago."""
        if self._socket is not None and (
            time.monotonic() - self._used > RENEW_AFTER or _readable(self._socket)
        ):
            self.close()
        if self._socket is None:
            seconds = min(CONNECT_SECONDS, _left(self.deadline))
            connection = socket.create_connection((self._host, self._port), seconds)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_hostname=self._host)
            self._socket = connection

    def exchange(self, request: Iterator[bytes]) -> tuple[int, bytes]:
        """Send the pieces of a request; the status and content of its answer."""
        assert self._socket is not None
        whole = False
        # a node refuses what is too large before it has read it, and closes
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in request:
                self._socket.settimeout(_left(self.deadline))
                self._socket.sendall(piece)
            whole = True
        with _Answer(self._socket, self.deadline) as answer:
            answer.begin()
            status, content = answer.status, answer.read()
        self._used = time.monotonic()
        if answer.will_close or not whole:
            self.close()
        return status, content

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Answer(HTTPResponse):
    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__(connection, method="POST")
        self.fp = io.BufferedReader(_Incoming(self.fp.detach(), connection, deadline))


class _Incoming(io.RawIOBase):
    """What comes from a socket until the deadline; TimeoutError afterwards."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _readable(connection: socket.socket) -> bool:
    """Of an idle connection: that the node has closed it."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
