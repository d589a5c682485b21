# SPDX-License-Identifier: Apache-2.0
"""The client and what a node may do to it."""

from __future__ import annotations

import gc
import inspect
import io
import json
import logging
import socket
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from faircart.multichain import Json, StreamNode, Text, connections, errors, transport
from faircart.multichain.items import MAX_KEY_BYTES, Item, NewItem
from faircart.multichain.methods import METHODS, REPEATABLE
from faircart.multichain.publishing import CACHE_ABOVE
from faircart.multichain.transport import NodeRpc
from faircart.standin.service import StandIn
from faircart.streams.network import StreamsError, read_secret

from tests.unit.streams.conftest import Party
from tests.unit.streams.cutting_proxy import cutting_proxy
from tests.unit.streams.fake_node import Answer, FakeNode, error, result
from tests.unit.streams.fake_node import http as http_answer

PASSWORD = "a secret password"
TXID = "5e" * 32
_LARGE = Item("s", "t", 0, ("a",), ("k",), False, True, "raw", None, False, 9, 0, None)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faircart.multichain.publishing._LOOK_UP_AFTER", (0.01, 0.01))
    monkeypatch.setattr("faircart.multichain.publishing._CACHE_ANEW", (0.01, 0.01))


def rpc(node: FakeNode, **options: Any) -> NodeRpc:
    return NodeRpc(node.url, "user", PASSWORD, **{"timeout": 60.0, **options})


# --- errors ---
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http_answer(401, b"", "text/html"), errors.Unauthorised),
        (http_answer(403, b"", "text/html"), errors.Forbidden),
        (http_answer(404, b"", "text/html"), errors.WrongPath),
        (http_answer(405, b"JSONRPC server handles only POST requests", "text/html"), errors.NotANode),
        (http_answer(413, b"<HTML></HTML>", "text/html"), errors.TooLarge),
        (http_answer(503, b"Work queue depth exceeded", "text/html"), errors.Overloaded),
        (http_answer(200, b"<html>hello</html>", "text/html"), errors.NotANode),
        (http_answer(200, b"[]"), errors.NotANode),
        (http_answer(200, b'{"result": 1}'), errors.NotANode),
        (http_answer(200, b""), errors.NotANode),
        (http_answer(302, b"", more="Location: http://192.0.2.1/\r\n"), errors.NotANode),
        (http_answer(500, b'{"result": null, "error": "text", "id": 1}'), errors.NotANode),
        (error(404, -32601, "Method not found"), errors.MethodNotFound),
        (error(400, -32600, "Wrong chain name"), errors.WrongChain),
        (error(400, -32600, "Missing method"), errors.InvalidRequest),
        (error(500, -32700, "Parse error"), errors.UnreadableRequest),
        (error(500, -32603), errors.InternalFailure),
        (error(500, -1), errors.InvalidCall),
        (error(500, -5), errors.InvalidAddress),
        (error(500, -6), errors.InsufficientFunds),
        (error(500, -8), errors.InvalidParameter),
        (error(500, -13), errors.WalletLocked),
        (error(500, -20), errors.DatabaseFailure),
        (error(500, -22, "Malformed base64 encoding"), errors.Malformed),
        (error(500, -26), errors.Rejected),
        (error(500, -28, "RPC server started"), errors.WarmingUp),
        (error(500, -701), errors.NotAllowed),
        (error(500, -702), errors.NotSupported),
        (
            error(500, -702, "This feature is only available in MultiChain Enterprise: x"),
            errors.EnterpriseOnly,
        ),
        (error(500, -703), errors.NotSubscribed),
        (error(500, -704), errors.NoPermission),
        (error(500, -705), errors.DuplicateName),
        (error(500, -706), errors.UnconfirmedEntity),
        (error(500, -708), errors.EntityNotFound),
        (error(500, -709), errors.KeyNotInWallet),
        (error(500, -710), errors.TransactionNotFound),
        (error(500, -711), errors.BlockNotFound),
        (error(500, -712, "Invalid vout"), errors.OutputNotFound),
        (error(500, -712, "Data for this output is not available"), errors.PayloadNotHere),
        (error(500, -713), errors.OutputWithoutData),
        (error(500, -716), errors.NoUnspentOutputs),
        (error(500, -718), errors.UpgradeRequired),
        (error(500, -999), errors.MultiChainError),
    ],
)
def test_every_refusal_has_a_type(answer: bytes, kind: type[errors.MultiChainError]) -> None:
    with FakeNode(answer) as node, pytest.raises(errors.MultiChainError) as caught:
        rpc(node, attempts=1).getinfo()
    assert type(caught.value) is kind
    assert "getinfo" in str(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        StreamNode.info,
        StreamNode.block_count,
        StreamNode.peers,
        StreamNode.addresses,
        StreamNode.permissions,
        StreamNode.streams,
        lambda node: node.is_address("a"),
        lambda node: node.stream("s"),
        lambda node: node.items("s"),
        lambda node: node.arrivals("s", count=1, start=0),
        lambda node: node.transaction_items("s", "t"),
        lambda node: node.keys("s"),
        lambda node: node.publishers("s"),
        lambda node: node.item("s", "t"),
        lambda node: node.publish("s", "k", b"x", address="a"),
        lambda node: node.publish_many("s", [NewItem(("k",), b"x")] * 2, address="a"),
        lambda node: node.publish("s", "k", bytes(CACHE_ABOVE + 1), address="a", offchain=True),
        lambda node: node.grant("a", "send"),
        lambda node: node.revoke("a", "send", by="b"),
        lambda node: node.create_stream("s", []),
        lambda node: node.has_permission("a", "send"),
        lambda node: node.verify_message("a", "s", "m"),
        lambda node: node.data(_LARGE),
        lambda node: node.data(replace(_LARGE, format="json")),
    ],
)
@pytest.mark.parametrize("answer", [None, "zz", {"a": 1}, [None], [{}]])
def test_an_answer_of_another_form_is_no_nodes(ask: Callable[[StreamNode], Any], answer: Any) -> None:
    with FakeNode(result(answer)) as node, pytest.raises(errors.NotANode):
        ask(StreamNode(node.url, "user", PASSWORD))


