"""The customer's rights between real agents, on real contracts, with orders of the sample."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from faircart import documents, papers, retail
from faircart.agent import sealed
from faircart.agent.client import ApiRefused
from faircart.canonical import canonical, commitment, new_salt
from faircart.multichain import Json, names
from faircart.rights import ledger, proofs, receipts
from faircart.rights.ledgers import CheckFailed

from tests.support import burglar
from tests.support.agents import ETHER, Ethereum, Streams
from tests.support.anvil import ROOT
from tests.support.citizens import (
    REWARD,
    Customer,
    ask,
    exchange,
    ledgers,
    proposal,
    sold,
    trusted,
)
from tests.support.linkability import Traces, fields
from tests.support.offices import Office, faircart, until

SHOP = "harbour"
CATEGORIES = 'categories = ["orders", "preferences", "profile"]'
SAMPLE = retail.load()
NUMBERS = SAMPLE.customers(8, shop=SHOP)
DOCUMENTS = [
    documents.orders_document(f"pseudonym-{place:04d}", SHOP, SAMPLE.invoices_of(number))
    for place, number in enumerate(NUMBERS)
]
PROFILE = documents.profile_document(
    "pseudonym-0007", SHOP, {"knowsLanguage": ["en"], "name": "Alice Example"}, date(2026, 1, 2)
)

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def ethereum(folder: Path) -> Iterator[Ethereum]:
    with Ethereum(folder, options=()) as network:
        yield network


@pytest.fixture(scope="module")
def streams(folder: Path) -> Iterator[Streams]:
    with Streams(folder, wallets=3) as network:
        yield network


@pytest.fixture(scope="module")
def shop(folder: Path, ethereum: Ethereum, streams: Streams) -> Iterator[Office]:
    office = Office("shop", "custodian", folder, ethereum, streams, 0)
    yield office.start()
    office.kill()


@pytest.fixture(scope="module")
def consumer(folder: Path, ethereum: Ethereum, streams: Streams) -> Iterator[Office]:
    changes = {
        'categories = ["orders"]': CATEGORIES,
        "max_counter_reward_wei = 0": f"max_counter_reward_wei = {2 * REWARD}",
    }
    office = Office("consumer", "consumer", folder, ethereum, streams, 1, changes)
    yield office.start()
    office.kill()


@pytest.fixture(scope="module")
def people(folder: Path, shop: Office, consumer: Office) -> list[Customer]:
    """Eight customers of the sample with orders and preferences; the last one gave a profile, too."""
    found = [Customer(place).files(folder) for place in range(len(NUMBERS))]
    lines = [person.import_line(document) for person, document in zip(found, DOCUMENTS, strict=True)]
    lines.append(json.dumps({**json.loads(found[7].import_line(PROFILE)), "category": "profile"}))
    file = folder / "documents.jsonl"
    file.write_text("\n".join(lines))
    said = shop.run("import", "-c", str(shop.config), "--derive-preferences", str(file))
    assert json.loads(said) == {"imported": 17}
    return found


@pytest.fixture(scope="module")
def request_id(people: list[Customer], consumer: Office) -> str:
    return ask(consumer, "orders")


@pytest.fixture(scope="module")
def first_sale(people: list[Customer], request_id: str, shop: Office, consumer: Office) -> bytes:
    return sold(people[0], shop, consumer)


@pytest.fixture(scope="module")
def receipt(first_sale: bytes, people: list[Customer], shop: Office, folder: Path) -> dict[str, Any]:
    out = folder / "receipts"
    said = faircart("receipt", "save", *people[0].reading(shop), "--out", str(out))
    assert json.loads(said) == {"receipts": [first_sale.hex()]}
    found: dict[str, Any] = json.loads((out / f"{first_sale.hex()}.json").read_text())
    return found


def statuses(lines: list[ledger.Line]) -> list[tuple[str, str]]:
    return [(line.step, line.status) for line in lines]


SALE = [("granted", "verified"), ("opened", "verified"), ("delivered", "verified"), ("settled", "verified")]


# --- receipts ---------------------------------------------------------------------------------------------


def test_a_receipt_is_verified_against_both_ledgers_and_says_what_it_proves(
    receipt: dict[str, Any], people: list[Customer], shop: Office, ethereum: Ethereum, tmp_path: Path
) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(receipt))
    shown = faircart("receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file))
    assert [line.partition(":")[0] for line in shown.splitlines()[:7]] == [
        *("ok  form", "ok  terms", "ok  consent id", "ok  signature", "ok  ethereum", "ok  multichain"),
        "ok  state",
    ]
    assert f"It proves that {people[0].address} consented on " in shown
    assert "It proves not that the data in the document are true" in shown
    assert "marketing: finding and addressing customers" in faircart("receipt", "show", str(file))


def test_a_receipt_altered_by_one_character_is_refused_with_the_check_that_failed(
    receipt: dict[str, Any], shop: Office, ethereum: Ethereum, tmp_path: Path
) -> None:
    file = tmp_path / "altered.json"
    file.write_text(json.dumps(receipt).replace("dpv:Marketing", "dpv:CommercialResearch"))
    said = faircart("receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file), code=1)
    assert said == ("Error: terms: the consent record is not the one that the signed consent commits to\n")
    identifier = receipt["dct:identifier"]
    other = identifier[:-1] + ("0" if identifier[-1] != "0" else "1")
    file.write_text(json.dumps(receipt).replace(identifier, other))
    said = faircart("receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file), code=1)
    assert said == "Error: signature: the receipt is not what its custodian signed: it was altered\n"


def test_a_receipt_of_an_expired_consent_is_genuine_and_not_active(
    receipt: dict[str, Any], shop: Office, ethereum: Ethereum
) -> None:
    verdict = receipts.verify(receipt, ledgers(ethereum, shop), 2**32)
    assert (verdict.active, verdict.state.split(" ")[0]) == (False, "expired")


def test_a_receipt_that_only_its_custodian_made_up_is_refused_by_the_ledgers(
    receipt: dict[str, Any], shop: Office, ethereum: Ethereum
) -> None:
    trust = ledgers(ethereum, shop)
    consent = papers.Consent.from_json(receipt["faircart:consent"])
    evidence = receipts.Evidence(
        chain_id=trust.chain_id,
        registry=trust.contracts.address("ConsentRegistry"),
        consent_id=consent.digest(trust.domain("ConsentRegistry")),
        transaction=bytes.fromhex(receipt["faircart:evidence"]["transaction"][2:]),
        block_time=documents.seconds_of(receipt["dpv:hasConsentStatus"]["dpv:isIndicatedAtTime"]),
        chain_name="faircart",
    )
    record, key = receipt["dpv:hasRecordOfActivity"], bytes(shop.account.key)
    again = receipts.make("ab" * 32, record, consent, evidence, 1_800_000_000, key)
    with pytest.raises(CheckFailed, match="multichain: the stream receipts holds nothing under the id"):
        receipts.verify(again, trust, 1_800_000_000)
    elsewhere = receipts.make(
        "ab" * 32, record, consent, replace(evidence, transaction=b"\x77" * 32), 1_800_000_000, key
    )
    with pytest.raises(CheckFailed, match="ethereum: there is no transaction 0x7777"):
        receipts.verify(elsewhere, trust, 1_800_000_000)


# --- the ledger -------------------------------------------------------------------------------------------


def test_every_line_of_the_ledger_is_verified_and_can_be_exported(
    first_sale: bytes, people: list[Customer], shop: Office, ethereum: Ethereum
) -> None:
    command = ["ledger", *people[0].reading(shop), *trusted(ethereum)]
    lines = json.loads(faircart(*command, "--format", "json"))
    assert [(line["step"], line["status"], line["problem"]) for line in lines] == [
        (step, status, "") for step, status in SALE
    ]
    assert [line["who"].split()[0] for line in lines] == ["customer", "consumer", "custodian", "consumer"]
    assert {line["purpose"] for line in lines} == {"dpv:Marketing"}
    assert {line["rewardWei"] for line in lines} == {str(REWARD)}
    graph = json.loads(faircart(*command, "--format", "jsonld"))
    assert [entry["faircart:status"] for entry in graph["@graph"]] == ["verified"] * 4
    rows = faircart(*command, "--format", "csv").splitlines()
    assert rows[0].startswith("when,step,who,what,withWhom,means,purpose,condition,rewardWei,status")
    assert len(rows) == 5
    assert faircart(*command).count("[verified]") == 4


class Tampered:
    """A source that hides items, or shows others in their place."""

    def __init__(self, inner: Any, hidden: set[str]) -> None:
        self.name, self._inner, self._hidden = "tampered", inner, hidden

    def all(self, stream: str) -> Iterator[Any]:
        return (item for item in self._inner.all(stream) if not self._hidden & set(item.keys))

    def by_key(self, stream: str, key: str) -> list[Any]:
        return [] if key in self._hidden else self._inner.by_key(stream, key)


def test_a_missing_audit_item_is_found_by_reconciling_both_ledgers(
    first_sale: bytes, people: list[Customer], shop: Office, ethereum: Ethereum
) -> None:
    trust = ledgers(ethereum, shop)
    now = trust.events[-1].at.timestamp
    person = people[0].rights(shop)
    opened = next(line for line in person.ledger(trust, now) if line.step == "opened")
    hiding = replace(trust, streams=Tampered(trust.streams, {opened.evidence["entry"]}))
    assert sorted(statuses(person.ledger(hiding, now + 1000))) == sorted(
        [("opened", "missing"), *(line for line in SALE if line[0] != "opened")]
    )
    assert ("opened", "awaited") in statuses(person.ledger(hiding, now))


def forged(person: Customer, shop: Office, streams: Streams, wallet: int, changes: dict[str, Any]) -> None:
    """An entry like the real one but for `changes`, sealed to the customer and published by some wallet."""
    real = next(line["entry"] for line in person.client(shop).access_log() if line["step"] == "delivered")
    entry_id = new_salt()[2:]
    entry = {**real, "id": entry_id, "salt": new_salt(), **changes}
    reader = shop.tools.ctx.hpke_key[:10] + person.public
    value = sealed.committed(sealed.ACCESS_ENTRY, entry_id, [reader], entry)
    node = streams.node(wallet)
    node.publish(names.ACCESSLOG, entry_id, Json(value), address=streams.access[wallet]["address"])


def test_forged_audit_items_are_refuted_whoever_published_them(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, streams: Streams,
    ethereum: Ethereum,
) -> None:  # fmt: skip
    person = people[1]
    sold(person, shop, consumer)
    forged(person, shop, streams, 1, {})
    forged(person, shop, streams, 2, {})
    forged(person, shop, streams, 0, {"purpose": "dpv:ServiceOptimisation"})
    forged(person, shop, streams, 0, {"when": 1_700_000_000})
    trust = ledgers(ethereum, shop)
    lines = person.rights(shop).ledger(trust, trust.events[-1].at.timestamp)
    wrong = {line.problem for line in lines if line.status == "refuted"}
    assert wrong == {
        f"multichain: the entry was published by {consumer.address}, not by its custodian",
        "multichain: the entry was published by an address that nobody has bound",
        "receipt: purpose, category or notice are not those that you consented to",
        "ethereum: the block was made at another time than the entry says",
    }
    assert sum(line.status == "verified" for line in lines) == 4
    said = faircart("ledger", *person.reading(shop), *trusted(ethereum), code=1)
    assert said.startswith("Error: 4 of 8 lines do not agree with the ledgers; the first: delivered, ")


# --- other answers ----------------------------------------------------------------------------------------


def test_a_request_for_an_unknown_category_or_purpose_is_refused(consumer: Office) -> None:
    rest = ["--notice", "n", "--reward", "1", "--valid-for", "3600", "-c", str(consumer.config)]
    purpose = "dpv:Marketing"
    said = faircart("request", "publish", "--category", "health", "--purpose", purpose, *rest, code=1)
    assert said.strip() == "Error: --category: 'health' is none of orders, preferences, profile"
    said = faircart("request", "publish", "--category", "orders", "--purpose", "fun", *rest, code=1)
    assert said.startswith("Error: --purpose: 'fun' is none of dpv:AcademicResearch, ")


def test_a_customer_declines_and_is_not_asked_the_same_again(
    people: list[Customer], request_id: str, shop: Office, consumer: Office
) -> None:
    offered = proposal(people[2], shop, consumer)
    faircart("request", "decline", *people[2].signing(shop), offered.id)
    assert people[2].rights(shop).proposals() == []
    said = faircart("request", "decline", *people[3].signing(shop), offered.id, code=1)
    assert said == "Error: signature: it is not the customer's, so nothing was done\n"


def test_a_customer_asks_for_more_reward_and_less_time_and_the_consumer_agrees(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, ethereum: Ethereum
) -> None:
    person, wanted = people[3], 3 * REWARD // 2
    offered = proposal(person, shop, consumer)
    terms = ["--reward", str(wanted), "--valid-for", "43200"]
    faircart("request", "counter", *person.signing(shop), *terms, offered.id)
    agreed = proposal(person, shop, consumer, reward=wanted)
    assert agreed.record.valid_until - agreed.record.created == 43200
    consent_id = bytes.fromhex(person.rights(shop).accept(agreed)[2:])
    until(lambda: exchange(consumer, consent_id).get("state") == "Settled", "the sale", shop, consumer)
    assert ethereum.w3.eth.get_balance(person.address) == wanted


def test_what_the_consumer_does_not_agree_to_leaves_the_first_proposal_standing(
    people: list[Customer], request_id: str, shop: Office, consumer: Office
) -> None:
    person = people[4]
    offered = proposal(person, shop, consumer)
    person.rights(shop).counter(offered.id, 5 * REWARD, 86400)
    assert person.rights(shop).proposals() == []
    assert proposal(person, shop, consumer).id == offered.id


# --- withdrawal and renewal -------------------------------------------------------------------------------


def answers(person: Customer, shop: Office) -> list[dict[str, Any]]:
    """The acknowledgements that the customer has got."""
    found = person.rights(shop).erasures()
    return [entry["document"] for entry in found if entry["step"] == "acknowledged"]


def test_a_renewal_names_the_old_consent_and_a_withdrawal_ends_both_and_is_acknowledged(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, ethereum: Ethereum,
    tmp_path: Path,
) -> None:  # fmt: skip
    person = people[4]
    old = sold(person, shop, consumer)
    ask(consumer, "orders", valid_for=90000)
    offered = proposal(person, shop, consumer)
    assert offered.record.replaces == old
    new = sold(person, shop, consumer)
    said = json.loads(faircart("withdraw", *person.signing(shop), new.hex()))
    assert said == {"withdrawn": [f"0x{new.hex()}", f"0x{old.hex()}"]}
    until(lambda: len(answers(person, shop)) == 2, "two acknowledgements", shop, consumer)
    assert [answer["dataKeysDestroyed"] for answer in answers(person, shop)] == [1, 1]
    trust = ledgers(ethereum, shop)
    lines = person.rights(shop).ledger(trust, trust.events[-1].at.timestamp)
    assert {line.status for line in lines} == {"verified"}
    assert [line.step for line in lines].count("withdrawn") == 2
    assert [line.step for line in lines].count("withdrawal acknowledged") == 2

    found = person.rights(shop).receipts(trust.streams)[new.hex()]
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(found))
    command = ["receipt", "verify", *trusted(ethereum), "--streams-api", shop.api, str(file)]
    assert faircart(*command, code=1).startswith(
        "Error: state: the receipt is genuine, but the consent is withdrawn on "
    )
    assert "ok  state: the consent is withdrawn on" in faircart(*command, "--allow-ended")


def test_a_second_consent_for_the_same_category_purpose_and_recipient_is_refused(
    people: list[Customer], request_id: str, shop: Office, consumer: Office
) -> None:
    person = people[5]
    first = proposal(person, shop, consumer)
    ask(consumer, "orders", valid_for=80000)
    both = until(lambda: len(p := person.rights(shop).proposals()) > 1 and p, "a second one", shop, consumer)
    other = next(entry for entry in both if entry.id != first.id)
    consent_id = bytes.fromhex(person.rights(shop).accept(first)[2:])
    until(lambda: exchange(consumer, consent_id).get("state") == "Settled", "the sale", shop, consumer)
    with pytest.raises(
        ApiRefused, match="there is an active one for the same category, purpose and recipient"
    ):
        person.rights(shop).accept(other)


def test_everything_is_withdrawn_in_one_step_without_gas(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, ethereum: Ethereum
) -> None:
    person = people[5]
    said = json.loads(faircart("withdraw", *person.signing(shop), "--all"))
    registry = ethereum.contracts["ConsentRegistry"].functions
    until(lambda: registry.epochOf(person.address).call() == said["nextEpoch"], "the epoch", shop, consumer)
    ids = [held.id for held in person.rights(shop).holdings().consents if held.state != "Withdrawn"]
    until(lambda: all(registry.endedAt(one).call() for one in ids), "the end", shop, consumer)
    assert ethereum.w3.eth.get_transaction_count(person.address) == 0
    until(
        lambda: (
            "withdrawal acknowledged" in [e["step"] + " acknowledged" for e in []]
            or [e for e in person.rights(shop).erasures() if e["step"] == "acknowledged"]
        ),
        "an acknowledgement",
        shop,
        consumer,
    )


# --- proofs of existence ----------------------------------------------------------------------------------


def test_a_data_set_is_proven_to_exist_offline_and_by_any_node(
    first_sale: bytes, people: list[Customer], shop: Office, ethereum: Ethereum, tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    faircart(
        *("proof", *people[0].reading(shop), *trusted(ethereum), "--consent", first_sale.hex()),
        *("--out", str(file)),
    )
    shown = faircart("proof", "verify", "--offline", str(file))
    assert [line.partition(":")[0] for line in shown.splitlines()] == [
        *("ok  document", "ok  record", "ok  id", "Not checked"),
    ]
    shown = faircart("proof", "verify", *trusted(ethereum), str(file))
    assert shown.splitlines()[-1].startswith("ok  ethereum: Granted in block ")
    value = json.loads(file.read_text())
    assert canonical(proofs.check_alone(value).document) == canonical(DOCUMENTS[0])
    for name, other, problem in (
        ("plainChunks", "0x" + "00" * 300, "document: the data set is not the one that dataRoot commits to"),
        ("id", "0x" + "00" * 32, "id: it is not the id of this paper at this contract"),
        ("event", {**value["event"], "block": 1}, "ethereum: the block is another one"),
        ("contract", "0x" + "11" * 20, "id: it is not the id"),
    ):
        file.write_text(json.dumps({**value, name: other}))
        said = faircart("proof", "verify", *trusted(ethereum), str(file), code=1)
        assert said.startswith(f"Error: {problem}")


@pytest.fixture(scope="module")
def paid(people: list[Customer], shop: Office, ethereum: Ethereum) -> tuple[papers.Order, dict[str, Any]]:
    """A real cart's part, quoted by the shop and paid by the customer through the escrow."""
    person = people[6]
    invoice = next(i for i in SAMPLE.invoices_of(NUMBERS[6]) if any(o.shop == SHOP for o in i.orders))
    order = next(order for order in invoice.orders if order.shop == SHOP)
    document = documents.order_document(invoice, order)
    now = ethereum.w3.eth.get_block("latest")["timestamp"]
    paper = papers.Order(
        seller=shop.address,
        buyer=person.address,
        arbiter=ethereum.rich,
        amount=order.wei,
        order_hash=commitment(document),
        valid_until=now + 3600,
        ship_within=3600,
        confirm_within=3600,
        arbitration_within=3600,
        salt=7,
    )
    escrow = ethereum.contracts["CheckoutEscrow"]
    signature = papers.sign(paper, papers.Domain(31337, escrow.address), bytes(shop.account.key))
    ethereum.give(person.address, ETHER)
    call = escrow.functions.checkout([paper.abi()], [signature])
    transaction = call.build_transaction(
        {"from": person.address, "value": paper.amount, "nonce": 0, "gas": 300_000}
    )
    raw = person.account.sign_transaction(transaction).raw_transaction
    ethereum.w3.eth.wait_for_transaction_receipt(ethereum.w3.eth.send_raw_transaction(raw))
    return paper, document


