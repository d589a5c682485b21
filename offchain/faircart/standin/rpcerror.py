# SPDX-License-Identifier: Apache-2.0
"""The errors a node answers with: code and message of a JSON-RPC `error` object."""

from __future__ import annotations

USAGE = -1
ADDRESS = -5
PARAMETER = -8
MALFORMED = -22
REJECTED = -26
WARMING_UP = -28
NOT_ALLOWED = -701
NOT_SUPPORTED = -702
NOT_SUBSCRIBED = -703
PERMISSION = -704
DUPLICATE = -705
ENTITY = -708
NOT_IN_WALLET = -709
TRANSACTION = -710
BLOCK = -711
OUTPUT = -712
NO_DATA = -713
REQUEST = -32600
METHOD = -32601
INTERNAL = -32603
PARSE = -32700


class RpcError(Exception):
    """Raised by a method; becomes `{"code", "message"}` of the answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def enterprise(what: str) -> RpcError:
    return RpcError(NOT_SUPPORTED, f"This feature is only available in MultiChain Enterprise: {what}")
