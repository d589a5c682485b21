# SPDX-License-Identifier: Apache-2.0
"""Deploying: once, with records; again: nothing."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts import _abi, _deployments, _tx, deploy
from tests.scripts.conftest import ADDRESSES

ROOT = Path(__file__).resolve().parents[2]
DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
CONTRACTS = ["CheckoutEscrow", "ConsentRegistry", "DataExchange"]


def read(records: Path, contract: str) -> dict:
    return json.loads((records / "local" / f"{contract}.json").read_text())


def test_a_dry_run_shows_plan_and_cost_and_changes_nothing(run, chain, tmp_path):
    block = chain.eth.block_number
    planned = run("deploy", "--dry-run", by="deployer", records=tmp_path)
    assert planned.code == 0
    for contract in CONTRACTS:
        assert f"{contract:16} deploy" in planned.output
    assert "Cost 0." in planned.output
    assert "nothing was sent" in planned.output
    assert chain.eth.block_number == block
    assert list(tmp_path.iterdir()) == []


def test_each_contract_is_recorded_where_it_is(run, chain, tmp_path):
    deployed = run("deploy", by="deployer", records=tmp_path)
    assert deployed.code == 0, deployed.errors
    assert sorted(path.name for path in (tmp_path / "local").iterdir()) == [f"{c}.json" for c in CONTRACTS]
    for contract in CONTRACTS:
        record = read(tmp_path, contract)
        receipt = chain.eth.get_transaction_receipt(record["transaction"])
        assert (record["contract"], record["chainId"]) == (contract, 31337)
        assert (record["address"], record["block"]) == (receipt["contractAddress"], receipt["blockNumber"])
        compiled = _abi.product_contracts()[contract]["abi"]
        assert [(e["type"], e.get("name")) for e in record["abi"]] == [
            (e["type"], e.get("name")) for e in compiled
        ]
        assert bytes(chain.eth.get_code(record["address"]))
        assert record["compiler"]["optimizer"] == {"enabled": True, "runs": 200}
    exchange = chain.eth.contract(
        address=read(tmp_path, "DataExchange")["address"], abi=read(tmp_path, "DataExchange")["abi"]
    )
    registry = read(tmp_path, "ConsentRegistry")["address"]
    assert exchange.functions.CONSENT_REGISTRY().call() == registry
    assert read(tmp_path, "DataExchange")["arguments"] == [registry]


def test_deploying_again_deploys_nothing(run, chain, tmp_path):
    run("deploy", by="deployer", records=tmp_path)
    before = {contract: read(tmp_path, contract) for contract in CONTRACTS}
    block = chain.eth.block_number
    again = run("deploy", by="deployer", records=tmp_path)
    assert again.code == 0
    assert again.output.count(" keep ") == 3
    assert chain.eth.block_number == block
    assert {contract: read(tmp_path, contract) for contract in CONTRACTS} == before


def test_a_local_record_whose_contract_is_gone_is_replaced(run, chain, tmp_path):
    run("deploy", by="deployer", records=tmp_path)
    gone = read(tmp_path, "CheckoutEscrow")
    chain.provider.make_request("anvil_setCode", [gone["address"], "0x"])
    again = run("deploy", by="deployer", records=tmp_path)
    assert again.code == 0
    assert f"there is no code at the recorded address {gone['address']}" in again.output
    assert read(tmp_path, "CheckoutEscrow")["address"] != gone["address"]
    assert again.output.count(" keep ") == 2


def test_an_exchange_that_asks_another_registry_is_replaced_with_it(run, chain, tmp_path):
    run("deploy", by="deployer", records=tmp_path)
    (tmp_path / "local" / "ConsentRegistry.json").unlink()
    again = run("deploy", by="deployer", records=tmp_path)
    assert again.code == 0
    assert again.output.count(" keep ") == 1
    assert read(tmp_path, "DataExchange")["arguments"] == [read(tmp_path, "ConsentRegistry")["address"]]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"chainId": 1}, "it is recorded on chain 1, and this is chain 31337"),
        ({"address": ADDRESSES["buyer"]}, f"there is no code at the recorded address {ADDRESSES['buyer']}"),
        ({"creationHash": "0x00"}, "the contract was changed since it was deployed"),
    ],
    ids=["other chain", "no code", "other code"],
)
def test_a_public_record_that_does_not_hold_is_an_error(run, chain, tmp_path, monkeypatch, change, complaint):
    run("deploy", by="deployer", records=tmp_path)
    path = tmp_path / "local" / "CheckoutEscrow.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    block = chain.eth.block_number
    # The only public network at hand is one that is called so.
    monkeypatch.setattr(_deployments, "is_local", lambda provider: False)
    again = run("deploy", by="deployer", records=tmp_path)
    assert again.code == 1
    assert f"Error: CheckoutEscrow on local: {complaint}. Nothing was deployed." in again.errors
    assert chain.eth.block_number == block


def test_a_broken_record_is_named(run, chain, tmp_path):
    path = tmp_path / "local" / "ConsentRegistry.json"
    path.parent.mkdir()
    path.write_text('{"address": 1}')
    refused = run("deploy", by="deployer", records=tmp_path)
    assert refused.code == 1
    assert f"{path} lacks abi, block, chainId, creationHash, transaction" in refused.errors


@pytest.fixture
def interrupted(run, chain, tmp_path, monkeypatch):
    """Begins to deploy and is ended at its first transaction, just before or just after that is sent; returns
    what the note of it says."""

    note = tmp_path / "local" / "CheckoutEscrow.pending"

    def begin(*, sent):
        def end(provider, signed):
            if sent:
                _tx.submit(provider, signed)
            raise KeyboardInterrupt

        with monkeypatch.context() as while_it_runs:
            while_it_runs.setattr("scripts.deploy.submit", end)
            assert run("deploy", by="deployer", records=tmp_path).code == 1
        return json.loads(note.read_text())

    return begin


@pytest.mark.parametrize("sent", [False, True], ids=["noted and not sent", "sent and not recorded"])
def test_what_an_interrupted_run_began_is_completed_and_not_repeated(run, chain, tmp_path, interrupted, sent):
    before = chain.eth.get_transaction_count(DEPLOYER)
    noted = interrupted(sent=sent)
    # "pending": a transaction that was sent is not always mined by now
    assert chain.eth.get_transaction_count(DEPLOYER, "pending") == before + sent
    again = run("deploy", by="deployer", records=tmp_path)
    assert again.code == 0, again.errors
    assert read(tmp_path, "CheckoutEscrow")["transaction"] == noted["transaction"]
    assert chain.eth.get_transaction_count(DEPLOYER) == before + 3
    assert not list(tmp_path.rglob("*.pending"))


def test_a_noted_transaction_that_another_one_overtook_is_given_up(run, chain, tmp_path, interrupted):
    noted = interrupted(sent=False)
    chain.eth.wait_for_transaction_receipt(
        chain.eth.send_transaction({"from": DEPLOYER, "to": DEPLOYER, "value": 1})
    )
    again = run("deploy", by="deployer", records=tmp_path)
    assert again.code == 0, again.errors
    assert read(tmp_path, "CheckoutEscrow")["transaction"] != noted["transaction"]


@pytest.mark.parametrize("change", [{"creationHash": "0x00"}, {"deployer": ADDRESSES["buyer"]}])
def test_a_note_of_another_contract_or_deployer_is_given_up(run, chain, tmp_path, interrupted, change):
    noted = interrupted(sent=True)
    (tmp_path / "local" / "CheckoutEscrow.pending").write_text(json.dumps({**noted, **change}))
    again = run("deploy", by="deployer", records=tmp_path)
    assert again.code == 0, again.errors
    assert read(tmp_path, "CheckoutEscrow")["transaction"] != noted["transaction"]


def test_a_note_that_cannot_be_read_is_named(run, chain, tmp_path, interrupted):
    interrupted(sent=True)
    note = tmp_path / "local" / "CheckoutEscrow.pending"
    note.write_text("0x12")
    refused = run("deploy", by="deployer", records=tmp_path)
    assert refused.code == 1
    assert f"{note}, where an interrupted run noted its transaction, cannot be read" in refused.errors


def test_the_chain_inside_the_process_gets_no_records_unless_a_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(_deployments, "FOLDER", tmp_path / "default")
    words = ["--network", "ethereum:local:test", "--account", "TEST::0"]
    deployed = CliRunner(mix_stderr=False).invoke(deploy.cli, words)
    assert deployed.exit_code == 0, deployed.stderr
    assert "Records: none were written, since this chain ends with this command." in deployed.stdout
    assert list(tmp_path.iterdir()) == []
    named = CliRunner(mix_stderr=False).invoke(deploy.cli, [*words, "--records", str(tmp_path)])
    assert named.stdout.splitlines()[-1] == f"Records: {tmp_path / 'local'}"
    assert sorted(path.name for path in (tmp_path / "local").iterdir()) == [f"{c}.json" for c in CONTRACTS]


def test_a_deployer_without_ether_is_told_what_it_needs(run, chain, tmp_path):
    chain.provider.make_request("anvil_setBalance", [DEPLOYER, "0x1"])
    refused = run("deploy", by="deployer", records=tmp_path)
    assert refused.code == 1
    assert "Send it ether first." in refused.errors
    assert list(tmp_path.iterdir()) == []


def test_confirmations_that_do_not_come_are_an_error(run, chain, tmp_path, monkeypatch):
    monkeypatch.setattr("scripts._tx.WAIT_SECONDS_LOCAL", 1)
    late = run("deploy", "--confirmations", 5, by="deployer", records=tmp_path)
    assert late.code == 1
    assert "5 confirmations did not come within 1 s" in late.errors
    again = run("deploy", by="deployer", records=tmp_path)
    assert again.output.count(" keep ") == 3


def test_a_deployment_that_a_reorganisation_moves_is_recorded_where_it_is_in_the_end(run, chain, tmp_path):
    def ask(method, *parameters):
        return chain.provider.make_request(method, list(parameters))["result"]

    def move(last=tmp_path / "local" / "DataExchange.json"):
        deadline = time.monotonic() + 240
        while not last.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        sent = [ask("eth_getRawTransactionByHash", read(tmp_path, c)["transaction"]) for c in CONTRACTS]
        first.update({contract: read(tmp_path, contract) for contract in CONTRACTS})
        ask("anvil_rollback", 3)
        ask("evm_mine")
        for transaction in sent:
            ask("eth_sendRawTransaction", transaction)
        ask("anvil_mine", hex(4))

    first: dict[str, dict] = {}
    with ThreadPoolExecutor(1) as other:
        moved = other.submit(move)
        deployed = run("deploy", "--confirmations", 4, by="deployer", records=tmp_path)
        moved.result()
    assert deployed.code == 0, deployed.errors
    for contract in CONTRACTS:
        record = read(tmp_path, contract)
        receipt = chain.eth.get_transaction_receipt(record["transaction"])
        assert (record["block"], record["blockHash"]) == (
            receipt["blockNumber"],
            receipt["blockHash"].to_0x_hex(),
        )
        assert record["block"] == first[contract]["block"] + 1
        assert {**record, "block": 0, "blockHash": ""} == {**first[contract], "block": 0, "blockHash": ""}


@pytest.mark.parametrize("depth", ["0", "-1", "soon"])
def test_confirmations_are_a_number_or_finalized(run, tmp_path, depth):
    refused = run("deploy", "--confirmations", depth, by="deployer", records=tmp_path)
    assert refused.code == 2
    assert f"'{depth}' is neither a number from 1 on nor 'finalized'" in refused.errors


def test_the_standard_json_input_compiles_to_the_deployed_code(run, chain, tmp_path):
    file = tmp_path / "input.json"
    assert run("deploy", "--standard-json", file, by="deployer", records=tmp_path / "records").code == 0
    given = json.loads(file.read_text())
    assert not [source for source in given["sources"] if "testing" in source]
    wrapper = ["node", str(ROOT / "scripts" / "_setup" / "solc_wrapper.js"), "--standard-json"]
    compiled = json.loads(
        subprocess.run(wrapper, input=json.dumps(given), capture_output=True, text=True, check=True).stdout
    )
    for contract in CONTRACTS:
        made = compiled["contracts"][f"contracts/{contract}.sol"][contract]["evm"]["bytecode"]["object"]
        record = read(tmp_path / "records", contract)
        sent = bytes(chain.eth.get_transaction(record["transaction"])["input"])
        arguments = b"".join(bytes(12) + bytes.fromhex(value[2:]) for value in record["arguments"])
        assert sent == bytes.fromhex(made) + arguments


def test_ape_run_deploy_as_a_process_of_its_own(node, chain, tmp_path):
    command = [str(Path(sys.executable).with_name("ape")), "run", "deploy", "--account", "TEST::0"]
    command += ["--network", "ethereum:local:foundry", "--records", str(tmp_path)]
    done = subprocess.run(
        command, env={**os.environ, "APE_FOUNDRY_HOST": node}, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"Records: {tmp_path / 'local'}"
