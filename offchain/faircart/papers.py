# SPDX-License-Identifier: Apache-2.0
"""The papers that people and companies sign: EIP-712 structs, their digests and signatures.

Every contract has a domain of its own: name `FairCart`, version `1`, chain id, verifying contract. The
`TYPE` of each paper is the exact type string of the Solidity side; its fields are the same in snake_case, in
the same order. Amounts are wei, times and windows seconds, hashes and ids 32 bytes.

| paper | verifying contract | signed by |
|---|---|---|
| Order | CheckoutEscrow | seller |
| Settlement | CheckoutEscrow | buyer or seller |
| Consent, Revocation, RevocationOfAll | ConsentRegistry | customer |
| Binding | ConsentRegistry | the enterprise's Ethereum account |
| Offer (holds Terms and Sealing) | DataExchange | custodian |
| CreditWithdrawal | the contract that holds the credit | owner of the credit |
"""

import dataclasses
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, ClassVar, Self, cast

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.address import is_checksum_formatted_address, is_hex_address, to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from faircart.errors import FairCartError

DOMAIN_NAME = "FairCart"
DOMAIN_VERSION = "1"

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class PaperError(FairCartError):
    """A paper's field is missing, unknown or out of range."""


class SignatureInvalid(PaperError):
    """These 65 bytes are no signature that the contracts would accept."""


@dataclass(frozen=True)
class Domain:
    """Where a paper is valid: the EIP-712 domain of one contract on one chain."""

    chain_id: int
    verifying_contract: str

    def __post_init__(self) -> None:
        _check_uint("Domain.chainId", self.chain_id, 256)
        object.__setattr__(
            self, "verifying_contract", account_address("Domain.verifyingContract", self.verifying_contract)
        )

    def separator(self) -> bytes:
        """The EIP-712 domain separator, 32 bytes: what the contract's EIP712 base computes."""
        return _domain_separator(self)


class Paper:
    """Base of the structs below; see the module's description for their meaning and units."""

    TYPE: ClassVar[str]

    def __post_init__(self) -> None:
        for name, kind, attribute in _fields(type(self)):
            value = _checked(f"{type(self).__name__}.{name}", kind, getattr(self, attribute))
            object.__setattr__(self, attribute, value)

    def abi(self) -> tuple[Any, ...]:
        """The struct as contract calls take it: a tuple, nested for nested structs, bytes32 as bytes."""
        values = (getattr(self, attribute) for _, _, attribute in _fields(type(self)))
        return tuple(value.abi() if isinstance(value, Paper) else value for value in values)

    def hash_struct(self) -> bytes:
        """EIP-712 `hashStruct`, 32 bytes: the struct's own hash, the same in every domain."""
        return bytes(_signable(self, _NO_DOMAIN).body)

    def digest(self, domain: Domain) -> bytes:
        """The 32 bytes that are signed, and the paper's id (`orderId`, `consentId`, `exchangeId`)."""
        return keccak(b"\x19\x01" + domain.separator() + self.hash_struct())

    def to_json(self) -> dict[str, Any]:
        """The paper as JSON: the names of `TYPE`, integers as decimal strings, bytes as 0x-hex."""
        return {name: _to_json(getattr(self, attribute)) for name, _, attribute in _fields(type(self))}

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The paper that `to_json` wrote. Raises PaperError, naming the field, for anything else."""
        if not isinstance(value, dict):
            raise PaperError(f"{cls.__name__}: expected a JSON object")
        fields = _fields(cls)
        names = {name for name, _, _ in fields}
        if missing := sorted(names - value.keys()):
            raise PaperError(f"{cls.__name__}: missing {', '.join(missing)}")
        if unknown := sorted(map(str, value.keys() - names)):
            raise PaperError(f"{cls.__name__}: unknown {', '.join(unknown)}")
        return cls(
            **{
                attribute: _from_json(f"{cls.__name__}.{name}", kind, value[name])
                for name, kind, attribute in fields
            }
        )


@dataclass(frozen=True)
class Order(Paper):
    """A seller's quote for one order of a cart. `order_hash` commits to the order document."""

    TYPE = (
        "Order(address seller,address buyer,address arbiter,uint256 amount,bytes32 orderHash,"
        "uint64 validUntil,uint32 shipWithin,uint32 confirmWithin,uint32 arbitrationWithin,uint256 salt)"
    )
    seller: str
    buyer: str
    arbiter: str
    amount: int
    order_hash: bytes
    valid_until: int
    ship_within: int
    confirm_within: int
    arbitration_within: int
    salt: int


@dataclass(frozen=True)
class Settlement(Paper):
    """One side's agreement to split an order: `buyer_amount` to the buyer, the rest to the seller."""

    TYPE = "Settlement(bytes32 orderId,uint256 buyerAmount,uint64 validUntil)"
    order_id: bytes
    buyer_amount: int
    valid_until: int


