# SPDX-License-Identifier: Apache-2.0
"""What is mined may be confirmed a quarter of an hour later: until then nothing is given up or done twice."""

from dataclasses import replace
from typing import Any

import pytest
from faircart import papers
from faircart.agent import effects
from faircart.agent.chain_reader import apply
from faircart.agent.handlers import chain
from faircart.agent.tools import Tools
from faircart.agent.work import calls, consumer, custodian, obeying, policy
from faircart.agent.work.done import NotYet
from faircart.ethereum import events
from faircart.store import EffectRow
from faircart.store.records import DataSet, Offer, Request

from tests.unit.agent.test_handlers import request_row
from tests.unit.agent.world import (
    CONSENT_ID,
    CONSUMER,
    CONSUMER_CONTEXT,
    CUSTOMER,
    EXCHANGE,
    NOW,
    REQUEST,
    REWARD,
    ROOT,
    SHOP,
    Rows,
    at,
    consent_paper,
    granted,
    opened,
)


def offer(exchange_id: bytes = EXCHANGE, **changes: Any) -> Offer:
    terms = papers.Terms(CONSUMER.address, SHOP.address, 10**13, 10**15, 10**14, 3600, 86400, NOW)
    paper = papers.Offer(
        CONSENT_ID, CUSTOMER.address, REWARD, terms, papers.Sealing(bytes(32), bytes(32), bytes(32))
    )
    row = Offer(
        exchange_id, CONSENT_ID, REQUEST, 0, CUSTOMER.address, CONSUMER.address, SHOP.address, ROOT, REWARD,
        paper.to_json(), consent_paper().to_json(), b"", "items", "key", "orders", NOW, "Offered", "",
    )  # fmt: skip
    return replace(row, **changes)


def effect(tools: Tools, wanted: effects.Effect) -> EffectRow:
    with tools.store.write() as work:
        work.add([wanted])
        work.flush()
        row = work.outbox.get(wanted.effect_id)
    assert row is not None
    return row


def test_the_keys_of_an_offer_are_kept_while_its_opening_is_mined_and_not_confirmed(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tools.store.write() as work:
        work.put(offer())
        tools.secrets.put(work, "key", EXCHANGE.hex(), b"k" * 32)
    expire = effect(tools, effects.expire_offer(tools.ctx, EXCHANGE, NOW))
    monkeypatch.setattr(calls, "state_on_chain", lambda *_: 1)
    with pytest.raises(NotYet, match="not confirmed"):
        custodian.expire_offer(tools, expire)
    monkeypatch.setattr(calls, "state_on_chain", lambda *_: calls.NOT_OPENED)
    assert ("key", EXCHANGE.hex()) in custodian.expire_offer(tools, expire).destroy


def test_a_consumer_does_not_buy_again_while_an_opening_is_under_way_however_old_the_offer(
    tools: Tools,
) -> None:
    first, second = offer(state="Accepted", valid_until=NOW - 900), offer(b"\x02" * 32, state="Received")
    opening = effects.exchange_call(tools.ctx, EXCHANGE, "open")
    with tools.store.write() as work:
        work.put(first)
        work.put(second)
        work.add([opening])
        work.flush()
        work.outbox.begin(opening.effect_id)

        def may_be_opened(other: Offer) -> bool:
            return consumer._may_be_opened(tools, work, NOW, other)

        with pytest.raises(policy.Refused, match="being opened"):
            policy.check_purchase(CONSUMER_CONTEXT, work, second, may_be_opened, 0)
        work.outbox.finish(opening.effect_id, {"moot": "the offer expired"})
        policy.check_purchase(CONSUMER_CONTEXT, work, second, may_be_opened, 0)


def test_the_budget_of_a_day_counts_what_was_spent_and_what_is_being_opened(tools: Tools) -> None:
    waiting, wanted = offer(state="Accepted"), offer(b"\x02" * 32, request_id=b"\x09" * 32)
    wanted = replace(wanted, consent_id=b"\x08" * 32)
    budget = 3 * policy.cost(wanted)
    ctx = replace(
        CONSUMER_CONTEXT,
        consumer=CONSUMER_CONTEXT.consumer.model_copy(update={"budget_per_day_wei": budget}),
    )
    rows = Rows().having(waiting, wanted)
    policy.check_purchase(ctx, rows, wanted, lambda _: True, policy.cost(wanted))
    with pytest.raises(policy.Refused, match="budget"):
        policy.check_purchase(ctx, rows, wanted, lambda _: True, policy.cost(wanted) + 1)


def test_a_purchase_counts_for_the_budget_for_a_day_unless_it_ended_unpaid(tools: Tools) -> None:
    ours = replace(tools, ctx=CONSUMER_CONTEXT)
    with tools.store.write() as work:
        for event in (granted(), opened()):
            apply(work, chain.handle(CONSUMER_CONTEXT, work, event))
        work.flush()
        cost = REWARD + 10**13
        assert consumer._spent(ours, work, NOW + 100) == cost
        assert consumer._spent(ours, work, NOW + policy.DAY) == 0
        apply(work, chain.handle(CONSUMER_CONTEXT, work, events.Conceded(at(), EXCHANGE)))
        work.flush()
        assert consumer._spent(ours, work, NOW + 100) == 0


def test_after_the_retention_neither_the_data_nor_what_gives_them_again_is_left(tools: Tools) -> None:
    with tools.store.write() as work:
        work.put(replace(request_row(), own=True))
        work.put(offer())
        work.put(DataSet(EXCHANGE, CONSENT_ID, "orders", 9, True, True, NOW))
        for kind in ("data", "pad"):
            tools.secrets.put(work, kind, EXCHANGE.hex(), b"x" * 32)
    wanted = effect(tools, effects.expire_data(tools.ctx, EXCHANGE, NOW))
    waiting = effects.open_envelope(tools.ctx, REQUEST, "ab" * 32, 0)
    effect(tools, waiting)
    with pytest.raises(NotYet, match="envelopes of the same request are still to be opened"):
        obeying.expire_data(tools, wanted)
    with tools.store.write() as work:
        work.outbox.finish(waiting.effect_id, {})
    done = obeying.expire_data(tools, wanted)
    secrets = {("data", EXCHANGE.hex()), ("pad", EXCHANGE.hex()), ("request", REQUEST.hex())}
    assert set(done.destroy) == secrets
    assert [row.state for row in done.outcome.changes if isinstance(row, Request)] == ["Closed"]
    assert [row.size for row in done.outcome.changes if isinstance(row, DataSet)] == [0]


def test_a_consumer_forgets_the_pad_a_day_after_an_exchange_that_brought_it_nothing() -> None:
    rows = Rows()
    for event in (granted(), opened()):
        rows.take(chain.handle(CONSUMER_CONTEXT, rows, event))
    for ended in (events.Settled, events.Conceded, events.Aborted):
        [forget] = chain.handle(CONSUMER_CONTEXT, rows, ended(at(NOW + 9), EXCHANGE)).effects
        assert (forget.kind, forget.not_before) == ("forgetPad", NOW + 9 + 86400)
    # What was confirmed is kept, and its pad is destroyed with it.
    assert chain.handle(CONSUMER_CONTEXT, rows, events.Confirmed(at(), EXCHANGE)).effects == ()
