# SPDX-License-Identifier: Apache-2.0
"""Heads that are not to be believed: from the far future, long ago, or not there at all.

What is destroyed at a deadline does not come back, and neither does a key that was disclosed.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from faircart import papers, sealing
from faircart.agent import effects, lag
from faircart.agent.chain_reader import ChainReader
from faircart.agent.config import parse
from faircart.agent.tools import Clock, Tools
from faircart.agent.work import calls
from faircart.agent.work.calls import Wanted
from faircart.agent.work.done import NotYet
from faircart.ethereum.errors import NodeUnreachable
from faircart.ethereum.node import Head
from faircart.store import Effect, EffectRow
from faircart.store import tables as t
from faircart.store.records import Exchange, Offer

from tests.support.agents import Ethereum
from tests.support.tools import CONFIG
from tests.unit.ethereum.test_chain_reader import consent, consents, grant, read_all

DAY = 86400
Told = Callable[[], list[str]]
FAR = 10**11


def on_a_public_chain(tools: Tools) -> Tools:
    """The same agent on a chain whose blocks keep to the time: ten minutes off are too many."""
    section = tools.config.ethereum.model_copy(update={"clock_tolerance_seconds": 600})
    return replace(tools, config=tools.config.model_copy(update={"ethereum": section}))


def shift(head: Head | None, seconds: int) -> Head:
    assert head is not None
    return replace(head, timestamp=head.timestamp + seconds)


def ahead(tools: Tools) -> int:
    return tools.clock.now() - int(time.time())


@pytest.fixture
def tomorrow(ethereum: Ethereum) -> Iterator[None]:
    """A block that is a day ahead of those before it; taken back afterwards, if the test has not done so."""
    ethereum.rpc("anvil_mine", "0x2")
    before = ethereum.w3.eth.block_number
    ethereum.rpc("evm_increaseTime", DAY)
    ethereum.rpc("evm_mine")
    yield
    take_back(ethereum, ethereum.w3.eth.block_number - before)


def take_back(ethereum: Ethereum, depth: int) -> None:
    if depth > 0:
        ethereum.rpc("anvil_reorg", depth, [])
        ethereum.rpc("anvil_mine", "0x1")


# --- the clock --------------------------------------------------------------------------------------------


def test_a_nonsense_time_of_a_head_that_was_read_moves_no_clock(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(tools)
    head = tools.ethereum.head
    monkeypatch.setattr(tools.ethereum, "head", lambda tag="latest": shift(head(tag), FAR))
    ChainReader(tools).step()
    assert ahead(tools) < DAY


def test_a_nonsense_time_of_a_new_head_moves_no_clock_and_its_block_is_read_later(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(tools)
    granted = grant(tools, ethereum, 5000)
    head, reader = tools.ethereum.head, ChainReader(tools)

    def once_nonsense(tag: Any = "latest") -> Head | None:
        return shift(head(tag), FAR) if tag == "latest" else head(tag)

    with monkeypatch.context() as lying:
        lying.setattr(tools.ethereum, "head", once_nonsense)
        with pytest.raises(NodeUnreachable, match="two times"):
            reader.step()
    assert ahead(tools) < DAY
    assert consents(tools) == {}
    read_all(tools, reader)
    assert consents(tools).keys() == {granted}


def test_on_a_public_chain_the_clock_goes_no_further_ahead_than_an_honest_block_could(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = on_a_public_chain(tools)
    read_all(ours)
    ethereum.rpc("evm_mine")
    head = tools.ethereum.head
    monkeypatch.setattr(tools.ethereum, "head", lambda tag="latest": shift(head(tag), FAR))
    read_all(ours)
    assert ahead(ours) <= 600


@pytest.mark.usefixtures("tomorrow")
def test_the_clock_is_that_of_the_newest_block_that_was_read_also_after_a_restart(tools: Tools) -> None:
    read_all(tools)
    assert ahead(tools) > DAY - 100
    restarted = replace(tools, clock=Clock())
    ChainReader(restarted).step()
    assert ahead(restarted) > DAY - 100


@pytest.mark.usefixtures("tomorrow")
def test_a_block_that_does_not_count_yet_moves_no_clock(tools: Tools) -> None:
    section = tools.config.ethereum.model_copy(update={"confirmations": 2})
    patient = replace(tools, config=tools.config.model_copy(update={"ethereum": section}))
    read_all(patient)
    read_all(patient)  # now there is nothing new
    assert ahead(patient) < DAY - 100


@pytest.mark.usefixtures("tomorrow")
def test_a_reorganisation_takes_the_clock_back_and_what_was_put_off_is_due_while_deadlines_stay(
    tools: Tools, ethereum: Ethereum
) -> None:
    read_all(tools)
    later = tools.clock.now() + 60
    with tools.store.write() as work:
        work.add([Effect("1/claim", "ethereum", "claim"), Effect("1/expire", "local", "expireData")])
        work.add([Effect("1/lapse", "ethereum", "lapse", not_before=later)])
        work.flush()
        for name in ("1/claim", "1/expire"):
            work.outbox.postpone(name, later, "not yet", failed=False)
    take_back(ethereum, 1)
    read_all(tools)
    assert ahead(tools) < DAY - 100
    with tools.store.read() as work:
        found = dict(work.connection.execute(sa.select(t.effects.c.kind, t.effects.c.not_before)).all())  # type: ignore[arg-type]
    assert found["claim"] <= tools.clock.now()
    assert (found["expireData"], found["lapse"]) == (later, later)


def test_a_time_that_logs_tell_beyond_that_of_later_blocks_is_asked_for_again(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(tools)
    granted = grant(tools, ethereum, 5100)
    honest = ethereum.w3.eth.get_block("latest")["timestamp"]
    ethereum.rpc("anvil_mine", "0x2")
    logs = tools.ethereum.logs
    monkeypatch.setattr(
        tools.ethereum, "logs", lambda *asked: [replace(entry, timestamp=FAR) for entry in logs(*asked)]
    )
    read_all(tools)
    assert consents(tools).keys() == {granted}
    with tools.store.read() as work:
        assert honest in work.connection.execute(sa.select(t.blocks.c.timestamp)).scalars().all()
        assert FAR not in work.connection.execute(sa.select(t.blocks.c.timestamp)).scalars().all()


# --- a node that stands still -----------------------------------------------------------------------------


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What was logged of the node since the last question."""
    caplog.set_level("INFO")
    monkeypatch.setattr(lag, "LAG_SECONDS", 0)

    def told() -> list[str]:
        events = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return [event for event in events if event in ("ethereum.behind", "ethereum.caught_up")]

    return told


