# SPDX-License-Identifier: Apache-2.0
"""People and papers for tests of the data exchange: who signs, and what they sign. Knows no provider."""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from eth_account import Account
from faircart.papers import Consent, Domain, Offer, Sealing, Terms, sign
from faircart.sealing import DocumentVersion, SealedItem, seal

ETHER = 10**18
GWEI = 10**9

HOUR = 3600
MINUTE = 60


@dataclass(frozen=True)
class Person:
    """Someone with a key of its own. `address` differs from the key's where an account signs by contract."""

    key: bytes
    address: str

    def at(self, address: str) -> "Person":
        """The same key, for the account at another address (a contract account)."""
        return replace(self, address=address)


def person(name: str) -> Person:
    """The person of this name: always the same one."""
    key = sha256(b"FairCart test person " + name.encode()).digest()
    return Person(key, Account.from_key(key).address)


@dataclass(frozen=True)
class Deal:
    """A consent and an offer with their signatures, and the item behind the offer."""

    consent: Consent
    offer: Offer
    offer_signature: bytes
    exchange_id: bytes
    item: SealedItem
    key: bytes
    pad: bytes

    @property
    def consent_id(self) -> bytes:
        """The consent's id in the registry's domain."""
        return self.offer.consent_id

    @property
    def sale(self) -> tuple[Any, ...]:
        """The offer as most calls take it, beside its terms."""
        offer = self.offer
        return (offer.consent_id, offer.customer, offer.reward, offer.sealing.hash_struct())

    @property
    def scope(self) -> tuple[Any, ...]:
        """The consent as `open` takes it: what the offer does not repeat of it."""
        consent = self.consent
        return (consent.data_root, consent.terms, consent.valid_until, consent.epoch)

    @property
    def papers(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Terms and sale, the arguments of most calls."""
        return self.offer.terms.abi(), self.sale

    @property
    def wrapped_key(self) -> bytes:
        """What an honest custodian delivers: key xor pad."""
        return bytes(a ^ b for a, b in zip(self.key, self.pad, strict=True))

    @property
    def consumer_pays(self) -> int:
        """Wei that the consumer locks."""
        return self.offer.reward + self.offer.terms.fee + self.offer.terms.consumer_deposit


@dataclass(frozen=True)
class Market:
    """The domains and the three parties; makes deals between them."""

    registry: Domain
    exchange: Domain
    customer: Person
    consumer: Person
    custodian: Person

    def terms(self, now: int, **changes: Any) -> Terms:
        """Ordinary terms: an hour to deliver, a day to respond, valid for an hour."""
        terms = Terms(
            consumer=self.consumer.address,
            custodian=self.custodian.address,
            fee=2 * 10**15,
            custodian_deposit=5 * 10**15,
            consumer_deposit=3 * 10**15,
            deliver_within=HOUR,
            respond_within=24 * HOUR,
            valid_until=now + HOUR,
        )
        return replace(terms, **changes)

    def deal(
        self,
        now: int,
        *,
        document: bytes = b'{"@type":"Order"}',
        reward: int = 10**16,
        consent_valid_until: int | None = None,
        epoch: int = 0,
        item: SealedItem | None = None,
        key: bytes | None = None,
        pad: bytes | None = None,
        number: int = 0,
        terms: Terms | None = None,
        **changes: Any,
    ) -> Deal:
        """A signed deal. `number` tells deals apart that are equal otherwise; `changes` are of the terms."""
        seed = number.to_bytes(8, "big")
        key = key or sha256(b"key" + seed).digest()
        pad = pad or sha256(b"pad" + seed).digest()
        version = None
        if item is None:
            version = DocumentVersion.make(document, _salts(document, seed))
            item = seal(version, key, pad)
        consent = Consent(
            customer=self.customer.address,
            consumer=self.consumer.address,
            custodian=self.custodian.address,
            data_root=item.data_root,
            terms=sha256(b"consent record" + seed).digest(),
            reward=reward,
            valid_until=consent_valid_until or now + 365 * 24 * HOUR,
            epoch=epoch,
        )
        offer = Offer(
            consent_id=consent.digest(self.registry),
            customer=consent.customer,
            reward=reward,
            terms=terms or self.terms(now, **changes),
            sealing=item.sealing,
        )
        return Deal(consent, offer, self.signed(offer), offer.digest(self.exchange), item, key, pad)

    def signed(self, offer: Offer) -> bytes:
        """The custodian's signature."""
        return sign(offer, self.exchange, self.custodian.key)

    def offered(self, deal: Deal, **changes: Any) -> Deal:
        """The same deal with an offer that differs in these fields, signed again."""
        offer = replace(deal.offer, **changes)
        return replace(
            deal, offer=offer, offer_signature=self.signed(offer), exchange_id=offer.digest(self.exchange)
        )

    def consent_signature(self, deal: Deal) -> bytes:
        """The customer's signature under the consent."""
        return sign(deal.consent, self.registry, self.customer.key)


def false_sealing(item: SealedItem, key: bytes, pad: bytes) -> Sealing:
    """What an offer says about an item that was tampered with."""
    return Sealing(item.item_root, sha256(key).digest(), sha256(pad).digest())


def _salts(document: bytes, seed: bytes) -> list[bytes]:
    count = -(-len(document) // 240)
    return [sha256(b"salt" + seed + index.to_bytes(4, "big")).digest()[:16] for index in range(count)]
