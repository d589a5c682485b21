# SPDX-License-Identifier: Apache-2.0
"""Stream items that cannot be judged yet are looked at again, and none keeps the others waiting."""

from dataclasses import replace
from typing import Any

from faircart.agent import stream_reader
from faircart.agent.stream_reader import NOT_HERE, StreamReader
from faircart.agent.tools import Tools
from faircart.agent.work import audit
from faircart.store import Effect
from faircart.store import tables as t
from faircart.store.records import Participant

from tests.unit.agent.world import CONSENT_ID, SHOP


class Asked:
    """A stream node that notes which transactions it is asked for, and has none of them."""

    def __init__(self) -> None:
        self.txids: list[str] = []

    def transaction_items(self, _stream: str, txid: str) -> list[Any]:
        self.txids.append(txid)
        return []


def awaiting(tools: Tools, number: int, publisher: str, error: str = "unbound") -> str:
    txid = f"{number:064x}"
    row = {"stream": "requests", "txid": txid, "vout": 0, "publisher": publisher, "state": "awaiting"}
    with tools.store.write() as work:
        work.upsert(t.stream_items, [{**row, "error": error}])
    return txid


def test_items_of_publishers_that_never_bind_their_keys_cost_nothing_and_starve_nobody(tools: Tools) -> None:
    for number in range(3 * stream_reader.LOOKED_AT):
        awaiting(tools, number, "1stranger")
    wanted = {awaiting(tools, 10**6, "1shop"), awaiting(tools, 10**6 + 1, "1nobody", NOT_HERE)}
    with tools.store.write() as work:
        work.put(Participant(SHOP.address, "1shop", b"", 1))
    node: Any = Asked()
    StreamReader(replace(tools, streams=node))._look_again()
    assert set(node.txids) == wanted


def test_each_look_goes_on_where_the_last_one_ended(tools: Tools) -> None:
    count = 2 * stream_reader.LOOKED_AT + 3
    wanted = [awaiting(tools, number, "1nobody", NOT_HERE) for number in range(count)]
    node: Any = Asked()
    reader = StreamReader(replace(tools, streams=node))
    for _ in range(3):
        reader._look_again()
    assert node.txids == wanted
    reader._look_again()
    assert node.txids[count] == wanted[0]


def test_a_consent_that_a_stranger_had_recorded_in_our_name_leaves_no_work_behind(tools: Tools) -> None:
    body = {"subject": CONSENT_ID.hex(), "step": "withdrawn", "event": "Revoked", "corrects": "x"}
    with tools.store.write() as work:
        work.add([Effect("1/x", "local", "accessEntry", body)])
        work.flush()
        effect = work.outbox.get("1/x")
    assert effect is not None
    assert audit.access_entry(tools, effect).result == {"moot": "the consent is not one of ours"}
