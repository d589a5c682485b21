# SPDX-License-Identifier: Apache-2.0
"""revokeByIdFor.tree"""

from tests.support.reverts import reverts


def test_given_an_id_that_is_not_on_record__it_reverts(consents, registry, stranger):
    consent = consents.paper()
    signature = consents.sign(consents.revocation(consent))
    with reverts(registry, "ConsentRegistry_NotRecorded", consentId=consents.id(consent)):
        registry.revokeByIdFor(consents.id(consent), signature, sender=stranger)


def test_given_the_signature_of_somebody_else__it_reverts(consents, registry, customer, stranger):
    consent = consents.granted()
    paper = consents.revocation(consent)
    digest = paper.digest(consents.domain)
    with reverts(registry, "ConsentRegistry_InvalidSignature", digest=digest, customer=customer):
        registry.revokeByIdFor(consents.id(consent), consents.sign(paper, stranger), sender=stranger)


def test_given_a_consent_that_was_withdrawn_before__it_reverts(consents, registry, customer, stranger):
    consent = consents.granted()
    first = registry.revoke(consent.abi(), sender=customer)
    signature = consents.sign(consents.revocation(consent))
    with reverts(
        registry,
        "ConsentRegistry_AlreadyRevoked",
        consentId=consents.id(consent),
        revokedAt=first.timestamp,
    ):
        registry.revokeByIdFor(consents.id(consent), signature, sender=stranger)


def test_given_the_customers_withdrawal__it_ends_an_active_consent_in_this_second(
    consents, registry, customer, stranger
):
    consent = consents.granted()
    signature = consents.sign(consents.revocation(consent))
    revoked = registry.revokeByIdFor(consents.id(consent), signature, sender=stranger)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
    assert consents.ended_at(consent) == revoked.timestamp


def test_given_the_customers_withdrawal__it_accepts_the_erc1271_signature_of_a_contract_as_customer(
    consents, registry, customer, stranger, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, customer)
    consent = consents.paper(customer=wallet.address)
    registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)
    signature = consents.sign(consents.revocation(consent))
    revoked = registry.revokeByIdFor(consents.id(consent), signature, sender=stranger)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=wallet)]


def test_given_the_customers_withdrawal__it_accepts_the_key_of_an_eip7702_customer_without_erc1271(
    consents, registry, customer, stranger, deployer, project
):
    consent = consents.granted()
    customer.set_delegate(deployer.deploy(project.AcceptingDelegate))
    signature = consents.sign(consents.revocation(consent))
    revoked = registry.revokeByIdFor(consents.id(consent), signature, sender=stranger)
    assert revoked.events == [registry.Revoked(consentId=consents.id(consent), customer=customer)]
