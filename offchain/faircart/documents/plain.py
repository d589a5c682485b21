# SPDX-License-Identifier: Apache-2.0
"""Documents in plain words: what a customer is shown before it consents.

Everything that a document holds is told, so that the words and what `dataRoot` commits to do not part. Text
from documents is stripped of control characters: it goes to terminals.
"""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from faircart.documents.consent import KIND, PROCESSING, PURPOSES, read_consent_record, seconds_of
from faircart.documents.schema import SchemaUnknown, validate

_WEI_PER_ETHER = 10**18


def show(kind: str, document: Mapping[str, Any]) -> str:
    """The document in plain words. Raises DocumentInvalid, or SchemaUnknown for other kinds."""
    if kind not in _SHOW:
        raise SchemaUnknown(f"no plain words for the kind {kind[:40]!r}: known are {', '.join(_SHOW)}")
    validate(kind, document)
    return "\n".join(_clean(line) for line in _SHOW[kind](document))


def _orders(document: Mapping[str, Any]) -> list[str]:
    orders = document["mainEntity"]["itemListElement"]
    first, last = document["temporalCoverage"].split("/")
    count = f"{len(orders)} orders" if len(orders) > 1 else "1 order"
    lines = [
        f"Your orders at the shop {document['creator']['name']}: {count}, {_period(first, last)}.",
        f"You appear as {document['about']['identifier']}, without your name, address or customer number.",
    ]
    for order in orders:
        lines += ["", *_order_lines(order)]
    return lines


def _order(document: Mapping[str, Any]) -> list[str]:
    return [
        f"Order {document['orderNumber']}",
        *_order_lines(document),
        f"To pay: {_ether(int(document['amountWei']))}",
        f"Blinding salt: {document['salt']}",
    ]


def _order_lines(order: Mapping[str, Any]) -> list[str]:
    placed = datetime.fromisoformat(order["orderDate"])
    status = order.get("orderStatus", "").rpartition("/Order")[2].lower()
    lines = [
        f"{_day(placed)}, {placed:%H:%M:%S}, bought from {order['seller']['name']}"
        + (f" ({status})" if status else "")
    ]
    for item in order["orderedItem"]:
        product = item["orderedItem"]
        price = f"{product['offers']['price']} {product['offers']['priceCurrency']}"
        lines.append(f"  {item['orderQuantity']} x {product['name']} ({product['sku']}) at {price}")
    total = order["partOfInvoice"]["totalPaymentDue"]
    return [*lines, f"  together {total['price']} {total['priceCurrency']}"]


def _consent(record: Mapping[str, Any]) -> list[str]:
    terms = read_consent_record(record)
    lines = [
        f"You ({terms.customer}) let the shop {terms.custodian} hand your {terms.category}",
        f"to {terms.consumer} (chain {terms.chain_id}),",
        f"for {PURPOSES[terms.purpose]} [{terms.purpose}].",
        f"It may: {', '.join(PROCESSING[step] for step in terms.processing)}.",
        f"It keeps the data in {terms.storage_location} for {terms.retention_days} days after it gets them.",
        f"The law of {terms.jurisdiction} applies; the legal basis is your consent.",
        f"Given on {_time(terms.created)}; it ends after {_time(terms.valid_until)}.",
        f"You get {_ether(terms.reward)} when the data are delivered.",
        f"You can withdraw at any time: {record['dpv:hasConsentControl']['dpv:isExercisedAt']}.",
        "Shopping here never depends on this consent. Your rights: "
        + "; ".join(
            f"{right['dct:title']} ({right['dpv:isExercisedAt']})" for right in record["dpv:hasRight"]
        )
        + ".",
        f"Version of the notice: {terms.notice_version} (language: {terms.language}).",
        f"Record: {record['dct:identifier']}.",
        f"Blinding salt: {record['salt']}",
    ]
    if terms.conditions:
        lines.append(f"The recipient's conditions: {terms.conditions}")
    if terms.notice is not None:
        lines.append(f"The notice stands at {terms.notice}.")
    if terms.replaces is not None:
        lines.append(f"It renews the consent 0x{terms.replaces.hex()}.")
    return lines


