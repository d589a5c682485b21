# SPDX-License-Identifier: Apache-2.0
"""Orders from quote to payment, as their parties run them."""

import json

import pytest

from tests.scripts.conftest import ADDRESSES

HASH = "0x" + "11" * 32
DAY = 86400


@pytest.fixture
def checkout(run, chain, records):
    """Runs `ape run checkout ...`, which has to succeed unless told otherwise; returns what it printed."""

    def command(*arguments, by=None, code=0):
        ran = run("checkout", *arguments, by=by, records=records)
        assert ran.code == code, ran.errors
        return ran

    return command


@pytest.fixture
def quote(checkout, tmp_path):
    """A quote's file, for 0.01 ether."""
    file = tmp_path / "quote.json"
    checkout(
        *("quote", "--buyer", ADDRESSES["buyer"], "--arbiter", ADDRESSES["arbiter"]),
        *("--amount", "0.01 ether", "--order-hash", HASH, "--out", file),
        by="seller",
    )
    return file


@pytest.fixture
def paid(checkout, quote):
    checkout("pay", quote, by="buyer")
    return quote


@pytest.fixture
def shipped(checkout, paid):
    checkout("ship", paid, by="seller")
    return paid


@pytest.fixture
def disputed(checkout, shipped):
    checkout("dispute", shipped, "--evidence-hash", HASH, by="buyer")
    return shipped


def test_a_quote_is_a_signed_file(quote):
    document = json.loads(quote.read_text())
    assert (document["paper"], document["chainId"]) == ("Order", "31337")
    assert document["message"]["amount"] == str(10**16)
    assert document["message"]["orderHash"] == HASH
    assert len(document["signature"]) == 132


def test_a_quote_goes_to_standard_output_alone(checkout):
    printed = checkout(
        *("quote", "--buyer", ADDRESSES["buyer"], "--arbiter", ADDRESSES["arbiter"]),
        *("--amount", "5 gwei", "--order-hash", HASH),
        by="seller",
    )
    assert json.loads(printed.output)["message"]["amount"] == str(5 * 10**9)
    assert "offers order" in printed.errors


def test_a_quote_commits_to_its_document(checkout, tmp_path):
    document = tmp_path / "order.json"
    document.write_text(json.dumps({"items": ["tea"], "salt": "0x" + "07" * 32}))
    options = ("quote", "--buyer", ADDRESSES["buyer"], "--arbiter", ADDRESSES["arbiter"], "--amount", "1 wei")
    first = checkout(*options, "--document", document, by="seller")
    assert json.loads(first.output)["message"]["orderHash"] != HASH
    document.write_text(json.dumps({"items": ["tea"]}))
    unsalted = checkout(*options, "--document", document, by="seller", code=1)
    assert "salt" in unsalted.errors


def test_paying_says_what_will_happen_and_prints_the_event(checkout, quote):
    paid = checkout("pay", quote, by="buyer")
    assert "0.01 ETH for " + ADDRESSES["seller"] + " go into escrow" in paid.errors
    assert " gas, about 0.0" in paid.errors
    assert paid.output.startswith("Funded: orderId 0x")
    assert f"buyer {ADDRESSES['buyer']}, seller {ADDRESSES['seller']}, amount 0.01 ETH" in paid.output


def test_a_dry_run_sends_nothing(checkout, chain, quote):
    block = chain.eth.block_number
    assert "Dry run: nothing was sent." in checkout("pay", quote, "--dry-run", by="buyer").errors
    assert chain.eth.block_number == block
    assert ": None" in checkout("show", quote).output


def test_the_buyer_confirms(checkout, shipped):
    assert "Shipped until 20" in checkout("show", shipped).output
    confirmed = checkout("confirm", shipped, by="buyer")
    assert confirmed.output.startswith("Completed: orderId 0x")
    assert "sellerAmount 0.01 ETH" in confirmed.output
    assert ": Completed\n" in checkout("show", shipped).output


def test_the_seller_refunds(checkout, paid):
    assert "buyerAmount 0.01 ETH" in checkout("refund", paid, by="seller").output


