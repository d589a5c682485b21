# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between us and a MultiChain node, one type for each thing a caller would do differently.

The texts are ours: a node's own message can repeat what was sent to it (a key, a member of a payload), so
only the messages in `_FIXED_TEXTS`, which never do, are passed on. Codes: MultiChain 2.3, JSON-RPC
`error.code`.
"""

from __future__ import annotations

from faircart.errors import FairCartError


class MultiChainError(FairCartError):
    """Base of everything raised here.

    `method` is the JSON-RPC method, `code` the node's error code (None where the node gave none).
    """

    what = "the node refuses"

    def __init__(self, method: str = "", detail: str = "", *, code: int | None = None) -> None:
        self.method = method
        self.code = code
        self.detail = detail
        text = f"{method}: {self.what}" if method else self.what
        if detail:
            text += f" ({detail})"
        if code is not None:
            text += f" [code {code}]"
        super().__init__(text)


# --- before anything is sent ---
class UnknownMethod(MultiChainError):
    what = "no such MultiChain method is used by FairCart; look for a misspelling"


class BadConfiguration(MultiChainError):
    what = "the address or credentials of the stream node are not usable"


class InvalidItem(MultiChainError):
    what = "this cannot be published"


# --- transport ---
class Unreachable(MultiChainError):
    what = "the stream node cannot be reached; is it running, and is its address right?"


class CertificateRefused(Unreachable):
    what = "the TLS certificate of the stream node is not accepted"


class TimedOut(MultiChainError):
    what = "the stream node did not answer in time"


class ConnectionCut(MultiChainError):
    what = "the stream node closed the connection before it had answered"


class Unauthorised(MultiChainError):
    what = "the stream node does not accept this user and password"


class Forbidden(MultiChainError):
    what = "the stream node does not serve this machine's address; see its -rpcallowip"


class WrongPath(MultiChainError):
    what = "there is no stream node at this path; look at the URL"


class NotANode(MultiChainError):
    what = "what answers at this address is no MultiChain node"


class TooLarge(MultiChainError):
    what = "the request is larger than the stream node takes in one call"


class Overloaded(MultiChainError):
    what = "the stream node is overloaded; try again later"


class PublishUncertain(MultiChainError):
    what = "it is not known whether the item was published; look for it by its key before publishing it again"


# --- the node's own codes ---
class InvalidCall(MultiChainError):
    what = "the node does not take these parameters"


class InsufficientFunds(MultiChainError):
    what = "the wallet has not enough funds"


class InvalidAddress(MultiChainError):
    what = "this is no address or key of the chain"


class InvalidParameter(MultiChainError):
    what = "the node does not accept a parameter"


class WalletLocked(MultiChainError):
    what = "the node's wallet is locked; unlock it"


class DatabaseFailure(MultiChainError):
    what = "the node's own database failed"


class Malformed(MultiChainError):
    what = "the node cannot read a parameter"


class Rejected(MultiChainError):
    what = "the network's rules reject the transaction"


class WarmingUp(MultiChainError):
    what = "the stream node is still starting"


class NotAllowed(MultiChainError):
    what = "the stream does not allow this"


class NotSupported(MultiChainError):
    what = "the node does not support this"


class EnterpriseOnly(NotSupported):
    what = "this needs MultiChain Enterprise"


class NotSubscribed(MultiChainError):
    what = "the node is not subscribed to this stream"


class NoPermission(MultiChainError):
    what = "the address lacks the permission"


class DuplicateName(MultiChainError):
    what = "the name is taken (names ignore case)"


class UnconfirmedEntity(MultiChainError):
    what = "the entity is not confirmed yet"


class NotFound(MultiChainError):
    what = "not found"


class EntityNotFound(NotFound):
    what = "no such stream is known to the node"


class KeyNotInWallet(MultiChainError):
    what = "the private key of this address is not in the node's wallet"


class TransactionNotFound(NotFound):
    what = "no such transaction or item is known to the node"


class BlockNotFound(NotFound):
    what = "no such block is known to the node"


class OutputNotFound(NotFound):
    what = "the transaction has no such output"


class PayloadNotHere(MultiChainError):
    what = "the item is known but its payload has not arrived at this node yet"


class OutputWithoutData(MultiChainError):
    what = "the output holds no data"


class NoUnspentOutputs(MultiChainError):
    what = "the address has no output to spend yet; a new one gets some by what is granted to it"


class UpgradeRequired(MultiChainError):
    what = "the node must be upgraded for this chain"


class InvalidRequest(MultiChainError):
    what = "the node does not take the request"


class WrongChain(InvalidRequest):
    what = "the node belongs to another chain than configured"


class MethodNotFound(MultiChainError):
    what = "the node does not know this method"


class InternalFailure(MultiChainError):
    what = "the node failed inside"


class UnreadableRequest(MultiChainError):
    what = "the node could not read the request"


BY_CODE: dict[int, type[MultiChainError]] = {
    -1: InvalidCall,
    -5: InvalidAddress,
    -6: InsufficientFunds,
    -8: InvalidParameter,
    -13: WalletLocked,
    -20: DatabaseFailure,
    -22: Malformed,
    -26: Rejected,
    -28: WarmingUp,
    -701: NotAllowed,
    -702: NotSupported,
    -703: NotSubscribed,
    -704: NoPermission,
    -705: DuplicateName,
    -706: UnconfirmedEntity,
    -708: EntityNotFound,
    -709: KeyNotInWallet,
    -710: TransactionNotFound,
    -711: BlockNotFound,
    -712: OutputNotFound,
    -713: OutputWithoutData,
    -716: NoUnspentOutputs,
    -718: UpgradeRequired,
    -32600: InvalidRequest,
    -32601: MethodNotFound,
    -32603: InternalFailure,
    -32700: UnreadableRequest,
}

_FIXED_TEXTS = (
    "Binary cache item too big",
    "Binary cache item is not empty",
    "Binary cache item with this identifier not found",
    "Invalid count",
    "Invalid stream name",
    "Item key is too long",
    "Item keys array cannot be empty",
    "Not subscribed to this stream",
    "Publishing in this stream is not allowed from this address",
    "Publishing offchain items is not allowed to this stream",
    "Publishing onchain items is not allowed to this stream",
    "Stream cannot be restricted from both onchain and offchain items",
    "This transaction has more than one output for this stream, please use liststreamtxitems",
    "This wallet contains no addresses with permission to write to this stream and global send permission.",
    "This wallet doesn't have addresses with activate or admin permission for this entity",
    "This wallet doesn't have addresses with activate or admin permission",
    "This wallet doesn't have addresses with admin permission",
    "Unsupported restriction",
    "data should be hexadecimal string or recognized object",
    "from-address doesn't have admin permission",
    "from-address doesn't have create permission",
    "from-address doesn't have send permission",
)
_ENTERPRISE = "This feature is only available in MultiChain Enterprise"


def by_code(method: str, code: int, message: str) -> MultiChainError:
    """The typed error for a node's `error` object; `message` is used to tell cases apart, not repeated."""
    if code == -702 and message.startswith(_ENTERPRISE):
        return EnterpriseOnly(method, code=code)
    if code == -712 and message.startswith("Data for this output is not available"):
        return PayloadNotHere(method, code=code)
    if code == -32600 and message == "Wrong chain name":
        return WrongChain(method, code=code)
    detail = next((text for text in _FIXED_TEXTS if message.startswith(text)), "")
    return BY_CODE.get(code, MultiChainError)(method, detail, code=code)
