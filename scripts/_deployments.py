# SPDX-License-Identifier: Apache-2.0
"""Deployment records, and the plan that makes deploying idempotent.

A record is `<folder>/<network>/<Contract>.json`. It says where a contract is and which creation code made it:

    contract, address, deployer     name and checksum addresses
    block, blockHash, transaction   where it was created
    chainId                         on which chain
    arguments                       the constructor's
    creationHash                    SHA-256 of the creation code with its arguments
    compiler                        version and settings
    abi                             as the compiler gave it

Records of public networks are committed; those of local ones are ignored by git, and worth nothing once their
chain is gone.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from ape.api import ProviderAPI
from ape.contracts import ContractContainer
from web3.exceptions import TransactionNotFound

from scripts._tx import Signed, is_local

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "offchain" / "faircart" / "deployments"

# In the order in which they are deployed; with the contract whose address the constructor takes.
CONTRACTS: dict[str, str | None] = {
    "CheckoutEscrow": None,
    "ConsentRegistry": None,
    "DataExchange": "ConsentRegistry",
}


@dataclass(frozen=True)
class Step:
    """What is to be done about one contract. `record` is what holds now: None if it is to be deployed."""

    contract: str
    arguments: tuple[str, ...]
    record: dict[str, Any] | None
    reason: str


def network_name(provider: ProviderAPI) -> str:
    """The folder of a network's records: its name in ape, with the ecosystem's before it unless Ethereum."""
    network = provider.network
    if network.is_adhoc:
        return f"chain-{provider.chain_id}"
    ecosystem = network.ecosystem.name
    return network.name if ecosystem == "ethereum" else f"{ecosystem}-{network.name}"


def path_of(folder: Path, provider: ProviderAPI, contract: str) -> Path:
    """Where the record of a contract is."""
    return folder / network_name(provider) / f"{contract}.json"


def read(path: Path) -> dict[str, Any] | None:
    """The record in a file, None if there is no file. Raises ClickException for a broken one."""
    if not path.exists():
        return None
    try:
        record: dict[str, Any] = json.loads(path.read_text())
        missing = {"address", "block", "transaction", "chainId", "creationHash", "abi"} - set(record)
    except (ValueError, TypeError) as error:
        raise click.ClickException(f"The deployment record {path} cannot be read: {error}") from error
    if missing:
        raise click.ClickException(f"The deployment record {path} lacks {', '.join(sorted(missing))}.")
    return record


def pending(path: Path, expected_hash: str, deployer: str) -> Signed | None:
    """What an interrupted run has signed to be sent, if it creates what is to be created now."""
    note = path.with_suffix(".pending")
    if not note.exists():
        return None
    try:
        noted = json.loads(note.read_text())
        signed = Signed(bytes.fromhex(noted["raw"][2:]), noted["deployer"], int(noted["nonce"]))
        fits = (noted["creationHash"], signed.sender) == (expected_hash, deployer)
    except (ValueError, TypeError, KeyError) as error:
        raise click.ClickException(
            f"{note}, where an interrupted run noted its transaction, cannot be read ({error}). Look in an "
            f"explorer whether that run has deployed the contract; then remove the file."
        ) from error
    return signed if fits else None


def note_pending(path: Path, signed: Signed, code_hash: str) -> None:
    """Remembers a deploying transaction until `write`. Called before it is sent, so that no interruption
    leads to a second one, whenever it comes."""
    note = {
        "transaction": signed.hash,
        "raw": "0x" + signed.raw.hex(),
        "deployer": signed.sender,
        "nonce": signed.nonce,
        "creationHash": code_hash,
    }
    _write_whole(path.with_suffix(".pending"), note)


def write(path: Path, record: dict[str, Any]) -> None:
    """Writes a record whole or not at all."""
    _write_whole(path, record)
    path.with_suffix(".pending").unlink(missing_ok=True)


def _write_whole(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w") as file:
        file.write(json.dumps(content, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def creation_code(container: ContractContainer, arguments: tuple[str, ...]) -> bytes:
    """What the deploying transaction carries: creation code and encoded arguments."""
    return bytes(container(*arguments).data)


def creation_hash(code: bytes) -> str:
    """SHA-256 of `creation_code`, as the record keeps it."""
    return "0x" + hashlib.sha256(code).hexdigest()


def step(
    provider: ProviderAPI, folder: Path, container: ContractContainer, arguments: tuple[str, ...]
) -> Step:
    """Decides about one contract.

    A record that still holds is kept. One that does not hold any more (other chain, no code, other creation
    code) is replaced on a local network and refused on a public one, by a ClickException that says why.
    """
    name = container.contract_type.name or ""
    path = path_of(folder, provider, name)
    record = read(path)
    if record is None:
        return Step(name, arguments, None, "not deployed yet")
    problem = _problem(provider, record, creation_hash(creation_code(container, arguments)))
    if problem is None:
        return Step(name, arguments, record, f"deployed in block {record['block']}")
    if is_local(provider):
        return Step(name, arguments, None, f"the record does not hold any more: {problem}")
    raise click.ClickException(
        f"{name} on {network_name(provider)}: {problem}. Nothing was deployed. Check the network; if the "
        f"contract has to be deployed anew, remove {path} first (git keeps it)."
    )


def _problem(provider: ProviderAPI, record: dict[str, Any], expected_hash: str) -> str | None:
    address = record["address"]
    if record["chainId"] != provider.chain_id:
        return f"it is recorded on chain {record['chainId']}, and this is chain {provider.chain_id}"
    if not bytes(provider.get_code(address)):
        return f"there is no code at the recorded address {address}"
    if is_local(provider) and not _created_there(provider, record):
        return "this chain does not know the recorded transaction"
    if record["creationHash"] != expected_hash:
        return "the contract was changed since it was deployed"
    return None


def _created_there(provider: ProviderAPI, record: dict[str, Any]) -> bool:
    """On a local network another chain may have other code at the same address. Public nodes may have
    forgotten old transactions, and their chains do not start again: there the code is enough."""
    try:
        receipt = provider.web3.eth.get_transaction_receipt(record["transaction"])  # type: ignore[attr-defined]
    except TransactionNotFound:
        return False
    return bool(receipt["contractAddress"] == record["address"])
