# SPDX-License-Identifier: Apache-2.0
"""endedAt.tree"""

import pytest

from tests.support.reverts import reverts
from tests.support.shop import DAY

pytestmark = pytest.mark.foundry


def test_given_an_id_that_was_never_granted_nor_withdrawn__it_reverts(consents, registry):
    unknown = consents.id(consents.paper())
    with reverts(registry, "ConsentRegistry_NotRecorded", consentId=unknown):
        registry.endedAt(unknown)


def test_given_a_consent_in_its_last_second__it_is_0(consents):
    consent = consents.granted()
    assert consents.ended_at(consent, consent.valid_until) == 0


def test_given_a_consent_a_second_after_its_end__it_is_that_second_for_ever(consents, registry, customer):
    consent = consents.granted()
    end = consent.valid_until + 1
    assert consents.ended_at(consent, end) == end
    registry.revoke(consent.abi(), sender=customer)
    assert consents.ended_at(consent, end + DAY) == end
    registry.revokeAll(7, sender=customer)
    assert consents.ended_at(consent, end + 2 * DAY) == end


def test_given_a_consent_that_was_granted_and_withdrawn_in_one_second__it_is_that_second(
    consents, registry, customer, deployer, project
):
    wallet = deployer.deploy(project.AcceptingWallet, customer)
    consent = consents.paper(customer=wallet.address)
    done = wallet.executeAll(
        [registry] * 2,
        [registry.grant.encode_input(consent.abi()), registry.revoke.encode_input(consent.abi())],
        sender=customer,
    )
    assert done.events == [
        consents.event(consent),
        registry.Revoked(consentId=consents.id(consent), customer=wallet),
    ]
    assert consents.ended_at(consent) == done.timestamp


@pytest.mark.parametrize(
    "order", [("revoke", "all", "expiry"), ("all", "revoke", "expiry"), ("all", "expiry", "revoke")]
)
def test_given_several_ends__it_is_the_earliest_of_them_in_whatever_order_they_came(
    consents, registry, customer, order
):
    consent = consents.granted()
    ends = []
    for position, what in enumerate(order):
        if what == "expiry":
            consents.ended_at(consent, consent.valid_until + 1)
            ends.append(consent.valid_until + 1)
            continue
        consents.at(consents.now + DAY * (position + 1))
        done = (
            registry.revoke(consent.abi(), sender=customer)
            if what == "revoke"
            else registry.revokeAll(7, sender=customer)
        )
        ends.append(done.timestamp)
        assert consents.ended_at(consent) == ends[0]
    assert consents.ended_at(consent) == min(ends) == ends[0]
