# SPDX-License-Identifier: Apache-2.0
"""Reading the chain: every event once, in ranges, and back to the fork when the chain is another one."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from eth_account import Account
from faircart import papers
from faircart.agent import chain_reader
from faircart.agent.chain_reader import SOURCE, ChainReader, TooDeep
from faircart.agent.tools import Tools
from faircart.ethereum.errors import NodeBusy, NodeRefused, NodeUnreachable, WrongChain
from faircart.store import tables as t
from faircart.store.records import Consent

from tests.support.agents import Ethereum


def consent(tools: Tools, ethereum: Ethereum, number: int) -> papers.Consent:
    """A consent of the rich account, which can send, to the tools' enterprise as custodian."""
    now = ethereum.w3.eth.get_block("latest")["timestamp"]
    consumer = Account.from_key((7 + number).to_bytes(32, "big")).address
    root = number.to_bytes(32, "big")
    return papers.Consent(ethereum.rich, consumer, tools.ctx.address, root, root, 5, now + 10**6, 0)


def grant(tools: Tools, ethereum: Ethereum, number: int) -> bytes:
    paper = consent(tools, ethereum, number)
    ethereum.mined(
        ethereum.contracts["ConsentRegistry"].functions.grant(paper.abi()).transact({"from": ethereum.rich})
    )
    return paper.digest(tools.ctx.domain("ConsentRegistry"))


def revoke(ethereum: Ethereum, consent_id: bytes) -> None:
    function = ethereum.contracts["ConsentRegistry"].functions.revokeById(consent_id)
    ethereum.mined(function.transact({"from": ethereum.rich}))


def read_all(tools: Tools, reader: ChainReader | None = None) -> None:
    reader = reader or ChainReader(tools)
    while reader.step():
        pass


def consents(tools: Tools) -> dict[bytes, int]:
    with tools.store.read() as work:
        return {row.consent_id: row.ended_at for row in work.find(Consent)}


def events(tools: Tools) -> list[tuple[str, str]]:
    with tools.store.read() as work:
        query = sa.select(t.events).order_by(t.events.c.block_number, t.events.c.log_index, t.events.c.state)
        return [(row.name, row.state) for row in work.connection.execute(query) if row.subject in OURS]


OURS: set[bytes] = set()


@pytest.fixture(autouse=True)
def ours() -> None:
    OURS.clear()


def test_every_event_is_read_once_however_often_the_agent_is_restarted(
    tools: Tools, ethereum: Ethereum
) -> None:
    OURS.update(grant(tools, ethereum, number) for number in (100, 101))
    read_all(tools)
    OURS.add(grant(tools, ethereum, 102))
    read_all(tools)
    read_all(tools)
    assert set(consents(tools)) == OURS
    assert events(tools) == [("Granted", "applied")] * 3


def test_the_cursor_stands_at_the_confirmed_head(tools: Tools, ethereum: Ethereum) -> None:
    ethereum.rpc("anvil_mine", "0x14")
    read_all(tools)
    with tools.store.read() as work:
        assert work.cursor(SOURCE) == ethereum.w3.eth.block_number


@pytest.mark.parametrize("depth", [1, 2, 5, 30])
def test_a_reorganisation_takes_back_rows_and_marks_events(
    tools: Tools, ethereum: Ethereum, depth: int
) -> None:
    kept = grant(tools, ethereum, 200 + depth)
    ethereum.rpc("anvil_mine", hex(depth))
    revoke(ethereum, kept)
    dropped = grant(tools, ethereum, 300 + depth)
    OURS.update((kept, dropped))
    read_all(tools)
    assert consents(tools).keys() == {kept, dropped}
    assert consents(tools)[kept] > 0

    ethereum.rpc("anvil_reorg", depth + 1, [])
    ethereum.rpc("anvil_mine", "0x1")
    read_all(tools)

    assert consents(tools) == {kept: 0}
    assert events(tools) == [("Granted", "applied"), ("Revoked", "orphaned"), ("Granted", "orphaned")]


def test_an_event_that_is_mined_again_counts_again(tools: Tools, ethereum: Ethereum) -> None:
    first = grant(tools, ethereum, 400)
    OURS.add(first)
    read_all(tools)
    raw = ethereum.w3.eth.get_block("latest", True)["transactions"][0]
    ethereum.rpc("anvil_reorg", 1, [])
    read_all(tools)
    assert consents(tools) == {}
    again: Any = {"from": raw["from"], "to": raw["to"], "data": raw["input"]}
    ethereum.mined(ethereum.w3.eth.send_transaction(again))
    read_all(tools)
    assert consents(tools) == {first: 0}
    assert sorted(state for _, state in events(tools)) == ["applied", "orphaned"]


def test_transactions_of_ours_in_orphaned_blocks_are_followed_again(tools: Tools, ethereum: Ethereum) -> None:
    read_all(tools)
    block = ethereum.w3.eth.block_number + 1
    row: dict[str, Any] = {
        "nonce": 0,
        "effect_id": "x",
        "hashes": [],
        "raw": b"",
        "max_fee": 1,
        "priority_fee": 1,
        "cost": 0,
        "sent_at": 1,
        "block": block,
        "state": "mined",
    }
    with tools.store.write() as work:
        work.upsert(t.transactions, [row])
    ethereum.rpc("anvil_mine", "0x1")
    read_all(tools)
    ethereum.rpc("anvil_reorg", 1, [])
    read_all(tools)
    with tools.store.read() as work:
        assert work.connection.execute(sa.select(t.transactions.c.state)).scalars().all() == ["sent"]


