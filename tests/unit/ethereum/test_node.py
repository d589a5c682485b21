# SPDX-License-Identifier: Apache-2.0
"""The Ethereum node as the agent sees it: typed answers, a typed error for each thing that can be wrong."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from faircart.ethereum import deployments, events, logs, transactions
from faircart.ethereum.contracts import Contracts
from faircart.ethereum.deployments import DeploymentInvalid
from faircart.ethereum.errors import NoContract, NodeUnreachable, Reverted, UnknownNetwork, WrongChain
from faircart.ethereum.node import EthereumNode, RevertData
from faircart.ethereum.transactions import Call, Fees, FeeTooHigh

from tests.support.agents import Ethereum, free_port

ZERO = "0x" + "00" * 20


class Odd(BaseHTTPRequestHandler):
    """Answers every request with what the test says."""

    answer = (200, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def odd_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_node_that_nobody_runs_is_unreachable() -> None:
    with pytest.raises(NodeUnreachable, match="is not reachable"):
        EthereumNode(f"http://127.0.0.1:{free_port()}").chain_id()


@pytest.mark.parametrize(
    "answer",
    [
        (503, b"busy"),
        (200, b"<html>welcome</html>"),
        (200, b"[]"),
        (200, b'{"jsonrpc":"2.0","id":1}'),
        (200, b'{"jsonrpc":"2.0","id":1,"result":["0x1"]}'),
        (200, b""),
    ],
    ids=["503", "HTML", "list", "no result", "another type", "nothing"],
)
def test_nonsense_is_as_good_as_no_answer(odd_url: str, answer: tuple[int, bytes]) -> None:
    Odd.answer = answer
    with pytest.raises(NodeUnreachable):
        EthereumNode(odd_url).chain_id()


def test_logs_outside_the_range_that_was_asked_for_are_nonsense(odd_url: str) -> None:
    entry = (
        '{"address":"0x00","topics":[],"data":"0x","blockNumber":"0x9","blockHash":"0x00",'
        '"transactionHash":"0x00","logIndex":"0x0"}'
    )
    Odd.answer = (200, f'{{"jsonrpc":"2.0","id":1,"result":[{entry}]}}'.encode())
    with pytest.raises(NodeUnreachable, match=r"outside blocks 1\.\.8"):
        EthereumNode(odd_url).logs(1, 8, [])
    assert len(EthereumNode(odd_url).logs(1, 9, [])) == 1


def test_a_log_that_is_listed_twice_counts_once(odd_url: str) -> None:
    entry = (
        '{"address":"0x00","topics":[],"data":"0x","blockNumber":"0x1","blockHash":"0x00",'
        '"transactionHash":"0x00","logIndex":"0x0"}'
    )
    Odd.answer = (200, f'{{"jsonrpc":"2.0","id":1,"result":[{entry},{entry}]}}'.encode())
    assert len(EthereumNode(odd_url).logs(1, 1, [])) == 1


def test_a_password_in_the_address_is_never_shown() -> None:
    with pytest.raises(NodeUnreachable) as error:
        EthereumNode(f"http://me:sesame@127.0.0.1:{free_port()}").chain_id()
    assert "sesame" not in str(error.value)


def test_another_chain_is_named(node: EthereumNode) -> None:
    with pytest.raises(WrongChain, match="serves chain 31337"):
        node.check_chain(1)


def test_a_contract_without_code_is_named(node: EthereumNode, contracts: Contracts) -> None:
    contracts.check(node)
    nowhere = deployments.Deployment("DataExchange", ZERO, 31337, 1)
    with pytest.raises(NoContract, match="where DataExchange should be"):
        Contracts({**contracts.deployments, "DataExchange": nowhere}).check(node)


def test_an_unknown_network_and_a_broken_record_are_named(tmp_path: Path, ethereum: Ethereum) -> None:
    with pytest.raises(UnknownNetwork, match="known: test"):
        deployments.load("atlantis", ethereum.records)
    (tmp_path / "half").mkdir()
    with pytest.raises(DeploymentInvalid, match="deploy CheckoutEscrow first"):
        deployments.load("half", tmp_path)
    (tmp_path / "half" / "CheckoutEscrow.json").write_text('{"address": 1}')
    with pytest.raises(DeploymentInvalid, match="is broken"):
        deployments.load("half", tmp_path)


def test_a_view_that_reverts_says_which_error_with_which_values(
    node: EthereumNode, contracts: Contracts
) -> None:
    unknown = b"\x01" * 32
    with pytest.raises(Reverted) as refused:
        contracts.view(node, "ConsentRegistry", "endedAt", unknown)
    assert (refused.value.name, refused.value.arguments) == (
        "ConsentRegistry_NotRecorded",
        {"consentId": unknown},
    )


def test_a_revert_without_a_name_of_ours_is_told_as_it_is(contracts: Contracts) -> None:
    told = contracts.reverted("x", RevertData(bytes.fromhex("4e487b71") + (17).to_bytes(32, "big"), ""))
    assert (told.name, told.arguments) == ("Panic", {"value": 17})
    assert contracts.reverted("x", RevertData(b"", "")).name == "Unknown"


def test_the_events_that_agents_follow_are_in_the_abis(contracts: Contracts) -> None:
    known = {(contract, entry["name"]) for contract, _, entry in contracts.event_abis()}
    assert set(events.EVENTS) <= known
    logs.LogDecoder(contracts)


def test_fees_allow_the_base_fee_to_double_within_the_ceiling() -> None:
    assert transactions.fees(100, 3, 1000) == Fees(203, 3)
    assert transactions.fees(100, 3, 150) == Fees(150, 3)
    assert transactions.fees(100, 3, 102) == Fees(102, 2)
    with pytest.raises(FeeTooHigh):
        transactions.fees(100, 3, 99)


def test_a_replacement_pays_at_least_an_eighth_more_on_both_fees() -> None:
    assert transactions.bumped(Fees(800, 80), Fees(100, 8), 10**6) == Fees(901, 91)
    assert transactions.bumped(Fees(800, 80), Fees(2000, 100), 10**6) == Fees(2000, 100)
    assert transactions.bumped(Fees(800, 80), Fees(100, 8), 885) == Fees(885, 91)
    assert transactions.bumped(Fees(800, 80), Fees(100, 8), 879) is None


def test_a_signed_call_can_be_read_back_to_be_signed_again() -> None:
    from eth_account import Account

    call = Call(Account.create().address, b"\x01\x02", 7, 100_000)
    signed = transactions.sign(Account.create(), 31337, 4, call, Fees(10, 1))
    assert Call.of_raw(signed.raw) == call
