# SPDX-License-Identifier: Apache-2.0
"""Through whose mouth an item speaks: the account that had bound its publisher then, and nobody else's."""

from types import SimpleNamespace
from typing import Any

from eth_account import Account
from faircart import envelope, papers
from faircart.rights.ledgers import Ledgers
from faircart.rights.sources import Seen

SHOP, RIVAL = (Account.from_key(bytes([number]) * 32) for number in (0x51, 0x52))
REGISTRY = "0x" + "C0" * 20
KEY = envelope.encode_public_key(envelope.new_request_key()[1])


def seen(publisher: str, confirmations: int, value: Any = None) -> Seen:
    return Seen("participants", "ab" * 32, publisher, (publisher,), value, confirmations)


def binding(who: Any, address: str, version: int, confirmations: int, publisher: str = "") -> Seen:
    paper = papers.Binding("faircart", 31337, address, KEY, version)
    signature = papers.sign(paper, papers.Domain(31337, REGISTRY), bytes(who.key))
    value = {"binding": paper.to_json(), "signature": "0x" + signature.hex()}
    return seen(publisher or address, confirmations, value)


def ledgers(*bindings: Seen) -> Ledgers:
    deployed = {"ConsentRegistry": SimpleNamespace(chain_id=31337)}
    contracts: Any = SimpleNamespace(
        deployments=deployed, address=lambda _: papers.account_address("", REGISTRY)
    )
    source: Any = SimpleNamespace(all=lambda _: iter(bindings))
    return Ledgers(SimpleNamespace(), contracts, source)  # type: ignore[arg-type]


def test_an_item_is_its_accounts_whose_binding_both_sides_made() -> None:
    found = ledgers(binding(SHOP, "1shop", 1, 9), binding(RIVAL, "1shop", 1, 9, publisher="1rival"))
    assert found.author(seen("1shop", 0)) == SHOP.address
    assert found.author(seen("1rival", 5)) is None
    assert found.author(seen("1nobody", 5)) is None


def test_what_a_former_address_published_before_the_change_stays_its_accounts_own() -> None:
    found = ledgers(binding(SHOP, "1old", 1, 90), binding(SHOP, "1new", 2, 40))
    assert found.author(seen("1old", 41)) == SHOP.address
    assert found.author(seen("1old", 39)) is None
    assert found.author(seen("1new", 0)) == SHOP.address


def test_a_key_that_changed_while_the_address_stayed_ends_nothing() -> None:
    found = ledgers(binding(SHOP, "1shop", 1, 90), binding(SHOP, "1shop", 2, 40))
    assert found.author(seen("1shop", 0)) == SHOP.address
    assert found.author(seen("1shop", 80)) == SHOP.address
