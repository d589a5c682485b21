# SPDX-License-Identifier: Apache-2.0
"""grantFor.tree"""

from dataclasses import replace

import pytest
from faircart.papers import Domain, sign

from tests.support.ledger import Ledger
from tests.support.reverts import reverts
from tests.support.shop import key_of


def test_given_the_signature_of_somebody_else__it_reverts(consents, registry, customer, stranger):
    consent = consents.paper()
    with reverts(
        registry, "ConsentRegistry_InvalidSignature", digest=consents.id(consent), customer=customer
    ):
        registry.grantFor(consent.abi(), consents.sign(consent, stranger), sender=stranger)


def test_given_a_consent_without_customer__it_reverts(consents, registry, stranger):
    consent = consents.paper(customer="0x" + "00" * 20)
    with reverts(registry, "ConsentRegistry_ZeroCustomer"):
        # Recovering from this gives the zero address, which must not count as its signature.
        registry.grantFor(consent.abi(), b"\x00" * 65, sender=stranger)


@pytest.mark.parametrize("other", ["chain", "contract"])
def test_given_a_signature_for_another_chain_or_contract__it_reverts(
    consents, registry, escrow, customer, stranger, other
):
    consent = consents.paper()
    chain_id = consents.domain.chain_id
    foreign = Domain(chain_id + 1, registry.address) if other == "chain" else Domain(chain_id, escrow.address)
    with reverts(
        registry, "ConsentRegistry_InvalidSignature", digest=consents.id(consent), customer=customer
    ):
        registry.grantFor(consent.abi(), sign(consent, foreign, key_of(customer)), sender=stranger)


@pytest.mark.parametrize(
    "change",
    [{"reward": 1}, {"data_root": b"\x01" * 32}, {"terms": b"\x01" * 32}, {"valid_until": 2**32 - 2}],
    ids=lambda change: next(iter(change)),
)
def test_given_a_field_that_was_changed_after_signing__it_reverts(
    consents, registry, customer, stranger, change
):
    consent = consents.paper()
    signature = consents.sign(consent)
    changed = replace(consent, **change)
    with reverts(
        registry, "ConsentRegistry_InvalidSignature", digest=consents.id(changed), customer=customer
    ):
        registry.grantFor(changed.abi(), signature, sender=stranger)


def test_given_a_consent_that_was_granted_before__it_reverts(consents, registry, stranger):
    consent = consents.paper()
    registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)
    with reverts(registry, "ConsentRegistry_AlreadyRecorded", consentId=consents.id(consent)):
        registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)


def test_given_a_consent_that_was_withdrawn_before_it_was_granted__it_reverts(
    consents, registry, customer, stranger
):
    consent = consents.paper()
    registry.revoke(consent.abi(), sender=customer)
    with reverts(registry, "ConsentRegistry_AlreadyRecorded", consentId=consents.id(consent)):
        registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)


def test_given_an_epoch_that_ended_since_it_was_signed__it_reverts(consents, registry, customer, stranger):
    consent = consents.paper()
    signature = consents.sign(consent)
    registry.revokeAll(77, sender=customer)
    with reverts(registry, "ConsentRegistry_WrongEpoch", customer=customer, epoch=0, current=77):
        registry.grantFor(consent.abi(), signature, sender=stranger)


def test_given_a_sound_consent__it_is_active_and_costs_the_customer_nothing(
    consents, registry, customer, consumer, custodian, stranger
):
    consent = consents.paper()
    balances = Ledger(registry, customer, consumer, custodian, stranger)
    granted = registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)
    assert granted.events == [consents.event(consent)]
    assert consents.ended_at(consent) == 0
    balances.expect(granted, changes={})


def test_given_a_sound_consent__it_accepts_the_erc1271_signature_of_a_contract_as_customer(
    consents, registry, customer, stranger, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, customer)
    consent = consents.paper(customer=wallet.address)
    granted = registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)
    assert granted.events == [consents.event(consent)]


def test_given_a_sound_consent__it_accepts_the_key_of_an_eip7702_customer_without_erc1271(
    consents, registry, customer, stranger, deployer, project
):
    customer.set_delegate(deployer.deploy(project.AcceptingDelegate))
    consent = consents.paper()
    granted = registry.grantFor(consent.abi(), consents.sign(consent), sender=stranger)
    assert granted.events == [consents.event(consent)]
