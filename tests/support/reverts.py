# SPDX-License-Identifier: Apache-2.0
"""The one way in which contract tests expect a revert: exact error, exact values, nothing else.

`ape.reverts(Error)` also passes for other custom errors, for plain reason strings and for panics, and ignores
misspelt values. This helper compares the name and every value; a value that cannot be known exactly is given
as a `Below`.
"""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ape
from ape.contracts import ContractInstance
from ape.exceptions import ContractLogicError, CustomError
from eth_abi.abi import decode
from eth_utils.address import to_checksum_address

_ANVIL_CALL = re.compile(r"custom error 0x(?P<selector>[0-9a-f]{8})(?:: (?P<values>[0-9a-f]+))?")


@dataclass(frozen=True)
class Below:
    """Equals every whole number from 0 on that is smaller than `limit`."""

    limit: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and 0 <= other < self.limit


@contextmanager
def reverts(contract: ContractInstance, error: str, **values: Any) -> Iterator[None]:
    """The block must revert with the contract's custom error `error`, its values being exactly `values`.

    Addresses are compared as checksum addresses, so accounts may be given as they are.
    """
    known = {abi.name for abi in contract.contract_type.errors}
    assert error in known, f"{contract.contract_type.name} has no error {error}; it has {sorted(known)}"
    with ape.reverts() as info:
        yield
    expected = {name: getattr(value, "address", value) for name, value in values.items()}
    found, inputs = _decoded(contract, info.value)
    assert (found, inputs) == (error, expected)


def _decoded(contract: ContractInstance, raised: ContractLogicError) -> tuple[str, dict[str, Any]]:
    """Name and values of a revert. ape decodes the data where it knows the contract at the address; where
    its cache does not, the data are decoded here, from the ABI."""
    if isinstance(raised, CustomError):
        return raised.abi.name, dict(raised.inputs)
    message = raised.revert_message or ""
    data = _revert_data(message)
    if len(data) >= 4:
        if data[:4] not in contract.contract_type.errors:
            return message, {}
        abi = contract.contract_type.errors[data[:4]]
        types = [str(entry.type) for entry in abi.inputs]
        decoded = decode(types, data[4:])
        return abi.name, {
            str(entry.name): to_checksum_address(value) if kind == "address" else value
            for entry, kind, value in zip(abi.inputs, types, decoded, strict=True)
        }
    return message or type(raised).__name__, {}


def _revert_data(message: str) -> bytes:
    """The revert's data, where ape only passes them on: as hex, or (py-evm, if they hold an apostrophe) as
    Python shows bytes, or (anvil, of a call that is no transaction) in a sentence. Empty if the message is
    a text."""
    if message.startswith("0x"):
        return bytes.fromhex(message[2:])
    if anvil := _ANVIL_CALL.fullmatch(message):
        return bytes.fromhex(anvil["selector"] + (anvil["values"] or ""))
    if message.startswith(("b'", 'b"')):
        data = ast.literal_eval(message)
        assert isinstance(data, bytes)
        return data
    return b""
