# SPDX-License-Identifier: Apache-2.0
"""revoke.tree"""

import pytest

from tests.support.consents import MAXIMUM
from tests.support.reverts import reverts


@pytest.mark.parametrize("caller", ["consumer", "custodian", "stranger"])
def test_when_somebody_else_than_the_customer_calls__it_reverts(
    consents, registry, customer, request, caller
):
    somebody = request.getfixturevalue(caller)
    consent = consents.granted()
    with reverts(registry, "ConsentRegistry_NotTheCustomer", caller=somebody, customer=customer):
        registry.revoke(consent.abi(), sender=somebody)


def test_given_a_consent_that_was_withdrawn_before__it_reverts(consents, registry, customer):
    consent = consents.granted()
    first = registry.revoke(consent.abi(), sender=customer)
    with reverts(
        registry,
        "ConsentRegistry_AlreadyRevoked",
        consentId=consents.id(consent),
        revokedAt=first.timestamp,
    ):
        registry.revoke(consent.abi(), sender=customer)


def test_given_a_consent_that_was_never_granted_with_an_end_later_than_can_be_recorded__it_reverts(
    consents, registry, customer
):
    consent = consents.paper(valid_until=MAXIMUM + 1)
    with reverts(registry, "ConsentRegistry_ValidTooLong", validUntil=MAXIMUM + 1, maximum=MAXIMUM):
        registry.revoke(consent.abi(), sender=customer)


def test_given_an_active_consent__it_ends_in_this_second(consents, registry, customer):
    consent = consents.granted()
    revoked = registry.revoke(consent.abi(), sender=customer)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
    assert consents.ended_at(consent) == revoked.timestamp
    record = registry.recordOf(consents.id(consent))
    assert (record.customer, record.validUntil, record.revokedAt, record.epoch) == (
        customer.address,
        consent.valid_until,
        revoked.timestamp,
        0,
    )


def test_given_a_consent_that_was_never_granted__it_goes_on_record_as_ended(consents, registry, customer):
    consent = consents.paper(epoch=5)
    with reverts(registry, "ConsentRegistry_NotRecorded", consentId=consents.id(consent)):
        consents.ended_at(consent)
    revoked = registry.revoke(consent.abi(), sender=customer)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
    assert consents.ended_at(consent) == revoked.timestamp
    record = registry.recordOf(consents.id(consent))
    assert (record.customer, record.validUntil, record.revokedAt, record.epoch) == (
        customer.address,
        consent.valid_until,
        revoked.timestamp,
        5,
    )


def test_given_a_consent_that_has_expired__it_keeps_the_date_of_its_end(consents, registry, customer):
    consent = consents.granted()
    end = consent.valid_until + 1
    consents.at(end + 1000)
    revoked = registry.revoke(consent.abi(), sender=customer)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
    assert consents.ended_at(consent) == end


def test_given_a_consent_whose_epoch_has_ended__it_keeps_the_date_of_its_end(consents, registry, customer):
    consent = consents.granted()
    end = registry.revokeAll(9, sender=customer).timestamp
    consents.at(end + 1000)
    registry.revoke(consent.abi(), sender=customer)
    assert consents.ended_at(consent) == end
