# SPDX-License-Identifier: Apache-2.0
"""A customer declines, asks for other terms, is told what is unknown."""

from dataclasses import replace

from faircart import documents
from faircart.canonical import commitment
from faircart.store.records import DataSet, Proposal

from tests.support.agents import Ethereum
from tests.support.citizens import (
    REWARD,
    Customer,
    exchange,
    ledgers,
    proposal,
    steps,
)
from tests.support.offices import Office, faircart, until


def test_a_request_for_an_unknown_category_or_purpose_is_refused(consumer: Office) -> None:
    rest = ["--notice", "n", "--reward", "1", "--valid-for", "3600", "-c", str(consumer.config)]
    purpose = "dpv:Marketing"
    said = faircart("request", "publish", "--category", "health", "--purpose", purpose, *rest, code=1)
    assert said.strip() == "Error: --category: 'health' is none of orders, preferences, profile"
    said = faircart("request", "publish", "--category", "orders", "--purpose", "fun", *rest, code=1)
    assert said.startswith("Error: --purpose: 'fun' is none of dpv:AcademicResearch, ")


def test_a_request_that_no_consent_record_could_answer_is_refused_by_name(consumer: Office) -> None:
    base = ["request", "publish", "-c", str(consumer.config), "--category", "orders"]
    base += ["--purpose", "dpv:Marketing", "--reward", "1", "--valid-for", "3600"]
    for wrong, said in (
        (["--notice", "n" * 301], "notice: at most 300 characters, none of them a control character"),
        (["--notice", "n", "--conditions", "two\nlines"], "conditions: at most 500 characters"),
        (["--notice", "n", "--retention-days", "100000"], "retentionDays: a number from 1 to 99999"),
        (["--notice", "n", "--valid-for", str(2**32)], "validFor: a number from 1 to 4294967295"),
        (["--notice", "n", "--reward", str(2**128)], "rewardWei: from 0 to 2**128 - 1 wei"),
        (["--notice", "n", "--category", "orders"], "categories: at least one, each once"),
        (["--notice", "n", "--processing", "dpv:Sell"], "processing: 'dpv:Sell' is none of dpv:Analyse, "),
        (["--notice", "n", *("--processing", "dpv:Use") * 2], "processing: say what is done with the data"),
        (
            ["--notice", "n", "--storage-location", "Mars"],
            "storageLocation: two capital letters, a country's",
        ),
        (["--notice", "n", "--jurisdiction", "eu"], "jurisdiction: two capital letters, a country's"),
    ):
        assert faircart(*base, *wrong, code=1).startswith(f"Error: {said}")
    longer = ["--notice", "n", "--retention-days", "2", "--open-for", str(2 * 86400 + 1)]
    assert "--open-for: at most as long as the data are kept, 172800 seconds" in faircart(
        *base, *longer, code=2
    )


def test_the_recipients_conditions_and_retention_are_shown_signed_and_kept(
    people: list[Customer], shop: Office, consumer: Office, ethereum: Ethereum
) -> None:
    person = people[7]
    consumer.run(
        *("request", "publish", "-c", str(consumer.config), "--category", "profile"),
        *("--purpose", "dpv:Marketing", "--notice", "https://consumer.example/2", "--reward", str(REWARD)),
        *("--valid-for", "86400", "--retention-days", "3", "--conditions", "Never combined with other data."),
        *("--storage-location", "US", "--jurisdiction", "CH", "--processing", "dpv:Store"),
        *("--processing", "dpv:Use"),
    )
    offered = proposal(person, shop, consumer, category="profile")
    shown = faircart("request", "list", *person.reading(shop))
    assert "The recipient's conditions: Never combined with other data." in shown
    assert "The notice stands at https://consumer.example/2." in shown
    assert "It keeps the data in US for 3 days after it gets them." in shown
    assert "The law of CH applies" in shown
    assert "It may: store, use." in shown
    consent_id = bytes.fromhex(person.rights(shop).accept(offered)[2:])
    until(lambda: exchange(consumer, consent_id).get("state") == "Settled", "the sale", shop, consumer)
    with consumer.tools.store.read() as work:
        [kept] = work.find(DataSet, consent_id=consent_id)
        bought = exchange(consumer, consent_id)["deliveredAt"]
    assert abs(kept.keep_until - bought - 3 * 86400) < 3600
    until(lambda: len(steps(person, shop, consent_id)) == 4, "four log entries", shop, consumer)
    lines = person.rights(shop).ledger(ledgers(ethereum, shop), 2**31)
    assert [line.status for line in lines] == ["verified"] * 4
    kept = "kept 3 days in US under the law of CH, to dpv:Store dpv:Use, notice https://consumer.example/2"
    assert all(kept in line.condition for line in lines)
    assert all(line.condition.endswith("conditions: Never combined with other data.") for line in lines)


