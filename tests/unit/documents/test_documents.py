# SPDX-License-Identifier: Apache-2.0
"""Documents: open formats, strict schemas, plain words, and nothing that leads straight to the person."""

import copy
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address
from faircart import documents, retail
from faircart.canonical import canonical, commitment, parse
from faircart.cli.ledgers import UnreadableFile, read_canonical
from faircart.documents import ConsentTerms, DocumentInvalid
from faircart.errors import FairCartError
from faircart.papers import Consent, Domain
from faircart.retail import SHOPS, Invoice, Line
from faircart.rights import erasure, receipts
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

ALICE = "0x" + "A1" * 20
CAFE = "0x" + "B2" * 20
SHOP = "0x" + "C3" * 20
SALT = "0x" + "5a" * 32
TERMS = ConsentTerms(
    chain_id=31337,
    customer=ALICE,
    consumer=CAFE,
    custodian=SHOP,
    category="orders",
    purpose="dpv:Marketing",
    retention_days=30,
    valid_until=1_800_000_000,
    notice_version="2026-01",
    reward=10**15,
    created=1_790_000_000,
    processing=("dpv:Share", "dpv:Store", "dpv:Analyse"),
    storage_location="EU",
    jurisdiction="EU",
)
SELLER = Account.from_key(b"\x42" * 32)
ALICES, CAFES = to_checksum_address(ALICE), to_checksum_address(CAFE)
SIGNED = ConsentTerms(
    **{**TERMS.__dict__, "custodian": SELLER.address, "customer": ALICES, "consumer": CAFES}
)
INVOICE = Invoice(
    "536365",
    "17850",
    datetime(2010, 12, 1, 8, 26),
    "United Kingdom",
    (
        Line("71053", "WHITE METAL LANTERN", 6, Decimal("3.39")),
        Line("71056", "RED LANTERN", 2, Decimal("10")),
        Line("71055", "BLUE LANTERN", 1, Decimal("1.00")),
    ),
)


def orders() -> dict[str, Any]:
    return documents.orders_document("customer-7f3a", "meadow", [INVOICE])


def order() -> dict[str, Any]:
    return documents.order_document(INVOICE, INVOICE.orders[1], SALT)


def consent() -> dict[str, Any]:
    return documents.consent_record(
        TERMS, identifier="urn:uuid:00000000-0000-4000-8000-000000000000", salt=SALT
    )


def preferences() -> dict[str, Any]:
    return documents.preferences_document(orders())


def profile() -> dict[str, Any]:
    given = {"name": "Alice Example", "knowsLanguage": ["en", "de-AT"], "knowsAbout": ["lanterns"]}
    return documents.profile_document("customer-7f3a", "meadow", given, date(2026, 1, 2))


def receipt() -> dict[str, Any]:
    record = documents.consent_record(SIGNED)
    paper = Consent(ALICES, CAFES, SELLER.address, b"\x11" * 32, commitment(record), 10**15, 1_800_000_000, 0)
    registry = Domain(31337, "0x" + "d4" * 20)
    evidence = receipts.Evidence(
        31337,
        registry.verifying_contract,
        paper.digest(registry),
        b"\x22" * 32,
        1_790_000_005,
        "faircart",
    )
    return receipts.make("ab" * 32, record, paper, evidence, 1_790_000_009, bytes(SELLER.key))


def certificate() -> dict[str, Any]:
    asked = {"customer": ALICE, "categories": ["orders"], "requestedAt": 1_790_000_000}
    own = {
        "documentKeysDestroyed": 1,
        "itemKeysDestroyed": 2,
        "padsDestroyed": 2,
        "payloads": "kept",
        "edition": "MultiChain Community",
        "completedAt": "2026-01-02T03:04:05Z",
    }
    answer = {
        "author": CAFE,
        "multichainAddress": "1abc",
        "edition": "MultiChain Community",
        "dataKeysDestroyed": 1,
        "padsDestroyed": 1,
        "requestKeysDestroyed": 1,
        "payloads": "orders: this node's copies removed",
        "when": 1_790_000_100,
        "streamItem": "cd" * 32,
    }
    return erasure.certificate(
        "ef" * 32,
        chain_id=31337,
        custodian=SELLER.address,
        customer=ALICE,
        asked=asked,
        own=own,
        recipients=[answer],
        silent=[SHOP],
        when=1_790_000_200,
        private_key=bytes(SELLER.key),
    )


