# SPDX-License-Identifier: Apache-2.0
"""Cheats against honest agents: the honest side ends no worse than before, and nobody helps it by hand.

The gas price is 0, so that "no worse" is exact. Time passes by itself between the acts; deadlines come when
the chain's clock is moved on, once everybody has done what there was to do.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from faircart.store.records import DataSet, Exchange, Offer

from tests.support.agents import ETHER, Ethereum, Shopper, Streams, wait_for
from tests.support.documents import orders
from tests.support.forked import Company
from tests.torture.scenario import ANVIL, QUICK, SHOP

REWARD, FEE = 10**15, 10**13
CUSTODIAN_DEPOSIT, CONSUMER_DEPOSIT = 10**15, 10**14
WINDOW = {"deliver": SHOP["deliver_within"], "respond": SHOP["respond_within"]}

pytestmark = pytest.mark.timeout(1800)


class Market:
    """A shop, a consumer, one customer for each way to cheat."""

    def __init__(self, folder: Path, ethereum: Ethereum, streams: Streams, offers: int) -> None:
        self.folder, self.ethereum = folder, ethereum
        policy = {**SHOP, "offers_per_consent": offers}
        self.shop = Company("shop", "custodian", folder, ethereum, streams, 0, policy)
        self.consumer = Company("consumer", "consumer", folder, ethereum, streams, 1)
        self.people: dict[str, Shopper] = {}

    def open(self, *ways: str) -> None:
        """One customer for each way; all consent. What each side has is noted before."""
        self.people = {way: Shopper(number) for number, way in enumerate(ways)}
        documents = [(person, orders(person.number, items=5)) for person in self.people.values()]
        self.shop.take(self.folder, documents)
        self.shop.start().ready()
        self.consumer.start().ready()
        # The custodian's standing balance is in place before anybody counts.
        wait_for(lambda: self.standing(self.shop) == ETHER, "the standing balance", 240)
        self.before = {company.name: self.worth(company) for company in (self.shop, self.consumer)}
        self.consumer.ask(REWARD)
        self.consents = {way: self.shop.accept(person).consent for way, person in self.people.items()}

    def standing(self, company: Company) -> int:
        return int(self.ethereum.contracts["DataExchange"].functions.balanceOf(company.address).call())

    def worth(self, company: Company) -> int:
        """What an enterprise owns: its account and its standing balance, wei."""
        return self.ethereum.w3.eth.get_balance(company.address) + self.standing(company)

    def gain(self, company: Company) -> int:
        return self.worth(company) - self.before[company.name]

    def paid(self, way: str) -> int:
        return int(self.ethereum.w3.eth.get_balance(self.people[way].address))

    def states(self, company: Company) -> dict[str, str]:
        """Each way's exchange, as one agent knows it."""
        with company.store.read() as work:
            found = {exchange.customer: exchange.state for exchange in work.find(Exchange)}
        return {way: found[one.address] for way, one in self.people.items() if one.address in found}

    def reasons(self) -> dict[str, str]:
        """Why the consumer refused offers."""
        with self.consumer.store.read() as work:
            found = {offer.customer: offer.reason for offer in work.find(Offer) if offer.state == "Refused"}
        return {way: found[one.address] for way, one in self.people.items() if one.address in found}

    def refused_envelopes(self) -> list[str]:
        """Why the consumer kept nothing of what was in some envelopes."""
        with self.consumer.store.read() as work:
            done = work.outbox.by_state("done")
        return [
            one.result["refused"] for one in done if one.kind == "openEnvelope" and "refused" in one.result
        ]

    def wait_for_states(self, **states: str) -> None:
        """Until both agents know that the exchanges stand so, and no others."""
        for company in (self.shop, self.consumer):
            wait_for(
                lambda company=company: self.states(company) == states,
                f"{states}; {company.name} knows {self.states(company)}",
                240,
            )

    def sender(self, event: str) -> str:
        """Who sent the transaction of the one event of this name."""
        (log,) = getattr(self.ethereum.contracts["DataExchange"].events, event)().get_logs(from_block=0)
        return str(self.ethereum.w3.eth.get_transaction(log["transactionHash"])["from"])

    def revoke(self, way: str) -> None:
        """The customer withdraws by a transaction of its own, past the shop."""
        registry, who = self.ethereum.contracts["ConsentRegistry"], self.people[way].address
        self.ethereum.rpc("anvil_impersonateAccount", who)
        data = registry.encode_abi("revoke", args=[self.consents[way].abi()])
        fields = {"from": who, "to": registry.address, "data": data, "gas": hex(500_000), "gasPrice": "0x0"}
        self.ethereum.rpc("eth_sendTransaction", fields)

    def nothing_parked(self) -> bool:
        return self.shop.parked() == self.consumer.parked() == []

    def later(self, seconds: int) -> None:
        self.ethereum.rpc("evm_increaseTime", seconds)
        self.ethereum.rpc("evm_mine")


