# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of the stand-in, where the recordings are measurements and not single requests."""

import base64
import http.client
import json
import logging
import socket
import threading
import time
from pathlib import Path

import pytest
from faircart.standin import http as standin_http
from faircart.standin.methods import publishing
from faircart.standin.service import Access, StandIn

from tests.unit.streams.conftest import BY_HAND, Party, party
from tests.unit.streams.replay import Replay, recorded


def _authorization(access: Access) -> str:
    return "Basic " + base64.b64encode(f"{access.user}:{access.password()}".encode()).decode()


def _port(access: Access) -> int:
    return int(access.url.rsplit(":", 1)[1].strip("/"))


def _post(access: Access, body: bytes) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", _port(access), timeout=120)
    connection.request("POST", "/", body, {"Authorization": _authorization(access)})
    return connection.getresponse()


def test_more_than_4_workers_and_16_queued_requests_are_refused_with_503(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    side, may_answer = standin._sides[1], threading.Event()
    answer = side._answer
    monkeypatch.setattr(side, "_answer", lambda body: answer(body) if may_answer.wait(120) else None)
    answers: list[tuple[int, str, bytes]] = []

    def call() -> None:
        answer = _post(standin.access(1), b'{"method":"getblockcount","id":1}')
        answers.append((answer.status, answer.getheader("Content-Type", ""), answer.read()))

    threads = [threading.Thread(target=call, daemon=True) for _ in range(40)]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + 60
    while len(answers) < 20 and time.monotonic() < give_up:
        time.sleep(0.01)
    assert answers == [(503, "text/html; charset=ISO-8859-1", b"Work queue depth exceeded")] * 20
    may_answer.set()
    for thread in threads:
        thread.join()
    assert [status for status, _, _ in answers[20:]] == [200] * 20


def test_an_idle_connection_is_closed_by_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (_, entry) = recorded("20")[1]
    assert entry["closed_after_idle_s"] == standin_http.IDLE_SECONDS
    monkeypatch.setattr(standin_http, "IDLE_SECONDS", 0.5)
    with StandIn(tmp_path / "standin", 1, delays=BY_HAND) as standin:
        access = standin.access(1)
        with socket.create_connection(("127.0.0.1", _port(access)), timeout=60) as idle:
            body = b'{"method":"getblockcount","id":1}'
            head = f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {_authorization(access)}\r\n"
            since = time.monotonic()
            idle.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert idle.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
            assert idle.recv(4096) == b""
            assert time.monotonic() - since > 0.3


def test_a_client_may_wait_for_100_continue_and_send_in_chunks(standin: StandIn) -> None:
    access = standin.access(1)
    body = b'{"method":"getblockcount","id":1}'
    head = f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {_authorization(access)}\r\n"
    with socket.create_connection(("127.0.0.1", _port(access)), timeout=29) as careful:
        careful.sendall(f"{head}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert careful.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        careful.sendall(body)
        assert careful.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
    with socket.create_connection(("127.0.0.1", _port(access)), timeout=29) as chunked:
        chunked.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunked.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert chunked.recv(4096).endswith(b'{"result":1,"error":null,"id":1}\n')


@pytest.mark.parametrize(("verb", "status"), [("DELETE", 405), ("OPTIONS", 501), ("PATCH", 501)])
def test_other_verbs_are_refused_as_a_node_refuses_them(standin: StandIn, verb: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", _port(standin.access(1)), timeout=120)
    connection.request(verb, "/")
    answer = connection.getresponse()
    assert (answer.status, b"Not Implemented" in answer.read()) == (status, status == 501)
    connection.close()


def test_a_client_address_outside_the_allowed_ones_gets_403(standin: StandIn) -> None:
    standin._sides[1]._allowed = standin_http.ipaddress.ip_network("192.0.2.0/24")
    answer = _post(standin.access(1), b'{"method":"getblockcount","id":1}')
    assert (answer.status, answer.read()) == (403, b"")


def test_a_batch_is_answered_in_order_with_an_error_for_each_bad_member(standin: StandIn) -> None:
    batch = [
        {"method": "getblockcount", "id": "a"},
        5,
        {"method": "nosuch", "id": 2},
        {"id": 3},
        {"method": "getstreaminfo", "params": ["nosuch"], "id": None},
    ]
    answer = _post(standin.access(1), json.dumps(batch).encode())
    assert answer.status == 200
    assert json.loads(answer.read()) == [
        {"result": 1, "error": None, "id": "a"},
        {"result": None, "error": {"code": -32600, "message": "Invalid Request object"}, "id": None},
        {"result": None, "error": {"code": -32601, "message": "Method not found"}, "id": 2},
        {"result": None, "error": {"code": -32600, "message": "Missing method"}, "id": 3},
        {
            "result": None,
            "error": {"code": -708, "message": "Stream with this name not found: nosuch"},
            "id": None,
        },
    ]
    assert json.loads(_post(standin.access(1), b"[]").read()) == []


def test_the_harmless_relatives_of_the_calls_that_break_a_node_are_answered_as_recorded(
    tmp_path: Path,
) -> None:
    with StandIn(tmp_path / "shop", chain_name="shop", delays=BY_HAND) as standin:
        _play_harmless_calls(standin, party(standin, 1))


def _play_harmless_calls(standin: StandIn, shop: Party) -> None:
    replay = Replay(standin)
    shop.node.create_stream("c", ["write"])
    own = shop.node.publish("c", "k", b"\1", address=shop.address)
    standin.settle()
    for txid in (
        "efcb5b33e9706717afb5b841810e74c0610ee60aaf0f4d0df2f6c13120c7a740",
        "245d9c7adf143c628491e047aa3571072e3ed3e3d4c8fbbcf4ebddd9b2b8876a",
        "b9455e2d791f7fca3f10ae35f8de6b1c12ebba43d63f35587e43bed132371acf",
    ):
        replay.known[txid] = own
    played = 0
    for number, entry in recorded("19"):
        method = entry.get("request", {}).get("method")
        if entry["http_status"] is None or method in ("getwallettransaction", "getrawtransaction"):
            continue
        outcome = replay.play(entry, number)
        problems = [
            problem
            for problem in outcome.problems
            if "chainname" not in problem and "description" not in problem
        ]
        assert problems == [], number
        played += 1
    assert played == 14


def _call(standin: StandIn, method: str, *params: object) -> tuple[int, object]:
    """(status, error or None); the answer is JSON."""
    answer = _post(standin.access(1), json.dumps({"method": method, "params": params, "id": 1}).encode())
    return answer.status, json.loads(answer.read())["error"]


def test_a_native_amount_and_a_malformed_signature_are_refused_as_a_node_refuses_them(
    standin: StandIn, shop: Party
) -> None:
    own = shop.address
    assert _call(standin, "grant", own, "send", 1) == (500, {"code": -8, "message": "Invalid amount"})
    assert _call(standin, "grant", own, "send", 0) == (200, None)
    malformed = (500, {"code": -22, "message": "Malformed base64 encoding"})
    for signature in ("x", "AAA", "AB==", "AA==A", "AAAAA"):
        assert _call(standin, "verifymessage", own, signature, "m") == malformed, signature
    for signature in ("AAAA", "AA==", "!!", ""):
        assert _call(standin, "verifymessage", own, signature, "m") == (200, None), signature


def test_a_lone_surrogate_in_a_key_or_name_is_refused_and_nothing_is_stored(
    standin: StandIn, shop: Party
) -> None:
    shop.node.create_stream("c", ["write"])
    shop.node.subscribe("c")
    refused = (500, {"code": -8, "message": "Invalid string: not valid Unicode"})
    assert _call(standin, "publish", "c", "k\ud800", "00") == refused
    assert _call(standin, "publishmulti", "c", [{"key": "k\ud800", "data": "00"}]) == refused
    assert _call(standin, "liststreamkeyitems", "c", "k\ud800") == refused
    assert _call(standin, "create", "stream", "d\ud800", True) == refused
    assert _call(standin, "liststreamitems", "d\ud800") == refused
    assert shop.node.items("c") == []


def test_a_runtime_parameter_is_a_number_of_32_bits_as_in_a_node(standin: StandIn, shop: Party) -> None:
    shop.node.create_stream("c", ["write"])
    shop.node.subscribe("c")
    shop.node.publish("c", "k", b"\1", address=shop.address)
    negative = (500, {"code": -8, "message": "Should be non-negative"})
    for value, answer in (
        ("9" * 40, negative),
        ("9" * 5000, negative),
        ("-5", negative),
        (-5, negative),
        ("99999999999", (200, None)),
    ):
        assert _call(standin, "setruntimeparam", "maxshowndata", value) == answer
        assert [item.data for item in shop.node.items("c")] == [b"\1"]


def test_a_mistake_in_a_method_is_answered_and_logged_without_what_was_sent(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(standin_http, "call", broken)
    with caplog.at_level(logging.DEBUG):
        assert _call(standin, "publish", "c", "secret", "00") == (
            500,
            {"code": -32603, "message": "Internal error"},
        )
    assert "publish failed: ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


def test_a_cache_beyond_the_limit_of_off_chain_items_is_refused(
    standin: StandIn, shop: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "MAX_OFFCHAIN_BYTES", 3)  # a GiB would have to be sent otherwise
    shop.node.create_stream("c", ["write"])
    answer = _post(standin.access(1), b'{"method":"createbinarycache","params":[],"id":1}')
    cache = json.loads(answer.read())["result"]
    assert _call(standin, "appendbinarycache", cache, "000000") == (200, None)
    assert _call(standin, "publish", "c", "k", {"cache": cache}, "offchain") == (200, None)
    assert _call(standin, "appendbinarycache", cache, "00") == (200, None)
    too_big = (500, {"code": -702, "message": "Binary cache item too big"})
    assert _call(standin, "publish", "c", "k", {"cache": cache}, "offchain") == too_big


def test_a_batch_takes_the_key_that_a_single_publish_refuses_as_a_node_does(
    standin: StandIn, shop: Party
) -> None:
    shop.node.create_stream("c", ["write"])
    refused = (500, {"code": -8, "message": "Invalid item-key-string: *"})
    assert _call(standin, "publish", "c", "*", "00") == refused
    assert _call(standin, "publishmulti", "c", [{"key": "*", "data": "00"}]) == (200, None)
