# SPDX-License-Identifier: Apache-2.0
"""Nothing public equals or hashes to personal data of the sample."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from faircart import papers
from faircart.canonical import canonical

from tests.support.agents import Ethereum, Streams
from tests.support.anvil import ROOT
from tests.support.citizens import (
    DOCUMENTS,
    NUMBERS,
    PROFILE,
    REWARD,
    SAMPLE,
    SHOP,
    Customer,
)
from tests.support.linkability import Traces, fields
from tests.support.offices import Office

pytestmark = pytest.mark.timeout(280)


def test_nothing_public_equals_or_hashes_to_personal_data_of_the_sample(
    first_sale: bytes, paid: tuple[papers.Order, dict[str, Any]], people: list[Customer], shop: Office,
    consumer: Office, ethereum: Ethereum, streams: Streams,
) -> None:  # fmt: skip
    invoices = [invoice for number in NUMBERS for invoice in SAMPLE.invoices_of(number)]
    values = [text for document in (*DOCUMENTS, PROFILE, paid[1]) for text in fields(document)]
    values += [text for invoice in invoices for text in (invoice.number, invoice.customer, invoice.country)]
    public_terms = {"Dataset", "Person", "Order", "ItemList", "orders", "profile", "preferences", SHOP}
    traces = Traces(set(values) - public_terms, (*DOCUMENTS, PROFILE))
    assert len(traces.values) > 100

    calldata, logs = on_ethereum(ethereum)
    assert len(calldata) > 5
    assert len(logs) > 20
    assert [found for data in (*calldata, *logs) for found in traces.in_bytes(data)] == []
    tokens = list(in_streams(streams))
    assert len(tokens) > 100
    assert [(token, found) for token in tokens for found in traces.in_text(token)] == []
    report(traces, calldata, logs, tokens, people, consumer)


def report(
    traces: Traces,
    calldata: list[bytes],
    logs: list[bytes],
    tokens: list[str],
    people: list[Customer],
    consumer: Office,
) -> None:
    """Writes down what was tried, and what remains linkable: counted, not claimed."""
    accounts = [bytes.fromhex(person.address[2:]) for person in people]
    reward = REWARD.to_bytes(32, "big")
    streams = sum(token.startswith(("items-", "envelopes-")) for token in tokens)
    linkable = {
        "customers' accounts in calldata and logs": sum(
            account in data for account in accounts for data in (*calldata, *logs)
        ),
        "rewards in calldata and logs": sum(reward in data for data in (*calldata, *logs)),
        "keys that name the consumer's account": tokens.count(consumer.address),
        "streams that name the consumer": streams,
    }
    assert all(count > 0 for count in linkable.values())
    found = {
        "tried": {"values": len(traces.values), "hashes": len(traces.hashes)},
        "against": {"calldata": len(calldata), "logData": len(logs), "streamTokens": len(tokens)},
        "found": 0,
        "remainsLinkable": linkable,
        "notCounted": "times of blocks and items, sizes of ciphertext, publishers and so business relations",
    }
    folder = ROOT / "reports"
    folder.mkdir(exist_ok=True)
    (folder / "linkability.json").write_text(json.dumps(found, indent=1))


def test_the_linkability_test_would_find_what_it_looks_for() -> None:
    traces = Traces([NUMBERS[0], "WHITE METAL LANTERN"], [DOCUMENTS[0]])
    number = NUMBERS[0].encode()
    assert traces.in_bytes(b"\x01" * 5 + hashlib.sha256(number).digest()) == [NUMBERS[0]]
    assert traces.in_bytes(hashlib.md5(number).digest()) == [NUMBERS[0]]
    assert traces.in_bytes(hashlib.sha256(canonical(DOCUMENTS[0])).digest()) == ["a whole document"]
    assert traces.in_bytes(b"..WHITE METAL LANTERN..") == ["WHITE METAL LANTERN"]
    assert traces.in_text(NUMBERS[0]) == [NUMBERS[0]]
    assert traces.in_text(hashlib.sha1(b"white metal lantern").hexdigest()) == ["WHITE METAL LANTERN"]


def on_ethereum(ethereum: Ethereum) -> tuple[list[bytes], list[bytes]]:
    """All calldata but that of deployments, and all topics and data of all logs."""
    calldata, logs = [], []
    for number in range(ethereum.w3.eth.block_number + 1):
        for transaction in ethereum.w3.eth.get_block(number, full_transactions=True)["transactions"]:
            if transaction.get("to"):
                calldata.append(bytes(transaction["input"]))
    for log in ethereum.w3.eth.get_logs({"fromBlock": 0, "toBlock": "latest"}):
        logs += [bytes(log["data"]), *(bytes(topic) for topic in log["topics"])]
    return calldata, logs


def in_streams(streams: Streams) -> Iterator[str]:
    """All names, custom fields, keys, publishers and the plain members of all items."""
    node = streams.node(0)
    for info in node.streams():
        yield info.name
        yield from fields(dict(info.fields))
        node.subscribe(info.name)
        for item in node.items(info.name, count=10_000, start=0):
            yield from (*item.keys, *item.publishers, item.txid)
            if item.format == "json":
                yield from fields(node.data(item))
