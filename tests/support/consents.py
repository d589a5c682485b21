# SPDX-License-Identifier: Apache-2.0
"""Consents as tests speak of them: signed, granted, withdrawn."""

from dataclasses import replace
from itertools import count
from typing import Any

from ape.api import AccountAPI
from ape.contracts import ContractInstance
from faircart.papers import Consent, Domain, Paper, Revocation, RevocationOfAll, sign

from tests.support.shop import DAY, key_of

REWARD = 10**15
MAXIMUM = 2**32 - 2


class Consents:
    """One customer, one consumer, one custodian and the registry; and the clock that they share."""

    def __init__(
        self,
        chain: Any,
        registry: ContractInstance,
        customer: AccountAPI,
        consumer: AccountAPI,
        custodian: AccountAPI,
    ) -> None:
        self.chain = chain
        self.registry = registry
        self.customer, self.consumer, self.custodian = customer, consumer, custodian
        self.domain = Domain(chain.chain_id, registry.address)
        self._roots = count(1)

    @property
    def now(self) -> int:
        """The second of the last block."""
        return int(self.chain.blocks.head.timestamp)

    def at(self, second: int) -> None:
        """The next block is made in this second."""
        self.chain.pending_timestamp = second

    def paper(self, **changes: Any) -> Consent:
        """A consent with usual terms but for `changes`; no two are equal."""
        consent = Consent(
            customer=self.customer.address,
            consumer=self.consumer.address,
            custodian=self.custodian.address,
            data_root=next(self._roots).to_bytes(32, "big"),
            terms=b"\x33" * 32,
            reward=REWARD,
            valid_until=self.now + 30 * DAY,
            epoch=0,
        )
        return replace(consent, **changes)

    def id(self, consent: Consent) -> bytes:
        """The consent's id."""
        return consent.digest(self.domain)

    def sign(self, paper: Paper, signer: AccountAPI | None = None) -> bytes:
        """The customer's signature, or somebody else's."""
        return sign(paper, self.domain, key_of(signer or self.customer))

    def revocation(self, consent: Consent) -> Revocation:
        """The paper that withdraws `consent`."""
        return Revocation(consent_id=self.id(consent))

    def revocation_of_all(self, epoch: int, next_epoch: int) -> RevocationOfAll:
        """The paper that withdraws everything of the customer."""
        return RevocationOfAll(customer=self.customer.address, epoch=epoch, next_epoch=next_epoch)

    def granted(self, **changes: Any) -> Consent:
        """A consent that is active."""
        consent = self.paper(**changes)
        self.registry.grant(consent.abi(), sender=self.customer)
        return consent

    def event(self, consent: Consent) -> Any:
        """The event that granting it emits."""
        return self.registry.Granted(
            consentId=self.id(consent),
            customer=consent.customer,
            consumer=consent.consumer,
            custodian=consent.custodian,
            dataRoot=consent.data_root,
            terms=consent.terms,
            reward=consent.reward,
            validUntil=consent.valid_until,
        )

    def ended_at(self, consent: Consent, second: int | None = None) -> int:
        """What `endedAt` answers, in the last block or, if given, in a block made in that second."""
        if second is not None:
            self.at(second)
            self.chain.mine()
        return int(self.registry.endedAt(self.id(consent)))
