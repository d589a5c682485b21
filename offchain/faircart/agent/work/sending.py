# SPDX-License-Identifier: Apache-2.0
"""The Ethereum lane: several transactions in flight, each signed and stored before it is broadcast.

A stored transaction is broadcast again as it is until it is mined, so a crash between storing and
broadcasting, or a reorganisation, cannot send anything twice: its nonce can be used only once. One that is
not mined while others are is replaced under the same nonce at a higher price (EIP-1559). One that the node
refuses for good makes room: its effect is parked, its nonce used up by a payment of nothing to ourselves.
"""

import time
from dataclasses import asdict, replace

from faircart.agent import log
from faircart.agent.steps import boundary
from faircart.agent.tools import Tools
from faircart.agent.work.calls import decide, refused
from faircart.agent.work.done import Done, NotYet
from faircart.agent.work.nonces import Nonces
from faircart.agent.work.pending import Pending, change, has_read, next_nonce, unconfirmed
from faircart.agent.work.relaying import RELAYED, within_budget
from faircart.agent.work.wanted import Wanted, WouldCheat
from faircart.errors import FairCartError
from faircart.ethereum.errors import InsufficientBalance, NodeRefused, NodeUnreachable, Reverted
from faircart.ethereum.node import Receipt, RevertData
from faircart.ethereum.transactions import Call, Fees, FeeTooHigh, bumped, fees, sign
from faircart.store import EffectRow, Work
from faircart.store import tables as t
from faircart.store.records import Exchange, Withdrawal

REBROADCAST_SECONDS = 5
SUPERSEDED_SECONDS = 30
"""How long a used nonce may lack a receipt of ours before we believe that something else used it."""
BUMP_BLOCKS = 3
"""So many blocks have to come without the next transaction in line before it counts as too cheap."""
REFUSALS = 12
"""After so many refusals in a row, a minute's, a transaction is given up."""
PASSING = (
    *("nonce", "underpriced", "already", "known transaction", "fee too low", "base fee", "fee per gas"),
    *("feetoolow", "feeper", "basefee", "gas price", "gasprice", "replace", "exceeded"),
    *("balance", "pool", "queue", "internal error", "in progress"),
)
"""What a node says, among others, when it refuses a transaction that it may take later."""
INSTEAD = "/instead"
"""Marks the id of an effect whose transaction made room for a payment of nothing."""
TROUBLES = (NodeUnreachable, InsufficientBalance)
"""What is wrong with the node or the account, and not with one transaction."""


