# SPDX-License-Identifier: Apache-2.0
"""The HTTP API: papers are taken once their signature holds, and everything else is a clear refusal."""

import socket
import time
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from faircart import envelope, papers
from faircart.agent import http_api, sealed
from faircart.agent.config import HttpSection
from faircart.agent.http_api import Api, CannotListen, RateLimit
from faircart.agent.tools import Tools
from faircart.agent.work import relaying
from faircart.rights import statements
from faircart.store.records import AccessEntry, Customer, Paper, Proposal, Withdrawal
from fastapi.testclient import TestClient

from tests.unit.agent.world import CUSTOMER, STRANGER, consent_paper

READING_KEY = envelope.new_request_key()
OWN = ("proposals", "accesslog", "holdings", "erasures")
"""What only the customer is told."""


def token(api: TestClient, address: str = CUSTOMER.address) -> dict[str, str]:
    """The header that the holder of the reading key shows."""
    found = api.get(f"/v1/customers/{address}/token").json()
    value = sealed.open_any(sealed.TOKEN, found["id"], READING_KEY[0], [found["sealed"]])
    return {"Authorization": f"Bearer {value['token']}"}


@pytest.fixture
def api(tools: Tools) -> TestClient:
    with tools.store.write() as work:
        work.put(Customer(CUSTOMER.address, envelope.encode_public_key(READING_KEY[1])))
        work.put(proposed(tools))
    return TestClient(http_api.build(tools))


def proposed(tools: Tools, **changes: Any) -> Proposal:
    """What the customer was asked, and consents to in `consent_body`."""
    paper = consent_paper(custodian=tools.ctx.address)
    consent_id = paper.digest(tools.ctx.domain("ConsentRegistry"))
    row = Proposal(
        "ee" * 32,
        bytes(32),
        CUSTOMER.address,
        consent_id,
        bytes(32),
        "orders",
        paper.to_json(),
        {},
        "Proposed",
    )
    return replace(row, **changes)


def withdrawal(tools: Tools, signer: Any = CUSTOMER) -> dict[str, Any]:
    """A signed withdrawal of a consent to these tools' enterprise."""
    paper = consent_paper(custodian=tools.ctx.address)
    domain = tools.ctx.domain("ConsentRegistry")
    signature = papers.sign(papers.Revocation(paper.digest(domain)), domain, bytes(signer.key))
    return {"consent": paper.to_json(), "signature": "0x" + signature.hex()}


def withdrawals(tools: Tools) -> int:
    with tools.store.read() as work:
        return len(work.find(Withdrawal))


def test_about_says_who_and_where_and_nothing_secret(api: TestClient, tools: Tools) -> None:
    about = api.get("/v1/about").json()
    assert about["address"] == tools.ctx.address
    assert set(about["contracts"]) == {"CheckoutEscrow", "ConsentRegistry", "DataExchange"}


def test_a_signed_withdrawal_is_taken_and_binds_at_once(api: TestClient, tools: Tools) -> None:
    answer = api.post("/v1/papers/revocations", json=withdrawal(tools))
    assert answer.status_code == 202
    assert withdrawals(tools) == 1


def test_the_same_paper_twice_has_one_effect(api: TestClient, tools: Tools) -> None:
    for _ in range(2):
        assert api.post("/v1/papers/revocations", json=withdrawal(tools)).status_code == 202
    with tools.store.read() as work:
        assert work.outbox.counts() == {"waiting": 1}


def test_somebody_elses_signature_is_refused(api: TestClient, tools: Tools) -> None:
    answer = api.post("/v1/papers/revocations", json=withdrawal(tools, STRANGER))
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("signature: ")
    assert withdrawals(tools) == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"signature": "0xzz"}, "signature"),
        ({"signature": "0x"}, "signature"),
        ({"consent": {}}, "Consent"),
        ({"consent": None}, "Consent"),
    ],
    ids=["no hex", "empty", "no fields", "null"],
)
def test_a_paper_that_is_none_is_refused_by_name(
    api: TestClient, tools: Tools, change: dict[str, Any], named: str
) -> None:
    answer = api.post("/v1/papers/revocations", json={**withdrawal(tools), **change})
    assert answer.status_code == 422
    assert named in answer.json()["error"]


