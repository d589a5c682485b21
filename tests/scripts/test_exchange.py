# SPDX-License-Identifier: Apache-2.0
"""A document from its version to the reward, as custodian and consumer run it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts import exchange as script
from tests.scripts.conftest import ADDRESSES

DOCUMENT = b'{"@type":"Order","n":"1"}'
HOUR = 3600
TERMS = (
    *("--fee", "0.0001 ether", "--custodian-deposit", "0.002 ether"),
    *("--consumer-deposit", "0.0005 ether"),
)


@pytest.fixture
def exchange(run, chain, records):
    """Runs `ape run exchange ...` and expects success unless told otherwise; returns what it printed."""

    def command(*arguments, by=None, code=0):
        ran = run("exchange", *arguments, by=by, records=records)
        assert ran.code == code, ran.errors + ran.output
        return ran

    return command


def offline(*arguments):
    """Runs a command that needs no network; returns what it printed."""
    result = CliRunner(mix_stderr=False).invoke(script.cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout.strip()


class Files:
    """The files of one exchange, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        for name in ("version", "item", "secrets", "pad", "consent", "offer", "out"):
            setattr(self, name, folder / name)
        document = folder / "document"
        document.write_bytes(DOCUMENT)
        self.root = offline("prepare", document, "--version", self.version)
        offline(
            *("seal", self.version, "--item", self.item),
            *("--secrets", self.secrets, "--pad", self.pad),
        )


@pytest.fixture
def offered(run, records, exchange, tmp_path):
    """Makes files with a granted consent and a signed offer; the custodian has funded its deposit."""

    def make(name="one", like=None):
        files = Files(tmp_path / name)
        signed = run(
            *("consent", "sign", "--consumer", ADDRESSES["consumer"], "--custodian", ADDRESSES["seller"]),
            *("--data-root", files.root, "--terms", "0x" + "33" * 32, "--reward", "0.001 ether"),
            *("--valid-for", "30d", "--out", files.consent),
            by="customer",
            records=records,
        )
        assert signed.code == 0, signed.errors
        assert run("consent", "grant-for", files.consent, by="seller", records=records).code == 0
        terms = ("--like", like.offer) if like else TERMS
        exchange(
            *("offer", files.consent, "--item", files.item, "--secrets", files.secrets, *terms),
            *("--out", files.offer),
            by="seller",
        )
        return files

    exchange("fund", "--amount", "0.01 ether", by="seller")
    return make


@pytest.fixture
def opened(exchange, offered):
    files = offered()
    exchange("open", files.consent, files.offer, "--item", files.item, "--pad", files.pad, by="consumer")
    return files


def test_the_consumer_gets_the_document_and_everybody_is_paid(exchange, offered, chain):
    files = offered()
    before = chain.eth.get_balance(ADDRESSES["customer"])
    checked = exchange("check-item", files.consent, files.offer, "--item", files.item, "--pad", files.pad)
    assert "The item is the one" in checked.output
    done = exchange(
        "open", files.consent, files.offer, "--item", files.item, "--pad", files.pad, by="consumer"
    )
    assert "0.001 ETH for" in done.errors
    assert " gas, about " in done.errors
    assert done.output.startswith("Opened: exchangeId 0x")
    assert "custodianDeposit 0.002 ETH" in done.output
    assert ": Open until 20" in exchange("show", files.offer).output
    delivered = exchange("deliver", files.offer, files.secrets, by="seller")
    assert delivered.output.startswith("Delivered: exchangeId 0x")
    exchange("unseal", files.offer, "--item", files.item, "--pad", files.pad, "--out", files.out)
    assert files.out.read_bytes() == DOCUMENT
    confirmed = exchange("confirm", files.offer, by="consumer")
    assert confirmed.output.startswith("Confirmed: exchangeId 0x")
    assert chain.eth.get_balance(ADDRESSES["customer"]) == before + 10**15
    assert "0.0101 ETH" in exchange("balance", ADDRESSES["seller"]).output
    assert ": Settled" in exchange("show", files.offer).output


def test_secrets_are_readable_by_their_owner_only_and_never_overwritten(offered):
    files = offered()
    assert {path.stat().st_mode & 0o777 for path in (files.version, files.secrets, files.pad)} == {0o600}
    again = CliRunner(mix_stderr=False).invoke(
        script.cli,
        ["seal", str(files.version), "--item", "x", "--secrets", str(files.secrets), "--pad", "y"],
    )
    assert again.exit_code == 1
    assert "is not overwritten" in again.stderr


def test_a_dry_run_sends_nothing(exchange, offered):
    files = offered()
    shown = exchange("fund", "--amount", "1 ether", "--dry-run", by="consumer")
    assert "Dry run: nothing was sent." in shown.errors
    assert "balance of 0 ETH" in exchange("balance", ADDRESSES["consumer"]).output
    assert ": None" in exchange("show", files.offer).output


def test_another_item_is_refused_before_anything_is_paid(exchange, offered, tmp_path):
    files, other = offered("one"), offered("two")
    refused = exchange(
        "open",
        files.consent,
        files.offer,
        "--item",
        other.item,
        "--pad",
        files.pad,
        by="consumer",
        code=1,
    )
    assert "Do not open this: the item's data root" in refused.errors


def test_the_secrets_of_another_offer_are_not_delivered(exchange, opened, offered):
    other = offered("two")
    refused = exchange("deliver", opened.offer, other.secrets, by="seller", code=1)
    assert "belongs to another offer; nothing was sent" in refused.errors


