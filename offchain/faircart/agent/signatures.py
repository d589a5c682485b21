# SPDX-License-Identifier: Apache-2.0
"""Whether a paper or a statement is signed by an account, as the contracts see it: by its own key, else by
ERC-1271.
"""

from typing import Any

from eth_abi.abi import encode

from faircart import papers
from faircart.agent.handlers.outcome import PaperRefused
from faircart.agent.tools import Tools
from faircart.ethereum.node import RevertData
from faircart.rights import statements

MAGIC = bytes.fromhex("1626ba7e")
"""isValidSignature(bytes32,bytes): selector and answer (ERC-1271)."""


def check(tools: Tools, contract: str, paper: papers.Paper, account: str, signature: bytes) -> bytes:
    """The signature, if it is `account`'s over `paper`. Raises PaperRefused, NodeUnreachable."""
    domain = tools.ctx.domain(contract)
    try:
        if papers.signer(paper, domain, signature) == account:
            return signature
    except papers.SignatureInvalid:
        pass  # contract accounts sign in forms of their own
    if _agrees(tools, account, paper.digest(domain), signature):
        return signature
    raise PaperRefused(422, f"signature: it is not that of {account}")


def check_statement(tools: Tools, body: dict[str, Any], account: str, signature: str) -> bytes:
    """The signature (0x-hex given), if it is `account`'s over a statement. Raises PaperRefused,
    NodeUnreachable."""
    try:
        if statements.signer(body, signature) == account:
            return bytes.fromhex(signature[2:])
    except statements.StatementWrong:
        pass  # as above
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
        if _agrees(tools, account, statements.message_hash(body), raw):
            return raw
    except ValueError:
        raise PaperRefused(422, "signature: it is no hex") from None
    raise PaperRefused(403, "signature: it is not the customer's, so nothing was done")


def _agrees(tools: Tools, account: str, digest: bytes, signature: bytes) -> bool:
    if not tools.ethereum.code(account):
        return False
    try:
        answer = tools.ethereum.call(account, MAGIC + encode(["bytes32", "bytes"], [digest, signature]))
    except RevertData:
        return False  # a wallet that refuses by reverting
    return answer[:4] == MAGIC
