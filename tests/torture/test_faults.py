# SPDX-License-Identifier: Apache-2.0
"""Nodes that time out, refuse, cut, lag and lie: nothing is lost, and nothing is done twice."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.support.agents import Ethereum, Streams, wait_for
from tests.support.faults import LIES, SLOW_SECONDS, TRANSPORT, FaultProxy
from tests.torture.market import REWARD, Market
from tests.torture.scenario import ANVIL, QUICK

CUSTOMERS = 5
NODES = ("Ethereum", "streams")
LIES_OF = {"Ethereum": tuple(LIES), "streams": tuple(lie for lie in LIES if lie != "outside")}
"""A stream has no blocks that nobody asked for."""

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[tuple[Ethereum, Streams]]:
    with Ethereum(tmp_path, ANVIL) as ethereum, Streams(tmp_path, delays=QUICK) as streams:
        yield ethereum, streams


def test_sales_over_nodes_that_lag_repeat_themselves_and_leave_things_out_are_made_once(
    networks: tuple[Ethereum, Streams], tmp_path: Path
) -> None:
    _sell(networks, tmp_path, LIES_OF)


@pytest.mark.slow
@pytest.mark.parametrize("node", NODES)
def test_sales_over_a_node_that_is_away_slow_busy_or_cut_off_in_one_call_of_five_are_made_once(
    networks: tuple[Ethereum, Streams], tmp_path: Path, node: str
) -> None:
    _sell(networks, tmp_path, {node: tuple(TRANSPORT)})


def _sell(networks: tuple[Ethereum, Streams], folder: Path, faults: dict[str, tuple[str, ...]]) -> None:
    """Everybody buys over such nodes; each fault has struck, and the books are as if none had."""
    ethereum, streams = networks
    with ExitStack() as stack:
        urls: dict[str, tuple[str, str]] = {}
        proxies: dict[str, list[FaultProxy]] = {}
        for wallet, name in enumerate(("shop", "consumer")):
            both = [ethereum.url, streams.access[wallet]["url"]]
            for place, node in enumerate(NODES):
                if node in faults:
                    proxy = stack.enter_context(FaultProxy(both[place], faults[node], rate=0, seed=wallet))
                    proxies.setdefault(node, []).append(proxy)
                    both[place] = proxy.url
            urls[name] = (both[0], both[1])
        market = Market(folder, ethereum, streams, CUSTOMERS, urls)
        stack.callback(market.end)
        for company in (market.shop, market.consumer):
            if any("slow" in names for names in faults.values()):
                _be_impatient(company.config_file)
        market.start()
        _set_rate(proxies, 0.2)
        market.consumer.ask(REWARD)
        for person in market.people:
            market.shop.accept(person)
        wait_for(market.sold, "all sales", 900)
        for node, wanted in faults.items():
            struck = partial(_struck, proxies[node], wanted)
            wait_for(struck, f"each fault of {node} to strike")
        _set_rate(proxies, 0)
        wait_for(
            lambda: market.stream_counts()["accesslog"] == 4 * CUSTOMERS, "the access log to be complete", 240
        )
        market.check_books(settled=CUSTOMERS)
        assert market.stream_counts() == {
            "participants": 2,
            "catalog": 1,
            "requests": 1,
            "receipts": CUSTOMERS,
            "accesslog": 4 * CUSTOMERS,
            "erasures": 0,
            "items": CUSTOMERS,
            "envelopes": CUSTOMERS,
        }
        assert market.answers()
        assert market.shop.stop() == market.consumer.stop() == 0


def _struck(proxies: list[FaultProxy], wanted: tuple[str, ...]) -> bool:
    return {name for proxy in proxies for name in proxy.struck} == set(wanted)


def _set_rate(proxies: dict[str, list[FaultProxy]], rate: float) -> None:
    for both in proxies.values():
        for proxy in both:
            proxy.rate = rate


def _be_impatient(config_file: Path) -> None:
    # Slow answers take longer than this, so they come too late: the call was made, and nobody knows.
    lines = config_file.read_text().splitlines()
    hasty = f"timeout_seconds = {SLOW_SECONDS / 2}"
    changed = [hasty if line.startswith("timeout_seconds") else line for line in lines]
    config_file.write_text("\n".join(changed) + "\n")
