# SPDX-License-Identifier: Apache-2.0
"""Nothing public equals or hashes to personal data of the sample."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import requests
from eth_account import Account
from eth_utils.crypto import keccak
from faircart import papers
from faircart.canonical import canonical
from faircart.multichain.errors import PayloadNotHere

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


def test_nothing_public_equals_or_hashes_to_personal_data_of_the_sample(
    first_sale: bytes, paid: tuple[papers.Order, dict[str, Any]], people: list[Customer], shop: Office,
    consumer: Office, ethereum: Ethereum, streams: Streams,
) -> None:  # fmt: skip
    invoices = [invoice for number in NUMBERS for invoice in SAMPLE.invoices_of(number)]
    values = [text for document in (*DOCUMENTS, PROFILE, paid[1]) for text in fields(document)]
    values += [text for invoice in invoices for text in (invoice.number, invoice.customer, invoice.country)]
    public_terms = {"Dataset", "Person", "Order", "ItemList", "orders", "profile", "preferences", SHOP}
    # The amount of an order is public on Ethereum, and reported as such below.
    traces = Traces(set(values) - public_terms - {paid[1]["amountWei"]}, (*DOCUMENTS, PROFILE))
    assert len(traces.values) > 100

    calldata, logs = on_ethereum(ethereum)
    assert len(calldata) > 5
    assert len(logs) > 20
    assert [found for data in (*calldata, *logs) for found in traces.in_bytes(data)] == []
    payloads = list(off_chain(streams))
    assert len(payloads) >= 3
    assert [found for data in payloads for found in traces.in_bytes(data)] == []
    tokens = [*in_streams(streams), *(text for data in payloads for text in written(data))]
    assert len(tokens) > 100
    assert [(token, found) for token in tokens for found in traces.in_text(token)] == []
    amount = int(paid[1]["amountWei"]).to_bytes(32, "big")
    report(traces, calldata, logs, tokens, people, consumer, amount)


def test_no_api_tells_whose_the_items_are_or_who_is_a_customer(
    first_sale: bytes, people: list[Customer], shop: Office, consumer: Office, streams: Streams
) -> None:
    person = people[0]
    ids = {token for token in in_streams(streams) if len(token) == 64}
    own = json.dumps([entry["id"] for entry in person.rights(shop).access_log()])
    assert [one for one in ids if one in own]
    for office in (shop, consumer):
        told = []
        for address in (person.address, Account.create().address):
            for what in ("proposals", "accesslog", "holdings", "erasures", "token"):
                answer = requests.get(f"{office.api}/v1/customers/{address}/{what}", timeout=60)
                assert not [one for one in ids if one in answer.text]
                shown = answer.json()
                sizes = {name: len(text) for name, text in shown.items()} if "sealed" in shown else shown
                told.append((answer.status_code, json.dumps(sizes).replace(address, "?")))
        assert told[:5] == told[5:]


def report(
    traces: Traces,
    calldata: list[bytes],
    logs: list[bytes],
    tokens: list[str],
    people: list[Customer],
    consumer: Office,
    amount: bytes,
) -> None:
    """Writes down what was tried, and what remains linkable: counted, not claimed."""
    accounts = [bytes.fromhex(person.address[2:]) for person in people]
    reward = REWARD.to_bytes(32, "big")
    streams = sum(token.startswith(("items-", "envelopes-")) for token in tokens)
    linkable = {
        "customers' accounts in calldata and logs": sum(
            account in data for account in accounts for data in (*calldata, *logs)
        ),
        "orders' amounts in calldata and logs": sum(amount in data for data in (*calldata, *logs)),
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
    assert traces.in_bytes(b"\x01" * 4 + int(NUMBERS[0]).to_bytes(32, "big")) == [NUMBERS[0]]
    assert traces.in_bytes(keccak(int(NUMBERS[0]).to_bytes(32, "big"))) == [NUMBERS[0]]
    assert traces.in_bytes(hashlib.sha3_256(b"whitemetallantern".upper()).digest()) == ["WHITE METAL LANTERN"]
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


def off_chain(streams: Streams) -> Iterator[bytes]:
    """The payloads of all items that are no JSON on chain: receipts, envelopes, ciphertext."""
    node = streams.node(0)
    for info in node.streams():
        node.subscribe(info.name)
        for item in node.items(info.name, count=10_000, start=0):
            if item.format != "json":
                try:
                    yield node.payload(item)
                except PayloadNotHere:
                    continue


def written(payload: bytes) -> list[str]:
    """The plain members of a payload that is JSON."""
    try:
        return list(fields(json.loads(payload)))
    except ValueError:
        return []
