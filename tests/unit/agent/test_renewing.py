# SPDX-License-Identifier: Apache-2.0
"""A customer's documents follow its orders: each completed one makes a new version of each category."""

import json
from pathlib import Path
from typing import Any

import pytest
from faircart import documents, envelope, papers, retail
from faircart.agent.chain_reader import apply
from faircart.agent.derived import NotDerived
from faircart.agent.handlers import chain
from faircart.agent.held import WouldReplace
from faircart.agent.importing import ImportInvalid, import_file
from faircart.agent.tools import Tools
from faircart.agent.work.runner import Runner
from faircart.ethereum import events
from faircart.sealing import DocumentVersion
from faircart.store.records import Customer, Document, Paper

from tests.unit.agent.world import CUSTOMER, NOW, STRANGER, at

READING_KEY = "0x" + envelope.encode_public_key(envelope.new_request_key()[1]).hex()
FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


def order_documents() -> list[dict[str, Any]]:
    """Two orders of one customer of the sample at one shop, as a quote commits to them."""
    found = retail.load(retail.SAMPLE)
    for number in found.customers():
        made = [
            (order.shop, documents.order_document(invoice, order))
            for invoice in found.invoices_of(number)
            for order in invoice.orders
        ]
        shops = [shop for shop, _ in made]
        for shop in shops:
            if shops.count(shop) >= 2:
                return [document for seller, document in made if seller == shop][:2]
    raise AssertionError("nobody bought twice at one shop")


def take(tools: Tools, folder: Path, *lines: dict[str, Any]) -> int:
    path = folder / "import.jsonl"
    common = {"customer": CUSTOMER.address, "readingKey": READING_KEY}
    path.write_text("".join(json.dumps({**common, **line}) + "\n" for line in lines))
    return import_file(tools.ctx, tools.store, tools.secrets, path)


def complete(tools: Tools, order_id: bytes) -> None:
    """The order is paid and completed, and the agent does what follows from it."""
    with tools.store.write() as work:
        for event in (
            events.Funded(at(), order_id, CUSTOMER.address, tools.ctx.address, 5, bytes(32), NOW),
            events.Completed(at(), order_id, 5),
        ):
            apply(work, chain.handle(tools.ctx, work, event))
    Runner(tools, "local").step()


def current(tools: Tools, category: str) -> tuple[int, dict[str, Any]]:
    """Version and content of the customer's current document."""
    with tools.store.read() as work:
        [row] = work.find(Document, customer=CUSTOMER.address, category=category, current=True)
        plaintext = tools.secrets.get(work, "document", row.data_root.hex())
    assert plaintext is not None
    return row.version, json.loads(DocumentVersion.from_plaintext(plaintext).document)


def test_each_completed_order_makes_a_new_version_with_all_completed_ones(
    tools: Tools, tmp_path: Path
) -> None:
    first, second = order_documents()
    assert (
        take(
            tools,
            tmp_path,
            {"orderId": "0x" + FIRST.hex(), "order": first},
            {"orderId": "0x" + SECOND.hex(), "order": second},
        )
        == 2
    )
    with tools.store.read() as work:
        assert work.find(Document, current=True) == []  # nothing is offered before it is paid for
    complete(tools, SECOND)
    version, document = current(tools, "orders")
    assert (version, document["mainEntity"]["numberOfItems"]) == (1, 1)
    complete(tools, FIRST)
    version, document = current(tools, "orders")
    assert (version, document["mainEntity"]["numberOfItems"]) == (2, 2)
    documents.validate("orders", document)
    dates = [item["orderDate"] for item in document["mainEntity"]["itemListElement"]]
    assert dates == sorted([first["orderDate"], second["orderDate"]])
    text = json.dumps(document)
    assert first["orderNumber"] not in text
    assert first["salt"] not in text


def test_preferences_follow_if_the_customer_has_some(tools: Tools, tmp_path: Path) -> None:
    first, second = order_documents()
    dataset = documents.with_order(None, first, "customer-1")
    take(
        tools,
        tmp_path,
        {"category": "orders", "document": dataset},
        {"category": "preferences", "document": documents.preferences_document(dataset)},
        {"orderId": "0x" + SECOND.hex(), "order": second},
    )
    complete(tools, SECOND)
    version, orders = current(tools, "orders")
    assert (version, orders["about"]["identifier"]) == (2, "customer-1")
    assert current(tools, "preferences") == (2, documents.preferences_document(orders))


def test_imported_orders_bring_the_preferences_that_follow_from_them(tools: Tools, tmp_path: Path) -> None:
    first, second = order_documents()
    older = documents.with_order(None, first, "customer-1")
    newer = documents.with_order(older, second, "customer-1")
    liked = {"category": "preferences", "document": documents.preferences_document(older)}
    take(tools, tmp_path, {"category": "orders", "document": older}, liked)
    take(tools, tmp_path, {"category": "orders", "document": newer})
    assert current(tools, "preferences") == (2, documents.preferences_document(newer))


def elsewhere(dataset: dict[str, Any]) -> dict[str, Any]:
    """The same orders, had the customer made them at another shop."""
    return {**dataset, "creator": {"@type": "Organization", "name": "elsewhere"}}