def test_an_order_is_proven_to_exist(
    paid: tuple[papers.Order, dict[str, Any]], ethereum: Ethereum, tmp_path: Path
) -> None:
    paper, document = paid
    for name, value in (("paper", paper.to_json()), ("document", document)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    file = tmp_path / "proof.json"
    faircart(
        *("proof", *trusted(ethereum), "--order", str(tmp_path / "paper.json")),
        *("--document", str(tmp_path / "document.json"), "--out", str(file)),
    )
    shown = faircart("proof", "verify", *trusted(ethereum), str(file))
    assert shown.splitlines()[0] == f"ok  document: it gives the commitment 0x{paper.order_hash.hex()}"
    assert shown.splitlines()[-1].startswith("ok  ethereum: Funded in block ")
    value = json.loads(file.read_text())
    value["document"]["orderDate"] = "2010-12-01T08:27:00"
    file.write_text(json.dumps(value))
    said = faircart("proof", "verify", "--offline", str(file), code=1)
    assert said == "Error: document: the order document is not the one that orderHash commits to\n"


# --- portability ------------------------------------------------------------------------------------------


def test_an_archive_imported_at_another_shop_gives_the_same_documents(
    people: list[Customer], shop: Office, ethereum: Ethereum, streams: Streams, folder: Path
) -> None:
    person, file = people[7], folder / "archive.zip"
    said = faircart("export", *person.reading(shop), *trusted(ethereum), "--out", str(file))
    assert json.loads(said) == {"archive": str(file), "documents": 3}
    with zipfile.ZipFile(file) as packed:
        assert packed.namelist() == [
            *("manifest.json", "accesslog.jsonld", "documents/orders.jsonld"),
            *("documents/preferences.jsonld", "documents/profile.jsonld", "orders.json"),
        ]
        held = {name: packed.read(name) for name in packed.namelist()}
    assert held["documents/orders.jsonld"] == canonical(DOCUMENTS[7])
    assert held["documents/profile.jsonld"] == canonical(PROFILE)

    garden = Office("garden", "custodian", folder, ethereum, streams, 2)
    changed = folder / "changed.zip"
    for name, problem in (
        ("documents/profile.jsonld", "sha256: documents/profile.jsonld was changed"),
        ("manifest.json", "attestation: the shop attested other documents"),
        ("surplus", "files: surplus is not in the manifest"),
    ):
        files = dict(held)
        if name == "manifest.json":
            manifest = json.loads(held[name])
            manifest["customer"] = people[0].address
            files[name] = canonical(manifest)
        else:
            files[name] = files.get(name, b"").replace(b"Alice", b"Alicf")
        with zipfile.ZipFile(changed, "w") as packed:
            for path, data in files.items():
                packed.writestr(path, data)
        said = faircart("import", "-c", str(garden.config), str(changed), code=1)
        assert said.startswith(f"Error: {problem}")

    said = faircart("import", "-c", str(garden.config), str(file))
    assert json.loads(said) == {"imported": 3}
    garden.start()
    try:
        there = {d.category: canonical(d.document) for d in person.rights(garden).holdings().documents}
    finally:
        garden.kill()
    here = {d.category: canonical(d.document) for d in person.rights(shop).holdings().documents}
    assert there == here
    assert there["orders"] == canonical(DOCUMENTS[7])


# --- erasure ----------------------------------------------------------------------------------------------


def test_after_an_erasure_no_copy_can_be_decrypted_and_the_certificate_says_what_remains(
    people: list[Customer], request_id: str, shop: Office, consumer: Office, streams: Streams,
    ethereum: Ethereum, tmp_path: Path,
) -> None:  # fmt: skip
    person, needle = people[7], b"pseudonym-0007"
    sold(person, shop, consumer)
    offices, trust, node = [shop, consumer], ledgers(ethereum, shop), streams.node(2)

    def readable() -> tuple[set[str], set[str]]:
        kept, opened = burglar.kept(offices), burglar.opened(offices, trust, node, consumer.address)
        return names_of(kept, needle), names_of(opened, needle)

    until(lambda: readable()[1], "the payloads to reach the node that subscribes now", shop, consumer)
    assert readable() == ({"orders", "preferences", "profile"}, {"orders"})
    with shop.tools.store.read() as work:
        wrapped = _wrapped_keys(work, person, shop)
    assert all(key in _bytes_of(shop) for key in wrapped)

    stranger = people[6].rights(shop)
    with pytest.raises(ApiRefused, match="signature: it is not the customer's, so nothing was done"):
        _erase_for(stranger, person)

    faircart("erase", *person.signing(shop), "--category", "orders", "--category", "preferences")
    until(lambda: person.rights(shop).certificates(), "the certificate", shop, consumer)
    assert readable() == ({"profile"}, set())
    for office in offices:
        assert not any(key in _bytes_of(office) for key in wrapped)
        assert needle not in _bytes_of(office)
    assert burglar.ciphertexts(node, consumer.address)  # the publisher's copy is still there, unreadable

    [certificate] = person.rights(shop).certificates()
    own, [recipient] = certificate["faircart:custodian"], certificate["faircart:recipients"]
    assert (own["documentKeysDestroyed"], own["itemKeysDestroyed"], own["padsDestroyed"]) == (2, 1, 1)
    assert (recipient["address"], recipient["dataKeysDestroyed"], recipient["padsDestroyed"]) == (
        *(consumer.address, 1, 1),
    )
    assert recipient["requestKeysDestroyed"] == 1
    shown = faircart("erase", *person.signing(shop), "certificate", "--out", str(tmp_path / "c.json"))
    assert "What cannot be erased:" in shown
    assert [held.category for held in person.rights(shop).holdings().documents] == ["profile"]
    lines = person.rights(shop).ledger(ledgers(ethereum, shop), 2**31)
    assert {line.status for line in lines} == {"verified"}
    erasing = [line.step for line in lines if line.step.startswith("erasure")]
    assert erasing == ["erasure told", "erasure acknowledged", "erasure certified"]


def names_of(texts: list[bytes], needle: bytes) -> set[str]:
    """The categories of the documents that tell of somebody."""
    return {json.loads(text)["name"] for text in texts if needle in text}


def _wrapped_keys(work: Any, person: Customer, shop: Office) -> list[bytes]:
    from faircart.store import tables as t
    from faircart.store.records import Document

    roots = [
        row.data_root.hex()
        for row in work.find(Document, customer=person.address)
        if row.category != "profile"
    ]
    query = t.vault.select().where(t.vault.c.name.in_(roots))
    found = [row.wrapped_key for row in work.connection.execute(query)]
    assert len(found) == 2
    return found


def _bytes_of(office: Office) -> bytes:
    return b"".join(path.read_bytes() for path in office.home.rglob("*") if path.is_file())


def _erase_for(somebody: Any, victim: Customer) -> None:
    somebody.address = victim.address
    somebody._state(
        "erasures",
        "erasure/1",
        {
            "customer": victim.address,
            "categories": ["orders"],
            "requestedAt": documents.seconds_of("2026-01-01T00:00:00Z"),
            "nonce": "00",
        },
    )


def test_an_erasure_of_something_else_is_refused_with_the_check_that_failed(
    people: list[Customer], shop: Office
) -> None:
    person = people[0].rights(shop)
    body = {"customer": person.address, "categories": ["health"], "requestedAt": 0, "nonce": "00"}
    with pytest.raises(ApiRefused, match="categories: there is no category 'health': known are orders"):
        person._state("erasures", "erasure/1", body)
    with pytest.raises(ApiRefused, match="requestedAt: the request must be signed within the hour"):
        person._state("erasures", "erasure/1", {**body, "categories": ["orders"]})


# --- minimisation -----------------------------------------------------------------------------------------


def test_nothing_public_equals_or_hashes_to_personal_data_of_the_sample(
    first_sale: bytes, paid: tuple[papers.Order, dict[str, Any]], people: list[Customer], shop: Office,
    consumer: Office, ethereum: Ethereum, streams: Streams,
) -> None:  # fmt: skip
    invoices = [invoice for number in NUMBERS for invoice in SAMPLE.invoices_of(number)]
    values = [text for document in (*DOCUMENTS, PROFILE, paid[1]) for text in fields(document)]
    values += [text for invoice in invoices for text in (invoice.number, invoice.customer, invoice.country)]
    public_terms = {"Dataset", "Person", "Order", "ItemList", "orders", "profile", "preferences", SHOP}
    traces = Traces(set(values) - public_terms, (*DOCUMENTS, PROFILE))
    assert len(traces.values) > 100

    calldata, logs = on_ethereum(ethereum)
    assert len(calldata) > 20
    assert len(logs) > 20
    assert [found for data in (*calldata, *logs) for found in traces.in_bytes(data)] == []
    tokens = list(in_streams(streams))
    assert len(tokens) > 100
    assert [(token, found) for token in tokens for found in traces.in_text(token)] == []
    report(traces, calldata, logs, tokens, people, consumer)


def report(
    traces: Traces,
    calldata: list[bytes],
    logs: list[bytes],
    tokens: list[str],
    people: list[Customer],
    consumer: Office,
) -> None:
    """Writes down what was tried, and what remains linkable: counted, not claimed."""
    accounts = [bytes.fromhex(person.address[2:]) for person in people]
    reward = REWARD.to_bytes(32, "big")
    streams = sum(token.startswith(("items-", "envelopes-")) for token in tokens)
    linkable = {
        "customers' accounts in calldata and logs": sum(
            account in data for account in accounts for data in (*calldata, *logs)
        ),
        "rewards in calldata and logs": sum(reward in data for data in (*calldata, *logs)),
        "keys that name the consumer's account": tokens.count(consumer.address),
        "streams that name the consumer": streams,
    }
    assert all(count > 0 for count in linkable.values())
    found = {
        "tried": {"values": len(traces.values), "hashes": len(traces.hashes)},
        "against": {"calldata": len(calldata), "logData": len(logs), "streamTokens": len(tokens)},
        "found": 0,
        "remainsLinkable": linkable,
        "notCounted": "times of blocks and items, sizes of ciphertext, publishers and so business relations",
    }
    folder = ROOT / "reports"
    folder.mkdir(exist_ok=True)
    (folder / "linkability.json").write_text(json.dumps(found, indent=1))


def test_the_linkability_test_would_find_what_it_looks_for() -> None:
    traces = Traces([NUMBERS[0], "WHITE METAL LANTERN"], [DOCUMENTS[0]])
    number = NUMBERS[0].encode()
    assert traces.in_bytes(b"\x01" * 5 + hashlib.sha256(number).digest()) == [NUMBERS[0]]
    assert traces.in_bytes(hashlib.md5(number).digest()) == [NUMBERS[0]]
    assert traces.in_bytes(hashlib.sha256(canonical(DOCUMENTS[0])).digest()) == ["a whole document"]
    assert traces.in_bytes(b"..WHITE METAL LANTERN..") == ["WHITE METAL LANTERN"]
    assert traces.in_text(NUMBERS[0]) == [NUMBERS[0]]
    assert traces.in_text(hashlib.sha1(b"white metal lantern").hexdigest()) == ["WHITE METAL LANTERN"]


def on_ethereum(ethereum: Ethereum) -> tuple[list[bytes], list[bytes]]:
    """All calldata but that of deployments, and all topics and data of all logs."""
    calldata, logs = [], []
    for number in range(ethereum.w3.eth.block_number + 1):
        for transaction in ethereum.w3.eth.get_block(number, full_transactions=True)["transactions"]:
            if transaction.get("to"):
                calldata.append(bytes(transaction["input"]))
    for log in ethereum.w3.eth.get_logs({"fromBlock": 0, "toBlock": "latest"}):
        logs += [bytes(log["data"]), *(bytes(topic) for topic in log["topics"])]
    return calldata, logs


def in_streams(streams: Streams) -> Iterator[str]:
    """All names, custom fields, keys, publishers and the plain members of all items."""
    node = streams.node(0)
    for info in node.streams():
        yield info.name
        yield from fields(dict(info.fields))
        node.subscribe(info.name)
        for item in node.items(info.name, count=10_000, start=0):
            yield from (*item.keys, *item.publishers, item.txid)
            if item.format == "json":
                yield from fields(node.data(item))
