# SPDX-License-Identifier: Apache-2.0
"""What handlers know besides the rows: who we are, on which chain, under which policy. A plain value."""

from dataclasses import dataclass

from faircart.agent.config import ConsumerSection, CustodianSection
from faircart.papers import Domain


@dataclass(frozen=True, slots=True)
class Context:
    """`address` is our Ethereum address, `hpke_key` our public key with its suite id.

    `confirmation_seconds` is how long it takes until a block counts.
    """

    address: str
    multichain_address: str
    hpke_key: bytes
    chain_name: str
    chain_id: int
    contracts: tuple[tuple[str, str], ...]
    is_custodian: bool
    is_consumer: bool
    custodian: CustodianSection
    consumer: ConsumerSection
    confirmation_seconds: int = 0

    def domain(self, contract: str) -> Domain:
        """The EIP-712 domain of one of the contracts."""
        return Domain(self.chain_id, dict(self.contracts)[contract])
