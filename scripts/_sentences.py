# SPDX-License-Identifier: Apache-2.0
"""What each custom error of the contracts means, and what to do about it, in one sentence or two.

A test holds that every error of every contract that is deployed has its sentence and that each name in braces
is one of the error's values. `{x:ether}`, `{x:time}`, `{x:state}`, `{x:window}`, `{x:hex}`, and for exchanges
`{x:exchange_state}`, `{x:exchange_window}` and `{x:deposit}`, show a value in that way.
"""

from typing import Any

from scripts import _exchange_sentences
from scripts._arguments import moment
from scripts._exchange_sentences import DATA_EXCHANGE
from scripts._tx import ether

STATES = ("None", "Funded", "Shipped", "Disputed", "Completed", "Refunded", "Resolved", "Voided")
RESOLUTIONS = ("ruling", "settlement", "lapse")
WINDOWS = ("ship", "confirm", "arbitration")

PAYOUTS = {
    "Payouts_InsufficientGas": (
        "Too little gas was left to pay the receiver ({available} of {needed}). Send the "
        "transaction again with a higher gas limit."
    ),
    "Payouts_InsufficientCredit": (
        "{owner} has a credit of {credit:ether}, less than the {requested:ether} asked for. "
        "Withdraw at most that."
    ),
    "Payouts_ZeroReceiver": (
        "Ether cannot be withdrawn to the zero address. Name the account that is to have it."
    ),
    "Payouts_Refused": (
        "{to} does not accept {amount:ether}. The ether stays where it is; choose another receiver."
    ),
    "Payouts_WithdrawalExpired": (
        "This withdrawal was valid until {validUntil:time}. Have its owner sign a new one."
    ),
    "Payouts_InvalidSignature": (
        "This withdrawal was not signed by {owner}. Have the credit's owner sign it."
    ),
    "InvalidAccountNonce": (
        "The next withdrawal that {account} signs must carry nonce {currentNonce}; this one was "
        "submitted or voided before, or signed for another. Have it signed anew."
    ),
    "ReentrancyGuardReentrantCall": (
        "The contract is in the middle of a payment. Call it in a transaction of its own."
    ),
}

CHECKOUT_ESCROW = {
    "CheckoutEscrow_EmptyCart": ("The cart is empty. Name at least one quote."),
    "CheckoutEscrow_UnequalLists": (
        "The cart has {orders} orders but {signatures} signatures. Give one for each."
    ),
    "CheckoutEscrow_NotTheOrdersBuyer": (
        "Order {index} of the cart is made out to {buyer}, not to {caller}. Pay from that account, "
        "or ask the seller for a quote of your own."
    ),
    "CheckoutEscrow_ZeroSeller": ("Order {index} of the cart names no seller. Ask for a new quote."),
    "CheckoutEscrow_ZeroArbiter": (
        "Order {index} of the cart names no arbiter. Ask for a quote that names one."
    ),
    "CheckoutEscrow_SellerIsBuyer": (
        "In order {index} of the cart {account} would buy from itself. Use another account for one "
        "of the two."
    ),
    "CheckoutEscrow_ArbiterIsParty": (
        "In order {index} of the cart the arbiter {arbiter} is buyer or seller itself. Ask for a "
        "quote with an independent arbiter."
    ),
    "CheckoutEscrow_AmountTooLarge": (
        "Order {index} of the cart is over {amount:ether}, the most is {maximum:ether}. Check its amount."
    ),
    "CheckoutEscrow_WindowOutOfRange": (
        "The {window:window} window of order {index} of the cart is {length} s. It must be from "
        "{minimum} s to {maximum} s long; ask for a new quote."
    ),
    "CheckoutEscrow_QuoteExpired": (
        "The quote of order {index} of the cart was valid until {validUntil:time}. Ask the seller "
        "for a new one."
    ),
    "CheckoutEscrow_OrderUsed": (
        "Order {index} of the cart ({orderId:hex}) is {state:state} already. Take it out of the "
        "cart, or ask the seller for a new quote."
    ),
    "CheckoutEscrow_InvalidQuote": (
        "Order {index} of the cart was not signed by its seller {seller} for this contract and "
        "chain, or was changed since. Ask the seller for the quote again."
    ),
    "CheckoutEscrow_WrongValue": (
        "The cart costs {required:ether}, but {sent:ether} was sent. Send exactly the sum."
    ),
    "CheckoutEscrow_NotTheSeller": (
        "Only the seller {seller} can do this, not {caller}. Use the seller's account."
    ),
    "CheckoutEscrow_NotTheBuyer": (
        "Only the buyer {buyer} can do this, not {caller}. Use the buyer's account."
    ),
    "CheckoutEscrow_NotTheArbiter": (
        "Only the arbiter {arbiter} can rule, not {caller}. Use the arbiter's account."
    ),
    "CheckoutEscrow_NotAParty": (
        "{caller} is neither buyer nor seller of order {orderId:hex}. Use one of their accounts."
    ),
    "CheckoutEscrow_WrongState": (
        "Order {orderId:hex} is in state {state:state}, in which this is not possible. State None "
        "means that it was never paid: check that the file is the very quote that was."
    ),
    "CheckoutEscrow_TooEarly": (
        "Order {orderId:hex} has a window that runs until {deadline:time}. Try again after it."
    ),
    "CheckoutEscrow_TooLate": (
        "The window for this ended at {deadline:time}. See with `show` what order {orderId:hex} allows now."
    ),
    "CheckoutEscrow_SplitTooLarge": (
        "The buyer cannot get {buyerAmount:ether} of order {orderId:hex}: it holds {amount:ether}. "
        "Name at most that."
    ),
    "CheckoutEscrow_OtherOrder": (
        "The settlement is about order {settled:hex}, not {orderId:hex}. Take the one that belongs "
        "to this order."
    ),
    "CheckoutEscrow_SettlementExpired": (
        "The settlement of order {orderId:hex} was valid until {validUntil:time}. Have the other "
        "party sign a new one."
    ),
    "CheckoutEscrow_SettlementVoid": (
        "{party} voided this settlement ({digest:hex}). Agree on a new one; one that differs in its"
        " validity is enough."
    ),
    "CheckoutEscrow_InvalidSettlement": (
        "The settlement was not signed by {party}. It has to be signed by the party that does not submit it."
    ),
}

