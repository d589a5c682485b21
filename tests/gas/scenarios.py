# SPDX-License-Identifier: Apache-2.0
"""The measured scenarios: what people do, and the gas that the transactions took.

Everybody has sent and held ether before, standing balances are not empty, and consents are granted before:
what is measured is the ordinary case, not the first one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from faircart.papers import Consent, Domain, Order, Revocation, sign
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from tests.proofs.stage import Proof, Stage
from tests.support.anvil import ETHER, Anvil
from tests.support.market import Deal, Person, person

DAY = 24 * 3600
BATCH = 100


@dataclass(frozen=True)
class Scenario:
    """One line of the report. Without a goal it is there to be compared or to explain another line."""

    key: str
    goal: int | None
    what: str
    measure: Callable[["Scene"], int]


class Scene:
    """A chain with the three contracts, and people who are not new to it."""

    def __init__(self, chain: Anvil) -> None:
        self.chain = chain
        self.stage = Stage(chain)
        self.registry: Contract = self.stage.registry
        self.escrow: Contract = chain.deploy("CheckoutEscrow")
        chain_id = chain.w3.eth.chain_id
        self.escrow_domain = Domain(chain_id, self.escrow.address)
        self.buyer, self.arbiter = person("buyer"), person("arbiter")
        self.sellers = [person(f"seller {number}") for number in range(3)]
        for who in (self.buyer, self.arbiter, *self.sellers):
            chain.give(who.address, 100 * ETHER)
        fund = self.stage.exchange.functions.fund()
        chain.send(fund, self.stage.market.consumer.address, ETHER)

    def gas(self, call: ContractFunction, sender: Person, value: int = 0) -> int:
        """Sends a transaction and returns the gas that it used."""
        used: int = self.chain.send(call, sender.address, value)["gasUsed"]
        return used

    def order(self, seller: Person) -> Order:
        """A quote of this seller to the buyer."""
        return Order(
            seller=seller.address,
            buyer=self.buyer.address,
            arbiter=self.arbiter.address,
            amount=ETHER // 50,
            order_hash=b"\xa5" * 32,
            valid_until=self.chain.now + DAY,
            ship_within=3 * DAY,
            confirm_within=14 * DAY,
            arbitration_within=14 * DAY,
            salt=1,
        )

    def checkout(self, orders: list[Order]) -> ContractFunction:
        """A cart of these orders."""
        signatures = [
            sign(order, self.escrow_domain, seller.key)
            for order, seller in zip(orders, self.sellers, strict=False)
        ]
        return self.escrow.functions.checkout([order.abi() for order in orders], signatures)

    def consent(self) -> Consent:
        """A consent that was not submitted yet."""
        return self.stage.deal().consent

    def granted(self) -> Consent:
        """A consent on record."""
        consent = self.consent()
        self.gas(self.registry.functions.grant(consent.abi()), self.stage.market.customer)
        return consent

    def granted_deals(self, number: int) -> list[Deal]:
        """Deals under the same terms whose consents are granted."""
        terms = self.stage.market.terms(self.chain.now)
        deals = [self.stage.deal(terms=terms) for _ in range(number)]
        market = self.stage.market
        for deal in deals:
            grant = self.registry.functions.grantFor(deal.consent.abi(), market.consent_signature(deal))
            self.gas(grant, market.custodian)
        return deals


def _checkout(scene: Scene, number: int) -> int:
    orders = [scene.order(seller) for seller in scene.sellers[:number]]
    return scene.gas(scene.checkout(orders), scene.buyer, sum(order.amount for order in orders))


def _paid(scene: Scene) -> Order:
    order = scene.order(scene.sellers[0])
    scene.gas(scene.checkout([order]), scene.buyer, order.amount)
    return order


def _deploy(scene: Scene) -> int:
    address = scene.chain.deploy("CheckoutEscrow").address
    block = scene.chain.w3.eth.get_block("latest")
    (transaction,) = block["transactions"]
    receipt = scene.chain.w3.eth.get_transaction_receipt(transaction)  # type: ignore[arg-type]
    assert receipt["contractAddress"] == address
    return int(receipt["gasUsed"])


def _ship(scene: Scene) -> int:
    return scene.gas(scene.escrow.functions.ship(_paid(scene).abi()), scene.sellers[0])


def _confirm(scene: Scene) -> int:
    order = _paid(scene)
    scene.gas(scene.escrow.functions.ship(order.abi()), scene.sellers[0])
    return scene.gas(scene.escrow.functions.confirm(order.abi()), scene.buyer)


def _grant(scene: Scene) -> int:
    return scene.gas(scene.registry.functions.grant(scene.consent().abi()), scene.stage.market.customer)


def _grant_for(scene: Scene) -> int:
    consent, market = scene.consent(), scene.stage.market
    signature = sign(consent, market.registry, market.customer.key)
    return scene.gas(scene.registry.functions.grantFor(consent.abi(), signature), market.custodian)


def _revoke_by_id(scene: Scene) -> int:
    consent, market = scene.granted(), scene.stage.market
    return scene.gas(scene.registry.functions.revokeById(consent.digest(market.registry)), market.customer)


def _revoke(scene: Scene) -> int:
    consent, market = scene.granted(), scene.stage.market
    return scene.gas(scene.registry.functions.revoke(consent.abi()), market.customer)


def _revoke_for(scene: Scene) -> int:
    consent, market = scene.granted(), scene.stage.market
    signature = sign(Revocation(consent.digest(market.registry)), market.registry, market.customer.key)
    return scene.gas(scene.registry.functions.revokeFor(consent.abi(), signature), market.custodian)


def _revoke_by_id_for(scene: Scene) -> int:
    consent, market = scene.granted(), scene.stage.market
    consent_id = consent.digest(market.registry)
    signature = sign(Revocation(consent_id), market.registry, market.customer.key)
    return scene.gas(scene.registry.functions.revokeByIdFor(consent_id, signature), market.custodian)


def _refund(scene: Scene) -> int:
    return scene.gas(scene.escrow.functions.refund(_paid(scene).abi()), scene.sellers[0])


def _dispute_and_ruling(scene: Scene) -> int:
    order, calls = _paid(scene), scene.escrow.functions
    scene.gas(calls.ship(order.abi()), scene.sellers[0])
    return scene.gas(calls.dispute(order.abi(), b"\xe5" * 32), scene.buyer) + scene.gas(
        calls.rule(order.abi(), order.amount // 2), scene.arbiter
    )


def _honest(scene: Scene) -> int:
    (deal,), market, exchange = scene.granted_deals(1), scene.stage.market, scene.stage.exchange.functions
    opening = exchange.open(deal.scope, *deal.papers, deal.offer_signature)
    return (
        scene.gas(opening, market.consumer, deal.consumer_pays)
        + scene.gas(exchange.deliver(*deal.papers, deal.wrapped_key), market.custodian)
        + scene.gas(exchange.confirm(*deal.papers), market.consumer)
    )


def _honest_batch(scene: Scene) -> int:
    deals, market = scene.granted_deals(BATCH), scene.stage.market
    exchange = scene.stage.exchange.functions
    terms, sales = deals[0].offer.terms.abi(), [deal.sale for deal in deals]
    scopes, signatures = [deal.scope for deal in deals], [deal.offer_signature for deal in deals]
    opening = exchange.openMany(scopes, terms, sales, signatures)
    total = (
        scene.gas(opening, market.consumer, sum(deal.consumer_pays for deal in deals))
        + scene.gas(
            exchange.deliverMany(terms, sales, [deal.wrapped_key for deal in deals]), market.custodian
        )
        + scene.gas(exchange.confirmMany(terms, sales), market.consumer)
    )
    return -(-total // BATCH)


def _wrong_key(scene: Scene) -> int:
    wrong = b"\x5a" * 32
    deal = scene.stage.delivered(scene.stage.deal(), wrong)
    used: int = scene.stage.prove(deal, Proof(wrong, deal.pad))["gasUsed"]
    return used


def _wrong_chunk(scene: Scene) -> int:
    index, stage = 700, scene.stage
    honest = stage.deal(document=bytes(i % 251 for i in range(1_024 * 240)))
    data = bytearray(honest.item.ciphertext)
    data[256 * index] ^= 1
    deal = stage.delivered(stage.tampered(honest, replace(honest.item, ciphertext=bytes(data))))
    used: int = stage.prove(deal, stage.proof(deal, index))["gasUsed"]
    return used


SCENARIOS = [
    Scenario("escrow.deploy", None, "once, for all shops", _deploy),
    Scenario("escrow.checkout", 57_000, "a cart of one order", lambda scene: _checkout(scene, 1)),
    Scenario(
        "escrow.checkout_3", 126_000, "a cart of three orders, three sellers", lambda s: _checkout(s, 3)
    ),
    Scenario("escrow.ship", 33_000, "the seller ships", _ship),
    Scenario("escrow.confirm", 42_500, "the buyer confirms, the seller is paid", _confirm),
    Scenario("escrow.refund", None, "the seller gives back before shipping", _refund),
    Scenario(
        "escrow.dispute_and_rule", None, "dispute by the buyer, ruling: an equal split", _dispute_and_ruling
    ),
    Scenario("consent.grant", 53_000, "the customer grants", _grant),
    Scenario("consent.grantFor", 58_500, "anyone submits the signed grant", _grant_for),
    Scenario("consent.revoke", 30_000, "the customer withdraws, by the whole consent", _revoke),
    Scenario("consent.revokeFor", 36_000, "anyone submits that, signed", _revoke_for),
    Scenario("consent.revokeById", None, "the customer withdraws, by id", _revoke_by_id),
    Scenario("consent.revokeByIdFor", None, "anyone submits that, signed", _revoke_by_id_for),
    Scenario("exchange.honest_total", 165_000, "open, deliver and confirm: exact value, three paid", _honest),
    Scenario("exchange.honest_batch_100_each", 75_000, "the same, each of 100 in a batch", _honest_batch),
    Scenario("exchange.fault_wrong_key", 45_000, "proveFault: the key is wrong", _wrong_key),
    Scenario(
        "exchange.fault_wrong_chunk_1024", 95_000, "proveFault: one chunk of 1,024 is wrong", _wrong_chunk
    ),
]


def measure(chain: Anvil) -> dict[str, int]:
    """Gas by scenario key; every scenario begins on the same chain."""
    scene, found = Scene(chain), {}
    for scenario in SCENARIOS:
        with chain.undone():
            found[scenario.key] = scenario.measure(scene)
    return found


def deployments() -> dict[str, Any]:
    """Size in bytes of each product contract's code, by name (EIP-170 allows 24,576)."""
    from scripts import _abi

    return {
        name: (len(kind["runtimeBytecode"]["bytecode"]) - 2) // 2
        for name, kind in _abi.product_contracts().items()
    }
