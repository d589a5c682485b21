# SPDX-License-Identifier: Apache-2.0
"""The HTTP API: takes customers' signed papers, hands out what is sealed to them.

Who holds a customer's reading key is told about that customer (`admission`); whoever submits a paper needs
the customer's signature. FastAPI and uvicorn are imported when an agent starts, and by nothing else.
"""

import json
import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from faircart import papers
from faircart.agent import log, rights_api, sealed, signatures
from faircart.agent.admission import Admission
from faircart.agent.chain_reader import apply
from faircart.agent.handlers import Outcome
from faircart.agent.handlers import papers as handlers
from faircart.agent.handlers.outcome import PaperRefused
from faircart.agent.steps import boundary
from faircart.agent.tools import Tools
from faircart.agent.work import relaying
from faircart.errors import FairCartError
from faircart.ethereum.errors import Reverted
from faircart.store import Work
from faircart.store.records import AccessEntry, Counter, Customer, Proposal

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

MAX_BODY_BYTES = 64 * 1024
MAX_LENGTH_DIGITS = 9
MAX_CLIENTS = 10_000


class CannotListen(FairCartError):
    """The address of the HTTP API is taken or not ours."""


class RateLimit:
    """So many requests a minute for each client, counted in a bucket that refills steadily."""

    def __init__(self, per_minute: int) -> None:
        self._rate = per_minute / 60
        self._burst = float(per_minute)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, client: str, now: float) -> bool:
        """Whether this client may ask once more at `now` (monotonic seconds)."""
        level, since = self._buckets.pop(client, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        allowed = level >= 1
        self._buckets[client] = (level - 1 if allowed else level, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return allowed


class Api:
    """Serves the API in a thread until `stop`."""

    def __init__(self, tools: Tools) -> None:
        import uvicorn

        self._tools = tools
        host, _, port = tools.config.http.listen.rpartition(":")
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.socket(family, socket.SOCK_STREAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host.strip("[]"), int(port)))
        except (OSError, ValueError) as error:
            raise CannotListen(f"http.listen: cannot listen on {tools.config.http.listen}: {error}") from None
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            build(tools), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=3
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serves; the address file says where, once connections are accepted."""
        self._socket.listen(128)
        path = self._tools.config.path(self._tools.config.http.address_file)
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps({"url": self.url}) + "\n", encoding="utf-8")
        part.replace(path)
        log.event("ready", api=self.url, address=self._tools.ctx.address)
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Ends serving after the requests in hand."""
        self._server.should_exit = True


def build(tools: Tools) -> "FastAPI":
    """The application."""
    from fastapi import FastAPI, Header, Request
    from fastapi.responses import JSONResponse

    app = FastAPI(title="FairCart agent", version="1", docs_url=None, redoc_url=None)
    limit = RateLimit(tools.config.http.requests_per_minute)
    admission = Admission(tools.store)

    @app.middleware("http")
    async def guard(request: Request, go_on: "Callable[[Request], Awaitable[Response]]") -> "Response":
        client = request.client.host if request.client else "?"
        if not limit.allows(client, time.monotonic()):
            return JSONResponse({"error": "too many requests; try again in a minute"}, status_code=429)
        length = request.headers.get("content-length", "")
        if request.method == "POST" and not (length.isascii() and length.isdecimal()):
            return JSONResponse({"error": "Content-Length is needed"}, status_code=411)
        if len(length) > MAX_LENGTH_DIGITS or int(length or 0) > MAX_BODY_BYTES:
            return JSONResponse({"error": f"a paper has at most {MAX_BODY_BYTES} bytes"}, status_code=413)
        return await go_on(request)

    @app.exception_handler(FairCartError)
    async def refused(_: Request, error: FairCartError) -> JSONResponse:
        status = error.status if isinstance(error, PaperRefused) else 422
        return JSONResponse({"error": str(error)}, status_code=status)

    @app.get("/v1/about")
    def about() -> dict[str, Any]:
        return _about(tools)

    @app.get("/v1/customers/{address}/token")
    def token(address: str) -> dict[str, str]:
        return admission.challenge(papers.account_address("address", address))

    @app.get("/v1/customers/{address}/proposals")
    def proposals(
        address: str, authorization: Annotated[str | None, Header()] = None
    ) -> list[dict[str, Any]]:
        address = papers.account_address("address", address)
        admission.require(address, authorization)
        with tools.store.read() as work:
            return _proposals(tools, work, address)

    @app.get("/v1/customers/{address}/accesslog")
    def access_log(
        address: str, authorization: Annotated[str | None, Header()] = None
    ) -> list[dict[str, Any]]:
        address = papers.account_address("address", address)
        admission.require(address, authorization)
        with tools.store.read() as work:
            return _access_log(work, address)

    @app.post("/v1/papers/consents", status_code=202)
    def consent(body: dict[str, Any]) -> dict[str, Any]:
        paper = papers.Consent.from_json(_member(body, "consent"))
        proposal = str(_member(body, "proposal"))
        signature = signatures.check(tools, "ConsentRegistry", paper, paper.customer, _signature(body))
        relaying.require_grantable(tools, paper)
        _take(tools, lambda work, now: handlers.consent(tools.ctx, work, proposal, paper, signature, now))
        return {"consentId": _digest(tools, "ConsentRegistry", paper)}

    @app.post("/v1/papers/revocations", status_code=202)
    def revocation(body: dict[str, Any]) -> dict[str, Any]:
        paper = papers.Consent.from_json(_member(body, "consent"))
        signed = papers.Revocation(paper.digest(tools.ctx.domain("ConsentRegistry")))
        signature = signatures.check(tools, "ConsentRegistry", signed, paper.customer, _signature(body))
        if paper.custodian != tools.ctx.address:
            _check_not_withdrawn(tools, signed.consent_id, paper)
        with tools.disclosing:
            _take(tools, lambda work, now: handlers.revocation(tools.ctx, work, paper, signature, now))
        return {"consentId": _digest(tools, "ConsentRegistry", paper)}

    @app.post("/v1/papers/revocations-of-all", status_code=202)
    def revocation_of_all(body: dict[str, Any]) -> dict[str, Any]:
        paper = papers.RevocationOfAll.from_json(_member(body, "revocationOfAll"))
        signature = signatures.check(tools, "ConsentRegistry", paper, paper.customer, _signature(body))
        with tools.disclosing:
            _take(tools, lambda work, now: handlers.revocation_of_all(tools.ctx, work, paper, signature, now))
        return {"epoch": paper.epoch}

    @app.post("/v1/papers/quotes", status_code=202)
    def quote(body: dict[str, Any]) -> dict[str, Any]:
        paper = papers.Order.from_json(_member(body, "order"))
        signature = signatures.check(tools, "CheckoutEscrow", paper, paper.seller, _signature(body))
        _take(tools, lambda work, now: handlers.quote(tools.ctx, work, paper, signature, now))
        return {"orderId": _digest(tools, "CheckoutEscrow", paper)}

    @app.post("/v1/papers/settlements", status_code=202)
    def settlement(body: dict[str, Any]) -> dict[str, Any]:
        paper = papers.Settlement.from_json(_member(body, "settlement"))
        with tools.store.read() as work:
            buyer = handlers.buyer_of(work, paper)
        signature = signatures.check(tools, "CheckoutEscrow", paper, buyer, _signature(body))
        _take(tools, lambda work, now: handlers.settlement(tools.ctx, work, paper, signature, now))
        return {"orderId": "0x" + paper.order_id.hex()}

    rights_api.add_routes(app, tools, admission, _take)
    return app


def _take(tools: Tools, decide: Callable[[Work, int], Outcome]) -> None:
    with tools.store.write() as work:
        apply(work, decide(work, tools.clock.now()))
    boundary("paper.stored")
    tools.nudge()


def _check_not_withdrawn(tools: Tools, consent_id: bytes, paper: papers.Consent) -> None:
    """Whether the registry holds a consent that can still be withdrawn, over or not. Raises PaperRefused."""
    try:
        ended = int(tools.contracts.view(tools.ethereum, "ConsentRegistry", "endedAt", consent_id))
    except Reverted:
        raise PaperRefused(
            422, "consent: the registry holds no such consent of another enterprise: hand it to its custodian"
        ) from None
    if ended and ended <= paper.valid_until:
        raise PaperRefused(409, "consent: it is withdrawn already")


def _digest(tools: Tools, contract: str, paper: papers.Paper) -> str:
    return "0x" + paper.digest(tools.ctx.domain(contract)).hex()


def _about(tools: Tools) -> dict[str, Any]:
    ctx = tools.ctx
    return {
        "chainId": ctx.chain_id,
        "contracts": dict(ctx.contracts),
        "address": ctx.address,
        "chainName": ctx.chain_name,
        "multichainAddress": ctx.multichain_address,
        "hpkeKey": "0x" + ctx.hpke_key.hex(),
        "roles": list(tools.config.agent.roles),
    }


def _proposals(tools: Tools, work: Work, address: str) -> list[dict[str, Any]]:
    customer = work.get(Customer, address)
    if customer is None:
        return []
    answer = []
    for proposal in work.find(Proposal, customer=address, state="Proposed"):
        plaintext = tools.secrets.get(work, "document", proposal.data_root.hex())
        if plaintext is None:
            continue
        value = {
            "consent": proposal.consent,
            "terms": proposal.terms,
            "plainChunks": "0x" + plaintext.hex(),
            "refused": [
                {"rewardWei": str(row.reward), "validFor": row.valid_for, "reason": row.reason}
                for row in work.find(Counter, proposal_id=proposal.proposal_id, state="Refused")
            ],
        }
        copies = sealed.seal(sealed.PROPOSAL, proposal.proposal_id, [customer.reading_key], value)
        answer.append({"id": proposal.proposal_id, "sealed": copies[0]})
    return answer


def _access_log(work: Work, address: str) -> list[dict[str, Any]]:
    answer = []
    for entry in work.find(AccessEntry, customer=address):
        effect = work.outbox.get(entry.effect_id + "/publish")
        answer.append(
            {
                "id": entry.entry_id,
                "commitment": entry.commitment.hex(),
                "sealed": entry.sealed,
                "transaction": None if effect is None else effect.result.get("txid"),
            }
        )
    return answer


def _member(body: dict[str, Any], name: str) -> Any:
    if name not in body:
        raise PaperRefused(422, f"{name}: it is missing")
    return body[name]


def _signature(body: dict[str, Any]) -> bytes:
    text = _member(body, "signature")
    try:
        return bytes.fromhex(str(text).removeprefix("0x"))
    except ValueError:
        raise PaperRefused(422, "signature: it is no hex") from None
