# SPDX-License-Identifier: Apache-2.0
"""Transactions as the scripts send them: shown with their gas first, then sent, awaited and decoded."""

import time
from dataclasses import dataclass
from typing import Any

import click
from ape.api import AccountAPI, ProviderAPI, TransactionAPI
from eth_utils.crypto import keccak
from web3.exceptions import TransactionNotFound

FINALIZED = "finalized"
POLL_SECONDS = 0.5
# Finality takes about 13 minutes on Ethereum. A local chain that makes no blocks never gets there.
WAIT_SECONDS_PUBLIC = 3600
WAIT_SECONDS_LOCAL = 30
# What development nodes call their chains (geth and ape, anvil), however ape was told to reach them.
DEVELOPMENT_CHAINS = (1337, 31337)


class Depth(click.ParamType):
    """How deep a block has to lie: a number of confirmations (1 is the block itself) or `finalized`."""

    name = "N|finalized"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == FINALIZED or (isinstance(value, int) and value >= 1):
            return value
        if str(value).isdecimal() and int(value) >= 1:
            return int(value)
        raise click.BadParameter(f"{value!r} is neither a number from 1 on nor 'finalized'.", ctx, param)


def depth_option() -> Any:
    """`--confirmations`; without it one confirmation on local networks and `finalized` on public ones."""
    return click.option(
        "--confirmations",
        "depth",
        type=Depth(),
        help="Blocks to wait for, or 'finalized'. Default: 1 on local networks, 'finalized' on public ones.",
    )


def is_local(provider: ProviderAPI) -> bool:
    """Whether only this machine has the chain: nothing that happens there is worth keeping."""
    network = provider.network
    return bool(network.is_dev or network.name == "devnet" or network.chain_id in DEVELOPMENT_CHAINS)


def default_depth(provider: ProviderAPI) -> int | str:
    """See `depth_option`."""
    return 1 if is_local(provider) else FINALIZED


@dataclass(frozen=True)
class Signed:
    """A signed transaction: what nodes take, who sends it, and as which of its transactions."""

    raw: bytes
    sender: str
    nonce: int

    @property
    def hash(self) -> str:
        """Its hash, 0x and 64 digits, which is certain before any node has seen it."""
        return "0x" + keccak(self.raw).hex()


def sign(account: AccountAPI, transaction: TransactionAPI, gas: int) -> Signed:
    """Signs a transaction with a gas limit of its own; nothing is sent."""
    transaction.gas_limit = gas
    signed = account.sign_transaction(account.prepare_transaction(transaction))
    if signed is None:
        raise click.ClickException(f"{account.address} did not sign; nothing was sent.")
    assert signed.nonce is not None
    return Signed(bytes(signed.serialize_transaction()), account.address, signed.nonce)


def submit(provider: ProviderAPI, signed: Signed) -> str:
    """Sends a signed transaction; returns its hash.

    The node is used directly: ape's own sending waits for blocks in a way that some providers do not keep.
    """
    sent = provider.web3.eth.send_raw_transaction(signed.raw)  # type: ignore[attr-defined]
    return str(sent.to_0x_hex())


def wait_for_depth(provider: ProviderAPI, transaction: str, depth: int | str) -> Any:
    """Waits until the transaction's block lies `depth` deep; returns its receipt as web3 gives it.

    Raises click.ClickException if that takes too long, or if the transaction failed.
    """
    limit = WAIT_SECONDS_LOCAL if is_local(provider) else WAIT_SECONDS_PUBLIC
    deadline = time.monotonic() + limit
    eth = provider.web3.eth  # type: ignore[attr-defined]
    while True:
        found = _receipt_or_none(provider, transaction)
        if found is not None and _depth_reached(eth, found["blockNumber"], depth):
            if found["status"] != 1:
                raise click.ClickException(
                    f"Transaction {transaction} failed in block {found['blockNumber']}; it changed nothing "
                    "but cost its gas. Something else happened since it was tried out: run the command again."
                )
            return found
        if time.monotonic() > deadline:
            if found is None:
                raise click.ClickException(
                    f"Transaction {transaction} is in no block after {limit} s. Look for it in an explorer "
                    "before you repeat the command."
                )
            raise click.ClickException(
                f"Transaction {transaction} is in block {found['blockNumber']}, but {depth} "
                f"{'' if depth == FINALIZED else 'confirmations '}did not come within {limit} s. It may "
                "still become final; a chain that makes blocks only for transactions needs --confirmations 1."
            )
        time.sleep(POLL_SECONDS)


def knows(provider: ProviderAPI, transaction: str) -> bool:
    """Whether the node knows a transaction, in a block or waiting for one."""
    try:
        provider.web3.eth.get_transaction(transaction)  # type: ignore[attr-defined]
    except TransactionNotFound:
        return False
    return True


def _receipt_or_none(provider: ProviderAPI, transaction: str) -> Any:
    try:
        return provider.web3.eth.get_transaction_receipt(transaction)  # type: ignore[attr-defined]
    except TransactionNotFound:
        return None


def _depth_reached(eth: Any, block: int, depth: int | str) -> bool:
    if depth == FINALIZED:
        return bool(eth.get_block(FINALIZED)["number"] >= block)
    return bool(eth.block_number - block + 1 >= int(depth))


def ether(wei: int) -> str:
    """Wei as a person reads it, exact: `0.01 ETH`."""
    whole, rest = divmod(wei, 10**18)
    decimals = f"{rest:018d}".rstrip("0")
    return f"{whole}.{decimals} ETH" if decimals else f"{whole} ETH"
