# SPDX-License-Identifier: Apache-2.0
"""The people of the state machines: every kind of account in every role.

Names say what the account is. Each has ether except Fay, whose account has never been used. Who is a
contract signs by ERC-1271 with an owner's key; Dee and Dot are EIP-7702 accounts, which keep their own key
although they have code.
"""

from dataclasses import dataclass

from eth_account import Account
from faircart.papers import Domain, Paper
from hexbytes import HexBytes

from tests.machines.models.world import Receiver, Script, Signature
from tests.machines.node import CHAIN_ID, Node
from tests.support.anvil import artifact
from tests.support.codec import Codec
from tests.support.signing import TestKey

WEALTH = 2**140
"""Wei that everybody but Fay starts with: enough for twenty carts of the largest orders."""

_WALLETS = {
    "Wim, a contract that takes ether": ("AcceptingWallet", Receiver.TAKES),
    "Ray, a contract that refuses ether": ("RefusingWallet", Receiver.REFUSES),
    "Gus, a contract that burns gas": ("GasBurningWallet", Receiver.BURNS),
    "Vic, a contract that returns 128 kB": ("VerboseWallet", Receiver.SHOUTS),
    "Rea, a contract that re-enters": ("ReenteringWallet", Receiver.REENTERS),
}
_DELEGATED = {
    "Dee, an EIP-7702 account that takes ether": ("AcceptingDelegate", Receiver.TAKES),
    "Dot, an EIP-7702 account that refuses ether": ("RefusingDelegate", Receiver.DECLINES),
}
_PLAIN = ("Ada", "Ben", "Cem", "Fay, a fresh account")


@dataclass(frozen=True)
class Person:
    """An account, the key that signs for it, and what it does with ether."""

    name: str
    address: str
    key: TestKey
    receiver: Receiver

    def sign(self, digest: bytes) -> Signature:
        """This person's signature over a digest."""
        return Signature(self.address, digest, self.key.sign(digest))

    def sign_paper(self, paper: Paper, domain: Domain) -> Signature:
        """This person's signature over a paper."""
        return self.sign(paper.digest(domain))


@dataclass(frozen=True)
class Cast:
    """Everybody, and where Rea reads her script."""

    people: tuple[Person, ...]
    script: str

    @property
    def addresses(self) -> list[str]:
        """All accounts."""
        return [person.address for person in self.people]

    def named(self, name: str) -> Person:
        """The person whose name begins so."""
        return next(person for person in self.people if person.name.startswith(name))

    def at(self, address: str) -> Person:
        """The person at that address."""
        return next(person for person in self.people if person.address == address)


def gather(node: Node) -> Cast:
    """Create all accounts on a fresh node."""
    deployer = TestKey("deployer").address
    script = TestKey("script").address
    people = []
    for name in _PLAIN:
        key = TestKey(name)
        people.append(Person(name, key.address, key, Receiver.TAKES))
    for name, (contract, receiver) in _WALLETS.items():
        key = TestKey(f"the owner of {name}")
        arguments = [key.address, script] if contract == "ReenteringWallet" else [key.address]
        people.append(Person(name, deploy(node, deployer, contract, *arguments), key, receiver))
    for name, (contract, receiver) in _DELEGATED.items():
        key = TestKey(name)
        _delegate(node, key, deploy(node, deployer, contract))
        people.append(Person(name, key.address, key, receiver))
    for person in people:
        if not person.name.startswith("Fay"):
            node.give(person.address, WEALTH)
    return Cast(tuple(people), script)


def deploy(node: Node, deployer: str, contract: str, *arguments: str) -> str:
    """Deploy a compiled contract whose constructor takes addresses; returns its own."""
    code = bytes.fromhex(artifact(contract)["deploymentBytecode"]["bytecode"].removeprefix("0x"))
    code += b"".join(bytes(12) + bytes.fromhex(a[2:]) for a in arguments)
    receipt = node.transact(deployer, None, code)
    if not receipt.succeeded or receipt.contract is None:
        raise AssertionError(f"{contract} could not be deployed: {receipt.revert_data!r}")
    return receipt.contract


def write_script(node: Node, cast: Cast, script: Script | None, calldata: bytes) -> None:
    """Tell Rea what to call when she is paid next; see contracts/testing/Wallets.sol for the form."""
    code = b""
    if script is not None:
        code = bytes([script.strict]) + bytes.fromhex(script.call.contract[2:]) + calldata
    node.set_code(cast.script, code)


def codec(contract: str) -> Codec:
    """The codec of a compiled contract."""
    return Codec(artifact(contract)["abi"])


def _delegate(node: Node, key: TestKey, delegate: str) -> None:
    # A set-code transaction (EIP-7702) that the account sends itself: its nonce is used before its
    # authorisation is looked at.
    authorization = Account.sign_authorization(
        {"chainId": CHAIN_ID, "address": HexBytes(delegate), "nonce": 1}, key.private_key
    )
    transaction = {
        "type": 4,
        "chainId": CHAIN_ID,
        "nonce": 0,
        "to": key.address,
        "value": 0,
        "gas": 100_000,
        "maxFeePerGas": 0,
        "maxPriorityFeePerGas": 0,
        "authorizationList": [authorization],
    }
    signed = Account.sign_transaction(transaction, key.private_key)
    node.rpc("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex())
    node.rpc("evm_mine")
    code = node.rpc("eth_getCode", key.address, "latest")
    if code != "0xef0100" + delegate[2:].lower():
        raise AssertionError(f"the account did not delegate: its code is {code}")