@pytest.mark.parametrize("ask", [StreamNode.new_address, lambda node: node.sign_message("a", "m")])
@pytest.mark.parametrize("answer", [None, "", {"a": 1}, True])
def test_an_address_or_signature_is_a_text(ask: Callable[[StreamNode], Any], answer: Any) -> None:
    with FakeNode(result(answer)) as node, pytest.raises(errors.NotANode):
        ask(StreamNode(node.url, "user", PASSWORD))


@pytest.mark.parametrize("text", ["ab", 'a"b\\', "é\n", "\U0001f6d2", "ab' }{"])
def test_a_long_result_is_read_as_a_short_one_is(text: str) -> None:
    for count in (1, 50_000):
        compact = json.dumps({"result": text * count, "error": None, "id": 1}, separators=(",", ":"))
        plain = json.dumps(
            {"result": text * count, "error": None, "id": 1}, separators=(",", ":"), ensure_ascii=False
        )
        with FakeNode(
            result(text * count), http_answer(200, compact.encode()), http_answer(200, plain.encode())
        ) as node:
            client = rpc(node)
            assert [client.getblockcount() for _ in range(3)] == [text * count] * 3


@pytest.mark.parametrize("rest", ['"', '","error":null}x', '","error":null', '","error":{"code":-8}}', '"]'])
def test_a_long_result_of_another_form_is_no_answer(rest: str) -> None:
    answer = http_answer(200, ('{"result":"' + "ab" * 50_000 + rest).encode())
    with FakeNode(answer) as node, pytest.raises(errors.MultiChainError):
        rpc(node).getblockcount()


def test_an_unreachable_node_is_told_from_one_that_answers_late_or_breaks_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(errors.Unreachable):
        NodeRpc(f"http://127.0.0.1:{port}/", "u", "p").getinfo()
    with pytest.raises(errors.Unreachable):
        NodeRpc("http://nosuch.invalid/", "u", "p").getinfo()
    with FakeNode(lambda *_: time.sleep(120)) as node, pytest.raises(errors.TimedOut):
        rpc(node, timeout=1.0, attempts=1).getinfo()
    with FakeNode(None) as node, pytest.raises(errors.ConnectionCut):
        rpc(node, attempts=1).getinfo()
    half = result("x" * 100)[:-50]

    def break_off(client: socket.socket, _: bytes) -> None:
        client.sendall(half)
        client.close()

    with FakeNode(break_off) as node, pytest.raises(errors.ConnectionCut):
        rpc(node, attempts=1).getinfo()


def test_an_answer_that_trickles_in_forever_is_cut_off_at_the_timeout() -> None:
    def trickle(client: socket.socket, _: bytes) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(3000):
            client.sendall(b" " * 30_000)
            time.sleep(0.05)

    with FakeNode(trickle) as node:
        since = time.monotonic()
        with pytest.raises(errors.TimedOut):
            rpc(node, timeout=0.3, attempts=1).getinfo()
        assert time.monotonic() - since < 60


