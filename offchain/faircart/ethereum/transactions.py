# SPDX-License-Identifier: Apache-2.0
"""Signing and pricing EIP-1559 transactions. Pure, but for the account's key in memory."""

from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

from faircart.ethereum.errors import EthereumError


class FeeTooHigh(EthereumError):
    """The network asks for more than `ethereum.max_fee_wei` a gas. Trying again later may help."""


@dataclass(frozen=True, slots=True)
class Fees:
    """Wei a gas: the most that is paid in all, and the tip within it (EIP-1559)."""

    max_fee: int
    priority_fee: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call to be sent: `gas` is its limit, `value` in wei."""

    to: str
    data: bytes
    value: int
    gas: int

    @classmethod
    def of_raw(cls, raw: bytes) -> "Call":
        """The call in a signed transaction of type 2."""
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        return cls(
            to=to_checksum_address(fields["to"]),
            data=bytes(fields["data"]),
            value=int(fields["value"]),
            gas=int(fields["gas"]),
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction, ready to be broadcast."""

    hash: bytes
    raw: bytes


def fees(base_fee: int, priority_fee: int, ceiling: int) -> Fees:
    """Fees that stay valid while the base fee doubles; the tip is cut where it would go above `ceiling`.

    Raises FeeTooHigh if the base fee alone is above `ceiling` (wei a gas).
    """
    if base_fee > ceiling:
        raise FeeTooHigh(f"The network asks for {base_fee} wei a gas, ethereum.max_fee_wei allows {ceiling}")
    tip = min(priority_fee, ceiling - base_fee)
    return Fees(max_fee=min(2 * base_fee + tip, ceiling), priority_fee=tip)


def bumped(old: Fees, wanted: Fees, ceiling: int) -> Fees | None:
    """Fees for a replacement, an eighth higher, or what is left up to `ceiling`.

    None if that is less than the 10 % more on both that nodes ask for.
    """
    new = Fees(
        max_fee=min(max(wanted.max_fee, old.max_fee * 9 // 8 + 1), ceiling),
        priority_fee=min(max(wanted.priority_fee, old.priority_fee * 9 // 8 + 1), ceiling),
    )
    raised = 10 * new.max_fee >= 11 * old.max_fee and 10 * new.priority_fee >= 11 * old.priority_fee
    return new if raised else None


def sign(account: LocalAccount, chain_id: int, nonce: int, call: Call, price: Fees) -> Signed:
    """Signs an EIP-1559 transaction."""
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "to": call.to,
        "data": "0x" + call.data.hex(),
        "value": call.value,
        "gas": call.gas,
        "maxFeePerGas": price.max_fee,
        "maxPriorityFeePerGas": price.priority_fee,
    }
    signed = account.sign_transaction(fields)
    return Signed(hash=bytes(signed.hash), raw=bytes(signed.raw_transaction))
