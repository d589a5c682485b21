# SPDX-License-Identifier: Apache-2.0
"""One story with 23 customers and every kind of end, told act by act, with time passing in between.

After each act the market is to come to rest in one certain state. The undisturbed run finds out which; a
disturbed run waits for the same one, so nothing depends on how long a disturbance takes. All randomness
comes from a seed: keys of people and companies, salts, pads and ids are the same in every telling.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount
from faircart import papers
from faircart.agent.client import ApiRefused
from faircart.store import tables as t

from tests.support import seed
from tests.support.agents import ETHER, Ethereum, Shopper, Streams
from tests.support.documents import orders
from tests.support.forked import Company
from tests.torture.quiet import Quiet

REWARD = 10**15
HISTORY = ("--prune-history", "20000")
"""Blocks that can be taken back: else anvil loses the contracts when it does so after some 950 blocks."""
ANVIL = (
    *("--block-time", "1", "--mixed-mining", *HISTORY),
    *("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee"),
)
QUICK = ("--block-seconds", "0.2", "--relay-seconds", "0.02", "--payload-seconds", "0.02")
UNHURRIED = {"poll_seconds": 0.2, "bump_after_seconds": 100_000}
"""No transaction is replaced because the clock was moved on, or because the machine is slow."""
HOUR = 3600
# Long, so that a slow machine does not come near a deadline before its act.
SHOP = {
    "deliver_within": 4 * HOUR,
    "respond_within": 6 * HOUR,
    "offer_valid_for": 2 * HOUR,
    "offers_per_consent": 2,
    "standing_balance_wei": ETHER,
    "requests_per_minute": 100_000,
}

SETTLED = range(6)
SILENT = (6, 7)
CONCEDED = 8
WRONG_KEY = 9
WRONG_CHUNK = 10
WITHHELD = 11
WITHDRAWN = 12
WITHDRAWN_ON_CHAIN = 13
UNOPENED = 14
UNANSWERED = 15
BEFORE_GRANT = 16
WITHDRAWN_ALL_AFTERWARDS = 17
WITHDRAWN_AFTERWARDS = 18
BUYERS = (19, 20)
SMALL = 21
WITHDRAWN_TWICE = 22
PEOPLE = 23
ENDS = {
    "Settled": {
        *SETTLED,
        *SILENT,
        WITHDRAWN_ALL_AFTERWARDS,
        WITHDRAWN_AFTERWARDS,
        *BUYERS,
        SMALL,
        WITHDRAWN_TWICE,
    },
    "Conceded": {CONCEDED},
    "Faulted": {WRONG_KEY, WRONG_CHUNK},
    "Cancelled": {WITHHELD},
    "Aborted": {WITHDRAWN, WITHDRAWN_ON_CHAIN},
}
"""Whose exchange ends in which state; the others' never opens."""

_EFFECT, _ITEM = t.effects.c, t.stream_items.c
_COUNTED = (
    ("effects", (_EFFECT.lane, _EFFECT.state, _EFFECT.moot)),
    ("items", (_ITEM.stream, _ITEM.state)),
    ("events", (t.events.c.state,)),
)


