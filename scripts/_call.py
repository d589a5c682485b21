# SPDX-License-Identifier: Apache-2.0
"""Calling a deployed contract: what will happen and the gas first, then the transaction, then its events."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import account_option
from eth_abi.abi import decode
from eth_utils.address import to_checksum_address
from faircart.papers import Domain
from web3.contract.contract import Contract as Web3Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError

from scripts import _deployments
from scripts._arguments import moment
from scripts._exchange_sentences import FAULTS, REASONS
from scripts._sentences import RESOLUTIONS, sentence
from scripts._tx import default_depth, depth_option, ether, sign, submit, wait_for_depth

_AMOUNTS = {
    *("amount", "buyerAmount", "sellerAmount"),
    *("reward", "fee", "value", "custodianDeposit", "consumerDeposit"),
}
_NAMES = {"how": RESOLUTIONS, "fault": FAULTS, "reason": REASONS}
_MOMENTS = {"shipBy", "confirmBy", "ruleBy", "validUntil", "deliverBy", "respondBy"}


@dataclass(frozen=True)
class Deployed:
    """A contract that is recorded as deployed on the connected network."""

    name: str
    contract: Web3Contract
    provider: ProviderAPI
    block: int

    @property
    def domain(self) -> Domain:
        """The EIP-712 domain of the papers that it takes."""
        return Domain(self.provider.chain_id, self.contract.address)

    @property
    def functions(self) -> Any:
        """The contract's functions, as web3 calls them."""
        return self.contract.functions

    def later(self, seconds: int) -> int:
        """The second that lies so far ahead on the chain's clock, which on a local chain may be another than
        this machine's."""
        return int(self.contract.w3.eth.get_block("latest")["timestamp"]) + seconds

    def view(self, function: ContractFunction) -> Any:
        """What a view call returns. Raises ClickException with a sentence if it reverts."""
        try:
            return function.call()
        except (ContractCustomError, ContractLogicError) as error:
            raise click.ClickException(_why(self.contract, error)) from error

    def takes(self, function: ContractFunction) -> bool:
        """Whether a view call returns and does not revert."""
        try:
            function.call()
        except (ContractCustomError, ContractLogicError):
            return False
        return True


@dataclass(frozen=True)
class Sending:
    """Who sends, how deep the transaction's block has to lie, and whether it is only to be shown."""

    account: AccountAPI
    depth: int | str
    dry_run: bool


def records_option() -> Any:
    """`--records`: where the deployment records are."""
    return click.option(
        "--records",
        type=click.Path(file_okay=False, path_type=Path),
        default=_deployments.FOLDER,
        help="Folder of the deployment records. Default: offchain/faircart/deployments.",
    )


