# SPDX-License-Identifier: Apache-2.0
"""The process: a thread for each ledger's reader, one for each lane of effects, one for the HTTP API."""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Protocol

import sqlalchemy as sa

from faircart import papers
from faircart.agent import effects, log
from faircart.agent.chain_reader import ChainReader
from faircart.agent.http_api import Api
from faircart.agent.spells import Patience, Spells
from faircart.agent.stream_reader import StreamReader
from faircart.agent.tools import Tools
from faircart.agent.waiting import until_there
from faircart.agent.work.runner import Runner
from faircart.errors import FairCartError
from faircart.multichain import names
from faircart.multichain.errors import DuplicateName
from faircart.store import tables as t
from faircart.store.records import Participant

LAST_WORD_SECONDS = 5
"""How long the unit of work in hand may take when the process is asked to end."""
LONGEST_PAUSE = 60
"""Seconds between two attempts of a part that fails in a way that nobody has thought of."""


class Step(Protocol):
    """One bounded piece of work; true if there may be more to do at once."""

    def step(self) -> bool: ...


class Unexpected(FairCartError):
    """A part of the agent failed in a way that nobody has thought of. Names the place, and no value."""


class _Ended(BaseException):
    """SIGTERM or SIGINT before there is any work that could be finished."""


@contextlib.contextmanager
def ends_at_once() -> Iterator[None]:
    """Until the agent runs, a signal ends it where it stands, with 0: whatever a node makes it wait for."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _Ended

    former = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except _Ended:
        log.event("stopped")
        sys.exit(0)
    finally:
        for number, handler in former.items():
            if signal.getsignal(number) is end:
                signal.signal(number, handler)


def run(tools: Tools) -> None:
    """Runs until SIGTERM or SIGINT, or until a part cannot go on (then raises its error)."""
    failures: list[BaseException] = []
    with ends_at_once():
        tools.store.lock()
        if tools.ctx.is_consumer:
            until_there(partial(make_streams, tools))
        introduce(tools)
        api = Api(tools)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _end(tools))
    parts: list[tuple[str, Callable[[], None]]] = [
        ("ethereum", _loop(tools, "ethereum", ChainReader(tools))),
        ("streams", _loop(tools, "streams", StreamReader(tools))),
        *((f"{lane} work", _loop(tools, f"{lane} work", Runner(tools, lane))) for lane in LANES),
        ("http", api.run),
    ]
    threads = [
        threading.Thread(target=_guarded(tools, failures, name, part), name=name, daemon=True)
        for name, part in parts
    ]
    for thread in threads:
        thread.start()
    while not tools.stop.wait(3600):
        pass
    api.stop()
    end = time.monotonic() + LAST_WORD_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    tools.store.close()
    if failures:
        raise failures[0]
    log.event("stopped")
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        # An answer of the API that waits for a node that never answers: Python would wait for it, too.
        logging.shutdown()
        os._exit(0)


LANES = (effects.ETHEREUM, effects.STREAMS, effects.LOCAL)


def _end(tools: Tools) -> None:
    tools.stop.set()
    # From a signal handler, so without the lock that the main thread may hold.
    threading.Thread(target=tools.nudge, daemon=True).start()


def _guarded(
    tools: Tools, failures: list[BaseException], name: str, part: Callable[[], None]
) -> Callable[[], None]:
    def guarded() -> None:
        try:
            part()
        except FairCartError as error:
            failures.append(error)
            _end(tools)
        except Exception as error:  # noqa: BLE001 - handed to the main thread, which raises it
            failures.append(Unexpected(f"The part {name} of the agent failed: {_place(error)}"))
            _end(tools)
        except BaseException as error:  # noqa: BLE001 - the same
            failures.append(error)
            _end(tools)

    return guarded


def _loop(tools: Tools, name: str, part: Step) -> Callable[[], None]:
    spells, patience = Spells(name), Patience()

    def loop() -> None:
        failing = True  # for all we know: an earlier process may have noted that it was
        while not tools.stop.is_set():
            pause, more = tools.config.agent.poll_seconds, False
            try:
                more = part.step()
            except FairCartError as error:
                spells.begins(error)
            except Exception as error:  # noqa: BLE001 - told once; a part that ends for good helps nobody
                spells.begins(Unexpected(_place(error)))
                failing = True
                _note(tools, name, _place(error))
                pause = patience.pause(name, pause, LONGEST_PAUSE)
            else:
                spells.ends()
                patience.forget(name)
                if failing:
                    failing = not _note(tools, name, "")
            if not more:
                with tools.wake:
                    if not tools.stop.is_set():
                        tools.wake.wait(pause)

    return loop


def _note(tools: Tools, part: str, error: str) -> bool:
    """Tells `agent status` how a part fails, since when, or (without an error) that it does not any more.

    False if the database cannot be written: then that is what fails.
    """
    row = t.troubles
    try:
        with tools.store.write() as work:
            if error:
                new = work.insert(row).values(part=part, since=int(time.time()), error=error)
                same = new.on_conflict_do_update(index_elements=["part"], set_={"error": error})
                work.connection.execute(same)
            else:
                work.connection.execute(sa.delete(row).where(row.c.part == part))
    except (FairCartError, sa.exc.SQLAlchemyError):
        return False
    return True


def _place(error: BaseException) -> str:
    """What failed where. Not the message: it may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "faircart" in frame.filename] or list(frames)
    where = f"{ours[-1].filename.rpartition('faircart')[2]}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {where}"


def make_streams(tools: Tools) -> None:
    """A consumer's own streams exist, and our node follows them."""
    ctx = tools.ctx
    for plan in names.consumer_plans(ctx.address, ctx.consumer.categories):
        if not tools.streams.has_stream(plan.name):
            with contextlib.suppress(DuplicateName):  # it came from our own node in the meantime
                tools.streams.create_stream(
                    plan.name,
                    plan.restrict,
                    salted=plan.salted,
                    fields=dict(plan.fields),
                    by=ctx.multichain_address,
                )
        fields = tools.streams.stream(plan.name).fields
        if fields.get("consumer") != ctx.address:
            raise ForeignStream(
                f"The stream {plan.name} was created for another consumer, {fields.get('consumer')}"
            )
        tools.streams.subscribe(plan.name)


class ForeignStream(FairCartError):
    """A stream with our name belongs to somebody else."""


def introduce(tools: Tools) -> None:
    """Our binding is published, with a new version if a key has changed;

    a custodian's balance is filled up.
    """
    ctx = tools.ctx
    with tools.store.write() as work:
        known = work.get(Participant, ctx.address)
        version = work.cursor("binding version") or 0
        keys_changed = known is not None and (known.multichain_address, known.hpke_key) != (
            ctx.multichain_address,
            ctx.hpke_key,
        )
        if version == 0 or keys_changed:
            version = max(version, known.version if known is not None else 0) + 1
            binding = papers.Binding(
                ctx.chain_name, ctx.chain_id, ctx.multichain_address, ctx.hpke_key, version
            )
            signature = papers.sign(binding, ctx.domain("ConsentRegistry"), bytes(tools.account.key))
            value = {"binding": binding.to_json(), "signature": "0x" + signature.hex()}
            work.add([effects.bind(ctx, value, version)])
            work.set_cursor("binding version", version)
        if ctx.is_consumer:  # those that were there before a category was added to the configuration
            others = [row for row in work.find(Participant) if row.address != ctx.address]
            work.add(effects.grant_write(ctx, row.multichain_address) for row in others)
        if ctx.is_custodian and ctx.custodian.standing_balance_wei:
            work.add([effects.fund_at_start(ctx)])
