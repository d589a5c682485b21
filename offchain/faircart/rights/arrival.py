# SPDX-License-Identifier: Apache-2.0
"""The customer's word on an archive: this one goes to that shop, where I am known by this account and key.

    {"statement": {"faircart": "arrival/1", …, "manifest": sha256 of manifest.json, hex}, "signatures": […]}

Without it whoever makes archives could bring documents and a reading key into somebody else's name. It is
signed by the account that the archive is about, and by the one that the customer has at the new shop if that
is another. Only accounts with a key of their own can sign: an import asks no Ethereum node.
"""

from collections.abc import Sequence
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.address import is_checksum_address

from faircart.canonical import CanonicalError, canonical, parse
from faircart.envelope import decode_public_key
from faircart.errors import FairCartError
from faircart.rights import archive, statements
from faircart.rights.archive import Archive, ArchiveRefused


def add(
    packed: bytes, chain_id: int, custodian: str, accounts: Sequence[LocalAccount], reading_key: bytes
) -> bytes:
    """The archive, addressed to the shop `custodian`.

    `accounts` are the one that the archive is about and, if it is another, the one at that shop (last);
    `reading_key` (with suite id) is what that shop shall seal to. Raises ArchiveRefused.
    """
    statement = {
        "faircart": statements.ARRIVAL,
        "chainId": chain_id,
        "custodian": custodian,
        "customer": accounts[-1].address,
        "readingKey": "0x" + reading_key.hex(),
        "manifest": archive.unpack(packed).manifest_hash,
    }
    signatures = [statements.sign(statement, bytes(account.key)) for account in accounts]
    return archive.with_arrival(packed, canonical({"statement": statement, "signatures": signatures}))


def check(found: Archive, chain_id: int, custodian: str) -> tuple[str, bytes]:
    """Account and reading key of the customer at the shop `custodian`. Raises ArchiveRefused."""
    if found.arrival is None:
        raise ArchiveRefused(
            "arrival",
            "the customer has not said that this archive shall come here; "
            f"it makes one that does by `faircart export --for {custodian}`",
        )
    try:
        value: Any = parse(found.arrival)
        if not isinstance(value, dict) or set(value) != {"statement", "signatures"}:
            raise ArchiveRefused("arrival", "it must hold exactly statement, signatures")
        said = statements.check(value["statement"], statements.ARRIVAL, chain_id, custodian)
        customer, key = said["customer"], bytes.fromhex(said["readingKey"][2:])
        decode_public_key(key)
        signers = {statements.signer(said, signature) for signature in value["signatures"]}
    except ArchiveRefused:
        raise
    except (FairCartError, CanonicalError) as error:
        raise ArchiveRefused("arrival", str(error)) from None
    except (AttributeError, TypeError, ValueError):
        raise ArchiveRefused("arrival", "it cannot be read") from None
    if not is_checksum_address(customer):
        raise ArchiveRefused("arrival", "customer: it is no address with checksum")
    if said["manifest"] != found.manifest_hash:
        raise ArchiveRefused("arrival", "manifest: it was said of another archive than this one")
    for account in (found.customer, customer):
        if account not in signers:
            raise ArchiveRefused("arrival", f"signature: {account}, whose data these are, has not signed it")
    return customer, key
