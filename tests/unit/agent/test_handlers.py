# SPDX-License-Identifier: Apache-2.0
"""What each enterprise does when an event, a stream item or a paper comes. Pure: no node, no database."""

from dataclasses import replace
from typing import Any

import pytest
from faircart import envelope, papers
from faircart.agent import asking
from faircart.agent.handlers import Ignore, Later, chain, streams
from faircart.agent.handlers import papers as on_paper
from faircart.agent.handlers.papers import PaperRefused
from faircart.agent.handlers.streams import StreamItem
from faircart.ethereum import events
from faircart.store.records import (
    CatalogEntry,
    Consent,
    Document,
    Exchange,
    Order,
    Paper,
    Participant,
    Proposal,
    Request,
    Withdrawal,
)

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
    SHOP_CONTEXT,
    STRANGER,
    Rows,
    at,
    consent_paper,
    context,
    delivered,
    granted,
    opened,
)

WANTED = asking.Wanted(
    ("orders",),
    "dpv:ServiceOptimisation",
    "notice-1",
    REWARD,
    86400,
    30,
    NOW + 3600,
    ("dpv:Store",),
    "EU",
    "EU",
)


def proposal(state: str = "Proposed") -> Proposal:
    return Proposal(
        "ab" * 32,
        REQUEST,
        CUSTOMER.address,
        CONSENT_ID,
        ROOT,
        "orders",
        consent_paper().to_json(),
        {},
        state,
    )


def request_row(state: str = "Open") -> Request:
    row = asking.new_request(CONSUMER.address, WANTED, envelope.new_request_key()[1])
    return replace(row, request_id=REQUEST, own=False, state=state)


def custodian_rows() -> Rows:
    rows = Rows().having(proposal("Accepted"), request_row())
    rows.take(chain.handle(SHOP_CONTEXT, rows, granted()))
    return rows


def exchange_at_consumer() -> Rows:
    rows = Rows()
    rows.take(chain.handle(CONSUMER_CONTEXT, rows, granted()))
    rows.take(chain.handle(CONSUMER_CONTEXT, rows, opened()))
    return rows


# --- consents and exchanges -------------------------------------------------------------------------------


def test_a_custodian_answers_a_grant_with_a_receipt_a_log_entry_and_an_offer() -> None:
    rows = Rows().having(proposal("Accepted"), request_row())
    kinds = rows.take(chain.handle(SHOP_CONTEXT, rows, granted()))
    assert kinds == ["accessEntry", "receipt", "makeOffer"]
    assert rows.get(Consent, CONSENT_ID).granted_at == NOW  # type: ignore[union-attr]


def test_a_custodian_makes_no_offer_for_a_request_that_is_closed() -> None:
    rows = Rows().having(proposal("Accepted"), request_row("Closed"))
    assert rows.take(chain.handle(SHOP_CONTEXT, rows, granted())) == ["accessEntry", "receipt"]


def test_a_consumer_only_notes_a_grant() -> None:
    rows = Rows()
    assert rows.take(chain.handle(CONSUMER_CONTEXT, rows, granted())) == []
    assert rows.get(Consent, CONSENT_ID) is not None


def test_strangers_keep_nothing_of_others_business() -> None:
    stranger, rows = context(STRANGER, custodian=True, consumer=True), Rows()
    for event in (granted(), opened(), delivered(), events.Confirmed(at(), EXCHANGE)):
        assert chain.handle(stranger, rows, event) == chain.Outcome()


def test_a_custodian_delivers_when_an_exchange_is_opened() -> None:
    rows = custodian_rows()
    assert rows.take(chain.handle(SHOP_CONTEXT, rows, opened())) == ["deliver", "accessEntry"]


def test_a_custodian_that_holds_a_signed_withdrawal_aborts_instead_of_delivering() -> None:
    rows = custodian_rows().having(Withdrawal(CONSENT_ID, NOW))
    assert rows.take(chain.handle(SHOP_CONTEXT, rows, opened())) == ["abort", "accessEntry"]


def test_an_opening_under_an_unknown_consent_is_an_error_and_not_a_delivery() -> None:
    with pytest.raises(chain.exchanges.ConsentMissing):
        chain.handle(SHOP_CONTEXT, Rows(), opened())


