# SPDX-License-Identifier: Apache-2.0
"""Signed papers as they come by the HTTP API, their signatures already checked.

A withdrawal binds from its receipt on.
"""

from dataclasses import replace

from faircart import papers
from faircart.agent import effects
from faircart.agent.context import Context
from faircart.agent.handlers import consents, rights
from faircart.agent.handlers.outcome import Outcome, PaperRefused, View
from faircart.store.records import Consent, Customer, Paper, Proposal, Record, Withdrawal


def consent(
    ctx: Context, view: View, proposal_id: str, paper: papers.Consent, signature: bytes, now: int
) -> Outcome:
    """A customer consents to exactly what was proposed: the agent relays it."""
    proposal = view.get(Proposal, proposal_id)
    consent_id = paper.digest(ctx.domain("ConsentRegistry"))
    if proposal is None:
        raise PaperRefused(404, "proposal: there is no such proposal")
    if proposal.consent_id != consent_id:
        raise PaperRefused(422, "consent: this is not the consent that was proposed")
    if proposal.state == "Accepted" and view.get(Paper, consent_id) is not None:
        return Outcome()
    if proposal.state != "Proposed" or view.get(Withdrawal, consent_id) is not None:
        raise PaperRefused(409, f"proposal: it is {proposal.state.lower()}")
    if paper.valid_until <= now:
        raise PaperRefused(409, "consent.validUntil: it is over")
    rights.granular(view, proposal, now)
    stored = Paper(consent_id, "consent", paper.customer, paper.to_json(), signature, now)
    return Outcome((stored, replace(proposal, state="Accepted")), (effects.grant_for(ctx, consent_id),))


def revocation(ctx: Context, view: View, paper: papers.Consent, signature: bytes, now: int) -> Outcome:
    """A customer withdraws one consent, submitted or not; from now on nothing is delivered under it.

    Of another custodian's consents any agent relays the withdrawal, once the registry is seen to hold them.
    """
    consent_id = paper.digest(ctx.domain("ConsentRegistry"))
    withdrawal = papers.Revocation(consent_id)
    if (
        paper.custodian == ctx.address
        and view.get(Consent, consent_id) is None
        and not view.find(Proposal, consent_id=consent_id)
    ):
        # Else anybody could have us pay the gas, and a paper that was altered would seem to be withdrawn.
        raise PaperRefused(404, f"consent: no consent 0x{consent_id.hex()} was proposed or granted here")
    digest = withdrawal.digest(ctx.domain("ConsentRegistry"))
    body = {"consent": paper.to_json()}
    stored = Paper(digest, "revocation", paper.customer, body, signature, now)
    outcome = Outcome((stored,), (effects.revoke_for(ctx, consent_id, digest),))
    return outcome + _withdraw(ctx, view, consent_id, now)


def revocation_of_all(
    ctx: Context, view: View, paper: papers.RevocationOfAll, signature: bytes, now: int
) -> Outcome:
    """A customer withdraws everything of its current epoch."""
    if not view.find(Consent, customer=paper.customer):
        _known(view, paper.customer)
    digest = paper.digest(ctx.domain("ConsentRegistry"))
    stored = Paper(digest, "revocationOfAll", paper.customer, paper.to_json(), signature, now)
    outcome = Outcome((stored,), (effects.revoke_all_for(ctx, digest),))
    ids = set()
    for proposal in view.find(Proposal, customer=paper.customer):
        if papers.Consent.from_json(proposal.consent).epoch == paper.epoch:
            ids.add(proposal.consent_id)
    for consent_id in sorted(ids):
        outcome += _withdraw(ctx, view, consent_id, now)
    return outcome


def quote(ctx: Context, view: View, paper: papers.Order, signature: bytes, now: int) -> Outcome:  # noqa: ARG001
    """A quote of ours: with it the agent can claim and settle the order."""
    if paper.seller != ctx.address:
        raise PaperRefused(422, "order.seller: this is another enterprise")
    order_id = paper.digest(ctx.domain("CheckoutEscrow"))
    return Outcome((Paper(order_id, "order", paper.seller, paper.to_json(), signature, now),))


def settlement(ctx: Context, view: View, paper: papers.Settlement, signature: bytes, now: int) -> Outcome:
    """A buyer releases one of our orders: the agent submits it.

    Only a settlement of nothing for the buyer: submitting is agreeing, and an agent gives nothing away.
    """
    buyer = buyer_of(view, paper)
    if paper.buyer_amount:
        raise PaperRefused(
            422,
            "settlement.buyerAmount: only a release, a settlement of 0 for the buyer, is submitted here; "
            "agree on anything else with the shop, which settles by itself",
        )
    if paper.valid_until < now:
        raise PaperRefused(409, "settlement.validUntil: it is over")
    digest = paper.digest(ctx.domain("CheckoutEscrow"))
    stored = Paper(digest, "settlement", buyer, paper.to_json(), signature, now)
    return Outcome((stored,), (effects.order_call(ctx, paper.order_id, "settleOrder", paper=digest),))


def buyer_of(view: View, paper: papers.Settlement) -> str:
    """Whose signature a settlement needs. Raises PaperRefused."""
    known = view.get(Paper, paper.order_id)
    if known is None or known.kind != "order":
        raise PaperRefused(404, "settlement.orderId: the quote of this order is not known here")
    return papers.Order.from_json(known.body).buyer


def _known(view: View, customer: str) -> None:
    # Whoever makes accounts at will could otherwise have us pay the gas for withdrawals of nothing.
    if view.get(Customer, customer) is None and not view.find(Proposal, customer=customer):
        raise PaperRefused(
            404, "customer: nothing is held about this account, so there is nothing to withdraw"
        )


def _withdraw(ctx: Context, view: View, consent_id: bytes, now: int) -> Outcome:
    known = view.get(Withdrawal, consent_id)
    rows: tuple[Record, ...] = () if known else (Withdrawal(consent_id, now),)
    proposals = view.find(Proposal, consent_id=consent_id)
    rows += tuple(replace(proposal, state="Withdrawn") for proposal in proposals)
    return Outcome(rows) + consents.stop_exchanges(ctx, view, consent_id, now)
