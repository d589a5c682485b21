# SPDX-License-Identifier: Apache-2.0
"""Whether a paper is signed by an account, as the contracts see it: by its own key, else by ERC-1271."""

from eth_abi.abi import encode

from faircart import papers
from faircart.agent.handlers.outcome import PaperRefused
from faircart.agent.tools import Tools
from faircart.ethereum.node import RevertData

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
    if tools.ethereum.code(account):
        data = MAGIC + encode(["bytes32", "bytes"], [paper.digest(domain), signature])
        try:
            if tools.ethereum.call(account, data)[:4] == MAGIC:
                return signature
        except RevertData:
            pass  # a wallet that refuses by reverting
    raise PaperRefused(422, f"signature: it is not that of {account}")
