# SPDX-License-Identifier: Apache-2.0
"""A consumer asks for nothing that it would refuse."""

from dataclasses import replace

import pytest
from faircart.agent.asking import NotInPolicy, Wanted, check_policy
from faircart.agent.config import ConsumerSection

WANTED = Wanted(
    ("orders",), "dpv:Marketing", "notice-1", 10**15, 86400, 30, 1_800_000_000, ("dpv:Store",), "EU", "EU"
)


def test_what_the_policy_takes_may_be_asked_for() -> None:
    check_policy(WANTED, ConsumerSection())
    check_policy(WANTED, ConsumerSection(purposes=("dpv:Marketing",), max_reward_wei=10**15))


@pytest.mark.parametrize(
    ("wanted", "policy", "complaint"),
    [
        (
            replace(WANTED, categories=("orders", "profile")),
            ConsumerSection(),
            "--category: profile is not in consumer.categories; ",
        ),
        (
            WANTED,
            ConsumerSection(purposes=("dpv:AcademicResearch",)),
            "--purpose: dpv:Marketing is not in consumer.purposes; ",
        ),
        (
            WANTED,
            ConsumerSection(max_reward_wei=10**15 - 1),
            f"--reward: {10**15} is above consumer.max_reward_wei ({10**15 - 1}); ",
        ),
    ],
    ids=["category", "purpose", "reward"],
)
def test_what_the_policy_refuses_is_not_asked_for_but_named(
    wanted: Wanted, policy: ConsumerSection, complaint: str
) -> None:
    with pytest.raises(NotInPolicy) as info:
        check_policy(wanted, policy)
    assert str(info.value) == (
        complaint + "change it in the agent's configuration and start the agent anew, or ask for less"
    )