@pytest.mark.parametrize("kind", ["old", "none"])
def test_a_node_that_stands_still_is_told_of_once_and_once_when_it_goes_on(
    tools: Tools,
    ethereum: Ethereum,
    monkeypatch: pytest.MonkeyPatch,
    told: Told,
    kind: str,
) -> None:
    ours = on_a_public_chain(tools)
    ethereum.rpc("evm_mine")
    read_all(ours)
    old = shift(tools.ethereum.head(), -7200) if kind == "old" else None
    reader = ChainReader(ours)
    with monkeypatch.context() as still:
        still.setattr(tools.ethereum, "head", lambda _tag="latest": old)
        for _ in range(5):
            reader.step()
    assert told() == ["ethereum.behind"]
    for _ in range(3):
        reader.step()
    assert told() == ["ethereum.caught_up"]


def test_a_chain_that_mines_on_demand_may_rest_for_hours(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    read_all(tools)
    old = shift(tools.ethereum.head(), -7200)
    reader = ChainReader(tools)
    monkeypatch.setattr(tools.ethereum, "head", lambda _tag="latest": old)
    for _ in range(5):
        reader.step()
    assert told() == []


def to_deliver(tools: Tools, ethereum: Ethereum) -> EffectRow:
    """An exchange under a granted consent that is opened, and waits for its key."""
    paper = consent(tools, ethereum, 5200)
    consent_id, now = grant(tools, ethereum, 5200), int(time.time())
    read_all(tools)
    key, pad = sealing.new_key(), sealing.new_key()
    terms = papers.Terms(paper.consumer, tools.ctx.address, 1, 1, 1, 3600, 86400, now + DAY)
    hashes = papers.Sealing(bytes(32), sha256(key).digest(), sha256(pad).digest())
    offer = papers.Offer(consent_id, paper.customer, paper.reward, terms, hashes)
    exchange_id = offer.digest(tools.ctx.domain("DataExchange"))
    wanted = effects.exchange_call(tools.ctx, exchange_id, "deliver")
    ours = (consent_id, paper.customer, paper.consumer, tools.ctx.address)
    row = Offer(
        exchange_id, consent_id, bytes(32), 0, *ours[1:], paper.data_root, paper.reward, offer.to_json(),
        paper.to_json(), b"", "items", "key", "orders", now + DAY, "Offered", "",
    )  # fmt: skip
    opened = Exchange(
        exchange_id, *ours, paper.reward, 1, 1, 1, "Open", now, now + 3600, 0, 0, bytes(32), 0, bytes(32)
    )
    with tools.store.write() as work:
        work.put(row)
        work.put(opened)
        tools.secrets.put(work, "key", exchange_id.hex(), key)
        tools.secrets.put(work, "pad", exchange_id.hex(), pad)
        work.add([wanted])
        work.flush()
        waiting = work.outbox.get(wanted.effect_id)
    assert waiting is not None
    return waiting


def test_no_key_is_disclosed_while_the_node_stands_still(
    tools: Tools, ethereum: Ethereum, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = on_a_public_chain(tools)
    deliver = to_deliver(ours, ethereum)
    head = tools.ethereum.head
    with monkeypatch.context() as still:
        for gone in (lambda *_: shift(head(), -7200), lambda *_: None):
            still.setattr(tools.ethereum, "head", gone)
            with pytest.raises(NotYet, match="latest block is old"):
                calls.decide(ours, deliver)
    found = calls.decide(ours, deliver)
    assert isinstance(found, Wanted)
    assert found.function == "deliver"


@pytest.mark.parametrize(("chain_id", "tolerance"), [(31337, 0), (1337, 0), (1, 600), (11155111, 600)])
def test_only_on_chains_of_developers_any_time_is_believed_unless_it_is_given(
    chain_id: int, tolerance: int, tmp_path: Any
) -> None:
    text = CONFIG.format(url="http://127.0.0.1:1").replace("31337", str(chain_id))
    assert parse(text, tmp_path / "agent.toml").ethereum.clock_tolerance == tolerance
    given = text.replace("log_range", "clock_tolerance_seconds = 5\nlog_range")
    assert parse(given, tmp_path / "agent.toml").ethereum.clock_tolerance == 5