def test_a_consumer_cancels_one_second_after_the_deliver_window() -> None:
    rows = Rows()
    rows.take(chain.handle(CONSUMER_CONTEXT, rows, granted()))
    [cancel] = chain.handle(CONSUMER_CONTEXT, rows, opened()).effects
    assert (cancel.kind, cancel.not_before) == ("cancel", NOW + 3601)


def test_a_consumer_opens_the_item_when_the_key_is_delivered() -> None:
    rows = exchange_at_consumer()
    assert rows.take(chain.handle(CONSUMER_CONTEXT, rows, delivered())) == ["openItem"]
    assert rows.get(Exchange, EXCHANGE).wrapped_key == b"\x99" * 32  # type: ignore[union-attr]


def test_a_custodian_settles_one_second_after_the_respond_window() -> None:
    rows = custodian_rows()
    rows.take(chain.handle(SHOP_CONTEXT, rows, opened()))
    settle, entry = chain.handle(SHOP_CONTEXT, rows, delivered()).effects
    assert (settle.kind, settle.not_before, entry.kind) == ("settle", NOW + 86401, "accessEntry")


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (events.Confirmed(at(), EXCHANGE), "Settled"),
        (events.Settled(at(), EXCHANGE), "Settled"),
        (events.Conceded(at(), EXCHANGE), "Conceded"),
        (events.FaultProven(at(), EXCHANGE, 1, 7), "Faulted"),
        (events.Aborted(at(), EXCHANGE), "Aborted"),
        (events.Cancelled(at(), EXCHANGE, False), "Cancelled"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, events.Event) else value,
)
def test_however_an_exchange_ends_the_custodian_writes_it_down_and_destroys_the_keys(
    event: events.ExchangeEvent, state: str
) -> None:
    rows = custodian_rows()
    rows.take(chain.handle(SHOP_CONTEXT, rows, opened()))
    outcome = chain.handle(SHOP_CONTEXT, rows, event)
    assert rows.take(outcome) == ["accessEntry", "destroyKeys"]
    assert rows.get(Exchange, EXCHANGE).state == state  # type: ignore[union-attr]
    assert outcome.effects[0].body["step"] == state.lower()


def test_a_withdrawal_on_chain_ends_the_consent_and_aborts_what_waits_for_its_key() -> None:
    rows = custodian_rows()
    rows.take(chain.handle(SHOP_CONTEXT, rows, opened()))
    kinds = rows.take(
        chain.handle(SHOP_CONTEXT, rows, events.Revoked(at(NOW + 5), CONSENT_ID, CUSTOMER.address))
    )
    assert kinds == ["abort", "tellWithdrawal", "accessEntry"]
    assert rows.get(Consent, CONSENT_ID).ended_at == NOW + 5  # type: ignore[union-attr]


def test_a_withdrawal_of_everything_does_so_for_each_consent() -> None:
    rows = custodian_rows()
    rows.take(chain.handle(SHOP_CONTEXT, rows, opened()))
    everything = events.RevokedAll(at(NOW + 5), CUSTOMER.address, 0, 77)
    assert rows.take(chain.handle(SHOP_CONTEXT, rows, everything)) == [
        "abort",
        "tellWithdrawal",
        "accessEntry",
    ]
    assert rows.take(chain.handle(SHOP_CONTEXT, rows, everything)) == []


def test_a_consumer_aborts_after_grace_if_the_custodian_does_not() -> None:
    rows = exchange_at_consumer()
    outcome = chain.handle(CONSUMER_CONTEXT, rows, events.Revoked(at(NOW + 5), CONSENT_ID, CUSTOMER.address))
    assert [(effect.kind, effect.not_before) for effect in outcome.effects] == [
        ("abort", NOW + 5 + 601),
        ("obeyWithdrawal", 0),
    ]


def test_the_same_event_mined_in_another_block_has_the_same_effects() -> None:
    rows = custodian_rows()
    again = replace(opened(), at=at(NOW + 12, block=9))
    ids = [effect.effect_id for effect in chain.handle(SHOP_CONTEXT, rows, opened()).effects]
    assert ids == [effect.effect_id for effect in chain.handle(SHOP_CONTEXT, rows, again).effects]