def test_a_data_set_of_another_shop_does_not_take_the_place_of_our_own(tools: Tools, tmp_path: Path) -> None:
    first, second = order_documents()
    own = documents.with_order(None, first, "customer-1")
    take(tools, tmp_path, {"category": "orders", "document": own})
    longer = documents.with_order(own, second, "")
    renamed = {**longer, "about": {"@type": "Person", "identifier": "customer-2"}}
    shop = first["seller"]["name"]
    for other, name in ((elsewhere(longer), "elsewhere"), (renamed, shop)):
        said = f"^orders: {CUSTOMER.address} has orders of {shop} here, and these are of {name}, or under"
        with pytest.raises(WouldReplace, match=said):
            take(tools, tmp_path, {"category": "orders", "document": other})
    assert current(tools, "orders") == (1, own)
    take(tools, tmp_path, {"category": "orders", "document": longer})
    assert current(tools, "orders") == (2, longer)


def test_our_first_order_begins_a_data_set_of_our_own_beside_one_from_another_shop(
    tools: Tools, tmp_path: Path
) -> None:
    first, second = order_documents()
    brought = elsewhere(documents.with_order(None, first, "customer-1"))
    take(tools, tmp_path, {"category": "orders", "document": brought})
    take(tools, tmp_path, {"orderId": "0x" + SECOND.hex(), "order": second})
    complete(tools, SECOND)
    version, own = current(tools, "orders")
    assert (version, own["creator"], own["mainEntity"]["numberOfItems"]) == (2, second["seller"], 1)
    assert own["about"]["identifier"] != "customer-1"


@pytest.mark.parametrize("where", ["in the same file", "held here"])
def test_preferences_that_do_not_follow_from_the_orders_are_refused(
    tools: Tools, tmp_path: Path, where: str
) -> None:
    dataset = documents.with_order(None, order_documents()[0], "customer-1")
    guessed = documents.preferences_document(dataset)
    counter = guessed["mainEntity"]["itemListElement"][0]["item"]["interactionStatistic"]
    counter["userInteractionCount"] = 99
    lines = [
        {"category": "orders", "document": dataset},
        {"category": "preferences", "document": guessed},
    ]
    if where == "held here":
        take(tools, tmp_path, lines.pop(0))
    with pytest.raises(NotDerived, match=f"makes others of the orders of {CUSTOMER.address}; leave them out"):
        take(tools, tmp_path, *lines)
    with tools.store.read() as work:
        assert len(work.find(Document)) == 2 - len(lines)


def test_preferences_without_any_orders_are_refused(tools: Tools, tmp_path: Path) -> None:
    dataset = documents.with_order(None, order_documents()[0], "customer-1")
    line = {"category": "preferences", "document": documents.preferences_document(dataset)}
    with pytest.raises(NotDerived, match="neither in the file nor held here"):
        take(tools, tmp_path, line)
    with tools.store.read() as work:
        assert work.find(Document) == []


def test_the_catalogue_is_renewed_once_for_all_orders_of_a_while(tools: Tools, tmp_path: Path) -> None:
    first, second = order_documents()
    take(
        tools,
        tmp_path,
        {"orderId": "0x" + FIRST.hex(), "order": first},
        {"orderId": "0x" + SECOND.hex(), "order": second},
    )
    tools.clock.saw(NOW)
    complete(tools, FIRST)
    complete(tools, SECOND)
    with tools.store.read() as work:
        renewals = [row for row in work.outbox.by_state("waiting") if row.kind == "announce"]
    assert len(renewals) == 1
    assert NOW < renewals[0].not_before <= NOW + 600


def test_an_order_document_that_the_quote_does_not_commit_to_is_refused(tools: Tools, tmp_path: Path) -> None:
    first, _ = order_documents()
    quote = papers.Order(
        tools.ctx.address, CUSTOMER.address, STRANGER.address, 5, bytes(32), NOW, 3600, 3600, 3600, 1
    )
    with tools.store.write() as work:
        work.put(Paper(FIRST, "order", tools.ctx.address, quote.to_json(), b"s" * 65, NOW))
    with pytest.raises(ImportInvalid, match="another order document"):
        take(tools, tmp_path, {"orderId": "0x" + FIRST.hex(), "order": first})
    with tools.store.read() as work:
        assert work.find(Document) == []


@pytest.mark.parametrize(
    "line",
    [
        {"order": {"@type": "Order"}, "orderId": "0x" + FIRST.hex()},
        {"order": {}, "orderId": ""},
        {"category": "shoes", "document": {}},
    ],
    ids=["fields", "no order id", "category"],
)
def test_a_line_that_is_no_order_and_no_document_is_refused(
    tools: Tools, tmp_path: Path, line: dict[str, Any]
) -> None:
    with pytest.raises(ImportInvalid, match="line 1"):
        take(tools, tmp_path, line)


def test_an_import_does_not_change_to_whom_a_known_customers_data_are_sealed(
    tools: Tools, tmp_path: Path
) -> None:
    first, second = order_documents()
    take(tools, tmp_path, {"category": "order", "orderId": FIRST.hex(), "document": first})
    other = "0x" + envelope.encode_public_key(envelope.new_request_key()[1]).hex()
    line = {"category": "order", "orderId": SECOND.hex(), "document": second}
    with pytest.raises(ImportInvalid, match=f"readingKey: {CUSTOMER.address} is known here with another"):
        take(tools, tmp_path, {**line, "readingKey": other})
    with tools.store.read() as work:
        assert [row.reading_key.hex() for row in work.find(Customer)] == [READING_KEY[2:]]
        assert [row.order_id for row in work.find(Document)] == [FIRST]
