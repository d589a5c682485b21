# SPDX-License-Identifier: Apache-2.0
"""A server that answers each request as a test says: what no real node could be brought to do on demand."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Answer = bytes | Callable[[socket.socket, bytes], None] | None
"""Bytes to send; or what to do with the connection; or None: close without an answer."""


def http(status: int, body: bytes, kind: str = "application/json", more: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode()
        + body
    )


def result(value: Any) -> bytes:
    return http(200, json.dumps({"result": value, "error": None, "id": 1}).encode())


def error(status: int, code: int, message: str = "") -> bytes:
    body = {"result": None, "error": {"code": code, "message": message}, "id": 0}
    return http(status, json.dumps(body).encode())


class FakeNode:
    """Gives the answers in turn, the last one again and again; keeps what it was sent."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        scheme = "http" if tls is None else "https"
        self.port = self._listener.getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> FakeNode:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.split(b"\r\n\r\n", 1)[1]) for request in self.requests]

    @property
    def methods(self) -> list[str]:
        return [body["method"] for body in self.bodies]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with suppress(OSError):
            client = raw if self._tls is None else self._tls.wrap_socket(raw, server_side=True)
            with client:
                self.connections += 1
                while request := self._read(client):
                    with self._lock:
                        self.requests.append(request)
                        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                    if callable(answer):
                        answer(client, request)
                    elif answer is None:
                        return
                    else:
                        client.sendall(answer)

    @staticmethod
    def _read(client: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = client.recv(1 << 16)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            ),
            0,
        )
        while len(body) < length:
            piece = client.recv(1 << 20)
            if not piece:
                return b""
            body += piece
        return head + b"\r\n\r\n" + body
