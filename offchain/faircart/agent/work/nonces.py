# SPDX-License-Identifier: Apache-2.0
"""Which nonce is the account's next by the chain, and what to do with transactions that no nonce leads up to.

One nonsense answer must not decide where transactions are signed: above a gap none of them is ever mined.
"""

import time
from collections.abc import Sequence

from faircart.agent import log
from faircart.agent.tools import Tools
from faircart.agent.work.pending import Pending, highest_mined, next_nonce, remove
from faircart.ethereum.errors import NodeUnreachable

GAP_SECONDS = 120
"""A node that lags tells of too low a nonce for a while; a gap that is there for so long is one."""


class Nonces:
    """The nonces of our account."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._gap: tuple[int, float] | None = None

    def mined(self) -> int:
        """How many transactions of ours are mined. Raises NodeUnreachable for an answer that may be nonsense.

        More than we know of is right if our database is new, or another program has our key.
        """
        node, address = self._tools.ethereum, self._tools.account.address
        told = node.nonce(address)
        with self._tools.store.read() as work:
            if told <= next_nonce(work):
                return told
        again, pending = node.nonce(address), node.nonce(address, "pending")
        if not told <= again <= pending or node.chain_id() != self._tools.ctx.chain_id:
            raise NodeUnreachable(
                f"The Ethereum node {node.url} does not agree with itself about the nonce of {address}"
            )
        return again

    def close_gap(self, pending: Sequence[Pending], mined: int) -> bool:
        """Takes back transactions above nonces that nobody uses; whether there were any. Their effects are
        decided anew, at the right nonce.

        What was signed stays valid far above, and each call of ours can take place only once by the contract
        that it calls, or moves ether of ours only within it.
        """
        if pending[0].nonce <= mined:
            self._gap = None
            return False
        if self._gap is None or self._gap[0] != mined:
            self._gap = mined, time.monotonic()
        if time.monotonic() - self._gap[1] < GAP_SECONDS:
            return False
        if self._tools.ethereum.nonce(self._tools.account.address, "pending") != mined:
            return False  # another program with our key is about to fill it
        now = self._tools.clock.now()
        with self._tools.store.write() as work:
            if highest_mined(work) >= mined:
                return False  # it is the node that lags
            for transaction in pending:
                remove(work, transaction.nonce)
                work.outbox.again(transaction.effect_id, "its nonce was above a gap", now)
        self._gap = None
        log.trouble("transaction.gap", nonce=mined, above=pending[0].nonce, transactions=len(pending))
        return True
