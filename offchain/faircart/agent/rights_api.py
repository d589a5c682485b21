# SPDX-License-Identifier: Apache-2.0
"""The part of the HTTP API that serves the customers' rights, and hands out items of the shared streams.

| call | what |
|---|---|
| `POST /v1/papers/declines`, `/counters`, `/erasures` | `{"statement", "signature"}` → 202 |
| `GET /v1/customers/{address}/epoch` | `{"epoch"}`, the one that `withdraw --all` ends |
| * `GET /v1/customers/{address}/holdings` | `{"id", "sealed"}`: everything held, sealed to the reading key |
| * `GET /v1/customers/{address}/erasures` | `[{"id", "step", "commitment", "sealed", "transaction"}]` |
| `GET /v1/streams/{stream}/items?start=&count=` | items of a shared stream as our node sees them |
| `GET /v1/streams/{stream}/keys/{key}` | its items with a key |

Those marked * need a token (`admission`).
"""

import dataclasses
import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

from faircart import papers
from faircart.agent import sealed, signatures
from faircart.agent.admission import Admission
from faircart.agent.context import Context
from faircart.agent.handlers import Outcome, rights
from faircart.agent.handlers.outcome import PaperRefused
from faircart.agent.tools import Tools
from faircart.errors import FairCartError
from faircart.multichain import names
from faircart.multichain.errors import MultiChainError
from faircart.rights import holdings, statements
from faircart.rights.sources import NodeSource, seen
from faircart.store import Work
from faircart.store.records import Consent, Customer, Document, ErasureItem, Order, Paper, Proposal

if TYPE_CHECKING:
    from fastapi import FastAPI

SHARED = frozenset(plan.name for plan in names.SHARED)
MAX_PAGE = 500
Take = Callable[[Tools, Callable[[Work, int], Outcome]], None]
Handler = Callable[[Context, Any, Any, bytes, int], Outcome]
HANDLERS: dict[str, tuple[str, Handler]] = {
    "declines": (statements.DECLINE, rights.decline),
    "counters": (statements.COUNTER, rights.counter),
    "erasures": (statements.ERASURE, rights.erasure),
}


class StreamsAway(FairCartError):
    """Our stream node does not answer."""


def add_routes(app: "FastAPI", tools: Tools, admission: Admission, take: Take) -> None:
    """Adds the calls to the application; `take` stores a handler's outcome in one transaction."""
    from fastapi import Header

    for path, (kind, handler) in HANDLERS.items():
        app.post(f"/v1/papers/{path}", status_code=202)(_taker(tools, take, kind, handler))

    @app.get("/v1/customers/{address}/epoch")
    def epoch(address: str) -> dict[str, Any]:
        address = papers.account_address("address", address)
        return {"epoch": int(tools.contracts.view(tools.ethereum, "ConsentRegistry", "epochOf", address))}

    @app.get("/v1/customers/{address}/holdings")
    def everything(address: str, authorization: Annotated[str | None, Header()] = None) -> dict[str, Any]:
        address = papers.account_address("address", address)
        admission.require(address, authorization)
        with tools.store.read() as work:
            customer = work.get(Customer, address)
            if customer is None:
                raise PaperRefused(404, "customer: nothing is held about this account")
            value = held(tools, work, customer)
        item_id = secrets.token_hex(32)
        copies = sealed.seal(sealed.HOLDINGS, item_id, [customer.reading_key], value)
        return {"id": item_id, "sealed": copies[0]}

    @app.get("/v1/customers/{address}/erasures")
    def erasures(address: str, authorization: Annotated[str | None, Header()] = None) -> list[dict[str, Any]]:
        address = papers.account_address("address", address)
        admission.require(address, authorization)
        with tools.store.read() as work:
            return [_erasure_item(row) for row in work.find(ErasureItem, customer=address)]

    @app.get("/v1/streams/{stream}/items")
    def items(stream: str, start: int = 0, count: int = MAX_PAGE) -> list[dict[str, Any]]:
        _shared(stream)
        if start < 0 or not 1 <= count <= MAX_PAGE:
            raise PaperRefused(422, f"start, count: from 0, and 1 to {MAX_PAGE}")
        return _answered(lambda: _page(tools, stream, start, count))

    @app.get("/v1/streams/{stream}/keys/{key}")
    def key_items(stream: str, key: str) -> list[dict[str, Any]]:
        _shared(stream)
        source = NodeSource(tools.streams)
        return _answered(lambda: [dataclasses.asdict(found) for found in source.by_key(stream, key)])