def _preferences(document: Mapping[str, Any]) -> list[str]:
    first, last = document["temporalCoverage"].split("/")
    lines = [
        f"What you seem to like at the shop {document['creator']['name']}, as your orders "
        f"{_period(first, last)} tell.",
        f"You appear as {document['about']['identifier']}, without your name, address or customer number.",
        f"How it was derived: {document['measurementTechnique']}",
        "",
    ]
    for entry in document["mainEntity"]["itemListElement"]:
        product = entry["item"]
        count = product["interactionStatistic"]["userInteractionCount"]
        lines.append(
            f"  {entry['position']}. {product['name']} ({product['sku']}), "
            + (f"in {count} orders" if count > 1 else "in 1 order")
        )
    return lines


_ABOUT = {
    "name": "Name",
    "email": "E-mail",
    "telephone": "Telephone",
    "birthDate": "Born",
    "gender": "Gender",
    "knowsLanguage": "Languages",
    "homeLocation": "Country",
    "knowsAbout": "Interests",
}
_DIRECT = ("name", "email", "telephone")


def _profile(document: Mapping[str, Any]) -> list[str]:
    about = document["about"]
    lines = [
        f"What you told the shop {document['creator']['name']} about yourself, "
        f"last on {document['dateModified']}.",
        f"You appear as {about['identifier']}.",
    ]
    for name, label in _ABOUT.items():
        if name in about:
            value = about[name]
            if name == "homeLocation":
                value = value["identifier"]
            lines.append(f"  {label}: {', '.join(value) if isinstance(value, list) else value}")
    if any(name in about for name in _DIRECT):
        lines.append("This names you directly.")
    return lines


def _receipt(receipt: Mapping[str, Any]) -> list[str]:
    evidence, given = receipt["faircart:evidence"], receipt["dpv:hasConsentStatus"]
    return [
        f"Receipt {receipt['dct:identifier']} for your consent {evidence['consentId']}.",
        f"The registry {evidence['registry']} on chain {evidence['chainId']} took it on "
        f"{_time(seconds_of(given['dpv:isIndicatedAtTime']))}, in "
        f"transaction {evidence['transaction']}.",
        f"Written by {receipt['dct:publisher'].rpartition(':')[2]}, committed to in the stream "
        f"{evidence['stream']} of the chain {evidence['chainName']}.",
        "",
        *_consent(receipt["dpv:hasRecordOfActivity"]),
    ]


def _certificate(document: Mapping[str, Any]) -> list[str]:
    own = document["faircart:custodian"]
    lines = [
        f"Erasure of {', '.join(document['faircart:categories'])}, asked for on "
        f"{_time(seconds_of(document['faircart:requestedAt']))}.",
        f"{document['dct:publisher'].rpartition(':')[2]} certifies: "
        f"{own['documentKeysDestroyed']} document keys, "
        f"{own['itemKeysDestroyed']} item keys and {own['padsDestroyed']} pads destroyed by "
        f"{_time(seconds_of(own['completedAt']))}. Payloads: {own['payloads']} ({own['edition']}).",
    ]
    for node in document["faircart:recipients"]:
        lines.append(
            f"{node['address']} acknowledged on {_time(seconds_of(node['acknowledgedAt']))}: "
            f"{node['dataKeysDestroyed']} data keys, {node['padsDestroyed']} pads and "
            f"{node['requestKeysDestroyed']} request keys destroyed. "
            f"Payloads: {node['payloads']} ({node['edition']})."
        )
    return [*lines, "What cannot be erased:", *(f"  {what}" for what in document["faircart:remains"])]


_SHOW: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "orders": _orders,
    "order": _order,
    "preferences": _preferences,
    "profile": _profile,
    KIND: _consent,
    "consent-receipt": _receipt,
    "erasure-certificate": _certificate,
}


def _period(first: str, last: str) -> str:
    return f"on {first}" if first == last else f"from {first} to {last}"


def _day(date: datetime) -> str:
    return f"{date.day} {date:%B %Y}"


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _ether(wei: int) -> str:
    # No Decimal here: it would round amounts of more than 28 digits.
    return f"{wei // _WEI_PER_ETHER}.{wei % _WEI_PER_ETHER:018d}".rstrip("0").rstrip(".") + " ether"


def _clean(text: str) -> str:
    return "".join(
        " " if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") else letter for letter in text
    )
