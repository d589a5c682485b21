# SPDX-License-Identifier: Apache-2.0
"""What FairCart needs of stream nodes, asked of the stand-in and, where they are found, of two real nodes.

`MULTICHAIND=/path/to/multichaind pytest -m multichain tests/unit/streams` runs only the latter.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from faircart.multichain import Item, Json, NewItem, StreamNode, Text, errors
from faircart.streams import membership
from faircart.streams.network import Network, running

from tests.support import kinds
from tests.unit.streams.cutting_proxy import cutting_proxy

T = TypeVar("T")


@dataclass
class Company:
    node: StreamNode
    address: str
    url: str
    user: str
    password: str


@dataclass
class Market:
    shop: Company
    consumer: Company
    names: Iterator[int]

    def stream(self, *restrict: str, salted: bool = False, open_to_consumer: bool = True) -> str:
        """A new stream of the shop that both follow, and that the consumer may write to."""
        name = f"s{next(self.names)}"
        own = self.shop.address
        # not left to the node, which may take any address of the wallet that is allowed to
        self.shop.node.create_stream(name, restrict, salted=salted, fields={"n": 1}, by=own)
        self.shop.node.subscribe(name)
        if "write" in restrict and open_to_consumer:
            self.shop.node.grant(self.consumer.address, f"{name}.write", by=own)
        eventually(lambda: self.consumer.node.has_stream(name))
        self.consumer.node.subscribe(name)
        if open_to_consumer:
            eventually(lambda: self.consumer.node.has_permission(self.consumer.address, f"{name}.write"))
        return name


def eventually(look: Callable[[], T], seconds: float = 120.0) -> T:
    """The first true result of `look`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


def arrived(company: Company, stream: str, txid: str) -> Item:
    """An item with its payload, once it is here."""
    return eventually(
        lambda: next((item for item in company.node.transaction_items(stream, txid) if item.available), None)
    )


@pytest.fixture(scope="module", params=kinds.BOTH)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    real = kinds.chosen(request.param) == kinds.MULTICHAIN
    folder: Path = tmp_path_factory.mktemp("nodes")
    with running(folder, 2, real=real, block_seconds=2.0 if real else 0.5) as started:
        assert started.kind == request.param
        yield started


@pytest.fixture(scope="module")
def market(network: Network) -> Iterator[Market]:
    companies = []
    for node in network.nodes:
        password = node.password_file.read_text().strip()
        companies.append(Company(node.client(), node.address, node.url, node.user, password))
    yield Market(companies[0], companies[1], itertools.count())
    for company in companies:
        company.node.close()


def test_a_stream_is_created_with_its_restrictions_and_fields(market: Market) -> None:
    name = market.stream("write", "onchain", salted=True)
    info = market.consumer.node.stream(name)
    assert (info.name, info.restrict, info.salted, dict(info.fields)) == (
        name,
        {"write", "onchain"},
        True,
        {"n": 1},
    )
    assert info.creators == (market.shop.address,)
    assert info.subscribed
    with pytest.raises(errors.DuplicateName):
        market.shop.node.create_stream(name.upper(), ["write"])


def test_names_of_streams_that_differ_in_more_than_the_case_of_a_to_z_are_different(market: Market) -> None:
    node = market.shop.node
    for name in ("\u00c9 Stra\u00dfe", "\u00e9 stra\u00dfe", "\u00e9 strasse"):
        node.create_stream(name, [])
    assert node.stream("\u00e9 STRASSE").name == "\u00e9 strasse"
    with pytest.raises(errors.DuplicateName):
        node.create_stream("\u00c9 sTRA\u00dfE", [])


