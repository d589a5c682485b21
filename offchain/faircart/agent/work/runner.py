# SPDX-License-Identifier: Apache-2.0
"""Takes up due effects lane by lane, and decides what a failure means:

later, again, or parked for the operator.
"""

from collections.abc import Callable

from faircart.agent import effects, log
from faircart.agent.chain_reader import apply
from faircart.agent.spells import Patience, Spells
from faircart.agent.steps import boundary
from faircart.agent.tools import Tools
from faircart.agent.work import (
    audit,
    catalog,
    consumer,
    countering,
    custodian,
    erasing,
    faults,
    obeying,
    publishing,
    renewing,
)
from faircart.agent.work.done import Done, NotYet
from faircart.agent.work.relaying import BudgetSpent
from faircart.agent.work.sending import Sender
from faircart.agent.work.wanted import WouldCheat
from faircart.errors import FairCartError
from faircart.ethereum.errors import InsufficientBalance, NodeUnreachable, Reverted
from faircart.ethereum.transactions import FeeTooHigh
from faircart.multichain import errors as streams
from faircart.store import EffectRow
from faircart.store.errors import StoreUnusable

LONGEST_PAUSE = 60
LONGEST_WAIT = 15
"""Seconds between two looks at what waits for others, at most (unless the wait itself says more)."""
Worker = Callable[[Tools, EffectRow], Done]
WORKERS: dict[str, Worker] = {
    "announce": catalog.announce,
    "propose": custodian.propose,
    "makeOffer": custodian.make_offer,
    "destroyKeys": custodian.destroy_keys,
    "expireOffer": custodian.expire_offer,
    "accessEntry": audit.access_entry,
    "receipt": audit.receipt,
    "retract": audit.retract,
    "reinstate": audit.reinstate,
    "openEnvelope": consumer.open_envelope,
    "checkItem": consumer.check_item,
    "openItem": consumer.open_item,
    "closeRequest": consumer.close_request,
    "renewDocument": renewing.renew_document,
    "expireData": obeying.expire_data,
    "forgetPad": consumer.forget_pad,
    "askToConcede": faults.ask_to_concede,
    "judgeConcession": faults.judge_concession,
    "publish": publishing.publish,
    "publishItem": publishing.publish_item,
    "grantWrite": publishing.grant_write,
    "sendCounter": countering.send_counter,
    "judgeCounter": countering.judge_counter,
    "readAnswer": countering.read_answer,
    "tellWithdrawal": erasing.tell_withdrawal,
    "obeyWithdrawal": obeying.obey_withdrawal,
    "erase": erasing.erase,
    "tellErasure": erasing.tell_erasure,
    "readErasure": obeying.read_erasure,
    "acknowledge": obeying.acknowledge,
    "certify": erasing.certify,
}
AWAY = (
    NodeUnreachable,
    InsufficientBalance,
    FeeTooHigh,
    streams.Unreachable,
    streams.TimedOut,
    streams.ConnectionCut,
    streams.Overloaded,
    streams.WarmingUp,
    streams.PublishUncertain,
    StoreUnusable,
)
"""The other side is away or we are short of ether:

waited out, however long, and never counted as a failure.
"""


class Runner:
    """Carries out the effects of one lane, in one thread."""

    def __init__(self, tools: Tools, lane: str) -> None:
        self._tools = tools
        self._lane = lane
        self._sender = Sender(tools) if lane == effects.ETHEREUM else None
        self._spells = Spells(f"{lane} work")
        self._patience = Patience()

    def step(self) -> bool:
        """Takes up what is due; whether something was done, so that more may be due."""
        if self._sender is not None:
            try:
                self._sender.follow()
            except AWAY as error:
                self._spells.begins(error)
                if not isinstance(error, InsufficientBalance):
                    return False
            else:
                self._spells.ends()
        with self._tools.store.read() as work:
            due = work.outbox.due(self._lane, self._tools.clock.now())
        progressed = False
        for effect in due:
            if self._tools.stop.is_set():
                return False
            try:
                progressed |= self._take_up(effect)
            except AWAY as error:
                self._spells.begins(error, effect.effect_id)
                seconds = self._patience.pause(effect.effect_id, 1, LONGEST_WAIT)
                self._postpone(effect, str(error), seconds, failed=False)
                if not isinstance(error, InsufficientBalance):  # what costs less may still be possible
                    return progressed
        if not due:
            self._spells.ends()
        return progressed

    def _take_up(self, effect: EffectRow) -> bool:
        if self._lane == effects.STREAMS and effect.state == "waiting":
            with self._tools.store.write() as work:
                work.outbox.begin(effect.effect_id)
            boundary("effect.begun")
        try:
            if self._sender is not None:
                done = self._sender.send(effect)
            else:
                done = WORKERS[effect.kind](self._tools, effect)
            if done is not None:
                boundary("effect.carried_out")
                self._finish(effect, done)
        except NotYet as reason:
            self._wait(effect, reason)
            return False
        except AWAY:
            raise
        except WouldCheat as error:
            self._park(effect, error)
            return True
        except FairCartError as error:
            self._failed(effect, error)
            return False
        except Exception as error:  # noqa: BLE001 - parked, counted and shown; the others go on
            self._park(effect, error)
            return True
        self._through(effect)
        return done is not None

    def _wait(self, effect: EffectRow, reason: NotYet) -> None:
        if isinstance(reason, BudgetSpent):
            self._spells.begins(reason, effect.effect_id)
        else:
            self._spells.ends(effect.effect_id)
        seconds = self._patience.pause(effect.effect_id, reason.seconds, LONGEST_WAIT)
        self._postpone(effect, str(reason), seconds, failed=False)

    def _through(self, effect: EffectRow) -> None:
        self._spells.ends(effect.effect_id)
        self._patience.forget(effect.effect_id)

    def _finish(self, effect: EffectRow, done: Done) -> None:
        with self._tools.store.write() as work:
            apply(work, done.outcome)
            for kind, name, secret in done.keep:
                self._tools.secrets.put(work, kind, name, secret)
            for kind, name in done.destroy:
                self._tools.secrets.destroy(work, kind, name)
            work.outbox.finish(effect.effect_id, done.result)
        boundary("effect.done")
        log.event("effect.done", kind=effect.kind, effect=effect.effect_id, **log.without_ids(done.result))
        self._tools.nudge()

    def _postpone(self, effect: EffectRow, reason: str, seconds: float, *, failed: bool) -> None:
        not_before = self._tools.clock.now() + max(1, int(seconds))
        with self._tools.store.write() as work:
            work.outbox.postpone(effect.effect_id, not_before, reason, failed=failed)

    def _failed(self, effect: EffectRow, error: Exception) -> None:
        self._spells.ends(effect.effect_id)
        if effect.attempts + 1 >= self._tools.config.agent.max_attempts:
            self._park(effect, error)
            return
        log.event("effect.failed", kind=effect.kind, effect=effect.effect_id, error=_name(error))
        self._postpone(effect, str(error), min(2**effect.attempts, LONGEST_PAUSE), failed=True)

    def _park(self, effect: EffectRow, error: Exception) -> None:
        self._through(effect)
        with self._tools.store.write() as work:
            work.outbox.park(effect.effect_id, f"{_name(error)}: {error}")
        log.trouble("effect.parked", kind=effect.kind, effect=effect.effect_id, error=_name(error))


def _name(error: Exception) -> str:
    """What went wrong, without its values: those may be a customer's, and go into the log."""
    return error.name if isinstance(error, Reverted) else type(error).__name__
