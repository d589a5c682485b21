# SPDX-License-Identifier: Apache-2.0
"""Where the contracts are: the records that the deploy script writes, one file a contract and network."""

import json
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from faircart.ethereum.errors import EthereumError, UnknownNetwork

CONTRACTS = ("CheckoutEscrow", "ConsentRegistry", "DataExchange")


class DeploymentInvalid(EthereumError):
    """A deployment record cannot be read or lacks something."""


@dataclass(frozen=True)
class Deployment:
    """One contract on one chain: `block` is the one it was created in."""

    contract: str
    address: str
    chain_id: int
    block: int

    @cached_property
    def abi(self) -> list[dict[str, Any]]:
        """The contract's ABI, as shipped with the package."""
        return abi(self.contract)


def abi(contract: str) -> list[dict[str, Any]]:
    """The ABI of one of `CONTRACTS`, as a JSON list."""
    text = (resources.files("faircart") / "abi" / f"{contract}.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)
    return found


def load(network: str, folder: Path | None = None) -> dict[str, Deployment]:
    """The three contracts on `network`, from the package or from `folder`/`network`.

    Raises UnknownNetwork if there are no records, DeploymentInvalid if one is missing or broken.
    """
    root: Traversable = folder if folder is not None else resources.files("faircart") / "deployments"
    place = root / network
    if not network or not place.is_dir():
        known = sorted(entry.name for entry in root.iterdir() if entry.is_dir()) if root.is_dir() else []
        raise UnknownNetwork(
            f"ethereum.network: no deployment is recorded for {network!r}; "
            f"known: {', '.join(known) if known else 'none, deploy the contracts first'}"
        )
    return {contract: _read(place / f"{contract}.json", contract) for contract in CONTRACTS}


def _read(path: Traversable, contract: str) -> Deployment:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Deployment(
            contract=contract,
            address=to_checksum_address(record["address"]),
            chain_id=int(record["chainId"]),
            block=int(record["block"]),
        )
    except FileNotFoundError:
        raise DeploymentInvalid(f"There is no deployment record {path}: deploy {contract} first") from None
    except (KeyError, TypeError, ValueError) as error:
        raise DeploymentInvalid(f"The deployment record {path} is broken: {error!r}") from None
