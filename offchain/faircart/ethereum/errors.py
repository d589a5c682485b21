# SPDX-License-Identifier: Apache-2.0
"""What can be wrong between the agent and Ethereum."""

from typing import Any

from faircart.errors import FairCartError


class EthereumError(FairCartError):
    """Base of all errors of this module."""


class NodeUnreachable(EthereumError):
    """No answer, a refused connection, a timeout, or an answer that is no JSON-RPC. Trying again may help."""


class NodeBusy(NodeUnreachable):
    """The node answered that it cannot answer now: it lags, is overloaded, or is asked for too much."""


class NodeRefused(EthereumError):
    """The node answered with a JSON-RPC error that is no revert."""

    def __init__(self, url: str, method: str, code: int, message: str) -> None:
        super().__init__(f"The Ethereum node {url} refused {method}: {message} (code {code})")
        self.code = code
        self.reason = message


class WrongChain(EthereumError):
    """The node serves another chain than the configuration names."""


class NoContract(EthereumError):
    """There is no code at a contract's address."""


class UnknownNetwork(EthereumError):
    """No deployment records are known for this network."""


class InsufficientBalance(EthereumError):
    """The account cannot pay for a transaction."""


class Reverted(EthereumError):
    """A contract refused a call: `name` is its custom error (or `Error`, `Panic`), `arguments` its values."""

    def __init__(self, function: str, name: str, arguments: dict[str, Any]) -> None:
        values = ", ".join(f"{key}={_shown(value)}" for key, value in arguments.items())
        super().__init__(f"{function} was refused: {name}({values})")
        self.function = function
        self.name = name
        self.arguments = arguments


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
