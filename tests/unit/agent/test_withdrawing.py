# SPDX-License-Identifier: Apache-2.0
"""How a customer's signed withdrawal is relayed: in the cheapest way that works for certain."""

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from faircart import papers
from faircart.agent.chain_reader import ChainReader
from faircart.agent.tools import Tools
from faircart.agent.work import calls
from faircart.agent.work.done import NotYet
from faircart.agent.work.runner import Runner
from faircart.ethereum.errors import Reverted
from faircart.store import Effect, EffectRow
from faircart.store.records import Paper

from tests.support.agents import ETHER, Ethereum


def consent_of(customer: LocalAccount, tools: Tools, ethereum: Ethereum) -> papers.Consent:
    now = int(ethereum.w3.eth.get_block("latest")["timestamp"])
    others = Account.create().address
    return papers.Consent(
        customer.address, others, tools.ctx.address, b"\1" * 32, b"\2" * 32, 1, now + 999, 0
    )


def grant(customer: LocalAccount, consent: papers.Consent, tools: Tools, ethereum: Ethereum) -> None:
    """The customer grants by its own transaction, and the agent reads of it."""
    ethereum.give(customer.address, ETHER)
    call = ethereum.contracts["ConsentRegistry"].functions.grant(consent.abi())
    fields = call.build_transaction({"from": customer.address, "nonce": 0})
    ethereum.mined(ethereum.w3.eth.send_raw_transaction(customer.sign_transaction(fields).raw_transaction))
    reader = ChainReader(tools)
    while reader.step():
        pass


def take(customer: LocalAccount, consent: papers.Consent, tools: Tools) -> EffectRow:
    """The agent has taken the customer's signed withdrawal."""
    domain = tools.ctx.domain("ConsentRegistry")
    paper = papers.Revocation(consent.digest(domain))
    body = {"consent": consent.to_json()}
    signature = papers.sign(paper, domain, customer.key)
    digest = paper.digest(domain)
    with tools.store.write() as work:
        work.put(Paper(digest, "Revocation", customer.address, body, signature, 0))
        names = {"consent": consent.digest(domain).hex(), "paper": digest.hex()}
        work.add([Effect("1/withdrawal", "ethereum", "revokeFor", names)])
        work.flush()
        row = work.outbox.get("1/withdrawal")
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("granted", "function"), [(True, "revokeByIdFor"), (False, "revokeFor")], ids=["on record", "unknown"]
)
def test_a_withdrawal_goes_by_the_consents_id_where_the_registry_has_it(
    tools: Tools, ethereum: Ethereum, granted: bool, function: str
) -> None:
    customer = Account.create()
    consent = consent_of(customer, tools, ethereum)
    if granted:
        grant(customer, consent, tools, ethereum)
    take(customer, consent, tools)
    block = ethereum.w3.eth.block_number
    Runner(tools, "ethereum").step()
    registry = ethereum.contracts["ConsentRegistry"]
    (revoked,) = registry.events.Revoked.get_logs(from_block=block + 1)
    assert revoked["args"]["consentId"] == consent.digest(tools.ctx.domain("ConsentRegistry"))
    sent = ethereum.w3.eth.get_transaction(revoked["transactionHash"])
    called, _ = registry.decode_function_input(sent["input"])
    assert called.fn_name == function


def test_a_withdrawal_by_id_waits_if_the_grant_was_taken_back_meanwhile(
    tools: Tools, ethereum: Ethereum
) -> None:
    customer = Account.create()
    effect = take(customer, consent_of(customer, tools, ethereum), tools)
    with pytest.raises(NotYet, match="the whole consent is needed"):
        calls.refused(tools, effect, Reverted("x", "ConsentRegistry_NotRecorded", {}))
