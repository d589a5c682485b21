# SPDX-License-Identifier: Apache-2.0
"""Two companies, three customers: asked, consented, sealed, paid for, decrypted, confirmed."""

import json
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from faircart.agent.client import CustomerClient, NotKnownHere
from faircart.canonical import canonical
from faircart.multichain import names

from tests.support.agents import FAIRCART, Enterprise, Ethereum, Shopper, Streams, wait_for
from tests.support.documents import orders

REWARD = 10**15
FEE = 10**13
CONSUMER_DEPOSIT = 10**14
CUSTODIAN_DEPOSIT = 10**15
STANDING_BALANCE = 10**16
PEOPLE = [Shopper(number) for number in range(3)]
DOCUMENTS = {person.address: orders(person.number, items=3 + 40 * person.number) for person in PEOPLE}


@pytest.fixture(scope="module")
def market(
    folder: Path, ethereum: Ethereum, streams: Streams, shop: Enterprise, consumer: Enterprise
) -> dict[str, Any]:
    """The whole story, told once; the tests look at what it left behind."""
    lines = folder / "documents.jsonl"
    lines.write_text("\n".join(person.import_line(DOCUMENTS[person.address]) for person in PEOPLE))
    assert json.loads(shop.run("import", "-c", str(shop.config), str(lines))) == {"imported": 3}
    asked = consumer.run(
        *("request", "publish", "-c", str(consumer.config), "--category", "orders"),
        *("--purpose", "https://w3id.org/dpv#ServiceOptimisation", "--notice", "notice-1"),
        *("--reward", str(REWARD), "--valid-for", "86400"),
    )
    for person in PEOPLE:
        [proposal] = wait_for(person.client(shop).proposals, "a proposal")
        assert canonical(proposal.document) == canonical(DOCUMENTS[person.address])
        person.client(shop).accept(proposal)
    wait_for(lambda: len(closed(ethereum)) == 3, "three settlements")
    for person in PEOPLE:
        client = person.client(shop)
        wait_for(partial(has_entries, client, 4), "four log entries")
    status = wait_for(lambda: settled(consumer), "the consumer to have settled three exchanges")
    return {"request": json.loads(asked)["request"], "status": status}


def has_entries(client: CustomerClient, count: int) -> bool:
    return len(client.access_log()) == count


def closed(ethereum: Ethereum) -> list[tuple[str, dict[str, Any]]]:
    return [event for event in ethereum.events("DataExchange") if event[0] == "Confirmed"]


def settled(consumer: Enterprise) -> dict[str, Any] | None:
    status = consumer.status()
    done = [entry for entry in status["exchanges"] if entry["state"] == "Settled" and entry["stored"]]
    return status if len(done) == 3 else None


def test_each_customer_gets_its_reward_and_nobody_else_loses_or_gains_a_wei_beside_it_and_gas(
    market: dict[str, Any], ethereum: Ethereum, shop: Enterprise, consumer: Enterprise
) -> None:
    exchange = ethereum.contracts["DataExchange"]
    assert [ethereum.w3.eth.get_balance(person.address) for person in PEOPLE] == [REWARD] * 3
    standing = exchange.functions.balanceOf
    assert standing(shop.address).call() == STANDING_BALANCE + 3 * FEE
    assert standing(consumer.address).call() == 3 * CONSUMER_DEPOSIT
    held = ethereum.w3.eth.get_balance(exchange.address)
    assert held == STANDING_BALANCE + 3 * FEE + 3 * CONSUMER_DEPOSIT


def test_the_chain_saw_each_step_of_each_exchange_once(market: dict[str, Any], ethereum: Ethereum) -> None:
    assert Counter(name for name, _ in ethereum.events("ConsentRegistry")) == {"Granted": 3}
    assert Counter(name for name, _ in ethereum.events("DataExchange")) == {
        "Funded": 1,
        "Opened": 3,
        "Delivered": 3,
        "Confirmed": 3,
    }


