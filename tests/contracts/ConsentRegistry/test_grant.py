# SPDX-License-Identifier: Apache-2.0
"""grant.tree"""

import pytest

from tests.support.consents import MAXIMUM
from tests.support.reverts import reverts

ZERO = "0x" + "00" * 20


@pytest.mark.parametrize("caller", ["consumer", "custodian", "stranger"])
def test_when_somebody_else_than_the_customer_calls__it_reverts(
    consents, registry, customer, request, caller
):
    somebody = request.getfixturevalue(caller)
    with reverts(registry, "ConsentRegistry_NotTheCustomer", caller=somebody, customer=customer):
        registry.grant(consents.paper().abi(), sender=somebody)


def test_given_a_consent_without_customer__it_reverts(consents, registry, customer):
    with reverts(registry, "ConsentRegistry_ZeroCustomer"):
        registry.grant(consents.paper(customer=ZERO).abi(), sender=customer)


def test_given_a_consent_without_consumer__it_reverts(consents, registry, customer):
    with reverts(registry, "ConsentRegistry_ZeroConsumer"):
        registry.grant(consents.paper(consumer=ZERO).abi(), sender=customer)


def test_given_a_consent_without_custodian__it_reverts(consents, registry, customer):
    with reverts(registry, "ConsentRegistry_ZeroCustodian"):
        registry.grant(consents.paper(custodian=ZERO).abi(), sender=customer)


def test_given_a_consumer_that_is_the_custodian__it_reverts(consents, registry, customer, consumer):
    with reverts(registry, "ConsentRegistry_ConsumerIsCustodian", account=consumer):
        registry.grant(consents.paper(custodian=consumer.address).abi(), sender=customer)


@pytest.mark.parametrize("valid_until", [MAXIMUM + 1, 2**32, 2**64 - 1])
def test_given_an_end_later_than_can_be_recorded__it_reverts(consents, registry, customer, valid_until):
    with reverts(registry, "ConsentRegistry_ValidTooLong", validUntil=valid_until, maximum=MAXIMUM):
        registry.grant(consents.paper(valid_until=valid_until).abi(), sender=customer)


def test_given_an_end_in_the_past__it_reverts(consents, registry, customer):
    consent = consents.paper()
    late = consent.valid_until + 1
    consents.at(late)
    with reverts(registry, "ConsentRegistry_Expired", validUntil=consent.valid_until, timestamp=late):
        registry.grant(consent.abi(), sender=customer)


def test_given_an_epoch_that_is_not_the_current_one__it_reverts(consents, registry, customer):
    with reverts(registry, "ConsentRegistry_WrongEpoch", customer=customer, epoch=1, current=0):
        registry.grant(consents.paper(epoch=1).abi(), sender=customer)


def test_given_a_consent_that_was_granted_before__it_reverts(consents, registry, customer):
    consent = consents.granted()
    with reverts(registry, "ConsentRegistry_AlreadyRecorded", consentId=consents.id(consent)):
        registry.grant(consent.abi(), sender=customer)


def test_given_a_consent_that_was_withdrawn_before_it_was_granted__it_reverts(consents, registry, customer):
    consent = consents.paper()
    registry.revoke(consent.abi(), sender=customer)
    with reverts(registry, "ConsentRegistry_AlreadyRecorded", consentId=consents.id(consent)):
        registry.grant(consent.abi(), sender=customer)


def test_given_a_sound_consent__it_is_active_and_on_record(consents, registry, customer):
    consent = consents.paper()
    assert registry.consentId(consent.abi()) == consents.id(consent)
    granted = registry.grant(consent.abi(), sender=customer)
    assert granted.events == [consents.event(consent)]
    assert consents.ended_at(consent) == 0
    record = registry.recordOf(consents.id(consent))
    assert (record.customer, record.validUntil, record.revokedAt, record.epoch) == (
        customer.address,
        consent.valid_until,
        0,
        0,
    )


def test_given_a_sound_consent__it_is_accepted_in_its_last_second(consents, registry, customer):
    consent = consents.paper()
    consents.at(consent.valid_until)
    granted = registry.grant(consent.abi(), sender=customer)
    assert granted.timestamp == consent.valid_until
    assert granted.events == [consents.event(consent)]
    assert consents.ended_at(consent, consent.valid_until + 1) == consent.valid_until + 1


def test_given_a_sound_consent__it_is_accepted_with_the_latest_end(consents, registry, customer):
    consent = consents.granted(valid_until=MAXIMUM)
    assert registry.recordOf(consents.id(consent)).validUntil == MAXIMUM
    assert consents.ended_at(consent, MAXIMUM) == 0
    assert consents.ended_at(consent, MAXIMUM + 1) == MAXIMUM + 1


def test_given_a_sound_consent__it_may_name_its_customer_as_custodian(consents, registry, customer):
    consent = consents.paper(custodian=customer.address)
    granted = registry.grant(consent.abi(), sender=customer)
    assert granted.events == [consents.event(consent)]
