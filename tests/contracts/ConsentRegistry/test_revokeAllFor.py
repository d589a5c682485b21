# SPDX-License-Identifier: Apache-2.0
"""revokeAllFor.tree"""

from dataclasses import replace

from tests.support.ledger import Ledger
from tests.support.reverts import reverts


def test_given_the_signature_of_somebody_else__it_reverts(consents, registry, customer, stranger):
    paper = consents.revocation_of_all(0, 7)
    digest = paper.digest(consents.domain)
    with reverts(registry, "ConsentRegistry_InvalidSignature", digest=digest, customer=customer):
        registry.revokeAllFor(paper.abi(), consents.sign(paper, stranger), sender=stranger)


def test_given_an_epoch_that_is_not_the_current_one__it_reverts(consents, registry, customer, stranger):
    paper = consents.revocation_of_all(3, 7)
    with reverts(registry, "ConsentRegistry_WrongEpoch", customer=customer, epoch=3, current=0):
        registry.revokeAllFor(paper.abi(), consents.sign(paper), sender=stranger)


def test_given_an_epoch_that_was_used_before_as_the_next_one__it_reverts(
    consents, registry, customer, stranger
):
    registry.revokeAll(7, sender=customer)
    paper = consents.revocation_of_all(7, 0)
    with reverts(registry, "ConsentRegistry_EpochUsed", customer=customer, nextEpoch=0):
        registry.revokeAllFor(paper.abi(), consents.sign(paper), sender=stranger)


def test_given_the_customers_withdrawal__it_ends_everything_and_costs_the_customer_nothing(
    consents, registry, customer, stranger
):
    consent = consents.granted()
    paper = consents.revocation_of_all(0, 7)
    assert registry.revocationOfAllDigest(paper.abi()) == paper.digest(consents.domain)
    balances = Ledger(registry, customer, stranger)
    ended = registry.revokeAllFor(paper.abi(), consents.sign(paper), sender=stranger)
    assert ended.events == [registry.RevokedAll(customer=customer, epoch=0, nextEpoch=7)]
    assert registry.epochOf(customer) == 7
    assert consents.ended_at(consent) == ended.timestamp
    balances.expect(ended, changes={})


def test_given_the_customers_withdrawal__it_cannot_be_submitted_twice(consents, registry, customer, stranger):
    paper = consents.revocation_of_all(0, 7)
    signature = consents.sign(paper)
    registry.revokeAllFor(paper.abi(), signature, sender=stranger)
    with reverts(registry, "ConsentRegistry_WrongEpoch", customer=customer, epoch=0, current=7):
        registry.revokeAllFor(paper.abi(), signature, sender=stranger)


def test_given_the_customers_withdrawal__it_accepts_the_erc1271_signature_of_a_contract_as_customer(
    consents, registry, customer, stranger, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, customer)
    paper = replace(consents.revocation_of_all(0, 7), customer=wallet.address)
    ended = registry.revokeAllFor(paper.abi(), consents.sign(paper), sender=stranger)
    assert ended.events == [registry.RevokedAll(customer=wallet, epoch=0, nextEpoch=7)]


def test_given_the_customers_withdrawal__it_accepts_the_key_of_an_eip7702_customer_without_erc1271(
    consents, registry, customer, stranger, deployer, project
):
    customer.set_delegate(deployer.deploy(project.AcceptingDelegate))
    paper = consents.revocation_of_all(0, 7)
    ended = registry.revokeAllFor(paper.abi(), consents.sign(paper), sender=stranger)
    assert ended.events == [registry.RevokedAll(customer=customer, epoch=0, nextEpoch=7)]
