# SPDX-License-Identifier: Apache-2.0
"""`faircart streams`, as operators run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from click.testing import CliRunner
from faircart import keys
from faircart.agent import founding, startup
from faircart.agent.config import load
from faircart.agent.context import Context
from faircart.cli import main
from faircart.multichain import StreamNode, errors, names
from faircart.papers import Binding, Domain
from faircart.standin.service import StandIn
from faircart.store.database import ForeignStore
from faircart.streams import membership

from tests.unit.streams.conftest import Party
from tests.unit.streams.fake_node import FakeNode, error, result

DOMAIN = Domain(31337, "0x" + "11" * 20)


def run(*arguments: object, fails: bool = False) -> str:
    """What the command prints; with `fails`, its error."""
    result = CliRunner(mix_stderr=False).invoke(main, ["streams", *(str(argument) for argument in arguments)])
    if fails:
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
        return result.stderr
    assert result.exit_code == 0, result.output
    return result.stdout


@dataclass
class Company:
    """A company's folder and how its commands name its node."""

    config: Path
    by_options: tuple[object, ...]
    account: str


@pytest.fixture
def deployments(tmp_path: Path) -> Path:
    folder = tmp_path / "deployments"
    (folder / "test").mkdir(parents=True)
    for number, contract in enumerate(("ConsentRegistry", "DataExchange", "CheckoutEscrow"), start=1):
        record = {"address": "0x" + f"{number}{number}" * 20, "chainId": 31337, "block": 1}
        (folder / "test" / f"{contract}.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def company(standin: StandIn, tmp_path: Path, deployments: Path) -> Callable[[int, str], Company]:
    def make(number: int, role: str) -> Company:
        folder, access = tmp_path / f"company-{number}", standin.access(number)
        (tmp_path / "key-password").write_text("a password\n")
        folder.mkdir()
        # made beforehand, with little work: the command keeps keys that it finds
        keys.create_account(folder / "ethereum.json", "a password", work=2)
        keys.create_hpke_key(folder / "hpke.json", "a password", work=2)
        keys.create_vault_key(folder / "vault.json", "a password", work=2)
        found = founding.found(
            folder,
            {
                "role": role,
                "name": None,
                "network": "test",
                "ethereum_url": "http://127.0.0.1:1",
                "chain_id": None,
                "deployments": deployments,
                "confirmations": "1",
                "streams_url": access.url,
                "streams_user": access.user,
                "streams_password_file": access.password_file,
                "streams_address": None,
                "chain_name": "faircart",
                "listen": "127.0.0.1:0",
                "password_file": tmp_path / "key-password",
                "ethereum_key_file": None,
            },
        )
        options = ("--url", access.url, "--user", access.user, "--password-file", access.password_file)
        return Company(Path(found["config"]), options, found["ethereumAddress"])

    return make


def test_init_creates_every_stream_of_the_protocol_once(
    standin: StandIn, company: Callable[[int, str], Company], shop: Party
) -> None:
    founder = company(1, "both")
    first = json.loads(run("init", "-c", founder.config, "--json"))["streams"]
    again = json.loads(run("init", "-c", founder.config, "--json"))["streams"]
    assert all(stream["created"] for stream in first)
    assert [(stream["name"], stream["created"]) for stream in again] == [
        (stream["name"], False) for stream in first
    ]
    mark = names.consumer_id(founder.account)
    found = {info.name: info for info in shop.node.streams() if info.name != "root"}
    restrictions = {name: (sorted(info.restrict), info.salted) for name, info in found.items()}
    assert restrictions == {
        "participants": (["write"], False),
        "catalog": (["write"], False),
        "requests": (["write"], False),
        "receipts": (["onchain", "write"], False),
        "accesslog": (["write"], False),
        "erasures": (["write"], False),
        f"items-{mark}-orders": (["onchain", "write"], True),
        f"envelopes-{mark}": (["onchain", "write"], False),
    }
    assert found[f"envelopes-{mark}"].fields == {"consumer": founder.account}
    assert found[f"items-{mark}-orders"].fields == {"consumer": founder.account, "category": "orders"}
    assert all(info.subscribed for info in found.values())


def test_init_refuses_a_stream_that_somebody_created_otherwise(
    shop: Party, company: Callable[[int, str], Company]
) -> None:
    shop.node.create_stream("catalog", [])
    error = run("init", *company(1, "custodian").by_options, fails=True)
    assert "catalog exists with other restrictions: [] instead of ['write']" in error
    assert shop.address in error


def test_a_company_applies_is_admitted_and_bound(
    standin: StandIn,
    company: Callable[[int, str], Company],
    shop: Party,
    consumer: Party,
    tmp_path: Path,
    deployments: Path,
) -> None:
    founder, newcomer = company(1, "custodian"), company(2, "consumer")
    run("init", "-c", founder.config)
    standin.mine()
    paper = tmp_path / "newcomer.json"

    applied = json.loads(run("join", "-c", newcomer.config, "--application", paper, "--json"))
    assert (applied["joined"], applied["version"], applied["txid"]) == (False, 1, None)
    assert set(applied["missing"]) == {f"{plan.name}.write" for plan in names.SHARED}

    registry = ("--network", "test", "--deployments", deployments)
    admitted = json.loads(run("join", *founder.by_options, *registry, "--admit", paper, "--json"))
    assert admitted == {
        "account": newcomer.account,
        "address": consumer.address,
        "granted": [f"{plan.name}.write" for plan in names.SHARED],
    }
    again = json.loads(run("join", *founder.by_options, *registry, "--admit", paper, "--json"))
    assert again["granted"] == []

    standin.settle()
    joined = json.loads(run("join", "-c", newcomer.config, "--json"))
    assert joined["joined"]
    repeated = json.loads(run("join", "-c", newcomer.config, "--json"))
    assert repeated["txid"] == joined["txid"]
    standin.settle()
    bound = membership.bindings(shop.node, DOMAIN, "faircart")
    assert {account: (one.binding.multichain_address, one.txid) for account, one in bound.items()} == {
        newcomer.account: (consumer.address, joined["txid"])
    }


def test_a_company_rotates_its_hpke_key_and_its_address(
    standin: StandIn,
    company: Callable[[int, str], Company],
    shop: Party,
    consumer: Party,
    tmp_path: Path,
) -> None:
    founder, newcomer = company(1, "custodian"), company(2, "consumer")
    run("init", "-c", founder.config)
    standin.settle()
    paper = tmp_path / "newcomer.json"
    run("join", "-c", newcomer.config, "--application", paper)
    run("join", "-c", founder.config, "--admit", paper)
    standin.settle()
    run("join", "-c", newcomer.config)

    old_key = (newcomer.config.parent / "hpke.json").read_text()
    rotated = json.loads(run("join", "-c", newcomer.config, "--new-hpke-key", "--json"))
    assert (rotated["joined"], rotated["version"]) == (True, 2)
    assert (newcomer.config.parent / "hpke.json.1").read_text() == old_key
    assert (newcomer.config.parent / "hpke.json").read_text() != old_key

    moved = json.loads(run("join", "-c", newcomer.config, "--new-address", "--application", paper, "--json"))
    assert moved["address"] != consumer.address
    assert (moved["joined"], moved["version"]) == (False, 3)
    run("join", "-c", founder.config, "--admit", paper)
    standin.settle()
    done = json.loads(run("join", "-c", newcomer.config, "--address", moved["address"], "--json"))
    assert (done["joined"], done["version"]) == (True, 3)
    standin.settle()
    (bound,) = membership.bindings(shop.node, DOMAIN, "faircart").values()
    assert (bound.binding.multichain_address, bound.binding.version) == (moved["address"], 3)
    for undo in ((), ("--new-hpke-key",)):
        error = run("join", "-c", newcomer.config, *undo, fails=True)
        assert f'set streams.address = "{moved["address"]}" in the configuration' in error
    back = json.loads(run("join", "-c", newcomer.config, "--address", consumer.address, "--json"))
    assert (back["address"], back["version"]) == (consumer.address, 4)

    revoked = json.loads(run("join", "-c", founder.config, "--shut-out", consumer.address, "--json"))
    assert "participants.write" in revoked["revoked"]
    assert "connect" in revoked["revoked"]
    standin.settle()
    with pytest.raises(errors.NoPermission):
        consumer.node.publish("participants", "k", b"", address=consumer.address)


def test_an_agents_database_and_own_streams_go_on_with_a_new_address_once_it_is_bound(
    standin: StandIn, company: Callable[[int, str], Company], shop: Party, tmp_path: Path
) -> None:
    founder, paper = company(1, "both"), tmp_path / "founder.json"
    run("init", "-c", founder.config)
    run("join", "-c", founder.config)
    open_store(founder, shop.address, shop.node)
    moved = json.loads(run("join", "-c", founder.config, "--new-address", "--application", paper, "--json"))
    with pytest.raises(ForeignStore, match=f"stream address {shop.address}"):
        open_store(founder, moved["address"], shop.node)
    run("join", "-c", founder.config, "--admit", paper)
    assert json.loads(run("join", "-c", founder.config, "--address", moved["address"], "--json"))["joined"]
    open_store(founder, moved["address"], shop.node)
    with pytest.raises(ForeignStore):
        open_store(founder, shop.address, shop.node)
    mark = names.consumer_id(founder.account)
    for stream in (f"items-{mark}-orders", f"envelopes-{mark}"):
        shop.node.grant(standin.access(2).address, f"{stream}.write", by=moved["address"])


def test_a_binding_by_an_address_that_has_nothing_to_spend_yet_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(membership, "_OUTPUT_ARRIVES", (0.01, 0.01))
    binding = Binding("faircart", DOMAIN.chain_id, "a", b"key", 1)
    for failures in range(4):
        with FakeNode(*[error(500, -716)] * failures, result("ab" * 32)) as node:
            client = StreamNode(node.url, "user", "password")
            publish = partial(membership.publish, client, membership.Application(binding, b""))
            if failures < 3:
                assert publish() == "ab" * 32
            else:
                with pytest.raises(errors.NoUnspentOutputs):
                    publish()


def open_store(company: Company, address: str, node: StreamNode) -> None:
    """As the agent does when it starts."""
    config = load(company.config)
    ctx = Context(
        address=company.account,
        multichain_address=address,
        hpke_key=b"",
        chain_name="faircart",
        chain_id=DOMAIN.chain_id,
        contracts=(("ConsentRegistry", DOMAIN.verifying_contract),),
        is_custodian=True,
        is_consumer=True,
        custodian=config.custodian,
        consumer=config.consumer,
    )
    ethereum: Any = SimpleNamespace(head=lambda _: None)  # a chain without blocks: there is none here
    startup.open_store(config, ctx, ethereum, node).close()


def test_a_binding_counts_only_if_its_address_published_it_and_its_account_signed_it(
    standin: StandIn, company: Callable[[int, str], Company], shop: Party, tmp_path: Path, deployments: Path
) -> None:
    founder, newcomer = company(1, "custodian"), company(2, "consumer")
    run("init", "-c", founder.config)
    standin.settle()
    paper = tmp_path / "newcomer.json"
    run("join", "-c", newcomer.config, "--application", paper)
    application = json.loads(paper.read_text())
    # the founder publishes what the newcomer signed
    shop.node.publish("participants", "x", membership.Json(application), address=shop.address)
    assert membership.bindings(shop.node, DOMAIN, "faircart") == {}

    application["binding"]["version"] = "7"
    paper.write_text(json.dumps(application))
    registry = ("--network", "test", "--deployments", deployments)
    said = json.loads(run("join", *founder.by_options, *registry, "--admit", paper, "--json"))
    assert said["account"] != newcomer.account
    for broken in ("", "[]", '{"binding": {}, "signature": "0x"}', '{"binding": 1}'):
        paper.write_text(broken)
        assert "application" in run("join", *founder.by_options, *registry, "--admit", paper, fails=True)
    assert "cannot be read" in run(
        "join", *founder.by_options, *registry, "--admit", tmp_path / "nosuch", fails=True
    )


def test_a_company_whose_node_may_not_connect_yet_applies_without_it(
    standin: StandIn, company: Callable[[int, str], Company], consumer: Party, tmp_path: Path
) -> None:
    newcomer, paper = company(2, "consumer"), tmp_path / "newcomer.json"
    standin.stop_wallet(2)
    assert "cannot be reached" in run("join", "-c", newcomer.config, "--application", paper, fails=True)
    run("join", "-c", newcomer.config, "--address", consumer.address, "--application", paper)
    application = membership.Application.read(paper.read_text())
    assert application.account(DOMAIN) == newcomer.account


def test_a_key_is_not_rotated_while_the_node_does_not_answer(
    standin: StandIn, company: Callable[[int, str], Company], consumer: Party, tmp_path: Path
) -> None:
    newcomer, paper = company(2, "consumer"), tmp_path / "newcomer.json"
    folder = newcomer.config.parent
    before = (folder / "hpke.json").read_text()
    standin.stop_wallet(2)
    rotate = ("join", "-c", newcomer.config, "--new-hpke-key")
    assert "cannot be reached" in run(*rotate, fails=True)
    assert "cannot be reached" in run(
        *rotate, "--address", consumer.address, "--application", paper, fails=True
    )
    assert (folder / "hpke.json").read_text() == before
    assert [file.name for file in folder.glob("hpke.json*")] == ["hpke.json"]


def test_status_shows_peers_streams_missing_payloads_and_permissions(
    standin: StandIn, company: Callable[[int, str], Company], shop: Party, consumer: Party
) -> None:
    shop.node.create_stream("items", ["write", "onchain"])
    standin.settle()
    consumer.node.subscribe("items")
    standin.condition(1).withheld.add("*")
    for number in range(3):
        shop.node.publish("items", "k", bytes([number]), address=shop.address, offchain=True)
    standin.settle()
    found = json.loads(run("status", *company(2, "consumer").by_options, "--json"))
    assert found["peers"] == [shop.address]
    assert found["missing"] == 3
    assert found["streams"] == [
        {
            "name": "items",
            "restrict": ["onchain", "write"],
            "subscribed": True,
            "items": 3,
            "confirmed": 0,
            "missing": 3,
            "looked_at": 3,
        }
    ]
    assert found["permissions"] == {consumer.address: ["connect", "send", "receive", "create"]}
    text = run("status", *company(1, "custodian").by_options)
    assert f"peers: {consumer.address}" in text
    assert "items [onchain,write]: not subscribed" in text
    assert "items.write" in text


def test_up_refuses_names_and_folders_that_cannot_be(tmp_path: Path) -> None:
    for name in ("", "a b", "x/y", "..", "a@b", "é", "x" * 33):
        said = run("up", "--stand-in", "--folder", tmp_path / "net", "--chain", name, fails=True)
        assert "a chain's name has" in said
    assert not (tmp_path / "net").exists()
    (tmp_path / "file").touch()
    assert "the folder cannot be made" in run(
        "up", "--stand-in", "--folder", tmp_path / "file" / "net", fails=True
    )


def test_errors_say_what_to_do(standin: StandIn, tmp_path: Path) -> None:
    assert "one at a time" in run("join", "--admit", tmp_path / "a.json", "--new-address", fails=True)
    one = standin.access(1)
    options = ("--url", one.url, "--password-file", one.password_file)
    assert "cannot shut itself out" in run("join", *options, "--shut-out", one.address, fails=True)
    assert "give -c CONFIG, or --url" in run("status", fails=True)
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    url = standin.access(1).url
    error = run("status", "--url", url, "--password-file", wrong, fails=True)
    assert "does not accept this user and password" in error
    assert "wrong" not in error
    error = run("status", "--url", "http://127.0.0.1:1/", "--password-file", wrong, fails=True)
    assert "cannot be reached" in error
    assert "cannot be read" in run("status", "--url", url, "--password-file", tmp_path / "no", fails=True)
    error = run(
        "init", "--url", url, "--password-file", standin.access(1).password_file, "--own-only", fails=True
    )
    assert "--consumer" in error


def _up(folder: Path, ready: Path, *more: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    command = [sys.executable, "-m", "faircart.cli", "streams", "up", "--folder", str(folder)]
    environment = {name: value for name, value in os.environ.items() if name != "MULTICHAIND"}
    process = subprocess.Popen(
        [*command, "--port-file", str(ready), *more],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    )
    deadline = time.monotonic() + 120
    while not ready.exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process, json.loads(ready.read_text())


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_up_starts_nodes_says_which_and_leaves_no_process_behind(tmp_path: Path, by: signal.Signals) -> None:
    process, described = _up(tmp_path / "net", tmp_path / "ready.json", "--stand-in", "--nodes", "3")
    children = psutil.Process(process.pid).children(recursive=True)
    assert described["kind"] == "stand-in"
    assert [node["name"] for node in described["nodes"]] == ["wallet-1", "wallet-2", "wallet-3"]
    secret = Path(described["nodes"][0]["passwordFile"])
    assert secret.stat().st_mode & 0o077 == 0
    for one in (process.pid, *(child.pid for child in children)):
        assert secret.read_text().strip() not in " ".join(psutil.Process(one).cmdline())
    process.send_signal(by)
    assert process.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
    assert not (tmp_path / "ready.json").exists()


def test_up_again_is_the_same_network(tmp_path: Path) -> None:
    before = after = None
    for _ in range(2):
        process, described = _up(tmp_path / "net", tmp_path / "ready.json", "--stand-in")
        process.terminate()
        assert process.wait(60) == 0
        before, after = after, described["nodes"]
    assert before == after


def test_up_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULTICHAIND", str(tmp_path / "nosuch"))
    assert "MULTICHAIND names" in run("up", "--folder", tmp_path, fails=True)
    monkeypatch.delenv("MULTICHAIND")
    monkeypatch.setenv("PATH", str(tmp_path))
    error = run("up", "--folder", tmp_path, "--real", fails=True)
    assert "multichaind is not on the PATH" in error
    assert "multichain.com" in error