def test_a_batch_is_opened_delivered_and_confirmed(exchange, offered):
    one = offered("one")
    two = offered("two", like=one)
    opening = exchange("open-many", one.consent, one.offer, two.consent, two.offer, by="consumer")
    assert opening.output.count("Opened: ") == 2
    delivery = exchange("deliver-many", one.offer, one.secrets, two.offer, two.secrets, by="seller")
    assert delivery.output.count("Delivered: ") == 2
    confirmed = exchange("confirm-many", one.offer, two.offer, by="consumer")
    assert confirmed.output.count("Confirmed: ") == 2
    again = exchange("confirm-many", one.offer, two.offer, by="consumer")
    assert again.output.count("reason it is not delivered, or closed already") == 2


def test_offers_on_different_terms_do_not_go_into_one_batch(exchange, offered, run, records):
    one, two = offered("one"), offered("two")
    exchange(
        *("offer", two.consent, "--item", two.item, "--secrets", two.secrets, *TERMS),
        *("--deliver-within", "2h", "--out", two.offer),
        by="seller",
    )
    papers = (one.consent, one.offer, two.consent, two.offer)
    refused = exchange("open-many", *papers, by="consumer", code=1)
    assert "Offer 2 has other terms than the first" in refused.errors
    odd = exchange("open-many", *papers[:3], by="consumer", code=2)
    assert "PAPERS is a list of pairs" in odd.errors


def test_the_custodian_concedes(exchange, opened):
    exchange("deliver", opened.offer, opened.secrets, by="seller")
    assert exchange("concede", opened.offer, by="seller").output.startswith("Conceded: ")


def test_there_is_no_fault_to_prove_where_there_is_none(exchange, opened):
    early = exchange(
        "prove-fault", opened.offer, "--item", opened.item, "--pad", opened.pad, by="consumer", code=1
    )
    assert "is not delivered" in early.errors
    exchange("deliver", opened.offer, opened.secrets, by="seller")
    refused = exchange(
        "prove-fault", opened.offer, "--item", opened.item, "--pad", opened.pad, by="consumer", code=1
    )
    assert "there is no fault to prove" in refused.errors


def test_a_wrong_chunk_is_proven(exchange, offered):
    files = offered()
    # The custodian seals something else and signs an offer for it; the leaves stay those of the consent.
    sealed = bytearray(files.item.read_bytes())
    sealed[-20] ^= 1
    files.item.write_bytes(bytes(sealed))
    exchange(
        *("offer", files.consent, "--item", files.item, "--secrets", files.secrets),
        *TERMS,
        *("--out", files.offer),
        by="seller",
    )
    exchange("open", files.consent, files.offer, "--item", files.item, "--pad", files.pad, by="consumer")
    exchange("deliver", files.offer, files.secrets, by="seller")
    refused = exchange(
        "unseal", files.offer, "--item", files.item, "--pad", files.pad, "--out", files.out, code=1
    )
    assert "are not what the customer signed" in refused.errors
    assert not files.out.exists()
    proven = exchange("prove-fault", files.offer, "--item", files.item, "--pad", files.pad, by="consumer")
    assert "It is the last resort" in proven.errors
    assert "fault wrong chunk" in proven.output


def test_silence_is_settled_and_a_late_delivery_cancelled(exchange, opened, offered, travel):
    second = offered("two")
    exchange("open", second.consent, second.offer, "--item", second.item, "--pad", second.pad, by="consumer")
    exchange("deliver", opened.offer, opened.secrets, by="seller")
    early = exchange("settle", opened.offer, by="buyer", code=1)
    assert "has a window that runs until 20" in early.errors
    active = exchange("abort", second.offer, by="seller", code=1)
    assert "is active, so the exchange cannot be aborted" in active.errors
    travel(25 * HOUR)
    assert exchange("settle", opened.offer, by="buyer").output.startswith("Settled: ")
    late = exchange("deliver", second.offer, second.secrets, by="seller", code=1)
    assert "The window for this ended at 20" in late.errors
    assert "consentEnded False" in exchange("cancel", second.offer, by="buyer").output


def test_a_withdrawn_consent_is_aborted(run, records, exchange, opened):
    assert run("consent", "revoke", opened.consent, by="customer", records=records).code == 0
    assert exchange("abort", opened.offer, by="seller").output.startswith("Aborted: ")


def test_a_voided_offer_cannot_be_opened(exchange, offered):
    files = offered()
    assert exchange("void-offer", files.offer, by="seller").output.startswith("OfferVoided: ")
    refused = exchange(
        *("open", files.consent, files.offer, "--item", files.item, "--pad", files.pad),
        by="consumer",
        code=1,
    )
    assert "is Voided already. Ask for a new one." in refused.errors


def test_ether_comes_back_out_of_the_standing_balance(exchange, offered, chain):
    before = chain.eth.get_balance(ADDRESSES["buyer"])
    withdrawn = exchange("withdraw", "--to", ADDRESSES["buyer"], "--amount", "0.004 ether", by="seller")
    assert withdrawn.output.startswith("Withdrawn: ")
    assert chain.eth.get_balance(ADDRESSES["buyer"]) == before + 4 * 10**15
    refused = exchange("withdraw", "--to", ADDRESSES["buyer"], "--amount", "1 ether", by="seller", code=1)
    assert "needs 1 ETH. Fund it first" in refused.errors
    assert "credit of 0 ETH" in exchange("credit", ADDRESSES["seller"]).output