MAKERS = {
    "orders": orders,
    "order": order,
    "preferences": preferences,
    "profile": profile,
    "consent-record": consent,
    "consent-receipt": receipt,
    "erasure-certificate": certificate,
}
every_kind = pytest.mark.parametrize("kind", MAKERS)


def test_a_customers_orders_are_schema_org_json_ld() -> None:
    assert orders() == {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": "orders",
        "about": {"@type": "Person", "identifier": "customer-7f3a"},
        "creator": {"@type": "Organization", "name": "meadow"},
        "temporalCoverage": "2010-12-01/2010-12-01",
        "mainEntity": {
            "@type": "ItemList",
            "numberOfItems": 1,
            "itemListElement": [
                {
                    "@type": "Order",
                    "orderStatus": "https://schema.org/OrderDelivered",
                    "orderDate": "2010-12-01T08:26:00",
                    "seller": {"@type": "Organization", "name": "meadow"},
                    "orderedItem": [
                        item("71053", "WHITE METAL LANTERN", 6, "3.39"),
                        item("71056", "RED LANTERN", 2, "10"),
                    ],
                    "partOfInvoice": {
                        "@type": "Invoice",
                        "totalPaymentDue": {
                            "@type": "PriceSpecification",
                            "price": "40.34",
                            "priceCurrency": "GBP",
                        },
                    },
                }
            ],
        },
    }


def item(sku: str, name: str, quantity: int, price: str) -> dict[str, Any]:
    offer = {"@type": "Offer", "price": price, "priceCurrency": "GBP"}
    product = {"@type": "Product", "sku": sku, "name": name, "offers": offer}
    return {"@type": "OrderItem", "orderQuantity": quantity, "orderedItem": product}


def test_the_same_orders_in_another_order_give_the_same_bytes() -> None:
    later = Invoice("536400", "17850", datetime(2010, 12, 2), "France", INVOICE.lines)
    twice = [
        canonical(documents.orders_document("p", "meadow", given))
        for given in ([INVOICE, later], [later, INVOICE])
    ]
    assert twice[0] == twice[1]


def test_every_customer_of_the_sample_has_valid_documents_that_survive_their_bytes() -> None:
    sample = retail.load()
    for customer in sample.customers(40):
        for shop in SHOPS:
            try:
                document = documents.orders_document("p", shop, sample.invoices_of(customer))
            except documents.NoOrders:
                assert not any(o.shop == shop for i in sample.invoices_of(customer) for o in i.orders)
                continue
            documents.validate("orders", document)
            assert canonical(parse(canonical(document))) == canonical(document)
            assert parse(canonical(document)) == document


def test_a_data_set_holds_no_customer_number_invoice_number_or_country() -> None:
    text = canonical(orders()).decode()
    assert not [word for word in ("17850", "536365", "United Kingdom") if word in text]


def test_a_customer_without_orders_at_the_shop_has_no_document() -> None:
    with pytest.raises(documents.NoOrders, match="no orders at the shop orchard"):
        documents.orders_document("p", "orchard", [INVOICE])


def test_an_order_document_is_salted_and_says_what_the_escrow_is_paid() -> None:
    assert order()["amountWei"] == str(4034 * 4 * 10**12)
    assert order()["orderNumber"] == "536365"
    assert len(commitment(order())) == 32
    assert (
        documents.order_document(INVOICE, INVOICE.orders[0])["salt"]
        != documents.order_document(INVOICE, INVOICE.orders[0])["salt"]
    )


