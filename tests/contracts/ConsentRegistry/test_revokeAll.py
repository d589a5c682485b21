# SPDX-License-Identifier: Apache-2.0
"""revokeAll.tree"""

from tests.support.reverts import reverts


def test_given_the_current_epoch_as_the_next_one__it_reverts(consents, registry, customer):
    with reverts(registry, "ConsentRegistry_EpochUsed", customer=customer, nextEpoch=0):
        registry.revokeAll(0, sender=customer)


def test_given_an_epoch_that_was_used_before__it_reverts(consents, registry, customer):
    registry.revokeAll(7, sender=customer)
    registry.revokeAll(8, sender=customer)
    for used in (0, 7, 8):
        with reverts(registry, "ConsentRegistry_EpochUsed", customer=customer, nextEpoch=used):
            registry.revokeAll(used, sender=customer)


def test_given_a_fresh_epoch__it_ends_everything_granted_in_the_old_one(consents, registry, customer):
    first, second = consents.granted(), consents.granted()
    ended = registry.revokeAll(7, sender=customer)
    assert ended.events == [registry.RevokedAll(customer=customer, epoch=0, nextEpoch=7)]
    assert registry.epochOf(customer) == 7
    assert registry.epochEndedAt(customer, 0) == ended.timestamp
    assert consents.ended_at(first) == consents.ended_at(second) == ended.timestamp


def test_given_a_fresh_epoch__it_bars_what_was_signed_in_the_old_one(consents, registry, customer, stranger):
    signed = consents.paper()
    registry.revokeAll(7, sender=customer)
    registry.revokeAll(8, sender=customer)
    with reverts(registry, "ConsentRegistry_WrongEpoch", customer=customer, epoch=0, current=8):
        registry.grantFor(signed.abi(), consents.sign(signed), sender=stranger)


def test_given_a_fresh_epoch__it_lets_consents_of_the_new_epoch_be_granted_in_the_same_second(
    consents, registry, customer, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, customer)
    before = consents.paper(customer=wallet.address)
    after = consents.paper(customer=wallet.address, epoch=7)
    done = wallet.executeAll(
        [registry] * 3,
        [
            registry.grant.encode_input(before.abi()),
            registry.revokeAll.encode_input(7),
            registry.grant.encode_input(after.abi()),
        ],
        sender=customer,
    )
    assert done.events == [
        consents.event(before),
        registry.RevokedAll(customer=wallet, epoch=0, nextEpoch=7),
        consents.event(after),
    ]
    assert consents.ended_at(before) == done.timestamp
    assert consents.ended_at(after) == 0


def test_given_a_fresh_epoch__it_leaves_other_customers_alone(consents, registry, customer, stranger):
    consent = consents.granted()
    registry.revokeAll(7, sender=stranger)
    assert registry.epochOf(customer) == 0
    assert consents.ended_at(consent) == 0


def test_given_a_fresh_epoch__it_keeps_the_date_of_each_epochs_end(consents, registry, customer):
    first = consents.granted()
    end = registry.revokeAll(7, sender=customer).timestamp
    second = consents.granted(epoch=7)
    consents.at(end + 500)
    later = registry.revokeAll(8, sender=customer).timestamp
    assert (registry.epochEndedAt(customer, 0), registry.epochEndedAt(customer, 7)) == (end, later)
    assert registry.epochEndedAt(customer, 8) == 0
    assert (consents.ended_at(first), consents.ended_at(second)) == (end, later)
