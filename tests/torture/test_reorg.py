# SPDX-License-Identifier: Apache-2.0
"""Blocks that are taken back, 1 to 30 at a time, while both agents run.

`anvil_reorg` replaces the last blocks by empty ones: what stood in them is gone, as if it had never been
mined. The agents' own transactions come back because their senders broadcast them again. Blocks are mined
only when the test says so, hence each reorganisation reaches exactly as deep as it should.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from faircart.ethereum import deployments
from faircart.ethereum.contracts import Contracts
from faircart.ethereum.node import EthereumNode
from faircart.rights import receipts
from faircart.rights.customer import RightsClient
from faircart.rights.ledgers import CheckFailed, Ledgers
from faircart.rights.sources import ApiSource

from tests.support.agents import Ethereum, Shopper, Streams
from tests.torture import WHOLE
from tests.torture.market import REWARD, Market
from tests.torture.scenario import HISTORY, QUICK

FREE = ("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee", *HISTORY)
DEEPEST = 30
ROUNDS = [range(1, 11), range(11, 21), range(21, DEEPEST + 1)] if WHOLE else [(1, 9, DEEPEST)]
"""Which depths on one chain."""
DROPPED = (
    ("DataExchange", "Opened"),
    ("DataExchange", "Delivered"),
    ("ConsentRegistry", "Revoked"),
    ("ConsentRegistry", "Granted"),
    ("DataExchange", "Confirmed"),
    ("DataExchange", "Aborted"),
)
"""In turn: what stands in the deepest block that is taken back."""
WITHDRAWN = ("Revoked", "Aborted")

pytestmark = pytest.mark.timeout(3600)


class Chain:
    """The blocks, as the test wants them."""

    def __init__(self, ethereum: Ethereum) -> None:
        self._ethereum, self._idle = ethereum, 0
        ethereum.rpc("evm_setAutomine", False)

    def mine(self, blocks: int = 1) -> None:
        self._ethereum.rpc("anvil_mine", hex(blocks))

    def mine_until(self, condition: Callable[[], object], what: str, seconds: float = 600) -> None:
        """A block every tenth of a second in which there is something to mine, and now and then without."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
            time.sleep(0.1)
            waiting = self._ethereum.rpc("txpool_status")["pending"] != "0x0"
            self._idle = 0 if waiting else self._idle + 1
            if waiting or self._idle % 10 == 0:
                self.mine()

    def drop(self, contract: str, event: str, depth: int) -> None:
        """Waits for such an event, and takes it back together with the `depth` - 1 blocks above it."""
        self.mine_until(lambda: self._in_newest_block(contract, event), f"{event} in a new block")
        (dropped, *_) = self._in_newest_block(contract, event)
        for _ in range(depth - 1):
            self.mine()
        self._ethereum.rpc("anvil_reorg", depth, [])
        gone = dropped["transactionHash"].to_0x_hex()
        assert self._ethereum.rpc("eth_getTransactionReceipt", gone) is None, event

    def _in_newest_block(self, contract: str, event: str) -> list[dict[str, object]]:
        newest = self._ethereum.w3.eth.block_number
        events = getattr(self._ethereum.contracts[contract].events, event)()
        return list(events.get_logs(from_block=newest, to_block=newest))


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[tuple[Ethereum, Streams]]:
    with Ethereum(tmp_path, FREE) as ethereum, Streams(tmp_path, delays=QUICK) as streams:
        yield ethereum, streams


@pytest.mark.parametrize("depths", ROUNDS, ids=lambda depths: f"{depths[0]} to {depths[-1]} blocks")
def test_sales_survive_reorganisations_of_every_depth_and_each_step_is_taken_once(
    networks: tuple[Ethereum, Streams], tmp_path: Path, depths: Sequence[int]
) -> None:
    ethereum, streams = networks
    market = Market(tmp_path, ethereum, streams, len(depths))
    # Each round begins elsewhere, so that each event is dropped from small and from great depths.
    first = depths[0] // len(depths)
    plan = [(depth, *DROPPED[number % len(DROPPED)]) for number, depth in enumerate(depths, first)]
    withdrawn = {number for number, (_, _, event) in enumerate(plan) if event in WITHDRAWN}
    # Their deliveries wait until they have withdrawn: the worst moment, made certain.
    market.shop.cheats = {"hold": [market.people[number].address for number in withdrawn]}
    ethereum.rpc("anvil_mine", hex(DEEPEST + 10))  # room below for the deepest one, above the contracts
    chain = Chain(ethereum)
    try:
        market.start()
        market.consumer.ask(REWARD)
        for number, (depth, contract, event) in enumerate(plan):
            begun = time.monotonic()
            person = market.people[number]
            consent = market.shop.accept(person).consent
            if number in withdrawn:
                chain.mine_until(lambda person=person: market.state(person) == "Open", "the opening")
                market.shop.withdraw(person, consent)
            chain.drop(contract, event, depth)
            print(f"{depth} blocks with {event}: {time.monotonic() - begun:.1f} s", flush=True)
        chain.mine_until(lambda: market.sold(aborted=withdrawn), "all sales to end")
        chain.mine_until(lambda: _agrees(market), "both agents to know the chain's state")
        market.check_books(settled=len(plan) - len(withdrawn), aborted=withdrawn)
        chain.mine_until(lambda: _logged(market, withdrawn), "the access log to say what holds")
        chain.mine_until(lambda: _receipts_hold(market, ethereum), "the receipts to say where consents stand")
    finally:
        market.end()


def _agrees(market: Market) -> bool:
    try:
        market.check_rows()
    except AssertionError:
        return False
    return True


def _logged(market: Market, withdrawn: set[int]) -> bool:
    """Whether each customer's log, retractions taken off, says each step of its sale exactly once."""
    return all(
        _steps(market, person)
        == Counter(
            ["granted", "withdrawn", "opened", "aborted"]
            if number in withdrawn
            else ["granted", "opened", "delivered", "settled"]
        )
        for number, person in enumerate(market.people)
    )


def _receipts_hold(market: Market, ethereum: Ethereum) -> bool:
    """Whether each customer's newest receipt agrees with both ledgers."""
    trust = Ledgers(
        EthereumNode(ethereum.url),
        Contracts(deployments.load("test", ethereum.records)),
        ApiSource(market.shop.api),
    )
    now = int(time.time())
    for person in market.people:
        [receipt] = (
            RightsClient(market.shop.api, person.account, person.reading_key).receipts(trust.streams).values()
        )
        try:
            receipts.verify(receipt, trust, now)
        except CheckFailed:
            return False
    return True


def _steps(market: Market, person: Shopper) -> Counter[str]:
    found: Counter[str] = Counter()
    for entry in market.shop.client(person).access_log():
        step, _, change = entry["step"].partition("-")
        found[step] += -1 if change == "retracted" else 1
    return +found