def test_a_consent_record_gives_its_terms_back() -> None:
    assert documents.read_consent_record(consent()) == TERMS
    assert len(commitment(consent())) == 32
    renewed = ConsentTerms(
        **{
            **TERMS.__dict__,
            "replaces": b"\x07" * 32,
            "processing": ("dpv:Use",),
            "notice": "https://x.example/1",
        }
    )
    assert documents.read_consent_record(documents.consent_record(renewed)) == renewed
    assert (
        documents.consent_record(TERMS)["dct:identifier"] != documents.consent_record(TERMS)["dct:identifier"]
    )


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"processing": ()}, "/dpv:hasProcess/dpv:hasProcessing"),
        ({"processing": ("dpv:Sell",)}, "/dpv:hasProcess/dpv:hasProcessing/0: must be one of dpv:Analyse"),
        ({"category": "Orders!"}, "/dpv:hasProcess/dpv:hasPersonalData/dct:identifier"),
        ({"retention_days": 0}, "/dpv:hasProcess/dpv:hasStorageCondition/dpv:hasDuration"),
        ({"customer": "0x12"}, "/dpv:hasDataSubject/@id"),
        ({"reward": -1}, "/faircart:rewardWei"),
    ],
)
def test_terms_that_no_consent_may_have_are_refused(change: dict[str, Any], place: str) -> None:
    with pytest.raises(DocumentInvalid, match=place):
        documents.consent_record(ConsentTerms(**{**TERMS.__dict__, **change}))


def test_an_unknown_purpose_is_refused_and_the_known_ones_named() -> None:
    for purpose in ("dpv:WorldDomination", "https://w3id.org/dpv#WorldDomination", "Marketing", ""):
        with pytest.raises(documents.PurposeUnknown, match="known are dpv:AcademicResearch"):
            documents.consent_record(ConsentTerms(**{**TERMS.__dict__, "purpose": purpose}))
    record = consent()
    record["dpv:hasProcess"]["dpv:hasPurpose"] = "dpv:WorldDomination"
    with pytest.raises(DocumentInvalid, match="/dpv:hasProcess/dpv:hasPurpose: must be one of dpv:Academic"):
        documents.validate("consent-record", record)


def test_a_purpose_may_be_given_by_its_full_address() -> None:
    assert documents.purpose_term("https://w3id.org/dpv#Marketing") == "dpv:Marketing"
    full = ConsentTerms(**{**TERMS.__dict__, "purpose": "https://w3id.org/dpv#Marketing"})
    assert documents.read_consent_record(documents.consent_record(full)) == TERMS


def test_plain_words_exist_for_every_purpose_and_processing() -> None:
    definitions = documents.schema("consent-record")["$defs"]
    assert sorted(documents.PURPOSES) == definitions["purpose"]["enum"]
    assert sorted(documents.PROCESSING) == definitions["processing"]["enum"]


def test_times_beyond_the_calendar_are_refused() -> None:
    for seconds in (-1, 2**64):
        with pytest.raises(documents.DocumentError, match="no time in seconds"):
            documents.consent_record(ConsentTerms(**{**TERMS.__dict__, "valid_until": seconds}))


