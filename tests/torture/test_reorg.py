# SPDX-License-Identifier: Apache-2.0
"""Blocks that are taken back, 1 to 30 at a time, while both agents run.

`anvil_reorg` replaces the last blocks by empty ones: what stood in them is gone, as if it had never been
mined. The agents' own transactions come back because their senders broadcast them again.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faircart.store.records import Consent

from tests.support.agents import Ethereum, Shopper, Streams, wait_for
from tests.torture.market import REWARD, Market
from tests.torture.scenario import QUICK

FREE = ("--block-time", "1", "--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee")

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[tuple[Ethereum, Streams]]:
    with Ethereum(tmp_path, FREE) as ethereum, Streams(tmp_path, delays=QUICK) as streams:
        yield ethereum, streams


def reorganise(ethereum: Ethereum, depth: int) -> None:
    """The last `depth` blocks are replaced by others, empty ones."""
    ethereum.rpc("anvil_reorg", depth, [])


def mined(ethereum: Ethereum, contract: str, event: str) -> int:
    """How many of these events the chain holds now."""
    return len(getattr(ethereum.contracts[contract].events, event)().get_logs(from_block=0))


def drop(ethereum: Ethereum, contract: str, event: str, count: int = 1) -> None:
    """Waits until so many of these events are mined, and takes the newest block with one of them back."""
    wait_for(lambda: mined(ethereum, contract, event) >= count, f"{count} {event}", 120)
    newest = getattr(ethereum.contracts[contract].events, event)().get_logs(from_block=0)[-1]
    depth = ethereum.w3.eth.block_number - newest["blockNumber"] + 1
    reorganise(ethereum, depth)


def test_sales_survive_reorganisations_of_every_depth_and_each_step_is_taken_once(
    networks: tuple[Ethereum, Streams], tmp_path: Path
) -> None:
    ethereum, streams = networks
    market = Market(tmp_path, ethereum, streams, 6)
    ethereum.rpc("anvil_mine", hex(40))  # room below for the deepest one, above the contracts
    try:
        market.start()
        market.consumer.ask(REWARD)
        for person in market.people:
            market.shop.accept(person)
        for event in ("Opened", "Delivered", "Confirmed"):
            drop(ethereum, "DataExchange", event)
        dice = random.Random(5)
        for depth in (1, 2, 30, dice.randint(3, 12), dice.randint(13, 29)):
            reorganise(ethereum, depth)
            wait_for(_moves_on(ethereum), "new blocks", 120)
        wait_for(market.sold, "all sales", 120)
        wait_for(_agrees(market), "both agents to know the chain's state", 120)
        market.check_books(settled=6)
    finally:
        market.end()


@pytest.mark.slow
def test_a_revocation_that_is_taken_back_is_made_again_and_its_customer_is_never_sold(
    networks: tuple[Ethereum, Streams], tmp_path: Path
) -> None:
    ethereum, streams = networks
    market = Market(tmp_path, ethereum, streams, 2)
    market.shop.cheats = {"hold": [Shopper(0).address]}
    ethereum.rpc("anvil_mine", hex(40))
    try:
        market.start()
        market.consumer.ask(REWARD)
        person = market.people[0]
        consent = market.shop.accept(person).consent
        wait_for(lambda: market.states(market.consumer) == {"Open": 1}, "the opening", 120)
        market.shop.withdraw(person, consent)
        drop(ethereum, "ConsentRegistry", "Revoked")
        wait_for(lambda: mined(ethereum, "ConsentRegistry", "Revoked") == 1, "it to be made again", 120)
        wait_for(lambda: market.chain_states() == {"Aborted": 1}, "the abort", 120)
        drop(ethereum, "DataExchange", "Aborted")
        wait_for(lambda: market.chain_states() == {"Aborted": 1}, "the abort, again", 120)
        wait_for(_agrees(market), "both agents to know the chain's state", 120)
        assert mined(ethereum, "ConsentRegistry", "Revoked") == 1
        assert mined(ethereum, "DataExchange", "Delivered") == 0
        assert ethereum.w3.eth.get_balance(person.address) == 0
        with market.shop.store.read() as work:
            assert all(row.ended_at for row in work.find(Consent))
        assert market.shop.parked() == market.consumer.parked() == []
    finally:
        market.end()


def _moves_on(ethereum: Ethereum) -> Callable[[], bool]:
    wanted = ethereum.w3.eth.block_number + 2
    return lambda: ethereum.w3.eth.block_number >= wanted


def _agrees(market: Market) -> Callable[[], bool]:
    def agrees() -> bool:
        try:
            market.check_rows()
        except AssertionError:
            return False
        return True

    return agrees
