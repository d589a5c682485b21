# SPDX-License-Identifier: Apache-2.0
"""A shop and a consumer, each on its own node, share streams."""

import pytest
from faircart.multichain import Json, NewItem, Text, errors
from faircart.standin.service import StandIn

from tests.unit.streams.conftest import Party


def test_the_consumer_reads_an_on_chain_item_once_it_has_arrived(
    standin: StandIn, shop: Party, consumer: Party
) -> None:
    shop.node.create_stream("catalog", ["write"], fields={"owner": "shop"})
    txid = shop.node.publish("catalog", ["id-1", "category:orders"], Json({"n": 1}), address=shop.address)

    with pytest.raises(errors.EntityNotFound):
        consumer.node.subscribe("catalog")
    standin.settle()
    consumer.node.subscribe("catalog")

    (item,) = consumer.node.items("catalog")
    assert (item.txid, item.vout, item.keys, item.publishers) == (
        txid,
        0,
        ("id-1", "category:orders"),
        (shop.address,),
    )
    assert (item.format, item.data, item.available, item.confirmations) == ("json", {"n": 1}, True, 0)
    standin.mine()
    assert consumer.node.item("catalog", txid).confirmations == 1


def test_an_off_chain_payload_arrives_after_its_item(standin: StandIn, shop: Party, consumer: Party) -> None:
    shop.node.create_stream("items", ["write", "onchain"], salted=True)
    standin.settle()
    consumer.node.subscribe("items")
    txid = shop.node.publish("items", "k", b"ciphertext", address=shop.address, offchain=True)
    standin.condition(1).withheld.add("*")
    standin.settle()

    item = consumer.node.item("items", txid)
    assert (item.available, item.data, item.size) == (False, None, 10)
    with pytest.raises(errors.PayloadNotHere):
        consumer.node.payload(item)

    standin.condition(1).withheld.clear()
    standin.settle()
    assert consumer.node.payload(consumer.node.item("items", txid)) == b"ciphertext"


def test_only_an_address_with_write_permission_publishes_in_a_closed_stream(
    standin: StandIn, shop: Party, consumer: Party
) -> None:
    shop.node.create_stream("requests", ["write"])
    standin.settle()
    with pytest.raises(errors.NoPermission):
        consumer.node.publish("requests", "k", b"", address=consumer.address)
    shop.node.grant(consumer.address, "requests.write")
    standin.settle()
    consumer.node.publish("requests", "k", Text("héllo"), address=consumer.address)
    standin.settle()
    shop.node.subscribe("requests")
    assert [item.data for item in shop.node.key_items("requests", "k")] == ["héllo"]


def test_a_batch_is_one_transaction_per_32_items(standin: StandIn, shop: Party) -> None:
    shop.node.create_stream("receipts", ["write"])
    txids = shop.node.publish_many(
        "receipts", [NewItem((f"k{i}",), bytes([i])) for i in range(40)], address=shop.address
    )
    assert len(txids) == 40
    assert len(set(txids)) == 2
    assert [item.vout for item in shop.node.transaction_items("receipts", txids[0])] == list(range(32))
    with pytest.raises(errors.NotAllowed):
        shop.node.item("receipts", txids[0])
