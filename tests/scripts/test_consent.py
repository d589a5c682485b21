# SPDX-License-Identifier: Apache-2.0
"""Consents from signature to withdrawal, as their parties run them."""

import json

import pytest

from tests.scripts.conftest import ADDRESSES

ROOT = "0x" + "22" * 32
TERMS = "0x" + "33" * 32


@pytest.fixture
def consent(run, chain, records):
    """Runs `ape run consent ...`, which has to succeed unless told otherwise; returns what it printed."""

    def command(*arguments, by=None, code=0):
        ran = run("consent", *arguments, by=by, records=records)
        assert ran.code == code, ran.errors
        return ran

    return command


@pytest.fixture
def signed(consent, tmp_path):
    """A signed consent's file."""
    file = tmp_path / "consent.json"
    consent(
        *("sign", "--consumer", ADDRESSES["consumer"], "--custodian", ADDRESSES["seller"]),
        *("--data-root", ROOT, "--terms", TERMS, "--reward", "0.001 ether", "--valid-for", "30d"),
        *("--out", file),
        by="customer",
    )
    return file


def consent_id(printed):
    """The id in the first event that was printed."""
    return printed.output.split("consentId ")[1][:66]


def test_somebody_else_submits_what_the_customer_signed(consent, signed):
    granted = consent("grant-for", signed, by="seller")
    assert f"{ADDRESSES['customer']} lets {ADDRESSES['seller']} pass the document {ROOT}" in granted.errors
    assert granted.output.startswith("Granted: consentId 0x")
    assert "reward 0.001 ETH" in granted.output
    assert ": active until 20" in consent("show", signed).output


def test_the_customer_grants_and_withdraws_itself(consent, signed):
    granted = consent("grant", signed, by="customer")
    revoked = consent("revoke", "--id", consent_id(granted), by="customer")
    assert revoked.output.startswith("Revoked: consentId 0x")
    assert ": ended at 20" in consent("show", "--id", consent_id(granted)).output
    again = consent("revoke", signed, by="customer", code=1)
    assert "was withdrawn at 20" in again.errors


def test_a_consent_is_withdrawn_before_it_was_submitted(consent, signed):
    assert consent("revoke", signed, by="customer").output.startswith("Revoked")
    refused = consent("grant-for", signed, by="seller", code=1)
    assert "was granted or withdrawn before" in refused.errors


@pytest.mark.parametrize("submitted", [True, False])
def test_somebody_else_submits_a_withdrawal_that_the_customer_signed(consent, signed, tmp_path, submitted):
    paper = tmp_path / "revocation.json"
    consent("sign-revocation", signed, "--out", paper, by="customer")
    if submitted:
        consent("grant-for", signed, by="seller")
        done = consent("revoke-for", paper, by="seller")
    else:
        unknown = consent("revoke-for", paper, by="seller", code=1)
        assert "name the consent's file" in unknown.errors
        done = consent("revoke-for", paper, "--consent", signed, by="seller")
    assert done.output.startswith("Revoked")


@pytest.mark.parametrize(
    ("submitted", "call"), [(True, "revokeById"), (False, "revoke")], ids=["on record", "never submitted"]
)
def test_a_consents_file_withdraws_it_in_the_cheapest_way_there_is(
    consent, signed, tmp_path, submitted, call
):
    paper = tmp_path / "revocation.json"
    consent("sign-revocation", signed, "--out", paper, by="customer")
    if submitted:
        consent("grant-for", signed, by="seller")
    itself = consent("revoke", signed, "--dry-run", by="customer")
    assert f"ConsentRegistry.{call} at" in itself.errors
    relayed = consent("revoke-for", paper, "--consent", signed, "--dry-run", by="seller")
    assert f"ConsentRegistry.{call}For at" in relayed.errors


def test_a_withdrawal_signed_by_somebody_else_is_refused(consent, signed, tmp_path):
    consent("grant-for", signed, by="seller")
    paper = tmp_path / "revocation.json"
    consent("sign-revocation", signed, "--out", paper, by="consumer")
    refused = consent("revoke-for", paper, by="seller", code=1)
    assert f"was not signed by {ADDRESSES['customer']}" in refused.errors


def test_everything_is_withdrawn_at_once(consent, signed):
    consent("grant-for", signed, by="seller")
    assert consent("epoch", ADDRESSES["customer"]).output == "0\n"
    assert consent("revoke-all", by="customer").output.startswith("RevokedAll: customer")
    assert consent("epoch", ADDRESSES["customer"]).output != "0\n"
    assert ": ended at 20" in consent("show", signed).output


def test_somebody_else_submits_a_withdrawal_of_everything(consent, signed, tmp_path):
    paper = tmp_path / "all.json"
    consent("sign-revocation-of-all", "--out", paper, by="customer")
    assert consent("revoke-all-for", paper, by="seller").output.startswith("RevokedAll")
    assert "0 of" in consent("revoke-all-for", paper, by="seller", code=1).errors
    refused = consent("grant-for", signed, by="seller", code=1)
    assert "names epoch 0 of" in refused.errors


def test_the_terms_commit_to_the_consent_record(consent, tmp_path):
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"purpose": "research", "salt": "0x" + "07" * 32}))
    options = (
        *("sign", "--consumer", ADDRESSES["consumer"], "--custodian", ADDRESSES["seller"]),
        *("--data-root", ROOT, "--reward", "0", "--valid-for", "1d"),
    )
    printed = consent(*options, "--record", record, by="customer")
    assert json.loads(printed.output)["message"]["terms"] != TERMS
    assert "Give either --record or --terms" in consent(*options, by="customer", code=2).errors


def test_an_unknown_consent_is_said_to_be_unknown(consent):
    refused = consent("show", "--id", ROOT, code=1)
    assert f"Consent {ROOT} was never granted nor withdrawn here." in refused.errors
