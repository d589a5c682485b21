# SPDX-License-Identifier: Apache-2.0
"""Whatever a node answers, the agent sees a typed error: nonsense must neither end it nor spoil an effect."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from faircart.ethereum.errors import NodeBusy, NodeRefused, NodeUnreachable
from faircart.ethereum.node import EthereumNode, RevertData

ANYBODY = "0x" + "11" * 20
HASH = "0x" + "22" * 32
BLOCK = {"number": "0x5", "hash": HASH, "parentHash": HASH, "timestamp": "0x1"}


class Answering(BaseHTTPRequestHandler):
    """Answers every call with what the test says."""

    answer: ClassVar[dict[str, Any]] = {}

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"jsonrpc": "2.0", "id": 1, **self.answer}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def node() -> Iterator[EthereumNode]:
    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield EthereumNode(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


CALLS: dict[str, Callable[[EthereumNode], Any]] = {
    "chain_id": lambda node: node.chain_id(),
    "head": lambda node: node.head(),
    "head of a number": lambda node: node.head(4),
    "logs": lambda node: node.logs(1, 2, [ANYBODY]),
    "count_logs": lambda node: node.count_logs(1, [ANYBODY]),
    "code": lambda node: node.code(ANYBODY),
    "balance": lambda node: node.balance(ANYBODY),
    "nonce": lambda node: node.nonce(ANYBODY),
    "call": lambda node: node.call(ANYBODY, b""),
    "estimate": lambda node: node.estimate(ANYBODY, b"", sender=ANYBODY),
    "priority_fee": lambda node: node.priority_fee(),
    "receipt": lambda node: node.receipt(bytes(32)),
}
NONSENSE = ["lorem", "0xzz", "12", 12, 1.5, True, ["0x1"], [[]], {"lorem": 1}, [{"address": 5, "logs": 7}]]
HARMLESS = {("receipt", "{'lorem': 1}")}
"""A receipt without its block is that of a transaction that is not mined."""


@pytest.mark.parametrize("call", CALLS)
def test_nonsense_for_any_call_is_as_good_as_no_answer(node: EthereumNode, call: str) -> None:
    for nonsense in NONSENSE:
        if (call, str(nonsense)) in HARMLESS:
            continue
        Answering.answer = {"result": nonsense}
        with pytest.raises(NodeUnreachable):
            CALLS[call](node)


def test_a_block_that_was_not_asked_for_or_has_half_a_hash_is_nonsense(node: EthereumNode) -> None:
    Answering.answer = {"result": BLOCK}
    head = node.head(5)
    assert head is not None
    assert head.number == 5
    with pytest.raises(NodeUnreachable):
        node.head(4)
    Answering.answer = {"result": {**BLOCK, "hash": "0x2222"}}
    with pytest.raises(NodeUnreachable):
        node.head(5)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0x1234"}, RevertData),
        ({"code": 3, "message": "execution reverted", "data": "nonsense"}, RevertData),
        ({"code": -32000, "message": "header not found"}, NodeBusy),
        ({"code": -32005, "message": "query returned more than 10000 results"}, NodeBusy),
        ({"code": -32000, "message": "replacement transaction underpriced"}, NodeRefused),
        ({"code": None, "message": None}, NodeRefused),
        ({"code": "x"}, NodeRefused),
        (["no", "object"], NodeRefused),
        ("a text", NodeRefused),
        (7, NodeRefused),
    ],
    ids=str,
)
def test_an_error_of_any_shape_is_a_typed_one(node: EthereumNode, error: Any, kind: type[Exception]) -> None:
    Answering.answer = {"error": error}
    with pytest.raises(kind):
        node.call(ANYBODY, b"")
