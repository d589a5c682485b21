# SPDX-License-Identifier: Apache-2.0
"""Offers as the calls of DataExchange take them, and as people read what becomes of them."""

from typing import Any

from faircart.papers import Consent, Offer

from scripts._tx import ether


def scope(consent: Consent) -> tuple[Any, ...]:
    """A consent as `open` takes it: what the offer does not repeat."""
    return (consent.data_root, consent.terms, consent.valid_until, consent.epoch)


def sale(offer: Offer) -> tuple[Any, ...]:
    """An offer as most calls take it, beside its terms."""
    return (offer.consent_id, offer.customer, offer.reward, offer.sealing.hash_struct())


def pays(offer: Offer) -> int:
    """Wei that the consumer locks."""
    return offer.reward + offer.terms.fee + offer.terms.consumer_deposit


def locks(offer: Offer) -> str:
    """What opening does."""
    return (
        f"{ether(offer.reward)} for {offer.customer}, {ether(offer.terms.fee)} for {offer.terms.custodian} "
        f"and the deposit of {ether(offer.terms.consumer_deposit)} are locked, and "
        f"{ether(offer.terms.custodian_deposit)} of the custodian's."
    )


def settles(paper: Offer) -> str:
    """What a confirmation does."""
    return (
        f"{paper.customer} is paid {ether(paper.reward)}; {paper.terms.custodian} gets "
        f"{ether(paper.terms.fee + paper.terms.custodian_deposit)} and {paper.terms.consumer} "
        f"{ether(paper.terms.consumer_deposit)} into their standing balances. This is final."
    )


def settles_without_response(paper: Offer) -> str:
    """What a settlement after silence does."""
    return (
        f"{paper.customer} is paid {ether(paper.reward + paper.terms.consumer_deposit)}; "
        f"{paper.terms.custodian} gets {ether(paper.terms.fee + paper.terms.custodian_deposit)} into its "
        "standing balance. This is final."
    )


def all_to_consumer(paper: Offer) -> str:
    """What a concession or a proven fault does."""
    return (
        f"{paper.terms.consumer} gets back {ether(pays(paper))} and the deposit of "
        f"{ether(paper.terms.custodian_deposit)}. This is final."
    )


def all_back(paper: Offer) -> str:
    """What an abort does."""
    return (
        f"{paper.terms.consumer} gets back {ether(pays(paper))}, {paper.terms.custodian} its deposit of "
        f"{ether(paper.terms.custodian_deposit)}. This is final."
    )


def cancels(paper: Offer) -> str:
    """What a cancellation does."""
    return (
        f"{paper.terms.consumer} gets back {ether(pays(paper))}, and the custodian's deposit of "
        f"{ether(paper.terms.custodian_deposit)} too unless the consent ended inside the window. "
        "This is final."
    )