def sending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that sends a transaction: account, confirmations, dry run, records."""
    dry_run = click.option("--dry-run", is_flag=True, help="Show what would happen; send nothing.")
    for option in (records_option(), dry_run, depth_option(), account_option()):
        command = option(command)
    return command


def deployed(provider: ProviderAPI, records: Path, name: str) -> Deployed:
    """The contract `name` on the connected network. Raises ClickException if it is not there."""
    network = _deployments.network_name(provider)
    path = _deployments.path_of(records, provider, name)
    record = _deployments.read(path)
    if record is None:
        raise click.ClickException(
            f"{name} is not recorded as deployed on {network} ({path}). Deploy first: "
            "ape run deploy --network ..."
        )
    if record["chainId"] != provider.chain_id:
        raise click.ClickException(
            f"{name} is recorded on chain {record['chainId']}, but {network} is chain "
            f"{provider.chain_id}. Check --network."
        )
    if not bytes(provider.get_code(record["address"])):
        raise click.ClickException(
            f"There is no contract at {record['address']}, where {path} says that {name} is. Check "
            "--network; a local chain that was started anew has to be deployed to again."
        )
    web3 = provider.web3  # type: ignore[attr-defined]
    return Deployed(
        name, web3.eth.contract(address=record["address"], abi=record["abi"]), provider, record["block"]
    )


def send(
    contract: Deployed, sending: Sending, function: ContractFunction, *says: str, value: int = 0
) -> None:
    """Says what will happen and what it costs, sends, waits, and prints the events.

    Raises ClickException, with nothing sent, if the contract would refuse the call or the ether does not
    suffice. `value` is wei.
    """
    provider, account = contract.provider, sending.account
    eth = provider.web3.eth  # type: ignore[attr-defined]
    options: Any = {"from": account.address, "value": value}
    for line in says:
        click.echo(line, err=True)
    balance = eth.get_balance(account.address)
    if balance < value:
        raise click.ClickException(
            f"{account.address} has {ether(balance)}, and {ether(value)} are to be sent."
        )
    try:
        gas = function.estimate_gas(options)
    except (ContractCustomError, ContractLogicError) as error:
        raise click.ClickException(_why(contract.contract, error)) from error
    except Web3RPCError as error:
        raise click.ClickException(f"The node cannot try out the transaction: {error}") from error
    price = eth.gas_price
    click.echo(
        f"{contract.name}.{function.fn_name} at {contract.contract.address} from {account.address}: "
        f"up to {gas:,} gas, about {ether(gas * price)}" + (f", and {ether(value)}" if value else ""),
        err=True,
    )
    if balance < value + gas * price:
        raise click.ClickException(
            f"{account.address} has {ether(balance)}, and this needs about {ether(value + gas * price)}. "
            "Send it ether first."
        )
    if sending.dry_run:
        click.echo("Dry run: nothing was sent.", err=True)
        return
    transaction = provider.network.ecosystem.create_transaction(
        receiver=contract.contract.address,
        sender=account.address,
        data=function._encode_transaction_data(),
        value=value,
    )
    # Prices of storage may change until it is mined; what is not used is not paid.
    sent = submit(provider, sign(account, transaction, gas * 6 // 5))
    click.echo(f"Sent {sent}", err=True)
    receipt = wait_for_depth(provider, sent, sending.depth)
    click.echo(f"Block {receipt['blockNumber']}, {receipt['gasUsed']:,} gas used", err=True)
    for line in events(contract.contract, receipt):
        click.echo(line)


def sending(provider: ProviderAPI, account: AccountAPI, depth: int | str | None, dry_run: bool) -> Sending:
    """The options of `sending_options` together."""
    return Sending(account, depth if depth is not None else default_depth(provider), dry_run)


def events(contract: Web3Contract, receipt: Any) -> list[str]:
    """The contract's events in a receipt, one line each, amounts and times as people read them."""
    lines = []
    for log in receipt["logs"]:
        if log["address"] != contract.address:
            continue
        for entry in contract.events:
            if log["topics"] and bytes(log["topics"][0]) == bytes.fromhex(entry().topic[2:]):
                found = entry().process_log(log)
                values = ", ".join(f"{name} {_shown(name, value)}" for name, value in found["args"].items())
                lines.append(f"{found['event']}: {values}")
    return lines


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if name in _AMOUNTS:
        return ether(value)
    if name in _MOMENTS:
        return moment(value)
    if name in _NAMES:
        return _NAMES[name][value]
    return str(value)


def _why(contract: Web3Contract, error: ContractLogicError) -> str:
    """The sentence for a revert."""
    data = error.data if isinstance(error.data, str) else ""
    for abi in contract.abi:
        if abi["type"] != "error":
            continue
        inputs = abi.get("inputs", [])
        types = [str(entry["type"]) for entry in inputs]
        selector = contract.w3.keccak(text=f"{abi['name']}({','.join(types)})")[:4]
        if data[:10] == "0x" + bytes(selector).hex():
            values = {
                str(entry["name"]): to_checksum_address(value) if kind == "address" else value
                for entry, kind, value in zip(
                    inputs, types, decode(types, bytes.fromhex(data[10:])), strict=True
                )
            }
            return sentence(str(abi["name"]), values)
    return f"The contract refused the call: {error}"
