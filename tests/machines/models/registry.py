# SPDX-License-Identifier: Apache-2.0
"""The model of ConsentRegistry."""

from dataclasses import dataclass, replace
from typing import Any

from faircart.papers import Consent, Domain, Revocation, RevocationOfAll

from tests.machines.models.world import ZERO, Refused, Signature, World, digest

MAX_VALID_UNTIL = 2**32 - 2


@dataclass(frozen=True)
class Record:
    """`IConsentRegistry.Record`."""

    customer: str
    valid_until: int
    revoked_at: int
    epoch: int

    def words(self) -> tuple[int, ...]:
        """As the contract returns it."""
        return int(self.customer, 16), self.valid_until, self.revoked_at, self.epoch


class Registry:
    """Consents by id; each customer's epoch, and when its earlier ones ended."""

    PAYABLE: frozenset[str] = frozenset()

    def __init__(self, world: World, address: str, chain_id: int) -> None:
        self.world = world
        self.address = address
        self.domain = Domain(chain_id, address)
        self.records: dict[bytes, Record] = {}
        self.epochs: dict[str, int] = {}
        self.epoch_ends: dict[tuple[str, int], int] = {}
        world.contracts[address] = self

    def invoke(self, caller: str, name: str, arguments: tuple[Any, ...], value: int) -> None:
        """Run the method that is named as the Solidity function."""
        getattr(self, f"do_{name}")(caller, *arguments)

    def save(self) -> Any:
        """Its whole state."""
        return dict(self.records), dict(self.epochs), dict(self.epoch_ends)

    def restore(self, state: Any) -> None:
        """Back to a saved state."""
        records, epochs, ends = state
        self.records, self.epochs, self.epoch_ends = dict(records), dict(epochs), dict(ends)

    def ended_at(self, consent_id: bytes) -> int:
        """The first second in which a consent is not active; 0 while it is. Refused for an unknown one."""
        record = self.records.get(consent_id)
        if record is None:
            raise Refused("ConsentRegistry_NotRecorded", consent_id)
        dates = [record.valid_until + 1, record.revoked_at]
        dates.append(self.epoch_ends.get((record.customer, record.epoch), 0))
        end = min(date for date in dates if date)
        return end if end <= self.world.now else 0

    # -- granting ------------------------------------------------------------------------------------------

    def do_grant(self, caller: str, consent: Consent) -> None:
        self._is_customer(caller, consent.customer)
        self._grant(consent)

    def do_grantFor(self, caller: str, consent: Consent, signature: Signature) -> None:  # noqa: N802
        self._has_signed(consent.customer, digest(consent, self.domain), signature)
        self._grant(consent)

    def _grant(self, consent: Consent) -> None:
        consent_id, current = digest(consent, self.domain), self.epochs.get(consent.customer, 0)
        if consent.consumer == ZERO:
            raise Refused("ConsentRegistry_ZeroConsumer")
        if consent.custodian == ZERO:
            raise Refused("ConsentRegistry_ZeroCustodian")
        if consent.consumer == consent.custodian:
            raise Refused("ConsentRegistry_ConsumerIsCustodian", consent.consumer)
        if consent.valid_until > MAX_VALID_UNTIL:
            raise Refused("ConsentRegistry_ValidTooLong", consent.valid_until, MAX_VALID_UNTIL)
        if self.world.now > consent.valid_until:
            raise Refused("ConsentRegistry_Expired", consent.valid_until, self.world.now)
        if consent.epoch != current:
            raise Refused("ConsentRegistry_WrongEpoch", consent.customer, consent.epoch, current)
        if consent_id in self.records:
            raise Refused("ConsentRegistry_AlreadyRecorded", consent_id)
        self.records[consent_id] = Record(consent.customer, consent.valid_until, 0, consent.epoch)
        self._emit(
            "Granted",
            consent_id,
            consent.customer,
            consent.consumer,
            consent.custodian,
            consent.data_root,
            consent.terms,
            consent.reward,
            consent.valid_until,
        )

    # -- withdrawing ---------------------------------------------------------------------------------------

    def do_revoke(self, caller: str, consent: Consent) -> None:
        self._is_customer(caller, consent.customer)
        self._revoke(consent)

    def do_revokeFor(self, caller: str, consent: Consent, signature: Signature) -> None:  # noqa: N802
        revocation = Revocation(digest(consent, self.domain))
        self._has_signed(consent.customer, digest(revocation, self.domain), signature)
        self._revoke(consent)

    def do_revokeById(self, caller: str, consent_id: bytes) -> None:  # noqa: N802
        self._is_customer(caller, self._recorded(consent_id).customer)
        self._mark(consent_id)

    def do_revokeByIdFor(self, caller: str, consent_id: bytes, signature: Signature) -> None:  # noqa: N802
        customer = self._recorded(consent_id).customer
        self._has_signed(customer, digest(Revocation(consent_id), self.domain), signature)
        self._mark(consent_id)

    def do_revokeAll(self, caller: str, next_epoch: int) -> None:  # noqa: N802
        self._revoke_all(caller, next_epoch)

    def do_revokeAllFor(  # noqa: N802
        self, caller: str, paper: RevocationOfAll, signature: Signature
    ) -> None:
        self._has_signed(paper.customer, digest(paper, self.domain), signature)
        current = self.epochs.get(paper.customer, 0)
        if paper.epoch != current:
            raise Refused("ConsentRegistry_WrongEpoch", paper.customer, paper.epoch, current)
        self._revoke_all(paper.customer, paper.next_epoch)

    def _revoke(self, consent: Consent) -> None:
        consent_id = digest(consent, self.domain)
        if consent_id not in self.records:
            if consent.valid_until > MAX_VALID_UNTIL:
                raise Refused("ConsentRegistry_ValidTooLong", consent.valid_until, MAX_VALID_UNTIL)
            self.records[consent_id] = Record(consent.customer, consent.valid_until, 0, consent.epoch)
        self._mark(consent_id)

    def _mark(self, consent_id: bytes) -> None:
        record = self.records[consent_id]
        if record.revoked_at:
            raise Refused("ConsentRegistry_AlreadyRevoked", consent_id, record.revoked_at)
        self.records[consent_id] = replace(record, revoked_at=self.world.now)
        self._emit("Revoked", consent_id, record.customer)

    def _revoke_all(self, customer: str, next_epoch: int) -> None:
        current = self.epochs.get(customer, 0)
        if next_epoch == current or (customer, next_epoch) in self.epoch_ends:
            raise Refused("ConsentRegistry_EpochUsed", customer, next_epoch)
        self.epoch_ends[customer, current] = self.world.now
        self.epochs[customer] = next_epoch
        self._emit("RevokedAll", customer, current, next_epoch)

    # -- what several calls check --------------------------------------------------------------------------

    def _recorded(self, consent_id: bytes) -> Record:
        if consent_id not in self.records:
            raise Refused("ConsentRegistry_NotRecorded", consent_id)
        return self.records[consent_id]

    def _is_customer(self, caller: str, customer: str) -> None:
        if customer == ZERO:
            raise Refused("ConsentRegistry_ZeroCustomer")
        if caller != customer:
            raise Refused("ConsentRegistry_NotTheCustomer", caller, customer)

    def _has_signed(self, customer: str, paper_id: bytes, signature: Signature) -> None:
        if customer == ZERO:
            raise Refused("ConsentRegistry_ZeroCustomer")
        if not signature.by(customer, paper_id):
            raise Refused("ConsentRegistry_InvalidSignature", paper_id, customer)

    def _emit(self, name: str, *values: Any) -> None:
        self.world.emit(self.address, name, *values)