# --- orders -----------------------------------------------------------------------------------------------


def document(root: bytes, **changes: Any) -> Document:
    values: dict[str, Any] = {
        "data_root": root,
        "customer": CUSTOMER.address,
        "category": "orders",
        "version": 1,
        "current": True,
        "size": 1024,
        "records": 1,
        "period_from": "2011-01-01",
        "period_to": "2011-01-02",
        "order_id": b"",
    }
    return Document(**{**values, **changes})


def order_rows() -> Rows:
    rows = Rows()
    order = b"\x0f" * 32
    funded = events.Funded(at(), order, CUSTOMER.address, SHOP.address, 5, b"\x01" * 32, NOW + 9)
    rows.take(chain.handle(SHOP_CONTEXT, rows, funded))
    return rows


def test_a_seller_claims_one_second_after_the_confirm_window() -> None:
    rows = order_rows()
    [claim] = chain.handle(SHOP_CONTEXT, rows, events.Shipped(at(), b"\x0f" * 32, NOW + 100)).effects
    assert (claim.kind, claim.not_before) == ("claim", NOW + 101)


def test_a_seller_takes_its_half_one_second_after_an_arbiter_kept_silent() -> None:
    rows = order_rows()
    disputed = events.Disputed(at(), b"\x0f" * 32, b"\x01" * 32, NOW + 100)
    [lapse] = chain.handle(SHOP_CONTEXT, rows, disputed).effects
    assert (lapse.kind, lapse.not_before) == ("lapse", NOW + 101)


def test_a_completed_order_makes_the_waiting_document_the_one_that_is_offered() -> None:
    rows = order_rows().having(
        document(b"\x01" * 32),
        document(b"\x02" * 32, current=False, version=0, order_id=b"\x0f" * 32),
        request_row(),
    )
    kinds = rows.take(chain.handle(SHOP_CONTEXT, rows, events.Completed(at(), b"\x0f" * 32, 5)))
    assert kinds == ["propose", "announce"]
    assert [(row.version, row.current) for row in rows.find(Document)] == [(1, False), (2, True)]
    assert rows.find(Order)[0].state == "Completed"


# --- stream items -----------------------------------------------------------------------------------------


def binding_item(who: Any, publisher: str, version: int = 1, **changes: Any) -> StreamItem:
    values: dict[str, Any] = {
        "chain_name": "faircart",
        "chain_id": 31337,
        "multichain_address": publisher,
        "hpke_key": envelope.encode_public_key(envelope.new_request_key()[1]),
        "version": version,
    }
    bound = papers.Binding(**{**values, **changes})
    signature = papers.sign(bound, SHOP_CONTEXT.domain("ConsentRegistry"), bytes(who.key))
    value = {"binding": bound.to_json(), "signature": "0x" + signature.hex()}
    return StreamItem("participants", "f0" * 32, 0, publisher, (publisher,), value)


def test_a_binding_counts_if_both_sides_made_it_and_a_consumer_lets_the_participant_write() -> None:
    rows = Rows()
    kinds = rows.take(streams.handle(CONSUMER_CONTEXT, rows, binding_item(SHOP, "1shop"), NOW))
    assert kinds == ["grantWrite"]
    assert rows.find(Participant, multichain_address="1shop")[0].address == SHOP.address


@pytest.mark.parametrize(
    "item",
    [
        replace(binding_item(SHOP, "1shop"), publisher="1thief"),
        binding_item(SHOP, "1shop", chain_name="other"),
        binding_item(SHOP, "1shop", chain_id=1),
        binding_item(SHOP, "1shop", hpke_key=b"\x01" * 32),
        replace(binding_item(SHOP, "1shop"), value={"binding": {}, "signature": "0x"}),
        replace(binding_item(SHOP, "1shop"), value=None),
    ],
    ids=["publisher", "chain name", "chain id", "suite", "fields", "no JSON"],
)
def test_a_binding_that_only_one_side_made_does_not_count(item: StreamItem) -> None:
    with pytest.raises(Ignore):
        streams.handle(SHOP_CONTEXT, Rows(), item, NOW)