CONSENT_REGISTRY = {
    "ConsentRegistry_NotTheCustomer": (
        "Only the customer {customer} can do this, not {caller}. Use the customer's account, or "
        "submit a paper that the customer signed."
    ),
    "ConsentRegistry_ZeroCustomer": ("The consent names no customer. Have it made out anew."),
    "ConsentRegistry_ZeroConsumer": ("The consent names no consumer. Have it made out anew."),
    "ConsentRegistry_ZeroCustodian": ("The consent names no custodian. Have it made out anew."),
    "ConsentRegistry_ConsumerIsCustodian": (
        "{account} is named as consumer and as custodian; who holds the data already needs no "
        "exchange. Name two companies."
    ),
    "ConsentRegistry_Expired": (
        "The consent ended at {validUntil:time}. Have the customer sign one that ends later."
    ),
    "ConsentRegistry_ValidTooLong": (
        "The consent would end at {validUntil:time}, later than can be recorded. It can end at "
        "{maximum:time} at the latest."
    ),
    "ConsentRegistry_WrongEpoch": (
        "The paper names epoch {epoch} of {customer}, but {current} is current: everything was "
        "withdrawn in between. Have the customer sign a new one."
    ),
    "ConsentRegistry_EpochUsed": ("{customer} used epoch {nextEpoch} before. Draw another one at random."),
    "ConsentRegistry_AlreadyRecorded": (
        "Consent {consentId:hex} was granted or withdrawn before. To renew it, have the customer "
        "sign a new consent."
    ),
    "ConsentRegistry_AlreadyRevoked": (
        "Consent {consentId:hex} was withdrawn at {revokedAt:time}. Nothing is left to do."
    ),
    "ConsentRegistry_NotRecorded": (
        "Consent {consentId:hex} was never granted nor withdrawn here. Check the id and the "
        "network; to withdraw one that was never submitted, name the consent's file."
    ),
    "ConsentRegistry_InvalidSignature": (
        "The paper was not signed by {customer} for this contract and chain, or was changed since. "
        "Have the customer sign it again."
    ),
}

SENTENCES: dict[str, str] = {**PAYOUTS, **CHECKOUT_ESCROW, **CONSENT_REGISTRY, **DATA_EXCHANGE}


class _Shown:
    """A value that shows itself as a format specification asks."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __format__(self, kind: str) -> str:
        value = self._value
        match kind:
            case "ether":
                return ether(value)
            case "time":
                return moment(value)
            case "state":
                return STATES[value]
            case "window":
                return WINDOWS[value]
            case "exchange_state":
                return _exchange_sentences.STATES[value]
            case "exchange_window":
                return _exchange_sentences.WINDOWS[value]
            case "deposit":
                return _exchange_sentences.DEPOSITS[value]
            case "hex":
                return "0x" + bytes(value).hex()
        return str(value)


def sentence(error: str, values: dict[str, Any]) -> str:
    """The sentence for a custom error with its values. An error without one is shown as it is."""
    template = SENTENCES.get(error)
    if template is None:
        return f"The contract refused: {error}({', '.join(f'{name}={v}' for name, v in values.items())})"
    return template.format(**{name: _Shown(value) for name, value in values.items()})