class Sender:
    """Sends what effects want and follows it until it is confirmed."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._address = tools.account.address
        self._chain_id = tools.ctx.chain_id
        self._missed: dict[int, float] = {}
        self._sent: dict[int, float] = {}
        self._first_seen: dict[int, int] = {}
        self._refusals: dict[int, str] = {}
        self._refused: dict[int, int] = {}
        self._nonces = Nonces(tools)

    # --- following ----------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Looks after every transaction that is not confirmed: finishes, repeats or replaces it.

        One that is in trouble holds up no other. Raises NodeUnreachable, InsufficientBalance.
        """
        with self._tools.store.read() as work:
            pending = unconfirmed(work)
        if not pending:
            return
        head = self._tools.ethereum.head()
        mined = self._nonces.mined()
        if self._nonces.close_gap(pending, mined):
            for transaction in pending:
                self._forget(transaction.nonce)
            return
        short: InsufficientBalance | None = None
        for transaction in pending:
            try:
                self._follow(transaction, mined, head.number if head is not None else 0)
            except NodeUnreachable:
                raise
            except InsufficientBalance as error:
                short = error  # those before it may be mined, and free some
            except NotYet:
                continue  # what it waits for comes by itself; those behind it can still be looked after
            except FairCartError as error:
                self._once(transaction, error)
        if short is not None:
            raise short

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
        due = transaction.state == "signed" or _is_old(self._sent, transaction.nonce)
        if transaction.state == "sent" and self._is_stuck(transaction, mined, head):
            self._first_seen[transaction.nonce] = head
            replacement = self._replacement(transaction)
            due, transaction = due or replacement is not transaction, replacement
        if due:
            self._broadcast(transaction, now)

    def _is_stuck(self, transaction: Pending, mined: int, head: int) -> bool:
        """Whether others were mined instead of it. A head that stands still says nothing about the price,
        and what waits behind another nonce is not too cheap.
        """
        if transaction.nonce != mined or not head:
            return False
        seen = min(head, self._first_seen.setdefault(transaction.nonce, head))
        self._first_seen[transaction.nonce] = seen  # a reorganisation can take the head back
        waited = self._tools.clock.now() - transaction.sent_at
        return head - seen >= BUMP_BLOCKS and waited >= self._tools.config.ethereum.bump_after_seconds

    def _once(self, transaction: Pending, error: FairCartError) -> None:
        """Tells of what is wrong with a transaction, and not again until something else is."""
        what = getattr(error, "code", None) or type(error).__name__
        if self._refusals.get(transaction.nonce) != str(what):
            self._refusals[transaction.nonce] = str(what)
            log.trouble("transaction.refused", effect=transaction.effect_id, code=what)

    def _forget(self, nonce: int) -> None:
        for kept in (self._missed, self._sent, self._first_seen, self._refusals, self._refused):
            kept.pop(nonce, None)

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
            if not has_read(work, receipt):
                return
            state = "mined" if receipt.succeeded else "failed"
            cost = receipt.cost if transaction.cost else 0
            change(work, transaction.nonce, state=state, cost=cost, block=receipt.block_number)
            if receipt.succeeded:
                work.outbox.finish(transaction.effect_id, {"transaction": receipt.transaction.hex()})
            else:
                self._again(work, transaction, "the transaction was mined, but reverted")
        self._forget(transaction.nonce)
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
            change(work, transaction.nonce, state="failed", cost=0)
            self._again(work, transaction, "its nonce was used by another transaction")
        self._forget(transaction.nonce)

    def _again(self, work: Work, transaction: Pending, reason: str) -> None:
        # Each attempt costs gas, so there is a last one.
        effect = work.outbox.get(transaction.effect_id)
        if effect is None:
            return
        if effect.attempts + 1 >= self._tools.config.agent.max_attempts:
            work.outbox.park(effect.effect_id, reason)
            log.trouble("effect.parked", kind=effect.kind, effect=effect.effect_id, error=reason)
            return
        pause = min(2**effect.attempts, 60) if effect.attempts else 0
        work.outbox.again(effect.effect_id, reason, self._tools.clock.now() + pause)

    # --- sending ------------------------------------------------------------------------------------------

    def send(self, effect: EffectRow) -> Done | None:
        """Begins a waiting effect. None: a transaction is on its way; else what it came to without one."""
        wanted = decide(self._tools, effect)
        if isinstance(wanted, Done):
            return wanted
        try:
            call, price = self._price(effect, wanted)
        except Reverted as error:
            return refused(self._tools, effect, error)
        mined = self._nonces.mined()
        with self._tools.store.write() as work:
            nonce = max(mined, next_nonce(work))
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
        within_budget(self._tools, effect, call.gas * price.max_fee)
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

    def _broadcast(self, transaction: Pending, now: int) -> None:
        # Signed before a crash and perhaps never sent: the last look at withdrawals is taken again.
        if transaction.state == "signed" and transaction.effect_id.endswith("/deliver"):
            if self._is_unwanted(transaction):
                return
            # A withdrawal is either stored before this, and seen, or answered after the key is out.
            with self._tools.disclosing:
                if self._is_withdrawn(transaction):
                    return  # the next look gives the delivery up
                self._send(transaction)
        else:
            self._send(transaction)
        if transaction.state == "signed":
            log.event(
                "transaction.sent", effect=transaction.effect_id, transaction=transaction.hashes[-1][:16]
            )
            with self._tools.store.write() as work:
                change(work, transaction.nonce, state="sent", sent_at=now)

    def _send(self, transaction: Pending) -> None:
        boundary("transaction.broadcast")
        self._sent[transaction.nonce] = time.monotonic()
        try:
            self._tools.ethereum.send_raw(transaction.raw)
        except NodeRefused as error:
            if "insufficient funds" in error.reason.lower():
                raise self._too_poor(Call.of_raw(transaction.raw).value) from None
            # Too cheap by now, or replaced already: the next replacement mends it, and others must not wait.
            self._once(transaction, error)
            self._count(transaction, error)
        else:
            self._refused.pop(transaction.nonce, None)
        boundary("transaction.sent")

    def _count(self, transaction: Pending, error: NodeRefused) -> None:
        """Gives a transaction up that the node has refused again and again for a reason of its own."""
        said = error.reason.lower()
        if any(phrase in said for phrase in PASSING) or transaction.effect_id.endswith(INSTEAD):
            self._refused.pop(transaction.nonce, None)
            return
        times = self._refused[transaction.nonce] = self._refused.get(transaction.nonce, 0) + 1
        if times < REFUSALS:
            return
        old, ceiling = Fees(transaction.max_fee, transaction.priority_fee), self._tools.config.ethereum
        try:
            price = bumped(old, self._fees(), ceiling.max_fee_wei) or old
        except FeeTooHigh:
            price = old
        with self._tools.store.write() as work:
            effect = work.outbox.get(transaction.effect_id)
            work.outbox.park(transaction.effect_id, str(error))
            self._use_up(work, transaction, price, transaction.hashes)
        self._forget(transaction.nonce)
        kind = "" if effect is None else effect.kind
        log.trouble("effect.parked", kind=kind, effect=transaction.effect_id, error="NodeRefused")

    def _use_up(self, work: Work, transaction: Pending, price: Fees, earlier: list[str]) -> None:
        """Pays nothing to ourselves under a transaction's nonce: it must be used, or all behind it wait."""
        call = Call(self._address, b"", 0, 30_000)
        signed = sign(self._tools.account, self._chain_id, transaction.nonce, call, price)
        change(
            work,
            transaction.nonce,
            effect_id=transaction.effect_id + INSTEAD,
            hashes=[*earlier, signed.hash.hex()],
            raw=signed.raw,
            max_fee=price.max_fee,
            priority_fee=price.priority_fee,
        )

    def _is_withdrawn(self, transaction: Pending) -> bool:
        with self._tools.store.read() as work:
            effect = work.outbox.get(transaction.effect_id)
            if effect is None:
                return False
            exchange = work.get(Exchange, bytes.fromhex(effect.body["exchange"]))
            return exchange is not None and work.get(Withdrawal, exchange.consent_id) is not None

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
        try:
            price = self._fees()
        except FeeTooHigh:
            price = Fees(transaction.max_fee, transaction.priority_fee)
        with self._tools.store.write() as work:
            work.outbox.finish(transaction.effect_id, wanted.result)
            self._use_up(work, transaction, price, [])
        return True

    def _replacement(self, transaction: Pending) -> Pending:
        ceiling = self._tools.config.ethereum.max_fee_wei
        old = Fees(transaction.max_fee, transaction.priority_fee)
        try:
            price = bumped(old, self._fees(), ceiling)
        except FeeTooHigh:
            price = None  # no price that we would pay gets it mined now
        if price is None:
            return transaction
        signed = resign(self._tools, transaction, price)
        hashes = [*transaction.hashes, signed[0]]
        # What is kept as its cost counts in the day's budget until it is mined.
        cost = Call.of_raw(signed[1]).gas * price.max_fee if transaction.cost else 0
        now = self._tools.clock.now()
        with self._tools.store.write() as work:
            change(
                work,
                transaction.nonce,
                hashes=hashes,
                raw=signed[1],
                max_fee=price.max_fee,
                priority_fee=price.priority_fee,
                cost=cost,
                sent_at=now,
            )
        log.event("transaction.replaced", effect=transaction.effect_id, max_fee=price.max_fee)
        return replace(
            transaction,
            hashes=hashes,
            raw=signed[1],
            max_fee=price.max_fee,
            priority_fee=price.priority_fee,
            cost=cost,
            sent_at=now,
        )


def _is_old(times: dict[int, float], nonce: int) -> bool:
    last = times.get(nonce)
    return last is None or time.monotonic() - last >= REBROADCAST_SECONDS


def resign(tools: Tools, transaction: Pending, price: Fees) -> tuple[str, bytes]:
    """The same call under the same nonce at another price: hash (hex) and raw bytes."""
    call = Call.of_raw(transaction.raw)
    signed = sign(tools.account, tools.ctx.chain_id, transaction.nonce, call, price)
    return signed.hash.hex(), signed.raw