@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_the_timeout_bounds_an_answer_that_comes_byte_by_byte(length: str) -> None:
    piece = b" " if length.startswith("Content") else b"1\r\n \r\n"

    def trickle(client: socket.socket, _: bytes) -> None:
        client.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode())
        for _ in range(2000):
            client.sendall(piece)
            time.sleep(0.1)

    with FakeNode(trickle) as node:
        since = time.monotonic()
        with pytest.raises(errors.TimedOut):
            rpc(node, timeout=0.5, attempts=1).getinfo()
        assert time.monotonic() - since < 60


@pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
def test_the_timeout_bounds_an_answer_whose_headers_come_byte_by_byte(more: str) -> None:
    def trickle(client: socket.socket, _: bytes) -> None:
        client.sendall(f"HTTP/1.1 200 OK\r\n{more}X-Slow: ".encode())
        for _ in range(2000):
            client.sendall(b"x")
            time.sleep(0.1)

    with FakeNode(trickle) as node:
        since = time.monotonic()
        with pytest.raises(errors.TimedOut):
            rpc(node, timeout=0.5, attempts=1).getinfo()
        assert time.monotonic() - since < 60


def test_headers_without_end_are_refused() -> None:
    def endless(client: socket.socket, _: bytes) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(200)))
        client.sendall(b"\r\n")

    for answer in (endless, http_answer(200, b"{}", more=f"X-Long: {'y' * 70_000}\r\n")):
        with FakeNode(answer) as node, pytest.raises(errors.ConnectionCut):
            rpc(node, attempts=1).getinfo()


def test_a_long_payload_arrives_whole_and_again_when_the_call_is_repeated() -> None:
    payload = bytes(range(256)) * 1_025  # no whole number of slices
    busy = http_answer(503, b"Work queue depth exceeded", "text/html")
    with FakeNode(busy, result("txid")) as node:
        assert rpc(node).publish("s", "k", payload, "offchain") == "txid"
        assert [body["params"] for body in node.bodies] == [["s", "k", payload.hex(), "offchain"]] * 2


def test_a_result_of_hex_comes_as_bytes_if_it_is_wanted_so() -> None:
    for count in (0, 1, 100_000):
        compact = ('{"result":"' + "00fF" * count + '","error":null,"id":1}').encode()
        with FakeNode(result("00fF" * count), http_answer(200, compact)) as node:
            client = rpc(node)
            for _ in range(2):
                assert client.call("gettxoutdata", as_bytes=True) == b"\x00\xff" * count
    for no_hex in ("0", "zz", "zz" * 50_000, "00" * 50_000 + "\\"):
        with FakeNode(result(no_hex)) as node, pytest.raises(errors.NotANode):
            rpc(node).call("gettxoutdata", as_bytes=True)
        compact = f'{{"result":"{no_hex}","error":null}}'.encode()
        with FakeNode(http_answer(200, compact)) as node, pytest.raises(errors.NotANode):
            rpc(node).call("gettxoutdata", as_bytes=True)


def test_a_node_that_refuses_a_large_body_before_it_has_read_it_is_understood() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener.accept()[0] as client:
            client.recv(1000)
            client.sendall(http_answer(413, b"", "text/html"))
            client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 20):
                pass

    threading.Thread(target=serve, daemon=True).start()
    with listener, pytest.raises(errors.TooLarge):
        NodeRpc(f"http://127.0.0.1:{listener.getsockname()[1]}/", "u", "p").publish("s", "k", bytes(1 << 20))


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 1000000000000000000\r\n\r\n{}",
        b"Content-Length: 1" + b"0" * 30 + b"\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n",
    ],
)
def test_an_answer_of_an_impossible_length_is_refused(rest: bytes) -> None:
    def answer(client: socket.socket, _: bytes) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n" + rest)
        client.close()

    with FakeNode(answer) as node, pytest.raises(errors.ConnectionCut):
        rpc(node, attempts=1).getinfo()


@pytest.mark.parametrize(("user", "password"), [("u", None), (None, "p"), ("u", b"p"), ("u", "\ud800")])
def test_unusable_credentials_are_a_fault_of_the_configuration(user: Any, password: Any) -> None:
    with pytest.raises(errors.BadConfiguration, match="user and password"):
        StreamNode("http://127.0.0.1:1/", user, password)


