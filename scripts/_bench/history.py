# SPDX-License-Identifier: Apache-2.0
"""A chain with a long history: tens of thousands of sales, made with batch calls, every event a real one.

Half of the sales are of one enterprise as custodian, half of the same one as consumer. Signatures are made
with one fixed nonce, which gives a key away and is a hundred times as fast: throw-away keys only.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_keys.datatypes import PrivateKey
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address
from faircart.papers import Consent, Domain, Offer, Sealing, Terms

from tests.support.agents import ETHER, Ethereum
from tests.support.anvil import artifact

BATCH = 100
BLOCKS_BETWEEN = 3
EVENTS_PER_SALE = 4
"""Granted, Opened, Delivered, Confirmed."""
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_NONCE = int.from_bytes(sha256(b"one nonce for all").digest(), "big") % ORDER
_R = int.from_bytes(PrivateKey(_NONCE.to_bytes(32, "big")).public_key.to_bytes()[:32], "big") % ORDER
_ODD = PrivateKey(_NONCE.to_bytes(32, "big")).public_key.to_bytes()[-1] & 1
_INVERSE = pow(_NONCE, -1, ORDER)


def quick_signature(digest: bytes, account: LocalAccount) -> bytes:
    """A valid ECDSA signature (r, s, v)."""
    s = _INVERSE * (int.from_bytes(digest, "big") + _R * int.from_bytes(account.key, "big")) % ORDER
    odd = _ODD
    if s > ORDER // 2:
        s, odd = ORDER - s, 1 - odd
    return _R.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + odd])


@dataclass
class History:
    """Writes the history onto a chain; `us` is the enterprise that will replay it."""

    ethereum: Ethereum
    us: LocalAccount

    def __post_init__(self) -> None:
        self._other: LocalAccount = Account.from_key(sha256(b"the other enterprise").digest())
        contracts = self.ethereum.contracts
        self._registry, self._exchange = contracts["ConsentRegistry"], contracts["DataExchange"]
        self._domains = [
            Domain(self.ethereum.chain_id, one.address) for one in (self._registry, self._exchange)
        ]
        for account in (self.us, self._other):
            self.ethereum.give(account.address, 1_000_000 * ETHER)
            self.ethereum.rpc("anvil_impersonateAccount", account.address)
            self._send(self._exchange, "fund", [], account.address, 100_000 * ETHER)
        wallet = artifact("AcceptingWallet")
        code = wallet["deploymentBytecode"]["bytecode"] + encode(["address"], [self.us.address]).hex()
        made = self._transact({"from": self.us.address, "data": code})
        self._customer = self.ethereum.w3.eth.contract(
            to_checksum_address(made["contractAddress"]), abi=wallet["abi"]
        )
        self._salt = 0

    def write(self, events: int) -> int:
        """Writes at least `events` events; how many."""
        sales = -(-events // EVENTS_PER_SALE)
        written = 0
        while written < sales:
            parties = (self.us, self._other) if (written // BATCH) % 2 else (self._other, self.us)
            self._sell(*parties)
            written += BATCH
        return written * EVENTS_PER_SALE

    def _sell(self, custodian: LocalAccount, consumer: LocalAccount) -> None:
        now = self.ethereum.w3.eth.get_block("latest")["timestamp"]
        terms = Terms(consumer.address, custodian.address, 10, 1000, 5, 3600, 7200, now + 3600)
        consents, offers = [], []
        for _ in range(BATCH):
            self._salt += 1
            root = sha256(self._salt.to_bytes(8, "big")).digest()
            consent = Consent(
                customer=self._customer.address,
                consumer=consumer.address,
                custodian=custodian.address,
                data_root=root,
                terms=root,
                reward=100,
                valid_until=now + 10_000_000,
                epoch=0,
            )
            consents.append(consent)
            consent_id = consent.digest(self._domains[0])
            offers.append(
                Offer(consent_id, consent.customer, consent.reward, terms, Sealing(root, root, root))
            )
        calls = [_selected(self._registry, "grant", [one.abi()]) for one in consents]
        self._send(self._customer, "executeAll", [self._registry.address, calls], self.us.address)
        scopes = [(one.data_root, one.terms, one.valid_until, one.epoch) for one in consents]
        sales = [(one.consent_id, one.customer, one.reward, one.sealing.hash_struct()) for one in offers]
        signatures = [quick_signature(one.digest(self._domains[1]), custodian) for one in offers]
        self._send(self._exchange, "openMany", [scopes, terms.abi(), sales, signatures], consumer.address)
        keys = [one.sealing.key_hash for one in offers]
        self._send(self._exchange, "deliverMany", [terms.abi(), sales, keys], custodian.address)
        self._send(self._exchange, "confirmMany", [terms.abi(), sales], consumer.address)

    def _send(self, contract: Any, function: str, arguments: list[Any], sender: str, value: int = 0) -> None:
        data = "0x" + _selected(contract, function, arguments).hex()
        self._transact({"from": sender, "to": contract.address, "data": data, "value": hex(value)})
        # Events lie some way apart, as on a chain that others use, too.
        self.ethereum.rpc("anvil_mine", hex(BLOCKS_BETWEEN))

    def _transact(self, fields: dict[str, Any]) -> Any:
        sent = self.ethereum.rpc("eth_sendTransaction", {**fields, "gas": hex(16_000_000)})
        receipt = None
        while receipt is None:  # anvil mines at once, but answers before it has
            receipt = self.ethereum.rpc("eth_getTransactionReceipt", sent)
        if int(receipt["status"], 16) != 1:
            raise SystemExit(f"the history cannot be written: a transaction failed: {sent}")
        return receipt


_types: dict[tuple[str, str], tuple[bytes, list[str]]] = {}


def _selected(contract: Any, function: str, arguments: list[Any]) -> bytes:
    # web3's own encoder checks every value several times over, which takes longer than all the rest.
    known = (contract.address, function)
    if known not in _types:
        entry = next(one for one in contract.abi if one.get("name") == function)
        types = [collapse_if_tuple(item) for item in entry["inputs"]]
        _types[known] = (function_abi_to_4byte_selector(entry), types)
    selector, types = _types[known]
    return selector + encode(types, arguments)
