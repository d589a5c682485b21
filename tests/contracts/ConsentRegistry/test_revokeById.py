# SPDX-License-Identifier: Apache-2.0
"""revokeById.tree"""

from tests.support.reverts import reverts


def test_given_an_id_that_is_not_on_record__it_reverts(consents, registry, customer):
    unknown = consents.id(consents.paper())
    with reverts(registry, "ConsentRegistry_NotRecorded", consentId=unknown):
        registry.revokeById(unknown, sender=customer)


def test_when_somebody_else_than_the_customer_calls__it_reverts(consents, registry, customer, stranger):
    consent = consents.granted()
    with reverts(registry, "ConsentRegistry_NotTheCustomer", caller=stranger, customer=customer):
        registry.revokeById(consents.id(consent), sender=stranger)


def test_given_a_consent_that_was_withdrawn_before__it_reverts(consents, registry, customer):
    consent = consents.granted()
    first = registry.revoke(consent.abi(), sender=customer)
    with reverts(
        registry,
        "ConsentRegistry_AlreadyRevoked",
        consentId=consents.id(consent),
        revokedAt=first.timestamp,
    ):
        registry.revokeById(consents.id(consent), sender=customer)


def test_given_an_active_consent__it_ends_in_this_second(consents, registry, customer):
    consent = consents.granted()
    revoked = registry.revokeById(consents.id(consent), sender=customer)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
    assert consents.ended_at(consent) == revoked.timestamp