def test_a_body_has_the_whole_timeout_to_be_sent_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.3)
    payload = bytes(5_000_000)

    def slow_reader(pause: float) -> tuple[socket.socket, str]:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def serve() -> None:
            with listener.accept()[0] as client:
                time.sleep(pause)
                received = b""
                while len(received) < 10_000_000 and (piece := client.recv(1 << 20)):
                    received += piece
                client.sendall(result("txid"))

        threading.Thread(target=serve, daemon=True).start()
        return listener, f"http://127.0.0.1:{listener.getsockname()[1]}/"

    listener, url = slow_reader(1.0)
    with listener:
        assert NodeRpc(url, "user", PASSWORD, timeout=120).publish("s", "k", payload) == "txid"
    listener, url = slow_reader(3.0)
    with listener, pytest.raises(errors.TimedOut):
        NodeRpc(url, "user", PASSWORD, timeout=0.5).publish("s", "k", payload)


def test_the_wait_for_a_free_slot_is_part_of_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    later = [0.0]
    for module in (transport, connections):
        moved = SimpleNamespace(monotonic=lambda: time.monotonic() + later[0])
        monkeypatch.setattr(module, "time", moved)

    def hours_later() -> None:
        later[0] = 9_999.0
        client._gate.slots.release()

    with FakeNode(lambda *_: time.sleep(1_000)) as node:
        client = rpc(node, timeout=10_000.0, attempts=1)
        for _ in range(transport.MAX_IN_FLIGHT):
            client._gate.slots.acquire()
        threading.Timer(0.5, hours_later).start()
        with pytest.raises(errors.TimedOut):
            client.getinfo()


def test_an_answer_in_chunks_is_read_whole_and_known_to_be_cut() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = b'11\r\n{"result": 7, "er\r\nb\r\nror": null}\r\n0\r\n\r\n'

    def break_off(client: socket.socket, _: bytes) -> None:
        client.sendall(head + whole[:30])
        client.close()

    with FakeNode(head + whole, head + whole, break_off) as node:
        client = rpc(node, attempts=1)
        assert [client.getblockcount(), client.getblockcount()] == [7, 7]
        assert node.connections == 1
        with pytest.raises(errors.ConnectionCut):
            client.getblockcount()


def test_a_misspelled_method_fails_at_once_on_our_side() -> None:
    with FakeNode(result(1)) as node:
        for name in ("getinf", "liststreamitms", "getwallettransaction"):
            with pytest.raises(errors.UnknownMethod):
                getattr(rpc(node), name)
            with pytest.raises(errors.UnknownMethod):
                rpc(node).call(name)
        assert node.requests == []
    assert "getwallettransaction" not in METHODS  # with an all-zero txid it kills a node


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:1",
        "ftp://h/",
        "http://",
        "http://user:secret@h/",
        "http://h/?x",
        "http://h:99999/",
        "http://[::1",
        "http://user:secret@[::1",
        "http://*x/",
        "http://a..b/",
        "http://a b/",
        "http://h/\ud800",
    ],
)
def test_an_unusable_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(errors.BadConfiguration) as caught:
        NodeRpc(url, "u", "p")
    assert "secret" not in str(caught.value)


# --- the connection ---
def test_a_node_may_lie_behind_a_path_and_the_chain_name_is_sent_if_it_is_known() -> None:
    with FakeNode(result(7)) as node:
        behind = NodeRpc(node.url + "nodes/shop", "user", PASSWORD, chain_name="shop")
        assert behind.getblockcount() == 7
        assert node.requests[0].startswith(b"POST /nodes/shop HTTP/1.1\r\n")
        assert node.bodies[0]["chain_name"] == "shop"
        assert rpc(node).getblockcount() == 7
        assert "chain_name" not in node.bodies[1]


def test_https_needs_a_certificate_that_we_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "1",
                "-subj",
                "/CN=localhost",
            ),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with FakeNode(result(7), tls=tls) as node:
        trusting = rpc(node, verify=str(certificate))
        assert [trusting.getblockcount(), trusting.getblockcount()] == [7, 7]
        assert node.connections == 1
        monkeypatch.setattr(connections, "RENEW_AFTER", 0.0)
        assert trusting.getblockcount() == 7
        assert node.connections == 2
        with pytest.raises(errors.Unreachable, match="certificate"):
            rpc(node).getblockcount()


def test_a_missing_ca_file_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (tmp_path / "none.pem", empty):
        with pytest.raises(errors.BadConfiguration, match=f"CA file {path}"):
            NodeRpc("https://127.0.0.1:1/", "u", "p", verify=str(path))


def test_calls_share_one_connection_which_is_renewed_before_the_server_closes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FakeNode(result(7)) as node:
        client = rpc(node)
        for _ in range(5):
            client.getblockcount()
        assert node.connections == 1
        monkeypatch.setattr(connections, "RENEW_AFTER", 0.05)
        time.sleep(0.1)
        assert client.getblockcount() == 7
        assert node.connections == 2
    assert connections.SERVER_IDLE_SECONDS - 30 == 0


