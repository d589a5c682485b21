# SPDX-License-Identifier: Apache-2.0
"""What a customer asks the two ledgers, and how it judges the answers.

Ethereum: is there this very event, in this block of this contract? MultiChain: is there an item under this id
that commits to this very document, and was it published by the address that the enterprise's account has
bound in `participants`? Nothing that an agent says is taken for either.
"""

import dataclasses
from functools import cached_property
from typing import Any

from faircart import canonical, envelope, papers
from faircart.errors import FairCartError
from faircart.ethereum.contracts import Contracts
from faircart.ethereum.events import CONTRACT_OF, Event
from faircart.ethereum.logs import LogDecoder, UnknownEvent
from faircart.ethereum.node import EthereumNode
from faircart.multichain import names
from faircart.rights.sources import Seen, StreamSource

LOG_RANGE = 2000


class CheckFailed(FairCartError):
    """A ledger says something else, or nothing; `check` names the check that failed."""

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check}: {message}")
        self.check = check


@dataclasses.dataclass(frozen=True)
class Ledgers:
    """The contracts that the customer trusts (from deployment records), a node of that chain, and a source of
    stream items."""

    ethereum: EthereumNode
    contracts: Contracts
    streams: StreamSource

    @property
    def chain_id(self) -> int:
        """EIP-155 id of the chain that the deployment records are about."""
        return self.contracts.deployments["ConsentRegistry"].chain_id

    def domain(self, contract: str) -> papers.Domain:
        """The EIP-712 domain of one of the trusted contracts."""
        return papers.Domain(self.chain_id, self.contracts.address(contract))

    # --- Ethereum -----------------------------------------------------------------------------------------

    def event(self, name: str, transaction: bytes, subject: bytes) -> Event:
        """The event `name` (contract and event, as the access log writes them) about `subject` that a
        transaction caused. Raises CheckFailed (`ethereum`) if there is none.

        Asked for by transaction and not by place: a transaction that is mined again after a reorganisation
        stands elsewhere.
        """
        contract = name.partition(".")[0]
        if contract not in self.contracts.deployments:
            raise CheckFailed("ethereum", f"there is no contract {contract[:40]}")
        receipt = self.ethereum.receipt(transaction)
        if receipt is None:
            raise CheckFailed("ethereum", f"there is no transaction 0x{transaction.hex()}")
        block = receipt.block_number
        head = self.ethereum.head(block)
        for log in self.ethereum.logs(block, block, [self.contracts.address(contract)]):
            if log.transaction == transaction:
                try:
                    event = self._decode(log, head.timestamp if head is not None else 0)
                except UnknownEvent as error:
                    raise CheckFailed("ethereum", str(error)) from None
                if event is not None and means(event) == name and event.subject == subject:
                    return event
        raise CheckFailed("ethereum", f"the transaction 0x{transaction.hex()} caused no such {name[:60]}")

    @cached_property
    def events(self) -> list[Event]:
        """Every event of the contracts up to the latest block, in order."""
        head = self.ethereum.head()
        addresses = [found.address for found in self.contracts.deployments.values()]
        found: list[Event] = []
        times: dict[int, int] = {}
        last = head.number if head is not None else -1
        for start in range(self.contracts.first_block(), last + 1, LOG_RANGE):
            for log in self.ethereum.logs(start, min(start + LOG_RANGE - 1, last), addresses):
                if log.block_number not in times:
                    block = None if log.timestamp is not None else self.ethereum.head(log.block_number)
                    times[log.block_number] = log.timestamp or (block.timestamp if block is not None else 0)
                event = self._decode(log, times[log.block_number])
                if event is not None:
                    found.append(event)
        return found

    @cached_property
    def _decode(self) -> LogDecoder:
        return LogDecoder(self.contracts)

    def view(self, contract: str, function: str, *arguments: Any) -> Any:
        """The answer of a view function of a trusted contract."""
        return self.contracts.view(self.ethereum, contract, function, *arguments)

    # --- MultiChain ---------------------------------------------------------------------------------------

    def author(self, item: Seen) -> str | None:
        """Whose account speaks through an item: it bound the publisher's address when that published it.

        An enterprise may change its address: what the former one published before the change stays its own.
        """
        for bound in self._bindings.get(item.publisher, ()):
            if bound.confirmed_until <= item.confirmations:
                return bound.account
        return None

    @cached_property
    def _bindings(self) -> dict[str, list["_Bound"]]:
        """By MultiChain address: bindings checked in both directions, the highest version of each account and
        its former ones."""
        of: dict[str, dict[int, Seen]] = {}
        for item in self.streams.all(names.PARTICIPANTS):
            found = _binding(item, self.domain("ConsentRegistry"))
            if found is not None:
                account, version = found
                of.setdefault(account, {}).setdefault(version, item)
        bindings: dict[str, list[_Bound]] = {}
        for account, versions in of.items():
            following: Seen | None = None
            for version in sorted(versions, reverse=True):
                item = versions[version]
                until = 0 if following is None else following.confirmations
                bindings.setdefault(item.publisher, []).append(_Bound(account, until))
                following = item
        return bindings

    def committed(self, stream: str, item_id: str, document: dict[str, Any], author: str) -> Seen:
        """The item that commits to `document`, published by the enterprise `author` (Ethereum address).

        Raises CheckFailed (`multichain`).
        """
        items = self.streams.by_key(stream, item_id)
        if not items:
            raise CheckFailed("multichain", f"the stream {stream} holds nothing under the id {item_id[:16]}")
        for item in items:
            if commits_to(item, document) and self.author(item) == author:
                return item
        if any(commits_to(item, document) for item in items):
            raise CheckFailed(
                "multichain", f"the item in {stream} was not published by the address that {author} has bound"
            )
        raise CheckFailed("multichain", f"the stream {stream} commits to another document under this id")


@dataclasses.dataclass(frozen=True)
class _Bound:
    """An account that bound an address; `confirmed_until` is 0, or for a former address the confirmations of
    the binding that followed: what is older is its own."""

    account: str
    confirmed_until: int


def commits_to(item: Seen, document: dict[str, Any]) -> bool:
    """Whether an item's public commitment is that of `document`."""
    if not isinstance(item.value, dict):
        return False
    return bool(item.value.get("commitment") == canonical.commitment(document).hex())


def place(event: Event) -> tuple[bytes, int]:
    """What tells events apart: transaction and log index."""
    return event.at.transaction, event.at.log_index


def means(event: Event) -> str:
    """Contract and event, as the access log writes them."""
    return f"{CONTRACT_OF[type(event)]}.{type(event).__name__}"


def _binding(item: Seen, domain: papers.Domain) -> tuple[str, int] | None:
    if not isinstance(item.value, dict) or set(item.value) != {"binding", "signature"}:
        return None
    try:
        bound = papers.Binding.from_json(item.value["binding"])
        signature = bytes.fromhex(str(item.value["signature"]).removeprefix("0x"))
        address = papers.signer(bound, domain, signature)
        envelope.decode_public_key(bound.hpke_key)
    except (papers.PaperError, envelope.EnvelopeError, ValueError):
        return None
    if bound.multichain_address != item.publisher or bound.chain_id != domain.chain_id:
        return None
    return address, bound.version
