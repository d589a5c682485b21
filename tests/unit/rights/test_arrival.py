# SPDX-License-Identifier: Apache-2.0
"""An archive arrives where its customer said, as whom it said, and nowhere else."""

import json
from datetime import date
from typing import Any

import pytest
from eth_account import Account
from faircart import documents
from faircart.canonical import canonical
from faircart.envelope import encode_public_key, new_request_key
from faircart.rights import archive, arrival, statements

OLD_SHOP, NEW_SHOP = Account.from_key(b"\x42" * 32), "0x" + "C3" * 20
ALICE, ALICE_THERE, MALLORY = (Account.from_key(bytes([number]) * 32) for number in (10, 11, 12))
KEY, KEY_THERE = (encode_public_key(new_request_key()[1]) for _ in range(2))
CHAIN = 31337


def packed(shop: Any = OLD_SHOP, name: str = "Alice Example") -> bytes:
    profile = documents.profile_document("p-1", "meadow", {"name": name}, date(2026, 1, 2))
    files = archive.contents({"profile": profile}, {}, {}, {}, {}, {"@type": "ItemList"}, [])
    attestation = {
        "faircart": "holdings/1",
        "chainId": CHAIN,
        "custodian": shop.address,
        "customer": ALICE.address,
        "readingKey": "0x" + KEY.hex(),
        "createdAt": 1_790_000_000,
        "files": {path: file.sha256 for path, file in files.items()},
    }
    read = archive.evidence({"@graph": []}, {}, {})
    return archive.pack(attestation, statements.sign(attestation, bytes(shop.key)), files, read)


ADDRESSED = arrival.add(packed(), CHAIN, NEW_SHOP, [ALICE], KEY)


def said(data: bytes = ADDRESSED) -> Any:
    return json.loads(archive.unpack(data).arrival or b"")


def saying(value: Any) -> bytes:
    return archive.with_arrival(packed(), canonical(value))


def signed(*signers: Any, **changes: Any) -> bytes:
    statement = {**said()["statement"], **changes}
    signatures = [statements.sign(statement, bytes(one.key)) for one in signers]
    return saying({"statement": statement, "signatures": signatures})


def test_alice_arrives_with_the_account_and_the_reading_key_that_she_signed() -> None:
    assert arrival.check(archive.unpack(ADDRESSED), CHAIN, NEW_SHOP) == (ALICE.address, KEY)


def test_alice_arrives_as_another_account_if_both_signed() -> None:
    both = arrival.add(packed(), CHAIN, NEW_SHOP, [ALICE, ALICE_THERE], KEY_THERE)
    assert arrival.check(archive.unpack(both), CHAIN, NEW_SHOP) == (ALICE_THERE.address, KEY_THERE)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packed(), f"the customer has not said that .* `faircart export --for {NEW_SHOP}`"),
        (packed(shop=MALLORY), "the customer has not said that this archive shall come here"),
        (signed(MALLORY), f"signature: {ALICE.address}, whose data these are, has not signed it"),
        (signed(MALLORY, customer=MALLORY.address), f"signature: {ALICE.address}, whose data"),
        (signed(ALICE, customer=ALICE_THERE.address), f"signature: {ALICE_THERE.address}, whose data"),
        (signed(ALICE, customer=ALICE.address.lower()), "customer: it is no address with checksum"),
        (signed(ALICE, chainId=1), "chainId: the statement is for another chain"),
        (signed(ALICE, custodian=OLD_SHOP.address), "custodian: the statement is for another enterprise"),
        (signed(ALICE, faircart="holdings/1"), "statement: it is no arrival of a version that is known"),
        (signed(ALICE, manifest="00" * 32), "manifest: it was said of another archive than this one"),
        (signed(ALICE, readingKey="0x01"), "cannot be read|suite|key"),
        (signed(ALICE, readingKey=7), "it cannot be read"),
        (signed(), f"signature: {ALICE.address}"),
        (saying({**said(), "statement": {**said()["statement"], "readingKey": "0x" + KEY_THERE.hex()}}),
         f"signature: {ALICE.address}"),
        (saying({**said(), "signatures": ["0x12"]}), "signature: it is no signature of 65 bytes"),
        (saying({**said(), "signatures": 3}), "it cannot be read"),
        (saying({**said(), "more": 1}), "it must hold exactly statement, signatures"),
        (saying([]), "it must hold exactly statement, signatures"),
        (archive.with_arrival(packed(), b"{ }"), "arrival: "),
        (archive.with_arrival(packed(), b"\xff"), "arrival: "),
    ],
)  # fmt: skip
def test_an_archive_that_its_customer_did_not_address_to_this_shop_is_refused(
    data: bytes, reason: str
) -> None:
    with pytest.raises(archive.ArchiveRefused, match=reason) as info:
        arrival.check(archive.unpack(data), CHAIN, NEW_SHOP)
    assert info.value.check == "arrival"


def test_the_word_on_one_archive_is_not_good_for_another() -> None:
    moved = archive.with_arrival(packed(name="Alice Other"), canonical(said()))
    with pytest.raises(archive.ArchiveRefused, match="manifest: it was said of another archive"):
        arrival.check(archive.unpack(moved), CHAIN, NEW_SHOP)


def test_an_archive_holds_one_word_alone() -> None:
    twice = archive.with_arrival(ADDRESSED, canonical(said()))
    with pytest.raises(archive.ArchiveRefused, match="files: two files have the same name"):
        archive.unpack(twice)
