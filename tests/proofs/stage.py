# SPDX-License-Identifier: Apache-2.0
"""Exchanges on anvil, and the fault proofs that people try on them."""

from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from faircart.papers import Domain
from faircart.sealing import Item, prove_chunk
from web3.contract import Contract
from web3.types import TxReceipt

from tests.support.anvil import ETHER, Anvil
from tests.support.market import Deal, Market, false_sealing, person

NO_PATH: list[bytes] = []
WRONG_KEY, WRONG_CHUNK = 0, 1


@dataclass(frozen=True)
class Proof:
    """The argument of proveFault. As it is by default it can only show a wrong key."""

    wrapped_key: bytes
    pad: bytes
    index: int = 0
    ciphertext: bytes = b""
    data_leaf: bytes = bytes(32)
    path: tuple[bytes, ...] = ()

    @property
    def abi(self) -> tuple[Any, ...]:
        """The struct as the call takes it."""
        return (self.wrapped_key, self.pad, self.index, self.ciphertext, self.data_leaf, list(self.path))


class Stage:
    """The contracts, three people with money, and what they do with each other."""

    def __init__(self, chain: Anvil) -> None:
        self.chain = chain
        self.registry = chain.deploy("ConsentRegistry")
        self.exchange: Contract = chain.deploy("DataExchange", self.registry.address)
        chain_id = chain.w3.eth.chain_id
        self.market = Market(
            Domain(chain_id, self.registry.address),
            Domain(chain_id, self.exchange.address),
            person("customer"),
            person("consumer"),
            person("custodian"),
        )
        for who in (self.market.customer, self.market.consumer, self.market.custodian):
            chain.give(who.address, 10_000 * ETHER)
        chain.send(self.exchange.functions.fund(), self.market.custodian.address, 1_000 * ETHER)
        self._numbers = count(1)

    def deal(self, **changes: Any) -> Deal:
        """A new deal on usual terms but for `changes`."""
        return self.market.deal(self.chain.now, number=next(self._numbers), **changes)

    def tampered(self, deal: Deal, item: Item) -> Deal:
        """The deal as a custodian offers it that has put another item in place of the sealed one."""
        return self.market.offered(
            replace(deal, item=item),  # type: ignore[arg-type]
            sealing=false_sealing(item, deal.key, deal.pad),
        )

    def opened(self, deal: Deal) -> Deal:
        """The consent is granted and the exchange opened."""
        market, exchange = self.market, self.exchange.functions
        grant = self.registry.functions.grantFor(deal.consent.abi(), market.consent_signature(deal))
        self.chain.send(grant, market.custodian.address)
        opening = exchange.open(deal.scope, *deal.papers, deal.offer_signature)
        self.chain.send(opening, market.consumer.address, deal.consumer_pays)
        return deal

    def delivered(self, deal: Deal, wrapped_key: bytes | None = None) -> Deal:
        """As `opened`, and the key is delivered: the right one unless another is given."""
        self.opened(deal)
        delivery = self.exchange.functions.deliver(*deal.papers, wrapped_key or deal.wrapped_key)
        self.chain.send(delivery, self.market.custodian.address)
        return deal

    def proof(self, deal: Deal, index: int) -> Proof:
        """What a consumer says of one chunk of the deal's item."""
        chunk = prove_chunk(deal.item, index)
        return Proof(
            deal.wrapped_key,
            deal.pad,
            chunk.index,
            chunk.ciphertext_chunk,
            chunk.data_leaf,
            tuple(chunk.path),
        )

    def accuse(self, deal: Deal, proof: Proof) -> None:
        """Tries a proof without sending it. Raises Refused if it shows no fault."""
        call = self.exchange.functions.proveFault(deal.offer.abi(), proof.abi)
        self.chain.ask(call, self.market.consumer.address)

    def prove(self, deal: Deal, proof: Proof) -> TxReceipt:
        """Sends a proof."""
        call = self.exchange.functions.proveFault(deal.offer.abi(), proof.abi)
        return self.chain.send(call, self.market.consumer.address)

    def standing(self, address: str) -> int:
        """An account's standing balance in wei."""
        balance: int = self.exchange.functions.balanceOf(address).call()
        return balance
