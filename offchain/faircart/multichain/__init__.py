# SPDX-License-Identifier: Apache-2.0
"""The only module that talks to MultiChain, and the only user of savoir.

    node = StreamNode(url, user, password)
    txid = node.publish("catalog", ["..."], Json({...}), address=node.addresses()[0])
    for item in node.items("catalog", count=100, start=0): ...

A node and the development stand-in (`faircart.standin`) are told apart by nobody here.
"""

from faircart.multichain import names
from faircart.multichain.items import (
    Data,
    Item,
    Json,
    JsonValue,
    NewItem,
    NodeInfo,
    Permission,
    StreamInfo,
    Text,
)
from faircart.multichain.node import StreamNode

__all__ = [
    "Data",
    "Item",
    "Json",
    "JsonValue",
    "NewItem",
    "NodeInfo",
    "Permission",
    "StreamInfo",
    "StreamNode",
    "Text",
    "names",
]