def test_what_was_not_shown_under_an_id_cannot_be_accepted_under_it(
    people: list[Customer], request_id: str, shop: Office, consumer: Office
) -> None:
    person = people[8]
    shown = proposal(person, shop, consumer)
    terms = documents.consent_record(replace(shown.record, reward=1))
    cheaper = replace(shown.consent, reward=1, terms=commitment(terms))
    with shop.tools.store.write() as work:
        honest = work.get(Proposal, shown.id)
        assert honest is not None
        work.put(replace(honest, consent=cheaper.to_json(), terms=terms))
    accept = ("request", "accept", *person.signing(shop), shown.id)
    assert faircart(*accept, code=1).startswith("Error: the proposal's id is not that of its consent")
    with shop.tools.store.write() as work:
        work.put(honest)
    assert shown in person.rights(shop).proposals()
    assert shown.id == shown.consent.digest(shop.tools.ctx.domain("ConsentRegistry")).hex()


def test_a_customer_declines_and_is_not_asked_the_same_again(
    people: list[Customer], request_id: str, shop: Office, consumer: Office
) -> None:
    offered = proposal(people[2], shop, consumer)
    faircart("request", "decline", *people[2].signing(shop), offered.id)
    assert people[2].rights(shop).proposals() == []
    said = faircart("request", "decline", *people[3].signing(shop), offered.id, code=1)
    assert said == "Error: signature: it is not the customer's, so nothing was done\n"


def test_a_customer_asks_for_more_reward_and_less_time_and_the_consumer_agrees(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, ethereum: Ethereum
) -> None:
    person, wanted = people[3], 3 * REWARD // 2
    offered = proposal(person, shop, consumer)
    terms = ["--reward", str(wanted), "--valid-for", "43200"]
    faircart("request", "counter", *person.signing(shop), *terms, offered.id)
    agreed = proposal(person, shop, consumer, reward=wanted)
    assert agreed.record.valid_until - agreed.record.created == 43200
    consent_id = bytes.fromhex(person.rights(shop).accept(agreed)[2:])
    until(lambda: exchange(consumer, consent_id).get("state") == "Settled", "the sale", shop, consumer)
    assert ethereum.w3.eth.get_balance(person.address) == wanted


def test_what_the_consumer_does_not_agree_to_leaves_the_first_proposal_standing(
    people: list[Customer], request_id: str, shop: Office, consumer: Office
) -> None:
    person = people[4]
    offered = proposal(person, shop, consumer)
    person.rights(shop).counter(offered.id, 5 * REWARD, 86400)
    assert person.rights(shop).proposals() == []
    again = proposal(person, shop, consumer)
    assert again.id == offered.id
    assert [(one.reward, one.valid_for, one.reason) for one in again.refused] == [
        (5 * REWARD, 86400, "the reward is too high")
    ]
    shown = faircart("request", "list", *person.reading(shop))
    terms = f"{5 * REWARD} wei for 86400 seconds"
    assert f"Your other terms, {terms}, were refused: the reward is too high" in shown
