# SPDX-License-Identifier: Apache-2.0
"""Deploys FairCart's contracts and records where they are.

    ape run deploy --network ethereum:local:foundry --account TEST::0
    ape run deploy --network ethereum:sepolia:node --account my-key --dry-run

Deploying again deploys nothing: a contract that is recorded and there is kept. On a public network the
records (`offchain/faircart/deployments/<network>/`) and the compiler's input for verifying explorers beside
them are to be committed.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from ape import project
from ape.api import AccountAPI, ProviderAPI
from ape.cli import account_option
from ape.contracts import ContractContainer
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from rlp import encode as rlp_encode  # type: ignore[attr-defined]

from scripts import _deployments, _standard_json
from scripts._connected import NodeCommand
from scripts._deployments import CONTRACTS, Step
from scripts._tx import (
    Signed,
    default_depth,
    depth_option,
    ether,
    is_local,
    knows,
    sign,
    submit,
    wait_for_depth,
)

IN_PROCESS = "test"
"""The name of ape's provider of a chain inside the process."""


@click.command(cls=NodeCommand)
@account_option()
@depth_option()
@click.option("--dry-run", is_flag=True, help="Only print the plan and what it costs; send nothing.")
@click.option(
    "--records",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the deployment records. Default: offchain/faircart/deployments; none on ape's in-process "
    "network, whose chain ends with the command.",
)
@click.option(
    "--standard-json",
    "standard_json",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the compiler's input for verifying explorers to this file. On public networks it is "
    "written beside the records in any case.",
)
def cli(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: int | str | None,
    dry_run: bool,
    records: Path | None,
    standard_json: Path | None,
) -> None:
    """Deploy CheckoutEscrow, ConsentRegistry and DataExchange, as far as they are not there yet."""
    if records is None and provider.name == IN_PROCESS:
        # Records of a chain that is about to end would replace those of a node that runs on.
        with TemporaryDirectory() as nowhere:
            _run(account, provider, depth, dry_run, Path(nowhere), standard_json)
        if not dry_run:
            click.echo(
                "Records: none were written, since this chain ends with this command. Name a node with "
                "--network, or a folder with --records."
            )
        return
    records = records or _deployments.FOLDER
    _run(account, provider, depth, dry_run, records, standard_json)
    if not dry_run:
        click.echo(f"Records: {records / _deployments.network_name(provider)}")


def _run(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: int | str | None,
    dry_run: bool,
    records: Path,
    standard_json: Path | None,
) -> None:
    containers = _containers(fresh=not is_local(provider))
    steps = _plan(provider, records, containers, account)
    _show(provider, account, containers, steps)
    if dry_run:
        click.echo("Dry run: nothing was sent and nothing was written.")
        return
    found: dict[str, dict[str, Any]] = {}
    for planned in steps:
        needed = CONTRACTS[planned.contract]
        arguments = (found[needed]["address"],) if needed else ()
        found[planned.contract] = planned.record or _deploy(
            provider, account, containers[planned.contract], replace(planned, arguments=arguments), records
        )
    for planned in steps:
        if planned.record is None:
            record = found[planned.contract]
            wanted = depth if depth is not None else default_depth(provider)
            receipt = wait_for_depth(provider, record["transaction"], wanted)
            # A reorganisation may have put the transaction into another block since it was first seen.
            settled = {**record, **_place(receipt)}
            if settled != record:
                _deployments.write(_deployments.path_of(records, provider, planned.contract), settled)
    if standard_json is None and not is_local(provider):
        standard_json = records / _deployments.network_name(provider) / "verification" / "standard-input.json"
    if standard_json is not None:
        _standard_json.write(standard_json, list(containers.values()))
        click.echo(f"The compiler's input for explorers: {standard_json}")


def _containers(*, fresh: bool) -> dict[str, ContractContainer]:
    """The contracts, compiled anew if `fresh`: explorers compare the metadata hash too, and that changes with
    the comments of an imported file, for which ape does not compile again."""
    if fresh:
        project.load_contracts(use_cache=False)
    return {name: project.get_contract(name) for name in CONTRACTS}


def _plan(
    provider: ProviderAPI, records: Path, containers: dict[str, ContractContainer], account: AccountAPI
) -> list[Step]:
    """One step a contract, in order. A contract that is to be deployed is given the address it will get."""
    steps: list[Step] = []
    addresses: dict[str, str] = {}
    nonce = account.nonce
    for name, container in containers.items():
        needed = CONTRACTS[name]
        arguments = (addresses[needed],) if needed else ()
        planned = _deployments.step(provider, records, container, arguments)
        if planned.record is None:
            addresses[name] = _future_address(account.address, nonce)
            nonce += 1
        else:
            addresses[name] = planned.record["address"]
        steps.append(planned)
    return steps