@dataclass(frozen=True)
class Consent(Paper):
    """A customer's consent to pass exactly one document (`data_root`) to one consumer under `terms`."""

    TYPE = (
        "Consent(address customer,address consumer,address custodian,bytes32 dataRoot,bytes32 terms,"
        "uint256 reward,uint64 validUntil,uint32 epoch)"
    )
    customer: str
    consumer: str
    custodian: str
    data_root: bytes
    terms: bytes
    reward: int
    valid_until: int
    epoch: int

    def scope(self) -> tuple[bytes, bytes, int, int]:
        """`IDataExchange.Scope`: what `open` needs of the consent beside the offer."""
        return self.data_root, self.terms, self.valid_until, self.epoch


@dataclass(frozen=True)
class Revocation(Paper):
    """A customer's withdrawal of one consent."""

    TYPE = "Revocation(bytes32 consentId)"
    consent_id: bytes


@dataclass(frozen=True)
class RevocationOfAll(Paper):
    """A customer's withdrawal of all that it granted in `epoch`; `next_epoch` was never used by it before."""

    TYPE = "RevocationOfAll(address customer,uint32 epoch,uint32 nextEpoch)"
    customer: str
    epoch: int
    next_epoch: int


@dataclass(frozen=True)
class Sealing(Paper):
    """What a custodian commits to about one sealed item (see `faircart.sealing`)."""

    TYPE = "Sealing(bytes32 itemRoot,bytes32 keyHash,bytes32 padHash)"
    item_root: bytes
    key_hash: bytes
    pad_hash: bytes


@dataclass(frozen=True)
class Terms(Paper):
    """The commercial terms of an offer: parties, fee, deposits and windows."""

    TYPE = (
        "Terms(address consumer,address custodian,uint256 fee,uint256 custodianDeposit,"
        "uint256 consumerDeposit,uint32 deliverWithin,uint32 respondWithin,uint64 validUntil)"
    )
    consumer: str
    custodian: str
    fee: int
    custodian_deposit: int
    consumer_deposit: int
    deliver_within: int
    respond_within: int
    valid_until: int


@dataclass(frozen=True)
class Offer(Paper):
    """A custodian's offer of one sealed item under one consent. Its digest is the exchange id."""

    TYPE = "Offer(bytes32 consentId,address customer,uint256 reward,Terms terms,Sealing sealing)"
    consent_id: bytes
    customer: str
    reward: int
    terms: Terms
    sealing: Sealing

    def sale(self) -> tuple[bytes, str, int, bytes]:
        """`IDataExchange.Sale`: the offer without its terms, with its sealing by its hash."""
        return self.consent_id, self.customer, self.reward, self.sealing.hash_struct()


@dataclass(frozen=True)
class CreditWithdrawal(Paper):
    """The owner's order to pay `amount` of its credit (a push that was not accepted) to `to`."""

    TYPE = "CreditWithdrawal(address owner,address to,uint256 amount,uint256 nonce,uint64 validUntil)"
    owner: str
    to: str
    amount: int
    nonce: int
    valid_until: int


@dataclass(frozen=True)
class Binding(Paper):
    """An enterprise's Ethereum account names its MultiChain address and HPKE key; highest version wins."""

    TYPE = "Binding(string chainName,uint256 chainId,string multichainAddress,bytes hpkeKey,uint64 version)"
    chain_name: str
    chain_id: int
    multichain_address: str
    hpke_key: bytes
    version: int


LAST_BINDING_VERSION = 2**63 - 1
"""A binding with a higher version does not count: databases keep whole numbers of 64 bits with a sign."""


def sign(paper: Paper, domain: Domain, private_key: bytes) -> bytes:
    """The signature of an Ethereum key over `paper` in `domain`: 65 bytes, r ‖ s ‖ v with v 27 or 28."""
    signed = Account.sign_message(_signable(paper, domain), private_key=private_key)
    return bytes(signed.signature)


def signer(paper: Paper, domain: Domain, signature: bytes) -> str:
    """The checksum address whose key made `signature` over `paper` (contract wallets sign otherwise).

    Raises SignatureInvalid for what the contracts refuse too: not 65 bytes, v other than 27 or 28,
    s in the upper half of the order (EIP-2), or no key at all.
    """
    if len(signature) != 65:
        raise SignatureInvalid(f"a signature has 65 bytes, this one has {len(signature)}")
    if signature[64] not in (27, 28):
        raise SignatureInvalid("the last byte of a signature is 27 or 28")
    if int.from_bytes(signature[32:64], "big") > HALF_ORDER:
        raise SignatureInvalid("this signature's s lies in the upper half of the order (EIP-2)")
    try:
        recovered = Account.recover_message(_signable(paper, domain), signature=signature)
    except (BadSignature, ValidationError) as error:
        raise SignatureInvalid("no key made this signature") from error
    return str(to_checksum_address(recovered))