def test_a_connection_that_rests_while_another_is_used_is_renewed_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = [0.0]
    monkeypatch.setattr(connections, "time", SimpleNamespace(monotonic=lambda: later[0]))
    together = threading.Barrier(2)

    def at_once(client: socket.socket, _: bytes) -> None:
        together.wait(60)
        client.sendall(result(7))

    def in_parallel(client: NodeRpc) -> None:
        threads = [threading.Thread(target=client.getblockcount) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with FakeNode(at_once, at_once, result(7), at_once) as node:
        client = rpc(node, timeout=1000.0)
        in_parallel(client)
        later[0] = 20.0
        client.getblockcount()
        assert node.connections == 2
        later[0] = 30.0
        in_parallel(client)
        assert node.connections == 3


def test_a_connection_that_the_server_has_closed_is_opened_again() -> None:
    def answer_and_close(client: socket.socket, _: bytes) -> None:
        client.sendall(result(7))
        client.close()

    with FakeNode(answer_and_close) as node:
        client = rpc(node)
        assert [client.getblockcount() for _ in range(3)] == [7, 7, 7]


def test_at_most_4_calls_are_in_flight_whoever_makes_them() -> None:
    may_answer = threading.Semaphore(0)

    def held(client: socket.socket, _: bytes) -> None:
        may_answer.acquire()
        client.sendall(result(7))

    with FakeNode(held) as node:
        clients = [rpc(node, timeout=60.0), rpc(node, timeout=60.0)]
        call = [client.getblockcount for client in clients]
        threads = [threading.Thread(target=call[i % 2], daemon=True) for i in range(24)]
        for thread in threads:
            thread.start()
        for answered in range(21):  # all four slots are used, and one more call comes for each answer
            give_up = time.monotonic() + 120
            while len(node.requests) < 4 + answered and time.monotonic() < give_up:
                time.sleep(0.001)
            time.sleep(0.01)
            assert len(node.requests) == 4 + answered
            may_answer.release()
        may_answer.release(3)
        for thread in threads:
            thread.join()
        assert len(node.requests) == 24


def test_localhost_is_the_same_node_as_127_0_0_1() -> None:
    one, other, third = (NodeRpc(f"http://{host}:1/", "u", "p") for host in ("localhost", "127.0.0.1", "h"))
    assert one._gate is other._gate
    assert one._gate is not third._gate


def test_proxies_and_netrc_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:9/")
    with FakeNode(result(7)) as node:
        assert rpc(node).getblockcount() == 7


# --- repeating ---
@pytest.mark.parametrize("failure", [http_answer(503, b"", "text/html"), error(500, -28, "starting")])
def test_what_a_node_refused_without_doing_anything_is_repeated_for_every_method(failure: bytes) -> None:
    with FakeNode(failure, failure, result("txid")) as node:
        assert rpc(node).grant("a", "send") == "txid"
        assert node.methods == ["grant"] * 3


@pytest.mark.parametrize("method", ["getinfo", "grant"])
def test_what_never_left_is_repeated_for_every_method(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    pauses: list[float] = []
    monkeypatch.setattr(transport.time, "sleep", pauses.append)
    with pytest.raises(errors.Unreachable):
        NodeRpc(f"http://127.0.0.1:{port}/", "u", "p", attempts=3).call(method)
    assert len(pauses) == 2
    assert not NodeRpc._may_repeat(method, errors.CertificateRefused(method))


def test_only_harmless_calls_are_repeated_when_an_answer_was_lost() -> None:
    with FakeNode(None, result(7)) as node:
        assert rpc(node).getblockcount() == 7
        assert node.methods == ["getblockcount"] * 2
    for method in sorted(METHODS - REPEATABLE):
        with FakeNode(None) as node:
            with pytest.raises(errors.ConnectionCut):
                rpc(node).call(method)
            assert node.methods == [method]


def test_what_was_refused_for_a_reason_is_not_repeated() -> None:
    with FakeNode(error(500, -704)) as node:
        with pytest.raises(errors.NoPermission):
            rpc(node).getinfo()
        assert len(node.requests) == 1


def test_a_stream_that_was_known_is_asked_for_again_when_the_node_loses_sight_of_it() -> None:
    unknown = error(500, -708, "Stream with this name not found: s")
    with FakeNode(result([]), unknown, unknown, result([]), unknown) as node:
        client = StreamNode(node.url, "user", PASSWORD)
        assert client.items("s") == []
        assert client.items("s") == []
        assert len(node.requests) == 4
        with pytest.raises(errors.EntityNotFound):
            client.items("never seen")
        assert len(node.requests) == 5
        with pytest.raises(errors.EntityNotFound):
            client.items("s")
        assert len(node.requests) == 10


def test_pauses_grow_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(transport.time, "sleep", pauses.append)
    with FakeNode(http_answer(503, b"", "text/html")) as node:
        for _ in range(5):
            with pytest.raises(errors.Overloaded):
                rpc(node).getinfo()
    assert len(pauses) == 15
    assert len(set(pauses)) > 5
    assert max(pauses[0::3]) <= 0.2 <= min(pauses[1::3]) * 1.01 <= 0.41
    assert min(pauses[2::3]) >= 0.4


def test_a_publish_that_cannot_be_looked_up_is_reported_as_uncertain() -> None:
    with FakeNode(None) as node:
        client = StreamNode(node.url, "user", PASSWORD, timeout=1)
        with pytest.raises(errors.PublishUncertain):
            client.publish("stream", "key", b"x", address="a")
        assert node.methods.count("publishfrom") == 1


def test_a_json_item_with_a_tuple_is_found_again(standin: StandIn, shop: Party) -> None:
    shop.node.create_stream("s", [])
    value = Json({"a": (1, 2)})  # type: ignore[dict-item]
    txid = shop.node.publish("s", "k", value, address=shop.address)
    assert shop.node.published("s", "k", value, address=shop.address) == txid


def test_a_json_item_is_told_from_one_that_python_takes_for_the_same(standin: StandIn, shop: Party) -> None:
    shop.node.create_stream("s", [])
    shop.node.publish("s", "k", Json({"x": True, "y": [1, {"z": 0}]}), address=shop.address)
    same = shop.node.publish("s", "k", Json({"y": [2.0, {"z": False}], "x": 1}), address=shop.address)
    for other in ({"x": 1, "y": [True, {"z": 0}]}, {"x": 1, "y": [2, {"z": 0}]}, {"x": 1, "y": [2]}, 1, None):
        assert shop.node.published("s", "k", Json(other), address=shop.address) is None  # type: ignore[arg-type]
    value = Json({"x": 1, "y": [2, {"z": False}]})
    assert shop.node.published("s", "k", value, address=shop.address) == same


@pytest.mark.parametrize("subscribed", [True, False])
def test_a_lost_publish_is_found_behind_many_others_with_its_key(
    standin: StandIn, shop: Party, subscribed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faircart.multichain.publishing._LOOK_BACK", 3)
    shop.node.create_stream("s", [])
    if subscribed:
        shop.node.subscribe("s")
    txids = [shop.node.publish("s", "shared", bytes([i]), address=shop.address) for i in range(8)]
    find = shop.node.published
    assert [find("s", "shared", bytes([i]), address=shop.address) for i in range(8)] == txids
    assert find("s", "shared", b"other", address=shop.address) is None
    assert find("s", "unknown", b"other", address=shop.address) is None


@pytest.mark.parametrize("method", ["createbinarycache", "appendbinarycache"])
def test_a_large_payload_is_published_although_an_answer_on_its_way_is_lost(
    standin: StandIn, shop: Party, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faircart.multichain.publishing.CACHE_ABOVE", 1000)
    monkeypatch.setattr("faircart.multichain.publishing.CACHE_PIECE", 400)
    shop.node.create_stream("s", [])
    shop.node.subscribe("s")
    payload = bytes(range(250)) * 5
    access = standin.access(1)
    with cutting_proxy(access.url) as proxy:
        proxy.method, proxy.lose_answers = method.encode(), 2
        client = StreamNode(proxy.url, access.user, access.password())
        txid = client.publish("s", "k", payload, address=shop.address, offchain=True)
        client.close()
    assert [(item.txid, item.data) for item in shop.node.items("s")] == [(txid, payload)]


def test_a_large_payload_is_given_up_when_its_way_stays_cut() -> None:
    with FakeNode(None) as node:
        client = StreamNode(node.url, "user", PASSWORD)
        with pytest.raises(errors.ConnectionCut):
            client.publish("s", "k", bytes(CACHE_ABOVE + 1), address="a", offchain=True)
    assert node.methods == ["createbinarycache"] * 3


@pytest.mark.parametrize("subscribed", [True, False])
@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_lost_batch_is_not_taken_for_an_earlier_item_equal_to_its_first(
    standin: StandIn, shop: Party, subscribed: bool, lost: str
) -> None:
    shop.node.create_stream("s", [])
    first, second = NewItem(("k1",), b"x"), NewItem(("k2",), b"y")
    alone = shop.node.publish("s", first.keys, first.data, address=shop.address)
    other = shop.node.publish_many("s", [first, NewItem(("k2",), b"z")], address=shop.address)[0]
    if subscribed:
        shop.node.subscribe("s")
    access = standin.access(1)
    with cutting_proxy(access.url) as proxy:
        proxy.method = b"publishmultifrom"
        proxy.lose_requests, proxy.lose_answers = int(lost == "request"), int(lost == "answer")
        client = StreamNode(proxy.url, access.user, access.password())
        txids = client.publish_many("s", [first, second], address=shop.address)
        client.close()
    shop.node.subscribe("s")
    assert txids[0] == txids[1]
    assert [(item.txid, item.data) for item in shop.node.items("s")] == [
        (alone, b"x"),
        (other, b"x"),
        (other, b"z"),
        (txids[0], b"x"),
        (txids[0], b"y"),
    ]


# --- what never gets sent ---
@pytest.mark.parametrize(
    ("keys", "data"),
    [
        ([], b""),
        (["*"], b""),
        (["é" * (MAX_KEY_BYTES // 2) + "x"], b""),
        (["k"], Json(2**63)),
        (["k"], Json(float("nan"))),
        (["k"], Json({"a": [float("inf")]})),
        (["k"], Json({1: 2})),  # type: ignore[dict-item]
        (["k"], Json(object())),  # type: ignore[arg-type]
        (["k"], Text("\ud800")),
        (["k"], "text without Text"),
        (["k"], bytes(2_097_153)),
    ],
)
def test_what_no_node_takes_is_refused_before_it_is_sent(keys: list[str], data: Any) -> None:
    with FakeNode(result("txid")) as node:
        client = StreamNode(node.url, "user", PASSWORD)
        with pytest.raises(errors.InvalidItem):
            client.publish("stream", keys, data, address="a")
        with pytest.raises(errors.InvalidItem):
            client.publish_many("stream", [NewItem(tuple(keys), data)] * 2, address="a")
        assert node.requests == []


def test_a_batch_counts_the_keys_of_off_chain_items_since_these_are_on_the_chain() -> None:
    keys = tuple(f"{number:0{MAX_KEY_BYTES}}" for number in range(5_000))
    with FakeNode(result(TXID)) as node:
        items = [NewItem(keys, b"x", offchain=True)] * 4
        StreamNode(node.url, "user", PASSWORD).publish_many("stream", items, address="a")
        assert node.methods == ["publishmultifrom"] * 2


def test_a_vout_comes_from_the_item_alone(standin: StandIn, shop: Party) -> None:
    shop.node.create_stream("s", [])
    shop.node.publish_many(
        "s", [NewItem((f"k{i}",), bytes([i]) * 20_000) for i in range(3)], address=shop.address
    )
    shop.node.subscribe("s")
    asked: list[tuple[Any, ...]] = []
    original = NodeRpc.call

    def watch(self: NodeRpc, method: str, *params: Any, **options: Any) -> Any:
        asked.append((method, *params))
        return original(self, method, *params, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NodeRpc, "call", watch)
        items = shop.node.items("s")
        assert [shop.node.payload(item)[:1] for item in items] == [b"\0", b"\1", b"\2"]
    fetched = [call[1:3] for call in asked if call[0] == "gettxoutdata"]
    assert fetched == [(item.txid, item.vout) for item in items]
    for name in dir(StreamNode):
        if not name.startswith("_") and callable(getattr(StreamNode, name)):
            assert "vout" not in inspect.signature(getattr(StreamNode, name)).parameters


def test_a_payload_that_is_altered_on_the_way_is_handed_on_as_it_is(standin: StandIn, shop: Party) -> None:
    """The client checks no content: whoever reads must check it against what was signed."""
    shop.node.create_stream("s", [])
    shop.node.subscribe("s")
    txid = shop.node.publish("s", "k", b"\0" * 20_000, address=shop.address)
    standin.corrupt_answers(1)
    assert shop.node.payload(shop.node.item("s", txid)) == b"\1" + b"\0" * 19_999


def test_a_node_that_restarts_is_waited_for(standin: StandIn, shop: Party) -> None:
    standin.stop_wallet(1)
    with pytest.raises(errors.Unreachable):
        shop.node.info()
    standin.start_wallet(1, warm_up=0.5)
    assert shop.node.wait_until_ready(60).blocks == 1


def test_a_late_answer_to_a_publish_is_looked_for(standin: StandIn, shop: Party) -> None:
    shop.node.create_stream("s", [])
    shop.node.subscribe("s")
    faults = standin.faults(1)
    faults.only, faults.slow_answer, faults.slow_answer_seconds = "publishfrom", 1, 6
    access = standin.access(1)
    hasty = StreamNode(access.url, access.user, access.password(), timeout=3)
    txid = hasty.publish("s", "own key", b"x", address=shop.address)
    assert [item.txid for item in shop.node.items("s")] == [txid]


# --- what must never be seen ---
KEY, PAYLOAD = "item-key-4711", "payload-deadbeef"
SECRETS = {
    "password": PASSWORD,
    "payload": PAYLOAD,
    "payload as hex": PAYLOAD.encode().hex(),
    "key": KEY,
    "authorization": "dXNlcjphIHNlY3JldCBwYXNzd29yZA",
}


def _publish(client: StreamNode) -> None:
    for data in (PAYLOAD.encode(), Text(PAYLOAD), Json({"x": PAYLOAD})):
        client.publish("stream", KEY, data, address="a")


def _publish_what_no_node_takes(client: StreamNode) -> None:
    client.publish("stream", KEY, Text(PAYLOAD + "\ud800"), address="a")


def _read(client: StreamNode) -> None:
    client.key_items("stream", KEY)


def _large(client: StreamNode) -> None:
    payload = PAYLOAD.encode() * (CACHE_ABOVE // 8)
    client.publish("stream", KEY, payload, address="a", offchain=True)


def _ask_for_what_is_large(client: StreamNode) -> None:
    client.data(replace(_LARGE, format="json"))


def _ask_for_the_height(client: StreamNode) -> None:
    client.block_count()


_LEAKY = f"Invalid item {KEY} with {PAYLOAD} for user: {PASSWORD}"


@pytest.mark.parametrize(
    "action",
    [
        _publish,
        _publish_what_no_node_takes,
        _read,
        _large,
        _ask_for_what_is_large,
        _ask_for_the_height,
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        result(TXID),
        result(PAYLOAD),
        result({"format": PAYLOAD, "size": 3}),
        error(500, -8, _LEAKY),
        error(500, -99, _LEAKY),
        error(500, -702, _LEAKY),
        http_answer(500, _LEAKY.encode(), "text/plain"),
        http_answer(401, b"", "text/html"),
        http_answer(413, _LEAKY.encode(), "text/html"),
        http_answer(200, _LEAKY.encode(), "text/html"),
        result([{"keys": [KEY], "data": PAYLOAD}]),
        http_answer(200, _LEAKY.encode(), more=f"{_LEAKY}\r\n"),
        f"{_LEAKY}\r\n\r\n".encode(),
        None,
        lambda *_: time.sleep(1.5),
    ],
)
def test_no_payload_password_or_key_is_logged_or_raised_at_any_level(
    action: Callable[[StreamNode], None], answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("Savoir", "urllib3", "requests", "faircart.multichain"):
        caplog.set_level(logging.DEBUG, logger=name)
    told = io.StringIO()
    with FakeNode(answer) as node:
        client = StreamNode(node.url, "user", PASSWORD, timeout=0.5)
        try:
            action(client)
        except errors.MultiChainError as failure:
            chain: BaseException | None = failure
            while chain is not None:
                told.write(repr(chain) + str(chain) + repr(vars(chain)))
                chain = chain.__cause__ or chain.__context__
            told.write("".join(traceback.format_exception(failure)))
        told.write(repr(client) + repr(vars(client)) + repr(client._rpc))
    told.write(caplog.text + "".join(repr(vars(record)) for record in caplog.records))
    assert [name for name, secret in SECRETS.items() if secret in told.getvalue()] == []
    assert not [record for record in caplog.records if record.name == "Savoir"]


def test_a_password_file_that_is_no_text_is_refused_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"secret \xff")
    with pytest.raises(StreamsError, match="UTF-8") as caught:
        read_secret(path)
    assert str(path) in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_savoirs_own_way_to_a_node_is_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("savoir sent something itself")

    monkeypatch.setattr("requests.post", forbidden)
    with FakeNode(result(7)) as node:
        client = rpc(node)
        assert client.getblockcount() == 7
        with pytest.raises(errors.UnknownMethod):
            client()
        assert PASSWORD not in repr(vars(client))


def test_closing_leaves_no_connection_even_after_errors() -> None:
    with FakeNode(http_answer(503, b"", "text/html"), error(500, -28), result(7)) as node:
        client = rpc(node)
        gc.disable()
        try:
            assert client.getblockcount() == 7
            client.close()
            left = psutil.Process().net_connections("tcp")
            assert [one for one in left if one.raddr and one.raddr.port == node.port] == []
        finally:
            gc.enable()
