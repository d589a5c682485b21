# SPDX-License-Identifier: Apache-2.0
"""The process: a thread for each ledger's reader, one for each lane of effects, one for the HTTP API."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from typing import Protocol

from faircart import papers
from faircart.agent import effects, log
from faircart.agent.chain_reader import ChainReader
from faircart.agent.http_api import Api
from faircart.agent.stream_reader import StreamReader
from faircart.agent.tools import Tools
from faircart.agent.work.runner import Runner
from faircart.errors import FairCartError
from faircart.multichain import names
from faircart.multichain.errors import DuplicateName
from faircart.store.records import Participant

LAST_WORD_SECONDS = 8
"""How long the unit of work in hand may take when the process is asked to end."""


class Step(Protocol):
    """One bounded piece of work; true if there may be more to do at once."""

    def step(self) -> bool: ...


def run(tools: Tools) -> None:
    """Runs until SIGTERM or SIGINT, or until a part cannot go on (then raises its error)."""
    failures: list[BaseException] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(tools))
    tools.store.lock()
    if tools.ctx.is_consumer:
        make_streams(tools)
    introduce(tools)
    api = Api(tools)
    parts: list[tuple[str, Callable[[], None]]] = [
        ("ethereum", _loop(tools, "ethereum", ChainReader(tools))),
        ("streams", _loop(tools, "streams", StreamReader(tools))),
        *((f"{lane} work", _loop(tools, f"{lane} work", Runner(tools, lane))) for lane in LANES),
        ("http", api.run),
    ]
    threads = [
        threading.Thread(target=_guarded(tools, failures, part), name=name, daemon=True)
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


LANES = (effects.ETHEREUM, effects.STREAMS, effects.LOCAL)


def _end(tools: Tools) -> None:
    tools.stop.set()
    # From a signal handler, so without the lock that the main thread may hold.
    threading.Thread(target=tools.nudge, daemon=True).start()


def _guarded(tools: Tools, failures: list[BaseException], part: Callable[[], None]) -> Callable[[], None]:
    def guarded() -> None:
        try:
            part()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            failures.append(error)
            _end(tools)

    return guarded


def _loop(tools: Tools, name: str, part: Step) -> Callable[[], None]:
    def loop() -> None:
        away: str | None = None
        while not tools.stop.is_set():
            try:
                more = part.step()
            except FairCartError as error:
                if away != str(error):  # logged once, not once a look
                    log.trouble("away", part=name, reason=str(error))
                away, more = str(error), False
            else:
                if away is not None:
                    log.event("back", part=name)
                away = None
            if not more:
                with tools.wake:
                    tools.wake.wait(tools.config.agent.poll_seconds)

    return loop


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