@pytest.fixture
def market(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Market]:
    with Ethereum(tmp_path, ANVIL) as ethereum, Streams(tmp_path, delays=QUICK) as streams:
        made = Market(tmp_path, ethereum, streams, getattr(request, "param", 1))
        yield made
        made.shop.kill()
        made.consumer.kill()


def test_a_custodian_that_cheats_after_it_was_paid_for_loses_its_deposit_to_the_consumer(
    market: Market,
) -> None:
    ways = ("wrong_key", "chunk", "conceded", "withhold", "honest")
    named = {way: [Shopper(number).address] for number, way in enumerate(ways)}
    market.shop.cheats = {
        "wrong_key": named["wrong_key"] + named["conceded"],
        "chunk": ["pseudonym-0001"],
        "withhold": named["withhold"],
        "stubborn": named["wrong_key"] + named["chunk"],
    }
    market.open(*ways)
    market.wait_for_states(
        wrong_key="Delivered", chunk="Delivered", conceded="Conceded", withhold="Open", honest="Settled"
    )
    market.later(WINDOW["respond"] // 2 + 60)
    market.wait_for_states(
        wrong_key="Faulted", chunk="Faulted", conceded="Conceded", withhold="Open", honest="Settled"
    )
    market.later(WINDOW["deliver"] - WINDOW["respond"] // 2)
    market.wait_for_states(
        wrong_key="Faulted", chunk="Faulted", conceded="Conceded", withhold="Cancelled", honest="Settled"
    )
    assert market.gain(market.consumer) == 4 * CUSTODIAN_DEPOSIT - REWARD - FEE
    assert market.gain(market.shop) == FEE - 4 * CUSTODIAN_DEPOSIT
    assert {way: market.paid(way) for way in ways} == {**dict.fromkeys(ways, 0), "honest": REWARD}
    with market.consumer.store.read() as work:
        assert len(work.find(DataSet)) == 1
    assert market.nothing_parked()
    # Whose chunk had to be shown to everybody reads of it.
    log = market.shop.client(market.people["chunk"])
    wait_for(lambda: len(log.access_log()) == 4, "four log entries")
    assert [entry["step"] for entry in log.access_log()] == ["granted", "opened", "delivered", "faulted"]


def test_an_offer_that_is_not_what_it_seems_is_refused_before_anything_is_paid(market: Market) -> None:
    reasons = {
        "unparsable": "not a FairCart container",
        "other_document": "data root",
        "other_item": "the item's root is",
        "withhold_item": "the offer expired before its item was here",
        "stale": "the offer expired before its item was here",
    }
    ways = (*reasons, "wrong_pad", "reused_pad", "reused_again")
    named = {way: [Shopper(number).address] for number, way in enumerate(ways)}
    market.shop.cheats = {way: named[way] for way in (*reasons, "wrong_pad")}
    market.shop.cheats["reused_pad"] = named["reused_pad"] + named["reused_again"]
    market.open(*ways)
    wait_for(lambda: "Settled" in market.states(market.consumer).values(), "the sale under a fresh pad", 240)
    twice = {"reused_pad", "reused_again"}
    # Whoever knows a pad reads every key that is wrapped under it: only one of the two is bought.
    wait_for(lambda: len(market.reasons().keys() & twice) == 1, "the refusal of a pad that is known", 240)
    (sold,) = twice - market.reasons().keys()
    pads = ["the pad is not the one that the offer commits to"]
    wait_for(lambda: market.refused_envelopes() == pads, "the envelope with a wrong pad to be refused", 240)
    # The item that never came is given up when the offer is over.
    market.later(SHOP["offer_valid_for"] + 60)
    wait_for(lambda: "withhold_item" in market.reasons(), "the offer without an item to be given up", 240)
    found = market.reasons()
    assert {way: text for way, text in reasons.items() if text not in found[way]} == {}, found
    assert market.states(market.consumer) == {sold: "Settled"}
    assert market.gain(market.consumer) == -REWARD - FEE
    assert market.gain(market.shop) == FEE
    assert {way: market.paid(way) for way in ways} == {**dict.fromkeys(ways, 0), sold: REWARD}
    assert market.consumer.parked() == []


@pytest.mark.slow
def test_a_consumer_that_keeps_silent_pays_and_delays_nobody_for_nothing(market: Market) -> None:
    market.consumer.cheats = {"silent": [Shopper(0).address]}
    market.open("silent")
    market.wait_for_states(silent="Delivered")
    market.later(WINDOW["respond"] + 60)
    market.wait_for_states(silent="Settled")
    assert market.sender("Settled") == market.shop.address
    assert market.paid("silent") == REWARD + CONSUMER_DEPOSIT
    assert market.gain(market.shop) == FEE
    assert market.gain(market.consumer) == -REWARD - FEE - CONSUMER_DEPOSIT


@pytest.mark.slow
def test_a_false_proof_moves_nothing_and_the_sale_is_settled_with_the_deposit_to_the_customer(
    market: Market,
) -> None:
    market.consumer.cheats = {"false_proof": [Shopper(0).address]}
    market.open("liar")
    market.wait_for_states(liar="Delivered")
    wait_for(lambda: "DataExchange_ChunkIsRight" in market.consumer.log, "the proof to be refused", 240)
    wait_for(lambda: "judged" in market.shop.log, "the custodian to look into its books", 240)
    market.later(WINDOW["respond"] + 60)
    market.wait_for_states(liar="Settled")
    assert market.sender("Settled") == market.shop.address
    assert market.paid("liar") == REWARD + CONSUMER_DEPOSIT
    assert market.gain(market.shop) == FEE
    assert market.gain(market.consumer) == -REWARD - FEE - CONSUMER_DEPOSIT


@pytest.mark.slow
@pytest.mark.parametrize("market", [pytest.param(2, id="two offers")], indirect=True)
def test_offers_that_are_hoarded_or_replayed_bind_the_custodian_only_while_they_are_valid(
    market: Market,
) -> None:
    market.consumer.cheats = {"unopened": [Shopper(0).address]}
    market.open("hoarded", "bought")
    market.wait_for_states(bought="Settled")
    offers = _offers(market, "hoarded")
    bought = _offers(market, "bought")
    # Replayed: the offer of a sale that is over opens nothing.
    assert _opening_is_refused(market, bought[0])
    market.later(SHOP["offer_valid_for"] + 60)
    wait_for(lambda: len(_offers(market, "hoarded")) == 2, "the offer to be renewed", 240)
    # Hoarded: when it has expired, it opens nothing either.
    assert _opening_is_refused(market, offers[0])
    market.later(SHOP["offer_valid_for"] + 700)
    wait_for(
        lambda: all(offer.state == "Ended" for offer in _offers(market, "hoarded")),
        "the keys of hoarded offers to be destroyed",
        240,
    )
    assert _opening_is_refused(market, _offers(market, "hoarded")[1])
    assert market.gain(market.shop) == FEE
    assert market.standing(market.shop) == ETHER + FEE
    assert market.gain(market.consumer) == -REWARD - FEE
    assert {way: market.paid(way) for way in market.people} == {"hoarded": 0, "bought": REWARD}
    assert market.nothing_parked()


@pytest.mark.slow
def test_a_customer_that_withdraws_before_its_key_is_out_keeps_its_data_and_nobody_loses(
    market: Market,
) -> None:
    ways = ("by_paper", "on_chain", "before_it_is_opened")
    named = {way: Shopper(number).address for number, way in enumerate(ways)}
    market.shop.cheats = {"hold": [named["by_paper"], named["on_chain"]]}
    market.consumer.cheats = {"hold_open": [named["before_it_is_opened"]]}
    market.open(*ways)
    market.wait_for_states(by_paper="Open", on_chain="Open")
    market.shop.withdraw(market.people["by_paper"], market.consents["by_paper"])
    market.revoke("on_chain")
    market.revoke("before_it_is_opened")
    market.wait_for_states(by_paper="Aborted", on_chain="Aborted")
    wait_for(lambda: _opening(market) == "done", "the consumer to let the opening be", 240)
    market.wait_for_states(by_paper="Aborted", on_chain="Aborted")
    assert market.gain(market.shop) == 0
    assert market.gain(market.consumer) == 0
    assert [market.paid(way) for way in ways] == [0, 0, 0]
    assert [name for name, _ in market.ethereum.events("DataExchange") if name == "Delivered"] == []
    assert market.nothing_parked()


@pytest.mark.slow
def test_a_customer_that_withdraws_when_its_key_is_out_is_paid_and_no_data_are_kept(market: Market) -> None:
    market.consumer.cheats = {"hold_confirm": [Shopper(0).address]}
    market.open("late")
    market.wait_for_states(late="Delivered")
    market.revoke("late")
    market.wait_for_states(late="Settled")
    assert market.paid("late") == REWARD
    assert market.gain(market.shop) == FEE
    assert market.gain(market.consumer) == -REWARD - FEE

    def destroyed() -> bool:
        with market.consumer.store.read() as work:
            return [row.size for row in work.find(DataSet)] == [0]

    wait_for(destroyed, "the consumer to obey", 240)
    assert market.nothing_parked()


def _opening(market: Market) -> str:
    """How far the opening is that was held up."""
    with market.consumer.store.read() as work:
        (offer,) = work.find(Offer, customer=market.people["before_it_is_opened"].address)
        found = work.outbox.ids(f"{market.ethereum.chain_id}/DataExchange/{offer.exchange_id.hex()}/open")
        effects = [work.outbox.get(name) for name in found]
    return next((effect.state for effect in effects if effect is not None and effect.kind == "open"), "")


def _offers(market: Market, way: str) -> list[Offer]:
    with market.shop.store.read() as work:
        return sorted(work.find(Offer, customer=market.people[way].address), key=lambda offer: offer.ordinal)


def _opening_is_refused(market: Market, offer: Offer) -> bool:
    """Whether the contract refuses, or skips, an opening by the consumer itself."""
    from faircart import papers
    from faircart.agent.work.calls import sale
    from web3.exceptions import ContractLogicError

    consent, offered = papers.Consent.from_json(offer.consent), papers.Offer.from_json(offer.offer)
    scope = (consent.data_root, consent.terms, consent.valid_until, consent.epoch)
    call = market.ethereum.contracts["DataExchange"].functions.open(
        scope, offered.terms.abi(), sale(offered), offer.signature
    )
    try:
        call.call({"from": market.consumer.address, "value": 2 * REWARD})
    except ContractLogicError:
        return True
    return False