def test_an_unknown_proposal_is_404(api: TestClient, tools: Tools) -> None:
    paper = consent_paper(custodian=tools.ctx.address)
    signature = papers.sign(paper, tools.ctx.domain("ConsentRegistry"), bytes(CUSTOMER.key))
    body = {"proposal": "ab" * 32, "consent": paper.to_json(), "signature": "0x" + signature.hex()}
    assert api.post("/v1/papers/consents", json=body).status_code == 404


def test_a_customer_and_a_stranger_look_alike_to_whoever_has_no_reading_key(
    api: TestClient, tools: Tools
) -> None:
    own, both = token(api), (CUSTOMER.address, STRANGER.address)
    for what in OWN:
        paths = [f"/v1/customers/{address}/{what}" for address in both]
        assert api.get(paths[0], headers=own).status_code != 401
        for headers in (None, {"Authorization": "Bearer " + "0" * 80}, {"Authorization": b"Bearer \xe9"}):
            answers = [api.get(path, headers=headers) for path in paths]
            assert [answer.status_code for answer in answers] == [401, 401]
            said = [answer.text.replace(one, "?") for one, answer in zip(both, answers, strict=True)]
            assert said[0] == said[1]
        assert api.get(paths[1], headers=own).status_code == 401
    tokens = [api.get(f"/v1/customers/{address}/token") for address in both]
    assert [answer.status_code for answer in tokens] == [200, 200]
    shapes = [{name: len(value) for name, value in answer.json().items()} for answer in tokens]
    assert shapes[0] == shapes[1]
    with pytest.raises(sealed.NotForUs):
        token(api, STRANGER.address)