def _taker(
    tools: Tools, take: Take, kind: str, handler: Handler
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def answer(body: dict[str, Any]) -> dict[str, Any]:
        statement, signature = body.get("statement"), body.get("signature")
        if not isinstance(statement, dict) or not isinstance(signature, str):
            raise PaperRefused(422, "statement, signature: one is missing")
        with tools.store.read() as work:
            account = rights.signatory(tools.ctx, work, kind, statement)
        raw = signatures.check_statement(tools, statement, account, signature)
        take(tools, lambda work, now: handler(tools.ctx, work, statement, raw, now))
        return {"id": statements.digest(statement).hex()}

    return answer


def held(tools: Tools, work: Work, customer: Customer) -> dict[str, Any]:
    """Everything that this custodian holds about one customer, with the shop's signature over it."""
    orders = work.find(Order, buyer=customer.address)
    quotes = [quote for row in orders if (quote := _quote(work, row)) is not None]
    signed = work.find(Paper, signer=customer.address)
    value = {
        "customer": customer.address,
        "readingKey": "0x" + customer.reading_key.hex(),
        "documents": [_document(row, text) for row, text in _documents(tools, work, customer)],
        "consents": [_consent(work, row) for row in work.find(Proposal, customer=customer.address)],
        "orders": [_order(work, row) for row in orders],
        "papers": [_paper(row) for row in (*signed, *quotes)],
    }
    files = holdings.read(value, tools.ctx.domain("ConsentRegistry"), tools.ctx.address).files()
    statement = {
        "faircart": statements.HOLDINGS,
        "chainId": tools.ctx.chain_id,
        "custodian": tools.ctx.address,
        "customer": customer.address,
        "readingKey": value["readingKey"],
        "createdAt": tools.clock.now(),
        "files": {path: file.sha256 for path, file in files.items()},
    }
    signature = statements.sign(statement, bytes(tools.account.key))
    return {**value, "attestation": statement, "signature": signature}


def _documents(tools: Tools, work: Work, customer: Customer) -> Iterator[tuple[Document, bytes]]:
    for row in work.find(Document, customer=customer.address):
        plaintext = tools.secrets.get(work, "document", row.data_root.hex())
        if plaintext is not None:
            yield row, plaintext


def _document(row: Document, plaintext: bytes) -> dict[str, Any]:
    return {
        "category": row.category,
        "dataRoot": "0x" + row.data_root.hex(),
        "version": row.version,
        "current": row.current,
        "orderId": "0x" + row.order_id.hex(),
        "plainChunks": "0x" + plaintext.hex(),
    }


def _paper(row: Paper) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "paper": row.body,
        "signature": "0x" + row.signature.hex(),
        "receivedAt": row.received_at,
    }


def _consent(work: Work, proposal: Proposal) -> dict[str, Any]:
    granted = work.get(Consent, proposal.consent_id)
    state = proposal.state
    if granted is not None:
        state = "Ended" if granted.ended_at else "Granted"
    return {
        "id": proposal.consent_id.hex(),
        "proposal": proposal.proposal_id,
        "consent": proposal.consent,
        "record": proposal.terms,
        "state": state,
    }


def _order(work: Work, row: Order) -> dict[str, Any]:
    quote = _quote(work, row)
    return {
        "paper": None if quote is None else quote.body,
        "orderId": "0x" + row.order_id.hex(),
        "amountWei": str(row.amount),
        "state": row.state,
        "changedAt": row.changed_at,
    }


def _quote(work: Work, row: Order) -> Paper | None:
    quote = work.get(Paper, row.order_id)
    return quote if quote is not None and quote.kind == "order" else None


def _erasure_item(row: ErasureItem) -> dict[str, Any]:
    return {
        "id": row.item_id,
        "step": row.step,
        "commitment": row.commitment.hex(),
        "sealed": row.sealed,
        "transaction": row.body.get("streamItem"),
    }


def _shared(stream: str) -> None:
    if stream not in SHARED:
        raise PaperRefused(
            404, f"stream: only the shared streams are handed out: {', '.join(sorted(SHARED))}"
        )


def _page(tools: Tools, stream: str, start: int, count: int) -> list[dict[str, Any]]:
    tools.streams.subscribe(stream)
    found = tools.streams.items(stream, count=count, start=start)
    return [dataclasses.asdict(seen(tools.streams, item)) for item in found]


def _answered(ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    try:
        return ask()
    except MultiChainError:
        raise StreamsAway("Our stream node does not answer; try again later, or ask another agent") from None