@pytest.mark.parametrize("offchain", [False, True])
@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"", b""),
        (b"\x00\xff", b"\x00\xff"),
        (bytes(100_000), bytes(100_000)),
        (Text("héllo \U0001f6d2"), "héllo \U0001f6d2"),
        (Text("t" * 30_000), "t" * 30_000),
        (
            Json({"b": 1, "a": [2.0, None, True, "ü\U0001f6d2"]}),
            {"b": 1, "a": [2, None, True, "ü\U0001f6d2"]},
        ),
        (Json({"txid": "x", "vout": 0, "format": "raw", "size": 3}), None),
        (Json(["x" * 30_000]), ["x" * 30_000]),
        (Json(None), None),
        (Json(2**63 - 1), 2**63 - 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_one_publishes_the_other_reads(
    market: Market, data: bytes | Text | Json, value: object, offchain: bool
) -> None:
    name = market.stream("write")
    keys = ["k", "ключ/é", ""]
    txid = market.shop.node.publish(name, keys, data, address=market.shop.address, offchain=offchain)
    item = arrived(market.consumer, name, txid)
    assert (item.keys, item.publishers, item.offchain) == (tuple(keys), (market.shop.address,), offchain)
    wanted = data.value if isinstance(data, Json) and value is None else value
    assert market.consumer.node.data(item) == wanted
    assert market.consumer.node.item(name, txid).vout == item.vout


def test_confirmations_grow_from_none(market: Market) -> None:
    name = market.stream("write")
    txid = market.shop.node.publish(name, "k", b"x", address=market.shop.address)
    first = market.shop.node.item(name, txid)
    assert first.confirmations == 0
    assert first.blocktime is None
    confirmed = eventually(
        lambda: next((i for i in market.consumer.node.items(name) if i.confirmations > 0), None)
    )
    assert isinstance(confirmed.blocktime, int)


def test_items_are_listed_oldest_first_and_by_page_key_and_publisher(market: Market) -> None:
    name = market.stream("write")
    txids = [
        market.shop.node.publish(name, [f"k{i}", "all"], bytes([i]), address=market.shop.address)
        for i in range(5)
    ]
    eventually(lambda: len(market.consumer.node.items(name)) == 5)
    eventually(lambda: all(item.confirmations for item in market.consumer.node.items(name)))
    other = market.consumer.node.publish(name, "all", b"c", address=market.consumer.address)
    eventually(lambda: len(market.shop.node.items(name)) == 6)
    node = market.shop.node
    assert [item.txid for item in node.items(name)] == [*txids, other]
    assert [item.txid for item in node.items(name, count=2)] == [txids[4], other]
    assert [item.txid for item in node.items(name, count=2, start=0)] == txids[:2]
    assert [item.txid for item in node.items(name, count=2, start=-3)] == txids[3:5]
    assert [[item.txid for item in transaction] for transaction in node.arrivals(name, count=9, start=4)] == [
        [txids[4]],
        [other],
    ]
    assert node.items(name, count=2, start=100) == []
    assert [item.txid for item in node.key_items(name, "k3")] == [txids[3]]
    assert node.key_items(name, "nokey") == []
    assert [item.txid for item in node.publisher_items(name, market.consumer.address)] == [other]
    assert node.keys(name) == {"k0": 1, "all": 6, "k1": 1, "k2": 1, "k3": 1, "k4": 1}
    assert node.publishers(name) == {market.shop.address: 5, market.consumer.address: 1}


def test_restrictions_permissions_and_subscriptions_are_enforced_with_typed_errors(market: Market) -> None:
    shop, consumer = market.shop, market.consumer
    closed = market.stream("write", open_to_consumer=False)
    with pytest.raises(errors.NoPermission):
        consumer.node.publish(closed, "k", b"", address=consumer.address)
    with pytest.raises(errors.KeyNotInWallet):
        consumer.node.publish(closed, "k", b"", address=shop.address)
    with pytest.raises(errors.NoPermission):
        consumer.node.grant(consumer.address, f"{closed}.write")
    offchain_only = market.stream("write", "onchain")
    with pytest.raises(errors.NotAllowed):
        shop.node.publish(offchain_only, "k", b"", address=shop.address)
    with pytest.raises(errors.EntityNotFound):
        shop.node.publish("nosuch", "k", b"", address=shop.address)
    with pytest.raises(errors.InvalidAddress):
        shop.node.publish(closed, "k", b"", address="nobody")
    shop.node.create_stream(f"r{closed}", ["read"])
    with pytest.raises(errors.EnterpriseOnly):
        shop.node.subscribe(f"r{closed}")
    txid = shop.node.publish(closed, "k", b"x", address=shop.address)
    eventually(lambda: consumer.node.transaction_items(closed, txid))
    consumer.node.unsubscribe(closed)
    with pytest.raises(errors.NotSubscribed):
        consumer.node.items(closed)
    assert consumer.node.item(closed, txid).data == b"x"
    with pytest.raises(errors.TransactionNotFound):
        consumer.node.item(closed, "00" * 32)


def test_a_purged_payload_is_gone_until_the_stream_is_followed_again(market: Market) -> None:
    shop, consumer = market.shop, market.consumer
    name = market.stream("write", "onchain")
    txid = shop.node.publish(name, "k", b"ciphertext", address=shop.address, offchain=True)
    item = arrived(consumer, name, txid)
    consumer.node.unsubscribe(name, purge=True)
    gone = consumer.node.transaction_items(name, txid)
    assert [entry.available for entry in gone] == [False]
    with pytest.raises(errors.PayloadNotHere):
        consumer.node.payload(gone[0])
    shop.node.unsubscribe(name, purge=True)
    assert shop.node.payload(shop.node.item(name, txid)) == b"ciphertext"
    consumer.node.subscribe(name)
    assert consumer.node.payload(arrived(consumer, name, txid)) == b"ciphertext"
    assert arrived(consumer, name, txid).vout == item.vout


def test_a_batch_is_split_into_transactions_of_32_items(market: Market) -> None:
    name = market.stream("write")
    items = [NewItem((f"k{i}",), bytes([i]) * 1024, offchain=bool(i % 2)) for i in range(40)]
    txids = market.shop.node.publish_many(name, items, address=market.shop.address)
    assert [len(list(group)) for _, group in itertools.groupby(txids)] == [32, 8]
    eventually(lambda: len([i for i in market.consumer.node.items(name, count=99) if i.available]) == 40)
    first = market.consumer.node.transaction_items(name, txids[0])
    assert [item.vout for item in first] == list(range(32))
    assert [market.consumer.node.payload(item) for item in first] == [item.data for item in items[:32]]
    with pytest.raises(errors.NotAllowed):
        market.consumer.node.item(name, txids[0])


def test_no_item_of_a_batch_is_missed_in_the_order_of_arrival(market: Market) -> None:
    name = market.stream("write")
    items = [NewItem((f"k{i}", "all"), bytes([i])) for i in range(40)]
    txids = market.shop.node.publish_many(name, items, address=market.shop.address)
    txids.append(market.shop.node.publish(name, "k40", b"", address=market.shop.address))
    eventually(lambda: len(market.consumer.node.items(name, count=99)) == 41)
    node = market.consumer.node
    arrivals = node.arrivals(name, count=99, start=0)
    assert sorted(len(transaction) for transaction in arrivals) == [1, 8, 32]
    assert sorted(item.keys[0] for one in arrivals for item in one) == sorted(f"k{i}" for i in range(41))
    assert [node.arrivals(name, count=1, start=i)[0] for i in range(3)] == arrivals
    assert node.arrivals(name, count=9, start=3) == []
    # what a node itself lists: one row a transaction here, but every item by key and publisher
    assert len(node._rpc.liststreamitems(name, False, 99, 0, True)) == 3
    assert len(node.key_items(name, "all", count=99, local=True)) == 40
    assert len(node.publisher_items(name, market.shop.address, count=99, local=True)) == 41


def test_a_payload_larger_than_one_call_takes_goes_through_the_binary_cache(market: Market) -> None:
    name = market.stream("write", "onchain")
    payload = bytes(range(256)) * (20 * 4096)
    txid = market.shop.node.publish(name, "k", payload, address=market.shop.address, offchain=True)
    item = arrived(market.consumer, name, txid)
    assert (item.shown, item.size) == (False, 20 * 1024 * 1024)
    assert market.consumer.node.payload(item) == payload


def test_sizes_that_no_node_takes_are_refused_before_anything_is_sent(market: Market) -> None:
    name = market.stream("write")
    with pytest.raises(errors.InvalidItem):
        market.shop.node.publish(name, "k", bytes(2_097_153), address=market.shop.address)
    market.shop.node.publish(name, "k", bytes(2_097_152), address=market.shop.address)
    assert len(market.shop.node.items(name)) == 1


def test_a_new_address_takes_over_the_streams_of_the_old_one(market: Market) -> None:
    shop, name = market.shop, market.stream("write", open_to_consumer=False)
    new = shop.node.new_address()
    assert membership.hand_over(shop.node, [name, "nosuch"], shop.address, new) == [name]
    assert membership.hand_over(shop.node, [name], shop.address, new) == []
    with pytest.raises(errors.NoPermission):
        shop.node.publish(name, "k", b"", address=new)
    shop.node.grant(new, "connect,send,receive,create")
    txid = eventually(lambda: publish_if_funded(shop.node, name, new))
    assert arrived(market.consumer, name, txid).publishers == (new,)
    shop.node.grant(market.consumer.address, f"{name}.write", by=new)
    eventually(lambda: market.consumer.node.has_permission(market.consumer.address, f"{name}.write"))
    market.consumer.node.publish(name, "k", b"y", address=market.consumer.address)


def publish_if_funded(node: StreamNode, stream: str, address: str) -> str | None:
    """A real node signs by an address only what spends an output of it, which the grants bring."""
    try:
        return node.publish(stream, "k", b"x", address=address)
    except errors.NoUnspentOutputs:
        return None


def test_messages_are_signed_by_addresses(market: Market) -> None:
    signature = market.shop.node.sign_message(market.shop.address, "hello ünïcode")
    verify = market.consumer.node.verify_message
    assert verify(market.shop.address, signature, "hello ünïcode")
    assert not verify(market.shop.address, signature, "other")
    assert not verify(market.consumer.address, signature, "hello ünïcode")
    for broken in ("x", signature[:-1], signature[:-2] + "==", "!!", ""):
        assert not verify(market.shop.address, broken, "hello ünïcode")
    assert market.shop.node.is_address(market.consumer.address)
    assert not market.shop.node.is_address("nobody")


def test_wrong_password_and_wrong_chain_have_errors_of_their_own(market: Market) -> None:
    shop = market.shop
    with StreamNode(shop.url, shop.user, "wrong") as stranger, pytest.raises(errors.Unauthorised):
        stranger.info()
    with (
        StreamNode(shop.url, shop.user, shop.password, chain_name="other") as lost,
        pytest.raises(errors.WrongChain),
    ):
        lost.info()
    with (
        StreamNode(shop.url + "nosuch", shop.user, shop.password) as astray,
        pytest.raises(errors.WrongPath),
    ):
        astray.info()


@pytest.mark.parametrize("offchain", [False, True])
@pytest.mark.parametrize("subscribed", [True, False])
@pytest.mark.parametrize("size", [100, 20_000])
def test_a_publish_whose_answer_was_lost_is_found_and_not_repeated(
    market: Market, offchain: bool, subscribed: bool, size: int
) -> None:
    shop, name = market.shop, market.stream("write")
    if not subscribed:
        shop.node.unsubscribe(name)
    with cutting_proxy(shop.url) as proxy, StreamNode(proxy.url, shop.user, shop.password) as node:
        proxy.method, proxy.lose_answers = b'"publishfrom"', 1
        txid = node.publish(name, "own key", bytes(size), address=shop.address, offchain=offchain)
        assert sum(b'"publishfrom"' in request for request in proxy.seen) == 1
    shop.node.subscribe(name)
    assert [item.txid for item in shop.node.key_items(name, "own key")] == [txid]


def test_a_publish_that_never_arrived_is_repeated_once_it_was_looked_for(market: Market) -> None:
    shop, name = market.shop, market.stream("write")
    with cutting_proxy(shop.url) as proxy, StreamNode(proxy.url, shop.user, shop.password) as node:
        proxy.method, proxy.lose_requests = b'"publishfrom"', 1
        txid = node.publish(name, "own key", b"x", address=shop.address)
        calls = [b'"publishfrom"' in request for request in proxy.seen]
        assert (calls[0], calls[-1], sum(calls)) == (True, True, 2)
        assert len(calls) >= 3
    assert [item.txid for item in shop.node.key_items(name, "own key")] == [txid]


def test_a_batch_whose_answer_was_lost_is_found_and_not_repeated(market: Market) -> None:
    shop, name = market.shop, market.stream("write")
    with cutting_proxy(shop.url) as proxy, StreamNode(proxy.url, shop.user, shop.password) as node:
        proxy.method, proxy.lose_answers = b'"publishmultifrom"', 1
        items = [NewItem((f"k{i}",), bytes([i])) for i in range(3)]
        txids = node.publish_many(name, items, address=shop.address)
    assert len(set(txids)) == 1
    assert [item.txid for item in shop.node.items(name)] == txids