def test_a_token_ends_after_ten_minutes_and_with_the_agent_that_gave_it(
    api: TestClient, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, path = token(api), f"/v1/customers/{CUSTOMER.address}/erasures"
    assert TestClient(http_api.build(tools)).get(path, headers=own).status_code == 401
    later = time.monotonic() + 595
    monkeypatch.setattr("faircart.agent.admission.time.monotonic", lambda: later)
    assert api.get(path, headers=own).status_code == 200
    later += 10
    assert api.get(path, headers=own).status_code == 401


def test_a_body_that_is_too_long_or_of_unknown_length_is_not_read(api: TestClient) -> None:
    assert api.post("/v1/papers/revocations", content=b"x" * 70_000).status_code == 413
    chunks = (piece for piece in [b"{}"])
    assert api.post("/v1/papers/revocations", content=chunks).status_code == 411


def test_a_client_that_asks_too_often_is_told_to_wait() -> None:
    limit = RateLimit(per_minute=3)
    assert [limit.allows("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert limit.allows("b", 0.0)
    assert [limit.allows("a", 20.0), limit.allows("a", 20.0)] == [True, False]


def test_an_address_that_cannot_be_listened_on_is_named(tools: Tools) -> None:
    elsewhere = tools.config.model_copy(update={"http": HttpSection(listen="256.0.0.1:1")})
    with pytest.raises(CannotListen, match=r"http\.listen"):
        Api(replace(tools, config=elsewhere))


def test_a_port_that_another_program_listens_on_is_named(tools: Tools) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        busy = tools.config.model_copy(update={"http": HttpSection(listen=listen)})
        with pytest.raises(CannotListen, match=listen):
            Api(replace(tools, config=busy))


ALWAYS_AGREES = "0x631626ba7e60e01b5f5260205ff3"
"""A contract wallet that accepts every signature (ERC-1271): it answers its magic value to any call."""


def test_a_contract_account_can_ask_for_an_erasure_and_a_stranger_cannot(
    api: TestClient, tools: Tools, ethereum: Any
) -> None:
    wallet = Account.from_key(b"\x31" * 32).address
    with tools.store.write() as work:
        work.put(Customer(wallet, b""))
    statement = {
        "faircart": statements.ERASURE,
        "chainId": tools.ctx.chain_id,
        "custodian": tools.ctx.address,
        "customer": wallet,
        "categories": ["orders"],
        "requestedAt": tools.clock.now(),
        "nonce": "00",
    }
    body = {"statement": statement, "signature": "0x1234"}
    answer = api.post("/v1/papers/erasures", json=body)
    assert answer.status_code == 403
    assert answer.json()["error"] == "signature: it is not the customer's, so nothing was done"
    ethereum.rpc("anvil_setCode", wallet, ALWAYS_AGREES)
    assert api.post("/v1/papers/erasures", json=body).status_code == 202
    with tools.store.read() as work:
        [paper] = work.find(Paper)
    assert (paper.signer, paper.signature) == (wallet, bytes.fromhex("1234"))
    answer = api.post("/v1/papers/erasures", json={**body, "signature": "0xzz"})
    assert answer.json()["error"] == "signature: it is no hex"
    wrong = {"statement": {**statement, "customer": wallet.lower()}, "signature": "0x1234"}
    assert api.post("/v1/papers/erasures", json=wrong).json()["error"] == (
        "customer: it is no address with checksum"
    )


def consent_body(tools: Tools, **changes: Any) -> dict[str, Any]:
    """A signed consent, as a customer sends it."""
    paper = consent_paper(custodian=tools.ctx.address, **changes)
    signature = papers.sign(paper, tools.ctx.domain("ConsentRegistry"), bytes(CUSTOMER.key))
    return {"proposal": "ab" * 32, "consent": paper.to_json(), "signature": "0x" + signature.hex()}


def test_a_consent_beyond_the_days_budget_is_refused_with_a_way_out_and_a_withdrawal_is_not(
    api: TestClient, tools: Tools
) -> None:
    section = tools.config.ethereum.model_copy(update={"gas_budget_per_day_wei": 1})
    poor = replace(tools, config=tools.config.model_copy(update={"ethereum": section}))
    miser = TestClient(http_api.build(poor))
    answer = miser.post("/v1/papers/consents", json=consent_body(tools))
    assert answer.status_code == 503
    assert "again tomorrow, or submit the consent yourself" in answer.json()["error"]
    assert miser.post("/v1/papers/revocations", json=withdrawal(tools)).status_code == 202


def test_a_consent_of_an_epoch_that_is_not_the_customers_is_refused_at_once(
    api: TestClient, tools: Tools
) -> None:
    answer = api.post("/v1/papers/consents", json=consent_body(tools, epoch=7))
    assert answer.status_code == 409
    assert "epoch" in answer.json()["error"]


def test_an_address_in_any_letters_is_the_same_customer_and_none_is_refused_by_name(
    api: TestClient, tools: Tools
) -> None:
    with tools.store.write() as work:
        work.put(AccessEntry("aa" * 32, "x", CUSTOMER.address, bytes(32), ["sealed"]))
    found = [
        api.get(f"/v1/customers/{text}/accesslog", headers=token(api, text))
        for text in (CUSTOMER.address, CUSTOMER.address.lower())
    ]
    assert [len(answer.json()) for answer in found] == [1, 1]
    for path in (*OWN, "epoch", "token"):
        answer = api.get(f"/v1/customers/nobody/{path}")
        assert answer.status_code == 422
        assert "address" in answer.json()["error"]


def test_a_withdrawal_of_what_was_neither_proposed_nor_granted_here_is_refused(
    api: TestClient, tools: Tools
) -> None:
    with tools.store.write() as work:
        work.put(proposed(tools, consent_id=b"\x0c" * 32))
    answer = api.post("/v1/papers/revocations", json=withdrawal(tools))
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("consent: no consent 0x")
    assert withdrawals(tools) == 0


@pytest.mark.parametrize("known", [True, False], ids=["proposed here", "of another shop"])
def test_only_withdrawals_of_what_was_asked_here_are_relayed_beyond_the_budget(
    api: TestClient, tools: Tools, known: bool
) -> None:
    assert api.post("/v1/papers/revocations", json=withdrawal(tools)).status_code == 202
    with tools.store.write() as work:
        if not known:
            work.put(proposed(tools, consent_id=b"\x0c" * 32))
        [effect] = work.outbox.by_state("waiting")
    section = tools.config.ethereum.model_copy(update={"gas_budget_per_day_wei": 1})
    poor = replace(tools, config=tools.config.model_copy(update={"ethereum": section}))
    if known:
        relaying.within_budget(poor, effect, 10**15)
    else:
        with pytest.raises(relaying.BudgetSpent):
            relaying.within_budget(poor, effect, 10**15)
