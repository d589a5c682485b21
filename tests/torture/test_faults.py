# SPDX-License-Identifier: Apache-2.0
"""Nodes that time out, refuse, cut, lag and lie: nothing is lost, and nothing is done twice."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.agents import Ethereum, Streams, wait_for
from tests.support.faults import FaultProxy
from tests.torture.market import REWARD, Market
from tests.torture.scenario import ANVIL, QUICK

CUSTOMERS = 5
TRANSPORT = ("refuse", "cut after", "busy", "half", "slow", "nonsense")
LIES = ("stale", "twice", "outside", "incomplete")

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[tuple[Ethereum, Streams]]:
    with Ethereum(tmp_path, ANVIL) as ethereum, Streams(tmp_path, delays=QUICK) as streams:
        yield ethereum, streams


@pytest.mark.parametrize(
    ("of_ethereum", "of_streams"),
    [
        pytest.param(TRANSPORT, (), id="an Ethereum node that is hardly there", marks=pytest.mark.slow),
        pytest.param(LIES, (), id="an Ethereum node that lags and lies"),
        pytest.param((), TRANSPORT, id="a stream node that is hardly there", marks=pytest.mark.slow),
    ],
)
def test_every_sale_is_made_once_over_nodes_that_fail_in_one_call_of_five(
    networks: tuple[Ethereum, Streams],
    tmp_path: Path,
    of_ethereum: tuple[str, ...],
    of_streams: tuple[str, ...],
) -> None:
    ethereum, streams = networks
    with ExitStack() as stack:
        urls, proxies = {}, []
        for wallet, name in enumerate(("shop", "consumer")):
            both = [ethereum.url, streams.access[wallet]["url"]]
            for place, faults in enumerate((of_ethereum, of_streams)):
                if faults:
                    proxy = FaultProxy(both[place], faults, rate=0, seed=wallet)
                    proxies.append(stack.enter_context(proxy))
                    both[place] = proxy.url
            urls[name] = (both[0], both[1])
        market = Market(tmp_path, ethereum, streams, CUSTOMERS, urls)
        stack.callback(market.end)
        for company in (market.shop, market.consumer):
            _be_impatient(company.config_file)
        market.start()
        for proxy in proxies:
            proxy.rate = 0.2
        market.consumer.ask(REWARD)
        for person in market.people:
            market.shop.accept(person)
        wait_for(market.sold, "all sales", 400)
        for proxy in proxies:
            assert proxy.struck.total() > 20, proxy.struck
            proxy.rate = 0
        wait_for(
            lambda: market.stream_counts()["accesslog"] == 4 * CUSTOMERS, "the access log to be complete", 60
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


def _be_impatient(config_file: Path) -> None:
    # Slow answers take longer than this, so they come too late: the call was made, and nobody knows.
    lines = config_file.read_text().splitlines()
    changed = ["timeout_seconds = 1" if line.startswith("timeout_seconds") else line for line in lines]
    config_file.write_text("\n".join(changed) + "\n")
