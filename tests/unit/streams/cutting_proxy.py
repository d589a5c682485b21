# SPDX-License-Identifier: Apache-2.0
"""A way to a node that fails on purpose, whatever node it is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class CuttingProxy:
    """Passes bytes to a node; `lose_answers` of the next requests with `method` get none, though done."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.method = b""
        self.lose_answers = 0
        self.lose_requests = 0
        self.seen: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._target)) as node:
            while (request := _message(client)) is not None:
                hit = self.method in request
                self.seen.append(request)
                if hit and self.lose_requests > 0:
                    self.lose_requests -= 1
                    return
                node.sendall(request)
                answer = _message(node)
                if answer is None or (hit and self.lose_answers > 0):
                    self.lose_answers -= 1
                    return
                client.sendall(answer)


def _message(connection: socket.socket) -> bytes | None:
    """One HTTP message with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1 << 16)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0].split(b":")[1]) - len(body)
    pieces = [data]
    while missing > 0:
        piece = connection.recv(min(missing, 1 << 20))
        if not piece:
            return None
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


@contextmanager
def cutting_proxy(url: str) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(int(url.rsplit(":", 1)[1].strip("/")))
    try:
        yield proxy
    finally:
        proxy.close()