@dataclass
class World:
    """A chain, a stream network, a shop and a consumer, and the customers."""

    folder: Path
    ethereum: Ethereum
    streams: Streams
    seed: str
    people: list[Shopper] = field(init=False)
    quotes: list[tuple[papers.Order, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        with seed.drawing(f"{self.seed}/people"):
            self.people = [Shopper(number) for number in range(PEOPLE)]
        self.documents = [
            orders(number, items=2 if number == SMALL else 5 + number % 7) for number in range(PEOPLE)
        ]
        with seed.drawing(f"{self.seed}/companies"):
            networks = self.folder, self.ethereum, self.streams
            self.shop = Company("shop", "custodian", *networks, 0, SHOP | UNHURRIED)
            self.consumer = Company("consumer", "consumer", *networks, 1, UNHURRIED)
        self.shop.seed = self.consumer.seed = self.seed
        self.shop.cheats = {
            "wrong_key": self._named(CONCEDED, WRONG_KEY),
            "stubborn": self._named(WRONG_KEY, WRONG_CHUNK),
            "chunk": [f"pseudonym-{WRONG_CHUNK:04d}"],
            "withhold": self._named(WITHHELD),
            "hold": self._named(WITHDRAWN, WITHDRAWN_ON_CHAIN),
        }
        self.consumer.cheats = {"silent": self._named(*SILENT), "unopened": self._named(UNOPENED)}

    def _named(self, *numbers: int) -> list[str]:
        return [self.people[number].address for number in numbers]

    # --- the acts -----------------------------------------------------------------------------------------

    @property
    def acts(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("documents and a request", self.begin),
            ("consents and orders", self.consent),
            ("withdrawals", self.withdraw),
            ("first offers end", lambda: self.later(8_400)),
            ("faults are proven", lambda: self.later(4_800)),
            ("what was withheld is cancelled", lambda: self.later(3_600)),
            ("silence is settled", lambda: self.later(8_400)),
            ("a shipped order is claimed, a customer withdraws by itself", self.end),
            ("the blocks with both are taken back", self.take_back),
            ("the customer withdraws again", self.withdraw_again),
            ("the order is claimed again", lambda: self.later(24_000)),
        ]

    def before(self) -> None:
        """Two orders are paid and one is shipped, while no agent runs: only so can both use one account."""
        chain, escrow = self.ethereum.w3, self.ethereum.contracts["CheckoutEscrow"]
        now = chain.eth.get_block("latest")["timestamp"]
        for number in BUYERS:
            order = papers.Order(
                seller=self.shop.address,
                buyer=self.people[number].address,
                arbiter=self.ethereum.rich,
                amount=10**16,
                order_hash=bytes(32),
                valid_until=now + 3600,
                ship_within=12 * HOUR,
                confirm_within=12 * HOUR,
                arbitration_within=3600,
                salt=number,
            )
            signature = papers.sign(order, self._domain("CheckoutEscrow"), bytes(self.shop.account.key))
            self.ethereum.give(order.buyer, order.amount)
            call = escrow.functions.checkout([order.abi()], [signature])
            self.send(call, self.people[number].account, order.amount)
            self.quotes.append((order, signature))
        self.send(escrow.functions.ship(self.quotes[0][0].abi()), self.shop.account)

    def begin(self) -> None:
        with seed.drawing(f"{self.seed}/documents"):
            self.shop.take(self.folder, list(zip(self.people, self.documents, strict=True)))
        with seed.drawing(f"{self.seed}/request"):
            self.consumer.ask(REWARD)

    def consent(self) -> None:
        early = self.people[BEFORE_GRANT]
        proposal = self.shop.proposal(early)
        self.shop.withdraw(early, proposal.consent)
        with pytest.raises(ApiRefused):
            self.shop.patiently(lambda: self.shop.client(early).accept(proposal))
        self.consents = {
            number: self.shop.accept(person).consent
            for number, person in enumerate(self.people)
            if number not in (UNANSWERED, BEFORE_GRANT)
        }
        for order, signature in self.quotes:
            self._post("quotes", {"order": order.to_json(), "signature": "0x" + signature.hex()})
        # The second buyer lets the money go: the shop's agent submits its settlement of nothing.
        now = int(time.time())
        domain = self._domain("CheckoutEscrow")
        given = papers.Settlement(self.quotes[1][0].digest(domain), 0, now + 3600)
        signed = papers.sign(given, domain, bytes(self.people[BUYERS[1]].account.key))
        self._post("settlements", {"settlement": given.to_json(), "signature": "0x" + signed.hex()})

    def withdraw(self) -> None:
        for number in (WITHDRAWN, WITHDRAWN_AFTERWARDS):
            self.shop.withdraw(self.people[number], self.consents[number])
        person = self.people[WITHDRAWN_ALL_AFTERWARDS]
        epoch = self.consents[WITHDRAWN_ALL_AFTERWARDS].epoch
        paper = papers.RevocationOfAll(person.address, epoch, 7)
        signed = papers.sign(paper, self._domain("ConsentRegistry"), bytes(person.account.key))
        body = {"revocationOfAll": paper.to_json(), "signature": "0x" + signed.hex()}
        self._post("revocations-of-all", body)
        self._revoke(WITHDRAWN_ON_CHAIN)

    def end(self) -> None:
        self._newest = self.ethereum.w3.eth.block_number
        # What a late answer leaves standing of what is taken back lies before the clock moves on.
        self.ethereum.rpc("anvil_mine", hex(60))
        self.later(24_000)
        self._moved = self.now()
        self._revoke(WITHDRAWN_TWICE)

    def take_back(self) -> None:
        """Every block since the clock was moved on: the shop sends its own transaction again, nobody else."""
        # A block may be mined between the question and the answer: then one of the empty ones stays.
        depth = self.ethereum.w3.eth.block_number - self._newest
        self.ethereum.rpc("anvil_reorg", depth, [])
        assert self._revoked() == 0
        assert self.now() < self._moved, "the clock is still moved on: too many blocks were mined meanwhile"

    def withdraw_again(self) -> None:
        self._revoke(WITHDRAWN_TWICE)

    def _revoke(self, number: int) -> None:
        registry = self.ethereum.contracts["ConsentRegistry"]
        self.send(registry.functions.revoke(self.consents[number].abi()), self.people[number].account)

    def _revoked(self) -> int:
        """How often the chain says that this consent was withdrawn."""
        registry = self.ethereum.contracts["ConsentRegistry"]
        consent_id = self.consents[WITHDRAWN_TWICE].digest(self._domain("ConsentRegistry"))
        return len(
            registry.events.Revoked().get_logs(from_block=0, argument_filters={"consentId": consent_id})
        )

    def now(self) -> int:
        """The newest block's second."""
        return int(self.ethereum.w3.eth.get_block("latest")["timestamp"])

    def later(self, seconds: int) -> None:
        self.ethereum.rpc("evm_increaseTime", seconds)
        self.ethereum.rpc("evm_mine")

    # --- means --------------------------------------------------------------------------------------------

    def _domain(self, contract: str) -> papers.Domain:
        return papers.Domain(self.ethereum.chain_id, self.ethereum.contracts[contract].address)

    def _post(self, kind: str, body: dict[str, Any]) -> None:
        def post() -> None:
            answer = requests.post(f"{self.shop.api}/v1/papers/{kind}", json=body, timeout=10)
            assert answer.status_code == 202, answer.text

        self.shop.patiently(post)

    def send(self, call: Any, account: LocalAccount, value: int = 0) -> None:
        """A person's own transaction."""
        w3 = self.ethereum.w3
        fields = call.build_transaction(
            {
                "from": account.address,
                "nonce": w3.eth.get_transaction_count(account.address),
                "value": value,
                "gas": 1_000_000,
                "maxFeePerGas": 0,
                "maxPriorityFeePerGas": 0,
            }
        )
        sent = w3.eth.send_raw_transaction(account.sign_transaction(fields).raw_transaction)
        receipt = w3.eth.wait_for_transaction_receipt(sent, poll_latency=0.02)
        assert receipt["status"] == 1, call

    # --- coming to rest -----------------------------------------------------------------------------------

    def mark(self) -> dict[str, int]:
        """How many of each thing there are: events on chain, stream items, effects by kind and state."""
        counts: Counter[str] = Counter()
        for raw in self.ethereum.rpc("eth_getLogs", {"fromBlock": "0x0"}):
            counts[f"log {raw['topics'][0][:10]}"] += 1
        for company in (self.shop, self.consumer):
            with company.store.read() as work:
                for table, columns in _COUNTED:
                    query = sa.select(*columns, sa.func.count()).group_by(*columns)
                    for *said, number in work.connection.execute(query):
                        words = " ".join(str(word).split("-")[0] for word in said)
                        counts[f"{company.name} {table} {words}"] += number
                flying = sa.select(sa.func.count()).where(t.transactions.c.state.in_(("signed", "sent")))
                counts[f"{company.name} in flight"] += work.connection.execute(flying).scalar_one()
        return {key: number for key, number in counts.items() if number}

    def rest(self, seconds: float = 1200) -> dict[str, int]:
        """Waits until nothing changes any more, and nothing is left that could; how things stand then."""
        end, last = time.monotonic() + seconds, self.mark()
        quiet = Quiet(self)
        while True:
            assert time.monotonic() < end, f"the market does not come to rest: {last}"
            time.sleep(0.25)
            now = self.mark()
            if now != last:
                last, quiet = now, Quiet(self)
            elif quiet.is_rest():
                return last

    def reach(self, wanted: dict[str, int], act: str, seconds: float = 1200) -> None:
        """Waits for the state in which the undisturbed market came to rest."""
        end = time.monotonic() + seconds
        while (now := self.mark()) != wanted:
            if time.monotonic() > end:
                there = {key: (wanted.get(key, 0), now.get(key, 0)) for key in wanted.keys() | now.keys()}
                different = {key: pair for key, pair in there.items() if pair[0] != pair[1]}
                parked = self.shop.parked() + self.consumer.parked()
                pytest.fail(f"after {act!r} (wanted, found): {different}; parked: {parked}")
            time.sleep(0.2)