def test_anyone_claims_for_the_seller_after_the_confirm_window(checkout, shipped, travel):
    early = checkout("claim", shipped, by="consumer", code=1)
    assert "has a window that runs until" in early.errors
    travel(14 * DAY + 1)
    assert checkout("claim", shipped, by="consumer").output.startswith("Completed")


def test_the_arbiter_rules(checkout, disputed):
    ruled = checkout("rule", disputed, "--buyer-amount", "0.003 ether", by="arbiter")
    assert "how ruling, buyerAmount 0.003 ETH, sellerAmount 0.007 ETH" in ruled.output


def test_a_dispute_lapses(checkout, disputed, travel):
    travel(30 * DAY + 1)
    lapsed = checkout("lapse", disputed, by="consumer")
    assert "how lapse, buyerAmount 0.005 ETH, sellerAmount 0.005 ETH" in lapsed.output


def test_a_settlement_is_signed_by_one_and_submitted_by_the_other(checkout, paid, tmp_path):
    settlement = tmp_path / "settlement.json"
    checkout("sign-settlement", paid, "--buyer-amount", "0", "--out", settlement, by="buyer")
    own = checkout("settle", paid, settlement, by="buyer", code=1)
    assert "It has to be signed by the party that does not submit it." in own.errors
    settled = checkout("settle", paid, settlement, by="seller")
    assert "how settlement, buyerAmount 0 ETH, sellerAmount 0.01 ETH" in settled.output


def test_a_settlement_is_voided(checkout, paid, tmp_path):
    settlement = tmp_path / "settlement.json"
    checkout("sign-settlement", paid, "--buyer-amount", "0", "--out", settlement, by="buyer")
    assert checkout("void-settlement", settlement, by="buyer").output.startswith("SettlementVoided")
    assert "voided this settlement" in checkout("settle", paid, settlement, by="seller", code=1).errors


def test_a_quote_is_voided(checkout, quote):
    assert checkout("void-order", quote, by="seller").output.startswith("OrderVoided")
    refused = checkout("pay", quote, by="buyer", code=1)
    assert "is Voided already" in refused.errors


def test_a_credit_is_shown_and_cannot_be_overdrawn(checkout, tmp_path):
    assert "has a credit of 0 ETH" in checkout("credit", ADDRESSES["seller"]).output
    take = ("--to", ADDRESSES["buyer"], "--amount", "1 wei")
    refused = checkout("withdraw-credit", *take, by="seller", code=1)
    assert "has a credit of 0 ETH, less than" in refused.errors
    paper = tmp_path / "withdrawal.json"
    checkout("sign-credit-withdrawal", *take, "--out", paper, by="seller")
    refused = checkout("withdraw-credit-for", paper, by="buyer", code=1)
    assert "has a credit of 0 ETH, less than" in refused.errors


def test_the_wrong_account_is_told_which_one_is_needed(checkout, paid):
    refused = checkout("ship", paid, by="buyer", code=1)
    assert f"Only the seller {ADDRESSES['seller']} can do this, not {ADDRESSES['buyer']}." in refused.errors


def test_a_file_that_holds_something_else_is_named(checkout, quote, tmp_path):
    other = tmp_path / "other.json"
    other.write_text("no json")
    assert f"{other} is not JSON" in checkout("pay", other, by="buyer", code=1).errors
    other.write_text(json.dumps({**json.loads(quote.read_text()), "paper": "Consent"}))
    assert "'Consent', not a signed Order" in checkout("pay", other, by="buyer", code=1).errors
    other.write_text(json.dumps({**json.loads(quote.read_text()), "chainId": "1"}))
    assert "was signed for chain 1" in checkout("pay", other, by="buyer", code=1).errors
    other.write_text(json.dumps({**json.loads(quote.read_text()), "message": {}}))
    assert "is damaged: Order: missing" in checkout("pay", other, by="buyer", code=1).errors


def test_an_altered_quote_is_refused(checkout, quote):
    document = json.loads(quote.read_text())
    document["message"]["amount"] = "1"
    quote.write_text(json.dumps(document))
    assert "was not signed by its seller" in checkout("pay", quote, by="buyer", code=1).errors