def test_every_stream_holds_exactly_the_items_of_the_story(
    market: dict[str, Any], streams: Streams, shop: Enterprise, consumer: Enterprise
) -> None:
    ours = consumer.address
    counts = {
        name: len(streams.items(name))
        for name in (
            names.PARTICIPANTS,
            names.CATALOG,
            names.REQUESTS,
            names.RECEIPTS,
            names.ACCESSLOG,
            names.ERASURES,
            names.items_stream(ours, "orders"),
            names.envelopes_stream(ours),
        )
    }
    assert list(counts.values()) == [2, 1, 1, 3, 12, 0, 3, 3]


def test_the_consumer_holds_the_very_documents_that_the_customers_consented_to(
    market: dict[str, Any], consumer: Enterprise, folder: Path
) -> None:
    out = folder / "received"
    assert json.loads(consumer.run("export", "-c", str(consumer.config), "--out", str(out))) == {
        "exported": 3
    }
    by_exchange = {entry["id"]: entry["customer"] for entry in market["status"]["exchanges"]}
    received = {by_exchange[path.stem]: path.read_bytes() for path in out.iterdir()}
    assert received == {address: canonical(document) for address, document in DOCUMENTS.items()}


def test_a_customer_reads_every_step_in_its_access_log(
    market: dict[str, Any], shop: Enterprise, consumer: Enterprise
) -> None:
    person = PEOPLE[0]
    entries = person.client(shop).access_log()
    assert [entry["step"] for entry in entries] == ["granted", "opened", "delivered", "settled"]
    assert entries[1]["who"] == f"consumer {consumer.address}"
    assert entries[2]["who"] == f"custodian {shop.address}"
    assert {entry["purpose"] for entry in entries} == {"dpv:ServiceOptimisation"}
    assert all(entry["evidence"]["streamItem"] for entry in entries)


def test_nobody_else_can_read_the_access_log(market: dict[str, Any], shop: Enterprise) -> None:
    somebody = Shopper(99)
    curious = somebody.client(shop)
    curious.address = PEOPLE[0].address
    with pytest.raises(NotKnownHere):
        curious.access_log()


def test_nothing_identifying_is_in_the_logs(
    market: dict[str, Any], shop: Enterprise, consumer: Enterprise
) -> None:
    for person in PEOPLE:
        for text in (person.address, person.address.lower(), f"pseudonym-{person.number:04d}", "TEACUP"):
            assert text not in shop.log
            assert text not in consumer.log


def test_a_second_agent_on_the_same_database_is_refused(market: dict[str, Any], shop: Enterprise) -> None:
    command = [*FAIRCART, "agent", "run", "-c", str(shop.config)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert second.returncode == 1
    assert second.stderr.strip().endswith("agent.db: stop it first")
    assert shop.status()["parked"]["effects"] == 0


def test_the_ledgers_say_the_same_as_the_databases(
    market: dict[str, Any], shop: Enterprise, consumer: Enterprise
) -> None:
    for enterprise in (shop, consumer):
        said = enterprise.run("agent", "reconcile", "-c", str(enterprise.config))
        assert said.splitlines()[-1] == "no differences"


def test_a_row_that_was_altered_and_one_that_was_lost_are_found(
    market: dict[str, Any], consumer: Enterprise
) -> None:
    altered, lost, _ = sorted(exchange["id"] for exchange in consumer.status()["exchanges"])
    assert consumer.stop() == 0
    database = consumer.home / "agent.db"
    kept = database.read_bytes()
    with closing(sqlite3.connect(database)) as connection, connection:
        for change in ("UPDATE exchanges SET reward = '1'", "DELETE FROM exchanges"):
            name = altered if change.startswith("UPDATE") else lost
            connection.execute(f"{change} WHERE exchange_id = ?", (bytes.fromhex(name),))
    command = [*FAIRCART, "agent", "reconcile", "-c", str(consumer.config)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stdout.splitlines() == [
        f"Exchange {altered}: reward differ",
        f"Exchange {lost}: on the chain, and not in the database",
    ]
    for leftover in consumer.home.glob("agent.db-*"):
        leftover.unlink()
    database.write_bytes(kept)
    consumer.start()


def test_nothing_is_parked_and_sigterm_ends_both_with_0(
    market: dict[str, Any], shop: Enterprise, consumer: Enterprise
) -> None:
    for enterprise in (shop, consumer):
        assert enterprise.status()["parked"] == {"events": 0, "items": 0, "effects": 0}
        assert enterprise.stop() == 0
        enterprise.start()
