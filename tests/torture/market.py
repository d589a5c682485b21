# SPDX-License-Identifier: Apache-2.0
"""A small honest market for tests that disturb its networks: who was promised what, and whether it holds."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import requests
from faircart.multichain import names
from faircart.store.records import Consent, Exchange

from tests.support.agents import ETHER, Ethereum, Shopper, Streams
from tests.support.documents import orders
from tests.support.forked import Company
from tests.support.states import STATES
from tests.torture.scenario import SHOP

REWARD, FEE, CONSUMER_DEPOSIT = 10**15, 10**13, 10**14


class Market:
    """A shop with some customers and a consumer. `urls`: (Ethereum, streams) for each, to be disturbed."""

    def __init__(
        self,
        folder: Path,
        ethereum: Ethereum,
        streams: Streams,
        customers: int,
        urls: dict[str, tuple[str, str]] | None = None,
        **settings: Any,
    ) -> None:
        self.folder, self.ethereum, self.streams = folder, ethereum, streams
        found = urls or {"shop": ("", ""), "consumer": ("", "")}
        self.shop, self.consumer = (
            Company(
                name,
                role,
                folder,
                ethereum,
                streams,
                wallet,
                {**(SHOP if name == "shop" else {}), **settings},
                ethereum_url=found[name][0],
                streams_url=found[name][1],
            )
            for wallet, (name, role) in enumerate((("shop", "custodian"), ("consumer", "consumer")))
        )
        self.people = [Shopper(number) for number in range(customers)]

    def start(self) -> None:
        """Documents are in, both agents run."""
        self.shop.take(self.folder, [(person, orders(person.number, items=5)) for person in self.people])
        self.shop.start().ready()
        self.consumer.start().ready()

    def end(self) -> None:
        """Both agents are gone."""
        self.shop.kill()
        self.consumer.kill()

    def states(self, company: Company) -> Counter[str]:
        """In which states an agent sees how many exchanges."""
        with company.store.read() as work:
            return Counter(exchange.state for exchange in work.find(Exchange))

    def chain_states(self) -> Counter[str]:
        """In which states the contract has how many of the exchanges that either agent knows."""
        contract = self.ethereum.contracts["DataExchange"]
        with self.shop.store.read() as work:
            ids = [exchange.exchange_id for exchange in work.find(Exchange)]
        return Counter(STATES[contract.functions.stateOf(one).call()[0]] for one in ids)

    def state(self, person: Shopper) -> str:
        """How the consumer's agent sees the one exchange with this customer."""
        with self.consumer.store.read() as work:
            return next((exchange.state for exchange in work.find(Exchange, customer=person.address)), "")

    def sold(self, aborted: Collection[int] = ()) -> bool:
        """Whether every sale is settled, or aborted, for both agents and for the contract."""
        ends = ["Aborted" if number in aborted else "Settled" for number in range(len(self.people))]
        return self.states(self.shop) == self.states(self.consumer) == self.chain_states() == Counter(ends)

    def check_books(self, settled: int, aborted: Collection[int] = ()) -> None:
        """Each step was done exactly once, every wei is where it belongs, and both agents know it."""
        chain = self.ethereum
        assert Counter(name for name, _ in chain.events("DataExchange")) == +Counter(
            {
                "Funded": 1,
                "Opened": settled + len(aborted),
                "Delivered": settled,
                "Confirmed": settled,
                "Aborted": len(aborted),
            }
        )
        exchange = chain.contracts["DataExchange"]
        standing = exchange.functions.balanceOf
        assert standing(self.shop.address).call() == ETHER + settled * FEE
        back = settled * CONSUMER_DEPOSIT + len(aborted) * (REWARD + FEE + CONSUMER_DEPOSIT)
        assert standing(self.consumer.address).call() == back
        paid = [chain.w3.eth.get_balance(person.address) for person in self.people]
        assert paid == [0 if number in aborted else REWARD for number in range(len(self.people))]
        self.check_rows()
        assert self.shop.parked() == self.consumer.parked() == []

    def check_rows(self) -> None:
        """What the agents know of consents and exchanges is what the contracts say."""
        exchange = self.ethereum.contracts["DataExchange"].functions
        registry = self.ethereum.contracts["ConsentRegistry"].functions
        for company in (self.shop, self.consumer):
            with company.store.read() as work:
                for row in work.find(Exchange):
                    assert row.state == STATES[exchange.stateOf(row.exchange_id).call()[0]], company.name
                for consent in work.find(Consent):
                    assert consent.ended_at == registry.endedAt(consent.consent_id).call(), company.name

    def stream_counts(self) -> dict[str, int]:
        """How many items each stream holds."""
        ours = self.consumer.address
        found = [plan.name for plan in names.SHARED]
        found += [names.items_stream(ours, "orders"), names.envelopes_stream(ours)]
        return {name.split("-")[0]: len(self.streams.items(name)) for name in found}

    def answers(self) -> bool:
        """Whether the shop's API still answers."""
        return requests.get(self.shop.api + "/v1/about", timeout=10).status_code == 200