@pytest.mark.parametrize("amount", ["1", "0.5 wei", "-1 ether", "much"])
def test_an_amount_needs_a_number_and_a_unit(checkout, paid, amount):
    refused = checkout("rule", paid, "--buyer-amount", amount, by="arbiter", code=2)
    assert "is no amount such as '0.01 ether'" in refused.errors


def test_without_a_deployment_the_way_out_is_said(run, chain, quote, tmp_path):
    refused = run("checkout", "pay", quote, by="buyer", records=tmp_path / "none")
    assert refused.code == 1
    assert "CheckoutEscrow is not recorded as deployed on local" in refused.errors
    assert "ape run deploy" in refused.errors


def test_a_record_without_code_is_an_error(checkout, chain, records, quote):
    address = json.loads((records / "local" / "CheckoutEscrow.json").read_text())["address"]
    chain.provider.make_request("anvil_setCode", [address, "0x"])
    refused = checkout("pay", quote, by="buyer", code=1)
    assert f"There is no contract at {address}" in refused.errors


def test_a_buyer_without_ether_is_told_so(checkout, chain, quote):
    chain.provider.make_request("anvil_setBalance", [ADDRESSES["buyer"], "0x1"])
    refused = checkout("pay", quote, by="buyer", code=1)
    assert "has 0.000000000000000001 ETH, and 0.01 ETH are to be sent" in refused.errors


def test_a_quote_is_valid_by_the_chains_clock(checkout, travel, tmp_path):
    travel(40 * DAY)
    file = tmp_path / "later.json"
    checkout(
        *("quote", "--buyer", ADDRESSES["buyer"], "--arbiter", ADDRESSES["arbiter"]),
        *("--amount", "1 wei", "--order-hash", HASH, "--valid-for", "1h", "--out", file),
        by="seller",
    )
    assert checkout("pay", file, by="buyer").output.startswith("Funded")


def test_a_payment_that_was_not_accepted_is_withdrawn_later(checkout, chain, shipped, tmp_path):
    chain.provider.make_request("anvil_setCode", [ADDRESSES["seller"], "0xfe"])
    confirmed = checkout("confirm", shipped, by="buyer")
    assert f"Credited: owner {ADDRESSES['seller']}, amount 0.01 ETH" in confirmed.output
    chain.provider.make_request("anvil_setCode", [ADDRESSES["seller"], "0x"])
    assert "has a credit of 0.01 ETH" in checkout("credit", ADDRESSES["seller"]).output

    part = ("--to", ADDRESSES["arbiter"], "--amount", "0.004 ether")
    withdrawn = checkout("withdraw-credit", *part, by="seller")
    assert withdrawn.output.startswith("CreditWithdrawn: owner " + ADDRESSES["seller"])
    paper = tmp_path / "withdrawal.json"
    rest = ("--to", ADDRESSES["seller"], "--amount", "0.006 ether")
    checkout("sign-credit-withdrawal", *rest, "--out", paper, by="seller")
    assert "amount 0.006 ETH" in checkout("withdraw-credit-for", paper, by="consumer").output
    assert "has a credit of 0 ETH" in checkout("credit", ADDRESSES["seller"]).output
    again = checkout("withdraw-credit-for", paper, by="consumer", code=1)
    assert "must carry nonce 1" in again.errors


def test_a_signed_withdrawal_is_voided_by_its_owner(checkout, tmp_path):
    paper = tmp_path / "withdrawal.json"
    take = ("--to", ADDRESSES["buyer"], "--amount", "1 wei")
    checkout("sign-credit-withdrawal", *take, "--out", paper, by="seller")
    refused = checkout("void-credit-withdrawal", paper, by="buyer", code=1)
    assert f"is a withdrawal of {ADDRESSES['seller']}, and only that account can void it" in refused.errors
    voided = checkout("void-credit-withdrawal", paper, by="seller")
    assert voided.output == f"CreditWithdrawalVoided: owner {ADDRESSES['seller']}, nonce 0\n"
    late = checkout("withdraw-credit-for", paper, by="buyer", code=1)
    assert "must carry nonce 1; this one was submitted or voided before" in late.errors