def test_the_highest_version_of_a_binding_wins() -> None:
    rows = Rows()
    rows.take(streams.handle(SHOP_CONTEXT, rows, binding_item(SHOP, "1new", 2), NOW))
    with pytest.raises(Ignore, match="old version"):
        streams.handle(SHOP_CONTEXT, rows, binding_item(SHOP, "1old", 1), NOW)


def request_item(signer: Any = CONSUMER, publisher: str = "1consumer") -> StreamItem:
    row = asking.new_request(CONSUMER.address, WANTED, envelope.new_request_key()[1])
    return StreamItem(
        "requests", "f1" * 32, 0, publisher, (row.request_id.hex(),), asking.sign(row, bytes(signer.key))
    )


def with_consumer(*more: Any) -> Rows:
    key = envelope.encode_public_key(envelope.new_request_key()[1])
    return Rows().having(Participant(CONSUMER.address, "1consumer", key, 1), *more)


def test_a_request_is_laid_before_each_customer_with_a_document_of_that_category() -> None:
    rows = with_consumer(document(b"\x01" * 32), document(b"\x02" * 32, customer=STRANGER.address))
    kinds = rows.take(streams.handle(SHOP_CONTEXT, rows, request_item(), NOW))
    assert kinds == ["propose", "propose", "closeRequest"]


def test_a_request_of_somebody_who_has_not_bound_its_keys_waits() -> None:
    with pytest.raises(Later):
        streams.handle(SHOP_CONTEXT, Rows(), request_item(), NOW)


def catalog_item(publisher: str, **changes: Any) -> StreamItem:
    value = {"custodian": SHOP.address, "category": "orders", "documents": 3, **changes}
    return StreamItem("catalog", "f3" * 32, 0, publisher, ("aa" * 32,), value)


def test_a_consumer_keeps_a_custodians_newest_word_on_a_category_and_nobody_elses() -> None:
    key = envelope.encode_public_key(envelope.new_request_key()[1])
    rows = Rows().having(
        Participant(SHOP.address, "1shop", key, 1), Participant(STRANGER.address, "1thief", key, 1)
    )
    for count in (3, 5):
        rows.take(streams.handle(CONSUMER_CONTEXT, rows, catalog_item("1shop", documents=count), NOW))
    for item in (catalog_item("1thief"), catalog_item("1shop", category="x" * 99)):
        with pytest.raises(Ignore):
            streams.handle(CONSUMER_CONTEXT, rows, item, NOW)
    assert [entry.body["documents"] for entry in rows.find(CatalogEntry)] == [5]


def test_a_request_that_another_company_published_or_signed_does_not_count() -> None:
    for item in (request_item(publisher="1thief"), request_item(signer=STRANGER)):
        with pytest.raises(Ignore):
            streams.handle(SHOP_CONTEXT, with_consumer(), item, NOW)


def test_a_request_that_is_over_does_not_count() -> None:
    with pytest.raises(Ignore):
        streams.handle(SHOP_CONTEXT, with_consumer(), request_item(), NOW + 3600)


def test_a_request_altered_in_one_member_does_not_count() -> None:
    item = request_item()
    for name, value in (
        ("rewardWei", "1"),
        ("validFor", 1),
        ("notice", "other"),
        ("purpose", "dpv:Marketing"),
    ):
        altered = {**item.value, "request": {**item.value["request"], name: value}}
        with pytest.raises(Ignore, match="did not sign"):
            streams.handle(SHOP_CONTEXT, with_consumer(), replace(item, value=altered), NOW)


def test_an_envelope_is_opened_if_its_request_is_ours_and_open() -> None:
    rows = Rows().having(replace(request_row(), own=True))
    name = streams.names.envelopes_stream(CONSUMER.address)
    item = StreamItem(name, "f2" * 32, 0, "1shop", (REQUEST.hex(),), None)
    assert rows.take(streams.handle(CONSUMER_CONTEXT, rows, item, NOW)) == ["openEnvelope"]
    rows.having(replace(request_row(), own=True, state="Closed"))
    with pytest.raises(Ignore):
        streams.handle(CONSUMER_CONTEXT, rows, item, NOW)


# --- papers -----------------------------------------------------------------------------------------------