@every_kind
def test_the_shipped_schemas_are_json_schemas_2020_12(kind: str) -> None:
    schema = documents.schema(kind)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_there_is_a_schema_for_every_kind_and_for_every_category() -> None:
    assert documents.kinds() == sorted(MAKERS)
    assert set(documents.CATEGORIES) <= set(documents.kinds())


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every object inside a document."""
    if isinstance(value, dict):
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        if step != "@context":
            yield from objects(inner, (*path, step))


def inside(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind != "profile"])
def test_a_document_is_valid_and_no_object_in_it_may_gain_or_lose_a_member(kind: str) -> None:
    whole = MAKERS[kind]()
    documents.validate(kind, whole)
    for path in objects(whole):
        pointer = "".join(f"/{step}" for step in path)
        more = copy.deepcopy(whole)
        inside(more, path)["email"] = "alice@example.org"
        with pytest.raises(DocumentInvalid, match="has members that do not belong there: email") as info:
            documents.validate(kind, more)
        assert info.value.pointer == pointer
        for name in inside(whole, path):
            less = copy.deepcopy(whole)
            del inside(less, path)[name]
            with pytest.raises(DocumentInvalid, match=f"misses {name}") as info:
                documents.validate(kind, less)
            assert info.value.pointer == pointer


LAST = ("mainEntity", "itemListElement", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("@context",), "https://example.org"),
        ((*LAST, "orderDate"), "2010-12-01"),
        ((*LAST, "orderDate"), "2010-02-31T08:26:00"),
        ((*LAST, "orderDate"), "2010-12-01T08:26:00\n"),
        ((*LAST, "orderedItem"), []),
        ((*LAST, "orderedItem", 0, "orderQuantity"), 0),
        ((*LAST, "orderedItem", 0, "orderQuantity"), "6"),
        ((*LAST, "orderedItem", 0, "orderQuantity"), True),
        ((*LAST, "orderedItem", 0, "orderedItem", "offers", "price"), 3.39),
        ((*LAST, "orderedItem", 0, "orderedItem", "offers", "price"), "3,39"),
        ((*LAST, "orderedItem", 0, "orderedItem", "offers", "price"), "3.39\n"),
        ((*LAST, "orderedItem", 0, "orderedItem", "offers", "price"), "-3.39"),
        ((*LAST, "orderedItem", 0, "orderedItem", "name"), "\x1b[31mRED"),
        (("about", "identifier"), ""),
        (("about",), None),
    ],
)
def test_a_wrong_value_is_refused_and_its_place_named_but_not_the_value(
    path: tuple[Any, ...], value: Any
) -> None:
    document = orders()
    inside(document, path[:-1])[path[-1]] = value
    with pytest.raises(DocumentInvalid) as info:
        documents.validate("orders", document)
    assert info.value.pointer == "".join(f"/{step}" for step in path)


def test_a_refusal_never_quotes_personal_data() -> None:
    document = orders()
    document["about"]["identifier"] = "Alice Example, 12 Acacia Avenue" * 10
    with pytest.raises(DocumentInvalid) as info:
        documents.validate("orders", document)
    assert "Alice" not in str(info.value)
    assert info.value.__cause__ is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_whatever_else_comes_is_refused_with_a_typed_error(value: Any) -> None:
    for kind in MAKERS:
        with pytest.raises(DocumentInvalid):
            documents.validate(kind, value)


def test_an_unknown_kind_is_refused_and_the_known_ones_named() -> None:
    for ask in (documents.validate, documents.show):
        with pytest.raises(documents.SchemaUnknown, match=r"'shoes'.*orders"):
            ask("shoes", {})
    with pytest.raises(documents.SchemaUnknown):
        documents.validate("../../../etc/passwd", {})


def test_the_customer_is_shown_every_fact_of_its_orders() -> None:
    shown = documents.show("orders", orders())
    assert shown.splitlines() == [
        "Your orders at the shop meadow: 1 order, on 2010-12-01.",
        "You appear as customer-7f3a, without your name, address or customer number.",
        "",
        "1 December 2010, 08:26:00, bought from meadow (delivered)",
        "  6 x WHITE METAL LANTERN (71053) at 3.39 GBP",
        "  2 x RED LANTERN (71056) at 10 GBP",
        "  together 40.34 GBP",
    ]


def test_the_customer_is_shown_who_gets_what_for_which_purpose_and_how_long() -> None:
    shown = documents.show("consent-record", consent())
    for fact in (
        ALICE,
        CAFE,
        SHOP,
        "orders",
        "marketing: finding and addressing customers [dpv:Marketing]",
        "hand over from shop to recipient, store, analyse",
        "30 days",
        "it ends after 2027-01-15 08:00:00 UTC",
        "0.001 ether",
        "2026-01",
        "You can withdraw at any time",
    ):
        assert fact in shown


def test_amounts_are_shown_to_the_wei() -> None:
    terms = ConsentTerms(**{**TERMS.__dict__, "reward": 12345678901234567890123456789012345678901})
    shown = documents.show("consent-record", documents.consent_record(terms))
    assert "12345678901234567890123.456789012345678901 ether" in shown
    assert "To pay: 0.016136 ether" in documents.show("order", order())


def test_text_from_documents_cannot_steer_the_terminal() -> None:
    document = orders()
    product = document["mainEntity"]["itemListElement"][0]["orderedItem"][0]["orderedItem"]
    product["name"] = "RED\u202eLANTERN\u2028x"
    shown = documents.show("orders", document)
    assert "RED LANTERN x" in shown


def test_nothing_invalid_is_shown() -> None:
    with pytest.raises(DocumentInvalid):
        documents.show("orders", {})


def test_preferences_that_state_another_rule_are_no_preferences() -> None:
    made = preferences()
    documents.validate("preferences", made)
    with pytest.raises(DocumentInvalid, match='at /measurementTechnique: must be "Articles by the number'):
        documents.validate("preferences", {**made, "measurementTechnique": "We guessed."})


def test_an_article_has_the_name_of_the_latest_order_however_the_orders_are_listed() -> None:
    renamed = Line("71056", "RED LANTERN, LARGE", 1, Decimal("10"))
    later = Invoice("536400", "17850", datetime(2010, 12, 2, 9), "United Kingdom", (renamed,))
    dataset = documents.orders_document("customer-7f3a", "meadow", [later, INVOICE])
    expected = documents.preferences_document(dataset)
    dataset["mainEntity"]["itemListElement"].reverse()
    assert documents.preferences_document(dataset) == expected
    assert expected["mainEntity"]["itemListElement"][0]["item"]["name"] == "RED LANTERN, LARGE"


def test_preferences_follow_from_the_orders_by_the_rule_that_stands_inside() -> None:
    second = Invoice(
        "536400",
        "17850",
        datetime(2010, 12, 2, 9),
        "United Kingdom",
        (
            Line("71056", "RED LANTERN, LARGE", 1, Decimal("10")),
            Line("71059", "GREEN LANTERN", 9, Decimal("1")),
        ),
    )
    made = documents.preferences_document(
        documents.orders_document("customer-7f3a", "meadow", [second, INVOICE])
    )
    assert made["measurementTechnique"] == documents.PREFERENCES_RULE
    assert [
        (
            entry["item"]["sku"],
            entry["item"]["name"],
            entry["item"]["interactionStatistic"]["userInteractionCount"],
        )
        for entry in made["mainEntity"]["itemListElement"]
    ] == [
        ("71056", "RED LANTERN, LARGE", 2),
        ("71059", "GREEN LANTERN", 1),
        ("71053", "WHITE METAL LANTERN", 1),
    ]
    assert documents.show("preferences", made).splitlines()[-3:] == [
        "  1. RED LANTERN, LARGE (71056), in 2 orders",
        "  2. GREEN LANTERN (71059), in 1 order",
        "  3. WHITE METAL LANTERN (71053), in 1 order",
    ]


def test_a_profile_holds_what_the_customer_gave_and_nothing_that_is_not_foreseen() -> None:
    assert documents.show("profile", profile()).splitlines()[2:] == [
        "  Name: Alice Example",
        "  Languages: en, de-AT",
        "  Interests: lanterns",
        "This names you directly.",
    ]
    for wrong in ({}, {"religion": "none"}, {"email": ""}, {"knowsLanguage": []}):
        with pytest.raises(DocumentInvalid):
            documents.profile_document("customer-7f3a", "meadow", wrong, date(2026, 1, 2))


def test_a_record_of_an_unknown_category_is_refused_and_the_known_ones_named() -> None:
    record = consent()
    record["dpv:hasProcess"]["dpv:hasPersonalData"]["dct:identifier"] = "health"
    with pytest.raises(DocumentInvalid, match="dct:identifier: must be one of orders, preferences, profile"):
        documents.read_consent_record(record)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("dpv:hasConsentStatus", "dpv:hasDuration", "dct:valid"), "2037-01-15T08:00:00Z"),
        (("dpv:hasConsentStatus", "dpv:isIndicatedAtTime"), "2020-01-15T08:00:00Z"),
        (("dpv:hasConsentControl", "dpv:isExercisedAt"), "write to us, on paper"),
        (("dpv:hasRight", 0, "dpv:isExercisedAt"), "never"),
    ],
)
def test_a_record_that_repeats_something_wrongly_is_refused(path: tuple[Any, ...], value: str) -> None:
    record = consent()
    inside(record, path[:-1])[path[-1]] = value
    with pytest.raises(DocumentInvalid, match="contradicts the rest of the record"):
        documents.read_consent_record(record)


def strings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every string inside a document."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, str):
        yield path
    for step, inner in steps:
        yield from strings(inner, (*path, step))


def test_one_character_changed_anywhere_in_a_receipt_is_noticed_without_any_ledger() -> None:
    whole = receipt()
    receipts.check_alone(whole)
    paths = list(strings(whole))
    assert len(paths) > 60
    for path in paths:
        altered = copy.deepcopy(whole)
        text = inside(altered, path)
        inside(altered, path[:-1])[path[-1]] = ("1" if text[-1:] != "1" else "2").join((text[:-1], ""))
        with pytest.raises(receipts.ReceiptRefused):
            receipts.check_alone(altered)


def test_one_byte_changed_anywhere_in_the_file_of_a_receipt_is_noticed(tmp_path: Path) -> None:
    file, whole = tmp_path / "receipt.json", canonical(receipt())
    file.write_bytes(whole)
    assert receipts.check_alone(read_canonical(file, "FILE"))
    # One byte in seven: all of them take a minute, and every string is changed by the test above.
    every = [(place, 1 << place % 5) for place in range(0, len(whole), 7)]
    # The signature's last byte has several spellings that a lenient reader takes for the same.
    v_byte = whole.index(b"faircart:signature") + len(b'faircart:signature":"0x') + 128
    every += [(v_byte, bit) for bit in (2, 4, 6, 8)] + [(v_byte + 1, bit) for bit in (1, 2, 4, 8)]
    for place, bits in every:
        altered = whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :]
        file.write_bytes(altered)
        with pytest.raises(FairCartError, match=r"^[a-z ]+: "):
            receipts.check_alone(read_canonical(file, "FILE"))
    for added in (whole + b"\n", b" " + whole, whole.replace(b'"@type"', b'"salt":"0x00","@type"', 1)):
        file.write_bytes(added)
        with pytest.raises(UnreadableFile, match=r"^form: "):
            read_canonical(file, "FILE")


def test_a_signature_has_one_spelling() -> None:
    value = certificate()
    signature = value["faircart:signature"]
    assert signature[-2:] in ("1b", "1c")
    for other in (f"{int(signature[-2:], 16) - 27:02x}", f"{int(signature[-2:], 16) + 32:02x}"):
        with pytest.raises(FairCartError, match="signature: it is no signature of 65 bytes as accounts"):
            erasure.check_certificate({**value, "faircart:signature": signature[:-2] + other})


def test_a_certificate_says_who_did_not_answer_and_what_cannot_be_erased() -> None:
    value = certificate()
    assert erasure.check_certificate(value) == SELLER.address
    shown = documents.show("erasure-certificate", value)
    assert f"No acknowledgement from {SHOP}" in shown
    assert "Ethereum: accounts, consent and exchange ids" in shown
    value["faircart:custodian"]["padsDestroyed"] = 3
    with pytest.raises(erasure.ErasureWrong, match="signature"):
        erasure.check_certificate(value)
