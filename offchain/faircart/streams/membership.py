# SPDX-License-Identifier: Apache-2.0
"""How a company comes into a market and changes its keys.

A company signs a *binding* with its Ethereum account: which MultiChain address and which HPKE key are its
own. It hands that to a market's administrator (an *application*), who lets the address in; then the company
publishes the binding from that address in `participants`. Readers check both directions, and the highest
version wins; so keys are rotated by the same steps with a higher version.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from faircart import envelope, papers
from faircart.multichain import Json, StreamNode, errors
from faircart.multichain.names import PARTICIPANTS, SHARED
from faircart.streams.network import StreamsError

CHAIN_PERMISSIONS = ("connect", "send", "receive", "create")
_PAGE = 200
_OUTPUT_ARRIVES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses in seconds between attempts to publish by an address that was granted what it needs just now."""

Sign = Callable[[papers.Binding], bytes]


@dataclass(frozen=True)
class Application:
    """A signed binding on its way: to an administrator as a file, to everybody as a stream item."""

    binding: papers.Binding
    signature: bytes

    def to_json(self) -> dict[str, Any]:
        return {"binding": self.binding.to_json(), "signature": "0x" + self.signature.hex()}

    @classmethod
    def from_json(cls, value: Any) -> Application:
        """Raises StreamsError for anything else."""
        try:
            signature = bytes.fromhex(value["signature"].removeprefix("0x"))
            return cls(papers.Binding.from_json(value["binding"]), signature)
        except (KeyError, TypeError, AttributeError, ValueError, papers.PaperError):
            pass
        raise StreamsError("this is no application: it must hold a binding and its signature")

    @classmethod
    def read(cls, text: str) -> Application:
        try:
            value = json.loads(text)
        except ValueError:
            raise StreamsError("the application is no JSON") from None
        return cls.from_json(value)

    def account(self, domain: papers.Domain) -> str:
        """The Ethereum address that signed. Raises StreamsError if nobody did or the HPKE key is none."""
        try:
            envelope.decode_public_key(self.binding.hpke_key)
            return papers.signer(self.binding, domain, self.signature)
        except (papers.PaperError, envelope.EnvelopeError) as error:
            raise StreamsError(f"the binding does not hold: {error}") from None


@dataclass(frozen=True)
class Bound:
    """A binding that counts."""

    account: str
    binding: papers.Binding
    txid: str


def bindings(node: StreamNode, domain: papers.Domain, chain_name: str) -> dict[str, Bound]:
    """The binding in force of each Ethereum account, as `participants` says at this node."""
    found: dict[str, Bound] = {}
    for txid, publishers, value in _items(node):
        try:
            application = Application.from_json(value)
            account = application.account(domain)
        except StreamsError:
            continue
        binding = application.binding
        ours = (binding.chain_name, binding.chain_id) == (chain_name, domain.chain_id)
        if not ours or binding.multichain_address not in publishers:
            continue
        if binding.version > papers.LAST_BINDING_VERSION:
            continue
        if account not in found or found[account].binding.version < binding.version:
            found[account] = Bound(account, binding, txid)
    return found


def _items(node: StreamNode) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    start = 0
    while page := node.items(PARTICIPANTS, count=_PAGE, start=start):
        for item in page:
            if item.available and item.format == "json":
                yield item.txid, item.publishers, node.data(item)
        start += len(page)


def needed_permissions() -> list[str]:
    """What an address must be granted: on the chain, and to write in every shared stream."""
    return [*CHAIN_PERMISSIONS, *(f"{plan.name}.write" for plan in SHARED)]


def missing_permissions(node: StreamNode, address: str) -> list[str]:
    """Those of `needed_permissions` that `address` lacks, as this node sees it."""
    missing = []
    for permission in needed_permissions():
        try:
            granted = node.has_permission(address, permission)
        except errors.EntityNotFound:
            granted = False
        if not granted:
            missing.append(permission)
    return missing


def next_binding(
    known: Bound | None, chain_name: str, chain_id: int, address: str, hpke_key: bytes
) -> papers.Binding | None:
    """The binding to publish next, or None if the one in force says the same already."""
    if known is None:
        return papers.Binding(chain_name, chain_id, address, hpke_key, 1)
    if (known.binding.multichain_address, known.binding.hpke_key) == (address, hpke_key):
        return None
    return papers.Binding(chain_name, chain_id, address, hpke_key, known.binding.version + 1)


def admit(node: StreamNode, application: Application, domain: papers.Domain, *, by: str) -> list[str]:
    """Let an applicant in, after its signature has been checked; returns what was granted now. Repeatable."""
    application.account(domain)
    info = node.info()
    if (application.binding.chain_name, application.binding.chain_id) != (info.chain_name, domain.chain_id):
        raise StreamsError("the application is for another market: its chain name or chain id differs")
    address = application.binding.multichain_address
    if not node.is_address(address):
        raise StreamsError(f"{address} is no address of the chain {info.chain_name}")
    missing = missing_permissions(node, address)
    on_chain = [permission for permission in missing if "." not in permission]
    if on_chain:
        node.grant(address, ",".join(on_chain), by=by)
    for permission in missing:
        if "." in permission:
            node.grant(address, permission, by=by)
    return missing


def shut_out(node: StreamNode, address: str, *, by: str) -> list[str]:
    """Take an address that is no longer used out again; returns what was revoked. What it published stays."""
    if address == by:
        raise StreamsError(f"{address} is the administrator that acts: it cannot shut itself out")
    revoked = []
    for permission in reversed(needed_permissions()):
        if node.has_permission(address, permission):
            node.revoke(address, permission, by=by)
            revoked.append(permission)
    return revoked


def hand_over(node: StreamNode, streams: Iterable[str], old: str, new: str) -> list[str]:
    """Give a new address of this wallet the rights that the old one has in streams of its own; returns the
    streams where it lacked them. The old address keeps its own.
    """
    handed = []
    for stream in streams:
        mine = node.has_stream(stream) and node.has_permission(old, f"{stream}.admin")
        if mine and not node.has_permission(new, f"{stream}.admin"):
            node.grant(new, f"{stream}.write,activate,admin", by=old)
            handed.append(stream)
    return handed


def publish(node: StreamNode, application: Application) -> str:
    """Put a signed binding into `participants`; returns its txid. Raises NoPermission before the grants are
    here. The first output that a new address can spend comes with these, a moment later.
    """
    address = application.binding.multichain_address
    value = Json(application.to_json())
    for pause in _OUTPUT_ARRIVES:
        with suppress(errors.NoUnspentOutputs):
            return node.publish(PARTICIPANTS, [address], value, address=address)
        time.sleep(pause)
    return node.publish(PARTICIPANTS, [address], value, address=address)
