# SPDX-License-Identifier: Apache-2.0
"""revokeFor.tree"""

from tests.support.ledger import Ledger
from tests.support.reverts import reverts


def test_given_the_signature_of_somebody_else__it_reverts(consents, registry, customer, stranger):
    consent = consents.granted()
    paper = consents.revocation(consent)
    digest = paper.digest(consents.domain)
    with reverts(registry, "ConsentRegistry_InvalidSignature", digest=digest, customer=customer):
        registry.revokeFor(consent.abi(), consents.sign(paper, stranger), sender=stranger)


def test_given_the_signature_that_granted_it__it_reverts(consents, registry, customer, stranger):
    consent = consents.granted()
    digest = consents.revocation(consent).digest(consents.domain)
    with reverts(registry, "ConsentRegistry_InvalidSignature", digest=digest, customer=customer):
        registry.revokeFor(consent.abi(), consents.sign(consent), sender=stranger)


def test_given_a_consent_that_was_withdrawn_before__it_reverts(consents, registry, stranger):
    consent = consents.granted()
    signature = consents.sign(consents.revocation(consent))
    first = registry.revokeFor(consent.abi(), signature, sender=stranger)
    with reverts(
        registry,
        "ConsentRegistry_AlreadyRevoked",
        consentId=consents.id(consent),
        revokedAt=first.timestamp,
    ):
        registry.revokeFor(consent.abi(), signature, sender=stranger)


def test_given_the_customers_withdrawal__it_ends_an_active_consent_and_costs_the_customer_nothing(
    consents, registry, customer, consumer, custodian, stranger
):
    consent = consents.granted()
    paper = consents.revocation(consent)
    assert registry.revocationDigest(paper.abi()) == paper.digest(consents.domain)
    balances = Ledger(registry, customer, consumer, custodian, stranger)
    revoked = registry.revokeFor(consent.abi(), consents.sign(paper), sender=stranger)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
    assert consents.ended_at(consent) == revoked.timestamp
    balances.expect(revoked, changes={})


def test_given_the_customers_withdrawal__it_bars_a_consent_that_was_never_submitted(
    consents, registry, customer, stranger
):
    consent = consents.paper()
    signature = consents.sign(consents.revocation(consent))
    revoked = registry.revokeFor(consent.abi(), signature, sender=stranger)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
    with reverts(registry, "ConsentRegistry_AlreadyRecorded", consentId=consents.id(consent)):
        registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)


def test_given_the_customers_withdrawal__it_accepts_the_erc1271_signature_of_a_contract_as_customer(
    consents, registry, customer, stranger, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, customer)
    consent = consents.paper(customer=wallet.address)
    registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)
    signature = consents.sign(consents.revocation(consent))
    revoked = registry.revokeFor(consent.abi(), signature, sender=stranger)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=wallet)]


def test_given_the_customers_withdrawal__it_accepts_the_key_of_an_eip7702_customer_without_erc1271(
    consents, registry, customer, stranger, deployer, project
):
    consent = consents.granted()
    customer.set_delegate(deployer.deploy(project.AcceptingDelegate))
    signature = consents.sign(consents.revocation(consent))
    revoked = registry.revokeFor(consent.abi(), signature, sender=stranger)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