def _future_address(deployer: str, nonce: int) -> str:
    """Where an account's transaction number `nonce` creates a contract."""
    return to_checksum_address(keccak(rlp_encode([bytes.fromhex(deployer[2:]), nonce]))[12:])


def _show(
    provider: ProviderAPI,
    account: AccountAPI,
    containers: dict[str, ContractContainer],
    steps: list[Step],
) -> None:
    """Prints the plan with its gas and cost. Raises ClickException if the deployer cannot pay for it."""
    eth = provider.web3.eth  # type: ignore[attr-defined]
    price, total = eth.gas_price, 0
    click.echo(
        f"Network {_deployments.network_name(provider)} (chain {provider.chain_id}), "
        f"deployer {account.address}, {price / 10**9:.2f} gwei a gas"
    )
    for planned in steps:
        if planned.record is not None:
            click.echo(f"  {planned.contract:16} keep    {planned.record['address']}  {planned.reason}")
            continue
        gas = _gas(provider, account, containers[planned.contract], planned)
        total += gas * price
        cost = ether(gas * price)
        click.echo(f"  {planned.contract:16} deploy  {gas:,} gas, {cost}  {planned.reason}")
    balance = eth.get_balance(account.address)
    click.echo(f"Cost {ether(total)} of the deployer's {ether(balance)}")
    if total > balance:
        raise click.ClickException(
            f"{account.address} has {ether(balance)}, and deploying costs about {ether(total)}. "
            "Send it ether first."
        )


def _gas(provider: ProviderAPI, account: AccountAPI, container: ContractContainer, planned: Step) -> int:
    """Gas of one deployment, in gas units.

    The exchange checks that the registry has code, so while that is not there its creation cannot be tried;
    then the cost of its code stands for the whole: base, calldata and 200 gas a byte of code.
    """
    code = _deployments.creation_code(container, planned.arguments)
    eth = provider.web3.eth  # type: ignore[attr-defined]
    if all(bytes(provider.get_code(address)) for address in planned.arguments):  # type: ignore[arg-type]
        return int(eth.estimate_gas({"from": account.address, "data": code}))
    runtime = container.contract_type.runtime_bytecode
    size = len(bytes.fromhex((runtime.bytecode if runtime and runtime.bytecode else "0x")[2:]))
    calldata = sum(16 if byte else 4 for byte in code)
    return 21_000 + 32_000 + 2 * ((len(code) + 31) // 32) + calldata + 200 * size + 20_000


def _deploy(
    provider: ProviderAPI,
    account: AccountAPI,
    container: ContractContainer,
    planned: Step,
    records: Path,
) -> dict[str, Any]:
    """Deploys one contract and records it, or completes what an interrupted run began."""
    path = _deployments.path_of(records, provider, planned.contract)
    code_hash = _deployments.creation_hash(_deployments.creation_code(container, planned.arguments))
    signed = _deployments.pending(path, code_hash, account.address)
    if signed is None or not (knows(provider, signed.hash) or _can_arrive(provider, signed)):
        gas = _gas(provider, account, container, planned) * 6 // 5
        signed = sign(account, container(*planned.arguments), gas)
        _deployments.note_pending(path, signed, code_hash)
    if not knows(provider, signed.hash):
        submit(provider, signed)
    receipt = wait_for_depth(provider, signed.hash, 1)
    record = {
        "contract": planned.contract,
        **_place(receipt),
        "transaction": signed.hash,
        "chainId": provider.chain_id,
        "deployer": account.address,
        "arguments": list(planned.arguments),
        "creationHash": code_hash,
        "compiler": _standard_json.compiler(),
        "abi": [entry.model_dump(mode="json", by_alias=True) for entry in container.contract_type.abi],
    }
    _deployments.write(path, record)
    click.echo(f"{planned.contract} is at {record['address']}")
    return record


def _can_arrive(provider: ProviderAPI, signed: Signed) -> bool:
    """Whether a transaction that the node does not know can still be mined: not if another one used its
    number, nor if it waits for others on a local chain, which was begun anew then."""
    sent = provider.web3.eth.get_transaction_count(signed.sender)  # type: ignore[attr-defined]
    return bool(signed.nonce == sent or (signed.nonce > sent and not is_local(provider)))


def _place(receipt: Any) -> dict[str, Any]:
    """Where a deployment is, as the record keeps it."""
    return {
        "address": receipt["contractAddress"],
        "block": receipt["blockNumber"],
        "blockHash": receipt["blockHash"].to_0x_hex(),
    }
