# SPDX-License-Identifier: Apache-2.0
"""What the agent pays for others: customers' papers, within `ethereum.gas_budget_per_day_wei`.

A withdrawal that concerns something signed or granted here is never held up by the budget, since withdrawing
must not be harder than consenting. Anybody can sign any number of others; those count.
"""

import sqlalchemy as sa

from faircart import papers
from faircart.agent.handlers.outcome import PaperRefused
from faircart.agent.tools import Tools
from faircart.agent.work.done import NotYet
from faircart.ethereum.errors import NodeUnreachable
from faircart.store import EffectRow, Work
from faircart.store import tables as t
from faircart.store.records import Consent, Paper, Proposal

RELAYED = ("grantFor", "revokeFor", "revokeAllFor", "settleOrder")
DAY = 86400
PAUSE_SECONDS = 60
GRANT_GAS = 70_000
"""About what a `grantFor` uses."""


class BudgetSpent(NotYet):
    """The day's budget for relaying is spent."""

    def __init__(self) -> None:
        super().__init__("ethereum.gas_budget_per_day_wei is spent", PAUSE_SECONDS)


def within_budget(tools: Tools, effect: EffectRow, cost: int) -> None:
    """Raises BudgetSpent if `cost` (wei) more for this effect is too much for today."""
    if effect.kind not in RELAYED:
        return
    with tools.store.read() as work:
        if effect.kind.startswith("revoke") and _withdraws_something(work, effect):
            return
        if spent(work, tools.clock.now()) + cost > tools.config.ethereum.gas_budget_per_day_wei:
            raise BudgetSpent


def require_grantable(tools: Tools, consent: papers.Consent) -> None:
    """Refuses a consent that could not be relayed, before it is taken. Raises PaperRefused.

    If the node does not answer, the consent is taken: what has to be found out is found out later.
    """
    try:
        epoch = int(tools.contracts.view(tools.ethereum, "ConsentRegistry", "epochOf", consent.customer))
        head = tools.ethereum.head()
    except NodeUnreachable:
        return
    if epoch != consent.epoch:
        raise PaperRefused(409, "consent.epoch: everything of this epoch was withdrawn")
    with tools.store.read() as work:
        used = spent(work, tools.clock.now())
    price = 0 if head is None else head.base_fee
    if used + GRANT_GAS * price > tools.config.ethereum.gas_budget_per_day_wei:
        raise PaperRefused(
            503,
            "consent: this enterprise has spent what it pays for relaying in a day; nothing was done; "
            "send it again tomorrow, or submit the consent yourself",
        )


def spent(work: Work, now: int) -> int:
    """What relaying cost in the last 24 hours, or may still cost, wei."""
    recent = sa.or_(t.transactions.c.sent_at > now - DAY, t.transactions.c.state == "signed")
    return sum(work.connection.execute(sa.select(t.transactions.c.cost).where(recent)).scalars())


def _withdraws_something(work: Work, effect: EffectRow) -> bool:
    if effect.kind == "revokeFor":
        consent_id = bytes.fromhex(effect.body["consent"])
        return work.get(Consent, consent_id) is not None or bool(work.find(Proposal, consent_id=consent_id))
    paper = work.get(Paper, bytes.fromhex(effect.body["paper"]))
    if paper is None:
        return False
    epoch = paper.body["epoch"]
    proposals = work.find(Proposal, customer=paper.signer)
    return any(proposal.consent["epoch"] == epoch for proposal in proposals)
