# SPDX-License-Identifier: Apache-2.0
"""Six custodians that cheat, each in its own way, and a customer that withdraws at the worst moment.

The consumer gets out by itself, never worse off than before, and the deposits go where the design says.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from faircart import papers

from tests.support import story
from tests.support.agents import Enterprise, Ethereum, Shopper, Streams, wait_for

REWARD, FEE, CONSUMER_DEPOSIT, CUSTODIAN_DEPOSIT = 10**15, 10**13, 10**14, 10**15
PUT_IN = REWARD + FEE + CONSUMER_DEPOSIT
WITHDRAWN = "withhold-and-withdrawn"
ENDS = {
    "withhold": "Cancelled",
    WITHDRAWN: "Aborted",
    "wrong-key": "Conceded",
    "wrong-key-stubborn": "Faulted",
    "wrong-chunk-stubborn": "Faulted",
}
"""How each exchange ends. With `other-item` and `junk` none is ever opened."""
HOWS = (*ENDS, "other-item", "junk")
CHANGES = {
    "deliver_within = 3600 ": "deliver_within = 600 ",
    "respond_within = 86400 ": "respond_within = 600 ",
}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The story, told once."""
    folder: Path = tmp_path_factory.mktemp("cheats")
    people = {how: Shopper(number) for number, how in enumerate(HOWS)}
    with Ethereum(folder) as ethereum, Streams(folder, wallets=len(HOWS) + 1) as streams:
        consumer = Enterprise("consumer", "consumer", folder, ethereum, streams, len(HOWS))
        shops = {}
        for number, how in enumerate(HOWS):
            command = [sys.executable, "-m", "tests.support.cheating", how.removesuffix("-and-withdrawn")]
            shops[how] = Enterprise(how, "custodian", folder, ethereum, streams, number, CHANGES, command)
        everybody = [consumer, *shops.values()]
        try:
            for one in everybody:
                one.launch()
            for one in everybody:
                wait_for((one.home / "http.json").exists, f"{one.name} to be ready", 120)
            for how, shop in shops.items():
                story.import_documents(shop, [people[how]], shop.home)
            story.ask(consumer)
            consents = {how: story.consent(shop, [people[how]])[0].consent for how, shop in shops.items()}
            yield _play(ethereum, consumer, shops, people, consents)
        finally:
            for one in everybody:
                one.kill()


def _play(
    ethereum: Ethereum,
    consumer: Enterprise,
    shops: dict[str, Enterprise],
    people: dict[str, Shopper],
    consents: dict[str, papers.Consent],
) -> dict[str, Any]:
    wait_for(partial(_in_states, consumer, {"Open": 2, "Delivered": 2, "Conceded": 1}), "five openings", 120)
    people[WITHDRAWN].client(shops[WITHDRAWN]).withdraw(consents[WITHDRAWN])
    wait_for(partial(_in_states, consumer, {"Aborted": 1}), "the abort", 60)
    ethereum.rpc("evm_increaseTime", 330)
    wait_for(partial(_in_states, consumer, {"Faulted": 2}), "two proofs", 60)
    ethereum.rpc("evm_increaseTime", 400)
    wait_for(partial(_in_states, consumer, {"Cancelled": 1}), "the cancellation", 60)
    domain = papers.Domain(31337, ethereum.contracts["ConsentRegistry"].address)
    by_consent = {consents[how].digest(domain).hex(): how for how in consents}
    status = consumer.status()
    return {
        "ends": {by_consent[entry["consentId"]]: entry["state"] for entry in status["exchanges"]},
        "refused": {
            by_consent[entry["consentId"]]: entry["reason"] for entry in status["offers"] if entry["reason"]
        },
        "parked": status["parked"],
        "ethereum": ethereum,
        "consumer": consumer,
        "shops": shops,
        "people": people,
    }


def _in_states(consumer: Enterprise, wanted: dict[str, int]) -> bool:
    states = list(story.exchanges(consumer).values())
    return all(states.count(state) >= count for state, count in wanted.items())


def test_each_exchange_ends_as_it_should_without_anybody_looking_after_it(market: dict[str, Any]) -> None:
    assert market["ends"] == ENDS


def test_an_item_that_is_not_the_offered_one_is_never_paid_for(market: dict[str, Any]) -> None:
    assert market["refused"].keys() == {"other-item", "junk"}
    assert "not a FairCart container" in market["refused"]["junk"]
    assert "data root" in market["refused"]["other-item"]


def test_the_consumer_has_all_it_put_in_and_the_deposit_of_each_cheat(market: dict[str, Any]) -> None:
    balance = market["ethereum"].contracts["DataExchange"].functions.balanceOf
    faults = sum(state != "Aborted" for state in ENDS.values())
    assert balance(market["consumer"].address).call() == len(ENDS) * PUT_IN + faults * CUSTODIAN_DEPOSIT


def test_a_custodian_loses_its_deposit_only_by_its_own_fault(market: dict[str, Any]) -> None:
    balance = market["ethereum"].contracts["DataExchange"].functions.balanceOf
    standing = 10**16
    for how, shop in market["shops"].items():
        lost = CUSTODIAN_DEPOSIT if ENDS.get(how, "Aborted") != "Aborted" else 0
        assert (how, balance(shop.address).call()) == (how, standing - lost)


def test_no_customer_was_paid_for_data_that_did_not_arrive(market: dict[str, Any]) -> None:
    get_balance = market["ethereum"].w3.eth.get_balance
    assert [get_balance(person.address) for person in market["people"].values()] == [0] * len(HOWS)


def test_nothing_is_parked(market: dict[str, Any]) -> None:
    assert market["parked"] == {"events": 0, "items": 0, "effects": 0}


def test_the_customer_whose_chunk_was_shown_reads_of_it_in_its_log(market: dict[str, Any]) -> None:
    how = "wrong-chunk-stubborn"
    client = market["people"][how].client(market["shops"][how])
    wait_for(lambda: len(client.access_log()) == 4, "four log entries")
    assert [entry["step"] for entry in client.access_log()] == ["granted", "opened", "delivered", "faulted"]
