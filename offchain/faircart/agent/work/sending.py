# SPDX-License-Identifier: Apache-2.0
"""The Ethereum lane: several transactions in flight, each signed and stored before it is broadcast.

A stored transaction is broadcast again as it is until it is mined, so a crash between storing and
broadcasting, or a reorganisation, cannot send anything twice: its nonce can be used only once. One that is
not mined in time is replaced under the same nonce at a higher price (EIP-1559).
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from faircart.agent import log
from faircart.agent.chain_reader import KEPT_BLOCKS
from faircart.agent.steps import boundary
from faircart.agent.tools import Tools
from faircart.agent.work.calls import Wanted, WouldCheat, decide
from faircart.agent.work.done import Done, NotYet
from faircart.ethereum.errors import InsufficientBalance, NodeRefused, NodeUnreachable
from faircart.ethereum.node import Receipt, RevertData
from faircart.ethereum.transactions import Call, Fees, bumped, fees, sign
from faircart.store import EffectRow, Work
from faircart.store import tables as t

RELAYED = ("grantFor", "revokeFor", "revokeAllFor")
"""What is sent for others, within `ethereum.gas_budget_per_day_wei`.

A withdrawal is never held up by the budget.
"""
READ_TO = "ethereum"
"""The cursor of the chain's reader: it notices if a block up to there is taken back."""
REBROADCAST_SECONDS = 5
SUPERSEDED_SECONDS = 30
"""How long a used nonce may lack a receipt of ours before we believe that something else used it."""
DAY = 86400


@dataclass(frozen=True, slots=True)
class Pending:
    """A stored transaction that is not known to be mined.

    `hashes` are all that were signed under its nonce.
    """

    nonce: int
    effect_id: str
    hashes: list[str]
    raw: bytes
    max_fee: int
    priority_fee: int
    cost: int
    sent_at: int
    block: int
    state: str


