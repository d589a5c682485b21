# SPDX-License-Identifier: Apache-2.0
"""The standing balance in the exchange contract: filled up for a custodian's deposits, drawn on by openings.

Deposits and refunds come back into it. What lies there for an hour pays for the next openings, so that a
consumer's ether does not pile up in the contract while its account runs dry. What may have come back later
than that is left alone: it may not be confirmed, and an opening that counts on it would revert.
"""

import sqlalchemy as sa

from faircart.agent.tools import Tools
from faircart.agent.work.done import moot
from faircart.agent.work.wanted import Decision, Wanted
from faircart.store import EffectRow, Work
from faircart.store import tables as t
from faircart.store.records import Exchange, Offer

IDLE_SECONDS = 3600
"""What came back before that is confirmed however long Ethereum takes."""
LONGEST_EXCHANGE = 9 * 86400
"""An exchange is over by then: the contract's longest windows are a day and a week."""


def fund(tools: Tools, effect: EffectRow) -> Decision:
    """Fills the standing balance up to what live offers, or the configuration at the start, ask for."""
    ctx = tools.ctx
    balance = int(tools.contracts.view(tools.ethereum, "DataExchange", "balanceOf", ctx.address))
    with tools.store.read() as work:
        exchange_id = bytes.fromhex(effect.body["exchange"])
        if effect.body["exchange"] and work.get(Exchange, exchange_id) is not None:
            return moot("it is opened")
        needed = _promised(tools, work) - _funds_under_way(work)
    missing = max(needed, ctx.custodian.standing_balance_wei if not effect.body["exchange"] else 0) - balance
    if missing <= 0:
        return moot("the standing balance suffices")
    return Wanted("DataExchange", "fund", (), missing)


def _funds_under_way(work: Work) -> int:
    return sum(
        int(effect.result.get("value", 0))
        for effect in work.outbox.by_state("running", lane="ethereum")
        if effect.kind == "fund"
    )


def _promised(tools: Tools, work: Work) -> int:
    """The deposits of all offers that may still be opened, as custodian."""
    return sum(
        int(offer.offer["terms"]["custodianDeposit"])
        for offer in work.find(Offer, custodian=tools.ctx.address, state="Offered")
        if offer.valid_until >= tools.clock.now() and work.get(Exchange, offer.exchange_id) is None
    )


def missing(tools: Tools, cost: int) -> int:
    """What of an opening's cost (wei) has to come from the account: what lies idle pays for the rest."""
    ctx = tools.ctx
    with tools.store.read() as work:
        kept = _may_have_come_back(tools, work) + _drawn_under_way(work)
        if ctx.is_custodian:
            kept += max(ctx.custodian.standing_balance_wei, _promised(tools, work))
    # Asked after the database: what came back in between belongs to what is left alone already.
    balance = int(tools.contracts.view(tools.ethereum, "DataExchange", "balanceOf", ctx.address))
    return cost - min(cost, max(0, balance - kept))


def _may_have_come_back(tools: Tools, work: Work) -> int:
    """The most that can have come into the balance within the last hour, confirmed or not."""
    now, row = tools.clock.now(), t.exchanges.c
    amounts = (row.reward, row.fee, row.custodian_deposit, row.consumer_deposit)
    query = sa.select(*amounts).where(
        row.opened_at > now - LONGEST_EXCHANGE - IDLE_SECONDS,
        sa.or_(row.closed_at == 0, row.closed_at > now - IDLE_SECONDS),
        sa.or_(row.consumer == tools.ctx.address, row.custodian == tools.ctx.address),
    )
    known = sum(sum(map(int, found)) for found in work.connection.execute(query))
    return known + sum(_all_of(offer) for offer, _ in _openings_under_way(work))


def _drawn_under_way(work: Work) -> int:
    """What openings that may not be mined yet draw."""
    return sum(max(0, _cost(offer) - value) for offer, value in _openings_under_way(work))


def _openings_under_way(work: Work) -> list[tuple[Offer, int]]:
    """The offers that are being opened, each with the value (wei) that was sent along."""
    found = []
    for effect in work.outbox.by_state("running", lane="ethereum"):
        if effect.kind != "open":
            continue
        offer = work.get(Offer, bytes.fromhex(effect.body["exchange"]))
        if offer is not None:
            found.append((offer, int(effect.result.get("value", 0))))
    return found


def _cost(offer: Offer) -> int:
    terms = offer.offer["terms"]
    return offer.reward + int(terms["fee"]) + int(terms["consumerDeposit"])


def _all_of(offer: Offer) -> int:
    return _cost(offer) + int(offer.offer["terms"]["custodianDeposit"])
