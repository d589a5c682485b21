# SPDX-License-Identifier: Apache-2.0
"""What a consumer accepts. Pure, but for reading rows."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from faircart import canonical, documents, papers
from faircart.agent.context import Context
from faircart.agent.handlers import View
from faircart.errors import FairCartError
from faircart.store.records import Exchange, Offer, Request

DAY = 86400
UNPAID = ("Aborted", "Cancelled", "Conceded", "Faulted")
"""The states of an exchange in which the consumer paid nothing in the end."""
BOUNDS = {"deliver": (600, DAY), "respond": (600, 7 * DAY)}
"""The contract's bounds of the two windows, seconds."""
MARGIN = 300
"""Seconds beside twice the confirmation time that a window has to last: a fault is proven at half of it."""


class Refused(FairCartError):
    """An offer that this consumer does not take; the message says why."""


def check_offer(
    ctx: Context,
    request: Request,
    consent: papers.Consent,
    consent_id: bytes,
    offer: papers.Offer,
    record: dict[str, Any],
    pad: bytes,
    agreed: int = 0,
) -> None:
    """Whether the offer is for this consent, the consent for our request, and both within policy.

    `agreed` is the highest reward (wei) that we agreed to with this customer beyond the request's.
    """
    wanted = ctx.consumer
    terms = offer.terms
    said = documents.read_consent_record(record)
    category, purpose = said.category, said.purpose
    checks = (
        (
            canonical.commitment(record) == consent.terms,
            "the consent record is not what the consent commits to",
        ),
        (
            (said.customer, said.consumer, said.custodian)
            == (consent.customer, consent.consumer, consent.custodian),
            "the consent record names other parties than the consent",
        ),
        (
            (said.reward, said.valid_until) == (consent.reward, consent.valid_until),
            "the consent record says another reward or end than the consent",
        ),
        (category in request.categories, "the category was not asked for"),
        (category in wanted.categories, "the category is not in consumer.categories"),
        (purpose == request.purpose, "the purpose is not the request's"),
        (
            (said.notice_version, said.conditions, said.retention_days)
            == tuple(request.body[name] for name in ("notice", "conditions", "retentionDays")),
            "notice, conditions or retention in the consent record are not the request's",
        ),
        (
            (list(said.processing), said.storage_location, said.jurisdiction)
            == tuple(request.body[name] for name in ("processing", "storageLocation", "jurisdiction")),
            "processing, storage location or jurisdiction in the consent record are not the request's",
        ),
        (not wanted.purposes or purpose in wanted.purposes, "the purpose is not in consumer.purposes"),
        (consent.consumer == ctx.address == terms.consumer, "the offer is for another consumer"),
        (consent.custodian == terms.custodian, "the offer is another custodian's than the consent's"),
        (offer.consent_id == consent_id, "the offer names another consent"),
        (offer.customer == consent.customer, "the offer names another customer"),
        (
            offer.reward == consent.reward <= max(request.reward, agreed),
            "the reward is not the one asked for",
        ),
        (offer.reward <= wanted.max_reward_wei, "the reward is above consumer.max_reward_wei"),
        (terms.fee <= wanted.max_fee_wei, "the fee is above consumer.max_fee_wei"),
        (terms.consumer_deposit <= wanted.max_deposit_wei, "the deposit is above consumer.max_deposit_wei"),
        (
            terms.custodian_deposit >= wanted.min_custodian_deposit_wei,
            "the custodian's deposit is below consumer.min_custodian_deposit_wei",
        ),
        (
            terms.respond_within >= 2 * ctx.confirmation_seconds + MARGIN or not ctx.confirmation_seconds,
            "the respond window is too short to answer in after the delivery is confirmed",
        ),
        (_within("deliver", terms.deliver_within), "the deliver window is out of bounds"),
        (_within("respond", terms.respond_within), "the respond window is out of bounds"),
        (pad_matches(offer.sealing, pad), "the pad is not the one that the offer commits to"),
    )
    for holds, reason in checks:
        if not holds:
            raise Refused(reason)


def check_purchase(
    ctx: Context, view: View, offer: Offer, opening: Callable[[Offer], bool], spent: int
) -> None:
    """At most one exchange for consent, request, customer and category, unless unpaid; the budget holds.

    `opening` says whether the opening of an accepted offer may still be mined or confirmed, `spent` what the
    exchanges of the last 24 hours cost (wei).
    """
    for other in view.find(Offer, customer=offer.customer):
        same = other.consent_id == offer.consent_id or (
            other.request_id == offer.request_id and other.category == offer.category
        )
        if not same or other.exchange_id == offer.exchange_id:
            continue
        exchange = view.get(Exchange, other.exchange_id)
        if exchange is None and other.state == "Accepted" and opening(other):
            raise Refused("another offer for the same data is being opened")
        if exchange is not None and exchange.state not in UNPAID:
            raise Refused("the same data were bought")
    accepted = sum(
        cost(other)
        for other in view.find(Offer, state="Accepted")
        if view.get(Exchange, other.exchange_id) is None and opening(other)
    )
    if spent + accepted + cost(offer) > ctx.consumer.budget_per_day_wei:
        raise Refused("consumer.budget_per_day_wei is spent")


def cost(offer: Offer) -> int:
    """What an offer costs its consumer in the end, wei: reward and fee."""
    return offer.reward + int(offer.offer["terms"]["fee"])


def pad_matches(sealing: papers.Sealing, pad: bytes) -> bool:
    """Whether `pad` is the one that the offer's padHash commits to."""
    return sha256(pad).digest() == sealing.pad_hash


def _within(window: str, seconds: int) -> bool:
    low, high = BOUNDS[window]
    return low <= seconds <= high