def test_a_consent_to_what_was_proposed_is_relayed_once() -> None:
    rows = Rows().having(proposal())
    kinds = rows.take(on_paper.consent(SHOP_CONTEXT, rows, "ab" * 32, consent_paper(), b"s" * 65, NOW))
    assert kinds == ["grantFor"]
    assert rows.take(on_paper.consent(SHOP_CONTEXT, rows, "ab" * 32, consent_paper(), b"s" * 65, NOW)) == []


@pytest.mark.parametrize(
    ("paper", "name", "status"),
    [
        (consent_paper(), "cd" * 32, 404),
        (consent_paper(reward=1), "ab" * 32, 422),
    ],
    ids=["unknown proposal", "another consent"],
)
def test_a_consent_to_something_else_is_refused(paper: papers.Consent, name: str, status: int) -> None:
    with pytest.raises(PaperRefused) as refused:
        on_paper.consent(SHOP_CONTEXT, Rows().having(proposal()), name, paper, b"s" * 65, NOW)
    assert refused.value.status == status


def test_a_consent_after_its_withdrawal_is_refused() -> None:
    rows = Rows().having(proposal(), Withdrawal(CONSENT_ID, NOW))
    with pytest.raises(PaperRefused) as refused:
        on_paper.consent(SHOP_CONTEXT, rows, "ab" * 32, consent_paper(), b"s" * 65, NOW)
    assert refused.value.status == 409


def test_a_withdrawal_binds_on_receipt_and_is_relayed() -> None:
    rows = custodian_rows()
    rows.take(chain.handle(SHOP_CONTEXT, rows, opened()))
    kinds = rows.take(on_paper.revocation(SHOP_CONTEXT, rows, consent_paper(), b"s" * 65, NOW + 1))
    assert kinds == ["revokeFor", "abort", "tellWithdrawal"]
    assert rows.get(Withdrawal, CONSENT_ID) == Withdrawal(CONSENT_ID, NOW + 1)
    assert rows.find(Proposal)[0].state == "Withdrawn"


def test_a_withdrawal_of_everything_binds_for_each_proposal_of_its_epoch() -> None:
    rows = Rows().having(proposal())
    paper = papers.RevocationOfAll(CUSTOMER.address, 0, 5)
    assert rows.take(on_paper.revocation_of_all(SHOP_CONTEXT, rows, paper, b"s" * 65, NOW)) == [
        "revokeAllFor"
    ]
    assert rows.get(Withdrawal, CONSENT_ID) is not None


def test_a_settlement_needs_the_quote_of_its_order() -> None:
    order = papers.Order(
        SHOP.address, CUSTOMER.address, STRANGER.address, 5, b"\x01" * 32, NOW, 3600, 3600, 3600, 1
    )
    rows = Rows()
    order_id = order.digest(SHOP_CONTEXT.domain("CheckoutEscrow"))
    settlement = papers.Settlement(order_id, 0, NOW)
    with pytest.raises(PaperRefused):
        on_paper.settlement(SHOP_CONTEXT, rows, settlement, b"s" * 65, NOW)
    rows.take(on_paper.quote(SHOP_CONTEXT, rows, order, b"s" * 65, NOW))
    assert rows.take(on_paper.settlement(SHOP_CONTEXT, rows, settlement, b"s" * 65, NOW)) == ["settleOrder"]
    assert {row.kind for row in rows.find(Paper)} == {"order", "settlement"}


def test_an_agent_submits_no_settlement_that_gives_the_shops_money_away() -> None:
    order = papers.Order(
        SHOP.address, CUSTOMER.address, STRANGER.address, 5, b"\x01" * 32, NOW, 3600, 3600, 3600, 1
    )
    rows = Rows()
    rows.take(on_paper.quote(SHOP_CONTEXT, rows, order, b"s" * 65, NOW))
    order_id = order.digest(SHOP_CONTEXT.domain("CheckoutEscrow"))
    for wei in (1, 5):
        with pytest.raises(PaperRefused, match="buyerAmount"):
            on_paper.settlement(SHOP_CONTEXT, rows, papers.Settlement(order_id, wei, NOW), b"s" * 65, NOW)
    with pytest.raises(PaperRefused, match="validUntil"):
        on_paper.settlement(SHOP_CONTEXT, rows, papers.Settlement(order_id, 0, NOW - 1), b"s" * 65, NOW)