def test_a_node_that_lags_is_waited_for_and_nothing_is_taken_back(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    OURS.add(grant(tools, ethereum, 500))
    read_all(tools)
    reader, behind = ChainReader(tools), tools.ethereum.head(1)
    monkeypatch.setattr(tools.ethereum, "head", lambda tag="latest": behind)
    assert reader.step() is False
    assert consents(tools).keys() == OURS


def test_a_range_read_while_the_chain_changed_is_not_taken(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    OURS.add(grant(tools, ethereum, 600))
    read_all(tools)
    OURS.add(grant(tools, ethereum, 601))
    reader, logs = ChainReader(tools), tools.ethereum.logs

    def logs_of_a_changing_chain(*arguments: Any) -> Any:
        found = logs(*arguments)
        ethereum.rpc("anvil_reorg", 1, [])
        return found

    monkeypatch.setattr(tools.ethereum, "logs", logs_of_a_changing_chain)
    assert reader.step() is True
    assert len(consents(tools)) == 1


def test_a_node_that_goes_away_half_way_leaves_the_database_as_it_was(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(tools)
    grant(tools, ethereum, 700)

    def no_logs(*_: Any) -> Any:
        raise NodeUnreachable("gone")

    with monkeypatch.context() as away:
        away.setattr(tools.ethereum, "logs", no_logs)
        with pytest.raises(NodeUnreachable):
            ChainReader(tools).step()
    assert consents(tools) == {}
    read_all(tools)
    assert len(consents(tools)) == 1


def test_an_event_that_no_handler_can_take_is_parked_and_can_be_given_back(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faircart.agent.handlers import chain

    handle, poison = chain.handle, grant(tools, ethereum, 800)
    good = grant(tools, ethereum, 801)
    OURS.update((poison, good))

    def choke(ctx: Any, view: Any, event: Any) -> Any:
        if event.subject == poison:
            raise ValueError("cannot")
        return handle(ctx, view, event)

    with monkeypatch.context() as choking:
        choking.setattr(chain, "handle", choke)
        read_all(tools)
    assert consents(tools).keys() == {good}
    assert events(tools) == [("Granted", "parked"), ("Granted", "applied")]
    with tools.store.write() as work:
        work.connection.execute(sa.update(t.events).where(t.events.c.state == "parked").values(state="retry"))
    read_all(tools)
    assert consents(tools).keys() == {poison, good}


def test_a_node_that_serves_another_chain_all_of_a_sudden_takes_nothing_back(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    OURS.add(grant(tools, ethereum, 900))
    read_all(tools)
    reader, head = ChainReader(tools), tools.ethereum.head

    def foreign(tag: Any = "latest") -> Any:
        found = head(tag)
        return found and replace(found, hash=bytes(32))

    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(tools.ethereum, "head", foreign)
        elsewhere.setattr(tools.ethereum, "chain_id", lambda: 1)
        with pytest.raises(WrongChain):
            reader.step()
    assert events(tools) == [("Granted", "applied")]
    assert consents(tools).keys() == OURS
    read_all(tools, reader)


def test_a_reorganisation_below_what_can_be_taken_back_stops_the_reading_and_changes_nothing(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_reader, "KEPT_BLOCKS", 3)
    kept = grant(tools, ethereum, 910)
    OURS.add(kept)
    for _ in range(6):
        ethereum.rpc("anvil_mine", "0x1")
        read_all(tools)
    with monkeypatch.context() as deeper:
        head = tools.ethereum.head
        deeper.setattr(
            tools.ethereum,
            "head",
            lambda tag="latest": replace(head(tag), hash=bytes(32)),  # type: ignore[type-var]
        )
        with pytest.raises(TooDeep):
            ChainReader(tools).step()
    assert consents(tools) == {kept: 0}
    assert events(tools) == [("Granted", "applied")]
    # What is not deeper is taken back as ever.
    dropped = grant(tools, ethereum, 911)
    OURS.add(dropped)
    read_all(tools)
    ethereum.rpc("anvil_reorg", 2, [])
    ethereum.rpc("anvil_mine", "0x1")
    read_all(tools)
    assert consents(tools) == {kept: 0}


def test_a_range_that_is_too_much_for_the_node_is_read_in_smaller_ones(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(tools)
    for number in range(920, 928):
        OURS.add(grant(tools, ethereum, number))
    logs, asked = tools.ethereum.logs, []

    def stingy(first: int, last: int, addresses: list[str]) -> Any:
        asked.append(last - first + 1)
        if last - first + 1 > 2:
            raise NodeBusy("too much")
        return logs(first, last, addresses)

    monkeypatch.setattr(tools.ethereum, "logs", stingy)
    reader = ChainReader(tools)
    for _ in range(30):
        with suppress(NodeBusy):
            reader.step()
    assert consents(tools).keys() == OURS
    assert min(asked) <= 2


def test_an_old_node_that_does_not_tell_receipts_is_believed_the_second_time(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any) -> Any:
        raise NodeRefused("url", "eth_getBlockReceipts", -32601, "method not found")

    monkeypatch.setattr(tools.ethereum, "count_logs", unknown)
    OURS.add(grant(tools, ethereum, 930))
    read_all(tools)
    assert consents(tools).keys() == OURS
