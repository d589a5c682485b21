# SPDX-License-Identifier: Apache-2.0
"""What one stranger writes, or one event brings, is set aside by itself and holds up nobody else."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from eth_account import Account
from eth_account.signers.local import LocalAccount
from faircart import envelope, papers
from faircart.agent.chain_reader import ChainReader
from faircart.agent.stream_reader import StreamReader, storable
from faircart.agent.tools import Tools
from faircart.multichain import Json, names
from faircart.store import Work
from faircart.store import tables as t
from faircart.store.records import Consent, Participant
from faircart.streams import membership

from tests.support.agents import Ethereum, Streams, wait_for


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streams]:
    with Streams(tmp_path_factory.mktemp("streams"), wallets=3) as network:
        yield network


@pytest.fixture
def tools_on(tools: Tools, streams: Streams) -> Tools:
    """The tools of an agent whose stream node is the first wallet's."""
    return replace(tools, ctx=replace(tools.ctx, chain_name=streams.chain), streams=streams.node(0))


def bind(tools: Tools, streams: Streams, wallet: int, who: LocalAccount, version: int) -> None:
    """A participant publishes a binding that it has signed itself."""
    address = streams.access[wallet]["address"]
    key = envelope.encode_public_key(envelope.new_request_key()[1])
    paper = papers.Binding(streams.chain, tools.ctx.chain_id, address, key, version)
    signature = papers.sign(paper, tools.ctx.domain("ConsentRegistry"), bytes(who.key))
    value: Any = {"binding": paper.to_json(), "signature": "0x" + signature.hex()}
    before = len(streams.items(names.PARTICIPANTS))
    streams.node(wallet).publish(names.PARTICIPANTS, [address], Json(value), address=address)
    wait_for(lambda: len(streams.items(names.PARTICIPANTS)) > before, "the binding")


def refuse(work: Work, table: str, column: str, value: str) -> None:
    """From now on the database does not take rows with this value."""
    name = f"no_{table}"
    work.connection.execute(
        sa.text(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN NEW.{column} = {value} "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    )


def read(tools: Tools) -> dict[str, list[tuple[str, str]]]:
    """State and reason of all items of each publisher, once they are read."""
    StreamReader(tools).step()
    found: dict[str, list[tuple[str, str]]] = {}
    with tools.store.read() as work:
        for row in work.connection.execute(sa.select(t.stream_items)):
            found.setdefault(row.publisher, []).append((row.state, row.error))
    return found


def test_a_binding_with_a_version_that_no_database_holds_is_refused_by_name_and_the_next_is_read(
    tools_on: Tools, streams: Streams
) -> None:
    mallory, alice = Account.create(), Account.create()
    bind(tools_on, streams, 1, mallory, 2**63)
    bind(tools_on, streams, 2, alice, 2**63 - 1)
    found = read(tools_on)
    reason = "binding.version: 9223372036854775808 is more than 2^63 - 1"
    assert found[streams.access[1]["address"]] == [("ignored", reason)]
    assert found[streams.access[2]["address"]] == [("applied", "")]
    with tools_on.store.read() as work:
        assert mallory.address not in {row.address for row in work.find(Participant)}
        assert [row.version for row in work.find(Participant, address=alice.address)] == [2**63 - 1]
    domain = tools_on.ctx.domain("ConsentRegistry")
    known = membership.bindings(streams.node(0), domain, streams.chain)
    assert mallory.address not in known
    assert known[alice.address].binding.version == 2**63 - 1


def test_an_item_that_the_database_does_not_take_is_parked_and_the_next_is_read(
    tools_on: Tools, streams: Streams
) -> None:
    mallory, alice = Account.create(), Account.create()
    bind(tools_on, streams, 1, mallory, 1)
    bind(tools_on, streams, 2, alice, 1)
    with tools_on.store.write() as work:
        refuse(work, "participants", "address", f"'{mallory.address}'")
    found = read(tools_on)
    [reason] = [said for state, said in found[streams.access[1]["address"]] if state == "parked"]
    assert reason.startswith("IntegrityError")
    with tools_on.store.read() as work:
        bound = {row.address for row in work.find(Participant)}
    assert alice.address in bound
    assert mallory.address not in bound


def test_what_a_stranger_wrote_can_be_stored_as_a_reason() -> None:
    assert storable("half a pair \ud800, a NUL \0") == "half a pair \\ud800, a NUL \\0"


def grant(tools: Tools, ethereum: Ethereum, customer: LocalAccount) -> bytes:
    """A customer consents by its own transaction; the consent's id."""
    ethereum.give(customer.address, 10**18)
    others = Account.create().address
    now = ethereum.w3.eth.get_block("latest")["timestamp"]
    paper = papers.Consent(
        customer.address, others, tools.ctx.address, b"\1" * 32, b"\2" * 32, 1, now + 99, 0
    )
    call = ethereum.contracts["ConsentRegistry"].functions.grant(paper.abi())
    fields = call.build_transaction(
        {"from": customer.address, "nonce": ethereum.w3.eth.get_transaction_count(customer.address)}
    )
    sent = ethereum.w3.eth.send_raw_transaction(customer.sign_transaction(fields).raw_transaction)
    ethereum.mined(sent)
    return paper.digest(tools.ctx.domain("ConsentRegistry"))


def test_an_event_that_the_database_does_not_take_is_parked_and_all_others_are_read(
    tools: Tools, ethereum: Ethereum
) -> None:
    consents = [grant(tools, ethereum, Account.create()) for _ in range(3)]
    with tools.store.write() as work:
        refuse(work, "consents", "consent_id", f"x'{consents[1].hex()}'")
    reader = ChainReader(tools)
    while reader.step():
        pass
    with tools.store.read() as work:
        states = {
            row.subject: row.state
            for row in work.connection.execute(sa.select(t.events))
            if row.subject in consents
        }
        kept = {row.consent_id for row in work.find(Consent)} & set(consents)
        cursor = work.cursor("ethereum")
    assert states == {consents[0]: "applied", consents[1]: "parked", consents[2]: "applied"}
    assert kept == {consents[0], consents[2]}
    assert cursor == ethereum.w3.eth.block_number