def _signable(paper: Paper, domain: Domain) -> SignableMessage:
    return encode_typed_data(
        domain_data={
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": domain.chain_id,
            "verifyingContract": domain.verifying_contract,
        },
        message_types=_message_types(type(paper)),
        message_data=_message(paper),
    )


@cache
def _domain_separator(domain: Domain) -> bytes:
    return bytes(_signable(Revocation(bytes(32)), domain).header)


def _fields(paper: type[Paper]) -> tuple[tuple[str, str, str], ...]:
    """(name, Solidity type, attribute) of each member, in order, as `TYPE` says."""
    if paper not in _FIELDS:
        _FIELDS[paper] = _parse_type(paper)
    return _FIELDS[paper]


def _parse_type(paper: type[Paper]) -> tuple[tuple[str, str, str], ...]:
    members = re.fullmatch(r"(\w+)\((.*)\)", paper.TYPE)
    if members is None:
        raise TypeError(f"{paper.__name__}.TYPE is no EIP-712 type string")
    pairs = [member.split(" ") for member in members[2].split(",")]
    fields = tuple((name, kind, re.sub(r"[A-Z]", lambda m: "_" + m[0].lower(), name)) for kind, name in pairs)
    if [f.name for f in dataclasses.fields(cast(Any, paper))] != [attribute for _, _, attribute in fields]:
        raise TypeError(f"the fields of {paper.__name__} are not those of its TYPE")
    return fields


def _message_types(paper: type[Paper]) -> dict[str, list[dict[str, str]]]:
    types = {paper.__name__: [{"name": name, "type": kind} for name, kind, _ in _fields(paper)]}
    for _, kind, _ in _fields(paper):
        if kind in _NESTED:
            types |= _message_types(_NESTED[kind])
    return types


def _message(paper: Paper) -> dict[str, Any]:
    values = {name: getattr(paper, attribute) for name, _, attribute in _fields(type(paper))}
    return {name: _message(value) if isinstance(value, Paper) else value for name, value in values.items()}


_NESTED: dict[str, type[Paper]] = {"Terms": Terms, "Sealing": Sealing}
_FIELDS: dict[type[Paper], tuple[tuple[str, str, str], ...]] = {}


def _checked(where: str, kind: str, value: Any) -> Any:
    if kind == "address":
        return account_address(where, value)
    if kind.startswith("uint"):
        return _check_uint(where, value, int(kind.removeprefix("uint")))
    if kind == "string":
        if not isinstance(value, str):
            raise PaperError(f"{where}: expected text")
        return value
    if kind in _NESTED:
        if not isinstance(value, _NESTED[kind]):
            raise PaperError(f"{where}: expected {kind}")
        return value
    if not isinstance(value, bytes | bytearray):
        raise PaperError(f"{where}: expected bytes")
    if kind == "bytes32" and len(value) != 32:
        raise PaperError(f"{where}: expected 32 bytes, got {len(value)}")
    return bytes(value)


def account_address(where: str, value: Any) -> str:
    """An account as somebody wrote it, with its checksum (EIP-55). Raises PaperError naming `where`."""
    if not isinstance(value, str) or not value.startswith("0x") or not is_hex_address(value):
        raise PaperError(f"{where}: expected an Ethereum address (0x and 40 hex digits)")
    checksummed = _checksummed(value)
    if is_checksum_formatted_address(value) and value != checksummed:
        raise PaperError(f"{where}: the address {value} is misspelt (its EIP-55 checksum does not fit)")
    return checksummed


@lru_cache(maxsize=4096)
def _checksummed(address: str) -> str:
    # The checksum is a hash: agents see the same few addresses again and again.
    return str(to_checksum_address(address))


def _check_uint(where: str, value: Any, bits: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise PaperError(f"{where}: expected an integer")
    if not 0 <= value < 1 << bits:
        raise PaperError(f"{where}: does not fit uint{bits}")
    return value


def _to_json(value: Any) -> Any:
    if isinstance(value, Paper):
        return value.to_json()
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)


def _from_json(where: str, kind: str, value: Any) -> Any:
    if kind in _NESTED:
        return _NESTED[kind].from_json(value)
    if not isinstance(value, str):
        raise PaperError(f"{where}: expected a string (numbers are decimal strings, bytes 0x-hex)")
    if kind.startswith("uint"):
        if not re.fullmatch(r"0|[1-9][0-9]{0,77}", value):
            raise PaperError(f"{where}: expected a decimal number as a string")
        return int(value)
    if kind.startswith("bytes"):
        if not re.fullmatch(r"0x(?:[0-9a-fA-F]{2})*", value):
            raise PaperError(f"{where}: expected bytes as 0x-hex")
        return bytes.fromhex(value[2:])
    return value


_NO_DOMAIN = Domain(0, "0x" + 40 * "0")