class Sender:
    """Sends what effects want and follows it until it is confirmed."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._address = tools.account.address
        self._chain_id = tools.ctx.chain_id
        self._missed: dict[int, float] = {}

    # --- following ----------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Looks after every transaction that is not confirmed: finishes, repeats or replaces it."""
        with self._tools.store.read() as work:
            pending = _pending(work)
        if not pending:
            return
        head = self._tools.ethereum.head()
        mined = self._tools.ethereum.nonce(self._address)
        for transaction in pending:
            try:
                self._follow(transaction, mined, head.number if head is not None else 0)
            except NotYet:
                continue  # what it waits for comes by itself; those behind it can still be looked after

    def _follow(self, transaction: Pending, mined: int, head: int) -> None:
        if transaction.nonce < mined:
            receipt = self._receipt(transaction)
            if receipt is not None:
                if self._is_confirmed(receipt, head):
                    self._finish(transaction, receipt)
                return
            missed = self._missed.setdefault(transaction.nonce, time.monotonic())
            if time.monotonic() - missed > SUPERSEDED_SECONDS:
                self._superseded(transaction)
            return
        self._missed.pop(transaction.nonce, None)
        now = self._tools.clock.now()
        if transaction.state == "signed" or now - transaction.sent_at >= REBROADCAST_SECONDS:
            self._broadcast(transaction, now)

    def _receipt(self, transaction: Pending) -> Receipt | None:
        for entry in reversed(transaction.hashes):
            receipt = self._tools.ethereum.receipt(bytes.fromhex(entry))
            if receipt is not None:
                return receipt
        return None

    def _is_confirmed(self, receipt: Receipt, head: int) -> bool:
        wanted = self._tools.config.ethereum.confirmations
        if isinstance(wanted, int):
            return receipt.block_number <= head - wanted + 1
        confirmed = self._tools.ethereum.head(wanted)
        return confirmed is not None and receipt.block_number <= confirmed.number

    def _finish(self, transaction: Pending, receipt: Receipt) -> None:
        boundary("transaction.mined")
        if not receipt.logged:
            head = self._tools.ethereum.head(receipt.block_number)
            if head is None or head.hash != receipt.block_hash:
                return
        with self._tools.store.write() as work:
            if not _has_read(work, receipt):
                return
            state = "mined" if receipt.succeeded else "failed"
            cost = receipt.cost if transaction.cost else 0
            _set(work, transaction.nonce, state=state, cost=cost, block=receipt.block_number)
            if receipt.succeeded:
                work.outbox.finish(transaction.effect_id, {"transaction": receipt.transaction.hex()})
            else:
                work.outbox.again(transaction.effect_id, "the transaction was mined, but reverted")
        boundary("transaction.done")
        fields = {"effect": transaction.effect_id, "transaction": log.short(receipt.transaction)}
        if receipt.succeeded:
            log.event("transaction.confirmed", **fields)
        else:
            log.trouble("transaction.reverted", **fields)
        self._tools.nudge()

    def _superseded(self, transaction: Pending) -> None:
        # Something else used the nonce: another program with our key, or a replacement made before a restore.
        log.trouble("transaction.superseded", effect=transaction.effect_id, nonce=transaction.nonce)
        with self._tools.store.write() as work:
            _set(work, transaction.nonce, state="failed", cost=0)
            work.outbox.again(transaction.effect_id, "its nonce was used by another transaction")

    # --- sending ------------------------------------------------------------------------------------------

    def send(self, effect: EffectRow) -> Done | None:
        """Begins a waiting effect. None: a transaction is on its way; else what it came to without one."""
        wanted = decide(self._tools, effect)
        if isinstance(wanted, Done):
            return wanted
        call, price = self._price(effect, wanted)
        mined = self._tools.ethereum.nonce(self._address)
        with self._tools.store.write() as work:
            nonce = max(mined, _next_nonce(work))
            signed = sign(self._tools.account, self._chain_id, nonce, call, price)
            transaction = Pending(
                nonce=nonce,
                effect_id=effect.effect_id,
                hashes=[signed.hash.hex()],
                raw=signed.raw,
                max_fee=price.max_fee,
                priority_fee=price.priority_fee,
                cost=call.gas * price.max_fee if effect.kind in RELAYED else 0,
                sent_at=0,
                block=0,
                state="signed",
            )
            work.upsert(t.transactions, [asdict(transaction)])
            work.outbox.begin(effect.effect_id, {"value": str(call.value)})
        boundary("transaction.stored")
        self._broadcast(transaction, self._tools.clock.now())
        return None

    def _price(self, effect: EffectRow, wanted: Wanted) -> tuple[Call, Fees]:
        node, contracts = self._tools.ethereum, self._tools.contracts
        to = contracts.address(wanted.contract)
        data = contracts.calldata(wanted.contract, wanted.function, *wanted.arguments)
        price = self._fees()
        try:
            estimate = node.estimate(to, data, sender=self._address, value=wanted.value)
        except RevertData as error:
            raise contracts.reverted(f"{wanted.contract}.{wanted.function}", error) from None
        except NodeRefused as error:
            if "insufficient funds" in error.reason.lower():
                raise self._too_poor(wanted.value) from None
            raise
        call = Call(to, data, wanted.value, estimate + estimate // 4 + 20_000)
        if node.balance(self._address) < call.value + call.gas * price.max_fee:
            raise self._too_poor(call.value + call.gas * price.max_fee)
        if effect.kind == "grantFor":
            self._within_budget(call.gas * price.max_fee)
        return call, price

    def _fees(self) -> Fees:
        head = self._tools.ethereum.head()
        if head is None:
            raise NodeUnreachable("The Ethereum node has no latest block")
        ceiling = self._tools.config.ethereum.max_fee_wei
        return fees(head.base_fee, self._tools.ethereum.priority_fee(), ceiling)

    def _too_poor(self, needed: int) -> InsufficientBalance:
        return InsufficientBalance(
            f"The account {self._address} has less than the {needed} wei that its next transaction needs: "
            "send it ether"
        )

    def _within_budget(self, cost: int) -> None:
        since = self._tools.clock.now() - DAY
        with self._tools.store.read() as work:
            rows = work.connection.execute(
                sa.select(t.transactions.c.cost).where(t.transactions.c.sent_at > since)
            )
            spent = sum(rows.scalars())
        if spent + cost > self._tools.config.ethereum.gas_budget_per_day_wei:
            raise NotYet("ethereum.gas_budget_per_day_wei is spent", 60)

    def _broadcast(self, transaction: Pending, now: int) -> None:
        # Signed before a crash and perhaps never sent: the last look at withdrawals is taken again.
        perhaps_unsent = transaction.state == "signed" and transaction.effect_id.endswith("/deliver")
        if perhaps_unsent and self._is_unwanted(transaction):
            return
        stuck = transaction.state == "sent" and now - transaction.sent_at >= self._bump_after()
        if stuck:
            transaction = self._replacement(transaction)
        boundary("transaction.broadcast")
        try:
            self._tools.ethereum.send_raw(transaction.raw)
        except NodeRefused as error:
            if "insufficient funds" in error.reason.lower():
                raise self._too_poor(0) from None
            # Too cheap by now, or replaced already: the next replacement mends it, and others must not wait.
            log.trouble("transaction.refused", effect=transaction.effect_id, code=error.code)
        boundary("transaction.sent")
        if transaction.state == "signed":
            log.event(
                "transaction.sent", effect=transaction.effect_id, transaction=transaction.hashes[-1][:16]
            )
            with self._tools.store.write() as work:
                _set(work, transaction.nonce, state="sent", sent_at=now)

    def _is_unwanted(self, transaction: Pending) -> bool:
        with self._tools.store.read() as work:
            effect = work.outbox.get(transaction.effect_id)
        if effect is None:
            return False
        try:
            wanted = decide(self._tools, effect)
        except WouldCheat as error:
            wanted = Done({"moot": str(error)})
        if not isinstance(wanted, Done):
            return False
        # Its nonce must be used up, or everything after it waits: by a payment of nothing to ourselves.
        price = self._fees()
        call = Call(self._address, b"", 0, 30_000)
        signed = sign(self._tools.account, self._chain_id, transaction.nonce, call, price)
        name = f"{transaction.effect_id}/instead"
        with self._tools.store.write() as work:
            work.outbox.finish(transaction.effect_id, wanted.result)
            _set(
                work,
                transaction.nonce,
                effect_id=name,
                hashes=[signed.hash.hex()],
                raw=signed.raw,
                max_fee=price.max_fee,
                priority_fee=price.priority_fee,
            )
        return True

    def _bump_after(self) -> int:
        return self._tools.config.ethereum.bump_after_seconds

    def _replacement(self, transaction: Pending) -> Pending:
        ceiling = self._tools.config.ethereum.max_fee_wei
        old = Fees(transaction.max_fee, transaction.priority_fee)
        price = bumped(old, self._fees(), ceiling)
        if price is None:
            return transaction
        signed = resign(self._tools, transaction, price)
        hashes = [*transaction.hashes, signed[0]]
        now = self._tools.clock.now()
        with self._tools.store.write() as work:
            _set(
                work,
                transaction.nonce,
                hashes=hashes,
                raw=signed[1],
                max_fee=price.max_fee,
                priority_fee=price.priority_fee,
                sent_at=now,
            )
        log.event("transaction.replaced", effect=transaction.effect_id, max_fee=price.max_fee)
        return replace(
            transaction,
            hashes=hashes,
            raw=signed[1],
            max_fee=price.max_fee,
            priority_fee=price.priority_fee,
            sent_at=now,
        )


def resign(tools: Tools, transaction: Pending, price: Fees) -> tuple[str, bytes]:
    """The same call under the same nonce at another price: hash (hex) and raw bytes."""
    call = Call.of_raw(transaction.raw)
    signed = sign(tools.account, tools.ctx.chain_id, transaction.nonce, call, price)
    return signed.hash.hex(), signed.raw


def _pending(work: Work) -> list[Pending]:
    query = (
        sa.select(t.transactions)
        .where(t.transactions.c.state.in_(("signed", "sent")))
        .order_by(t.transactions.c.nonce)
    )
    return [Pending(*row) for row in work.connection.execute(query)]


def _next_nonce(work: Work) -> int:
    highest = work.connection.execute(sa.select(sa.func.max(t.transactions.c.nonce))).scalar_one()
    return 0 if highest is None else int(highest) + 1


def _has_read(work: Work, receipt: Receipt) -> bool:
    """Whether our reader has read the very block of a receipt: another one of the same number does not count.

    A block that is taken back before the reader was there is missed by nobody else.
    """
    cursor = work.cursor(READ_TO) or 0
    if cursor < receipt.block_number:
        return False
    kept = work.connection.execute(
        sa.select(t.blocks.c.hash).where(t.blocks.c.number == receipt.block_number)
    ).scalar_one_or_none()
    if kept is not None:
        return bool(kept == receipt.block_hash)
    # Every block with an event of ours is kept, unless it lies too deep to be taken back.
    return not receipt.logged or cursor - receipt.block_number >= KEPT_BLOCKS


def _set(work: Work, nonce: int, **changes: Any) -> None:
    work.connection.execute(
        sa.update(t.transactions).where(t.transactions.c.nonce == nonce).values(**changes)
    )
