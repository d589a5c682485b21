# SPDX-License-Identifier: Apache-2.0
"""The effects by which customers' rights are carried out, and their ids (see effects.py)."""

from typing import Any

from faircart.agent.context import Context
from faircart.agent.effects import LOCAL
from faircart.store.outbox import Effect


def _local(ctx: Context, kind: str, body: dict[str, Any], *parts: str, not_before: int = 0) -> Effect:
    return Effect("/".join((str(ctx.chain_id), *parts)), LOCAL, kind, body, not_before)


def send_counter(ctx: Context, counter_id: str) -> Effect:
    """Lay a customer's other terms before the consumer."""
    return _local(ctx, "sendCounter", {"counter": counter_id}, "counter", counter_id, "send")


def judge_counter(ctx: Context, request_id: bytes, txid: str, publisher: str, sealed: str) -> Effect:
    """Decide on other terms that came for a request of ours."""
    body = {"request": request_id.hex(), "publisher": publisher, "sealed": sealed}
    return _local(ctx, "judgeCounter", body, "counter", request_id.hex(), txid, "judge")


def read_answer(ctx: Context, request_id: bytes, txid: str, consumer: str, sealed: str) -> Effect:
    """Read what a consumer answered to a counter-proposal."""
    body = {"request": request_id.hex(), "consumer": consumer, "sealed": sealed}
    return _local(ctx, "readAnswer", body, "counter", request_id.hex(), txid, "answer")


def propose_again(ctx: Context, request_id: bytes, data_root: bytes, counter_id: str) -> Effect:
    """Lay a request before a customer once more, on the terms that both agreed to."""
    body = {"request": request_id.hex(), "document": data_root.hex(), "counter": counter_id}
    return _local(ctx, "propose", body, "counter", counter_id, "propose")


def tell_withdrawal(ctx: Context, consent_id: bytes) -> Effect:
    """Tell the consumer of a consent that it was withdrawn."""
    body = {"consent": consent_id.hex()}
    return _local(ctx, "tellWithdrawal", body, "ConsentRegistry", consent_id.hex(), "tellWithdrawal")


def obey_withdrawal(ctx: Context, consent_id: bytes) -> Effect:
    """As consumer: destroy what was got under a consent that is withdrawn."""
    body = {"consent": consent_id.hex()}
    return _local(ctx, "obeyWithdrawal", body, "ConsentRegistry", consent_id.hex(), "obeyWithdrawal")


def erase(ctx: Context, paper: bytes) -> Effect:
    """Destroy the keys of a customer's documents, as its statement asks."""
    return _local(ctx, "erase", {"paper": paper.hex()}, "erasure", paper.hex(), "erase")


def tell_erasure(ctx: Context, paper: bytes, consumer: str) -> Effect:
    """Tell one recipient of an erasure."""
    body = {"paper": paper.hex(), "consumer": consumer}
    return _local(ctx, "tellErasure", body, "erasure", paper.hex(), "tell", consumer)


def read_erasure(ctx: Context, txid: str, vout: int, publisher: str, item_id: str, value: Any) -> Effect:
    """Open an item of the stream `erasures` and do what it says, if it is for us."""
    body = {"publisher": publisher, "item": item_id, "value": value}
    return _local(ctx, "readErasure", body, "erasures", txid, str(vout))


def acknowledge(ctx: Context, notice: dict[str, Any], counts: dict[str, int]) -> Effect:
    """As consumer: say what was destroyed, once the database holds no trace of the keys."""
    body = {"notice": notice, "counts": counts}
    return _local(ctx, "acknowledge", body, "erasures", notice["id"], "acknowledge")


def certify(ctx: Context, paper: bytes, not_before: int = 0, *, late: bool = False) -> Effect:
    """Write the certificate of an erasure: when all have acknowledged, or when their time is over
    (`late`)."""
    parts = ("erasure", paper.hex(), "certifyLate" if late else "certify")
    return _local(ctx, "certify", {"paper": paper.hex(), "late": late}, *parts, not_before=not_before)


def announce_after(ctx: Context, paper: bytes, category: str) -> Effect:
    """Correct the catalogue after an erasure, also to nothing at all."""
    body = {"category": category, "afterErasure": True}
    return _local(ctx, "announce", body, "catalog", ctx.address, category, paper.hex())
