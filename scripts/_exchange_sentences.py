# SPDX-License-Identifier: Apache-2.0
"""The sentences of DataExchange's custom errors, and the names of its numbers; see `_sentences`."""

STATES = (
    "None",
    "Open",
    "Delivered",
    "Settled",
    "Conceded",
    "Faulted",
    "Aborted",
    "Cancelled",
    "Voided",
)
WINDOWS = ("deliver", "respond")
DEPOSITS = ("custodian's", "consumer's")
FAULTS = ("wrong key", "wrong chunk")
REASONS = (
    "none",
    "the offer was opened or voided before",
    "the offer has expired",
    "the consent was never granted",
    "the consent has ended",
    "the consent ends before the deliver window",
    "the custodian's standing balance is too low",
    "it is not open",
    "it is not delivered, or closed already",
    "its window is over",
    "the consent ended more than 10 minutes ago",
)

DATA_EXCHANGE = {
    "DataExchange_NoRegistry": (
        "There is no contract at {registry}, the consent registry named. Deploy that one first."
    ),
    "DataExchange_BalanceTooLow": (
        "{account} has {available:ether} for this in its standing balance and the value sent, and needs "
        "{needed:ether}. Fund it first: ape run exchange fund."
    ),
    "DataExchange_EmptyBatch": "The batch is empty. Name at least one offer.",
    "DataExchange_UnequalLists": (
        "The batch has {sales} offers, but another of its lists has {others} members. Give one for each."
    ),
    "DataExchange_NotTheConsumer": (
        "Only the consumer {consumer} can do this, not {caller}. Use the consumer's account."
    ),
    "DataExchange_NotTheCustodian": (
        "Only the custodian {custodian} can do this, not {caller}. Use the custodian's account."
    ),
    "DataExchange_ConsumerIsCustodian": (
        "{account} would buy from itself. Ask for an offer of another custodian."
    ),
    "DataExchange_WindowOutOfRange": (
        "The {window:exchange_window} window of the offer is {length} s. It must be from {minimum} s to "
        "{maximum} s long; ask for a new offer."
    ),
    "DataExchange_ZeroDeposit": (
        "The {deposit:deposit} deposit is zero, so honest play would not be each side's best answer. Ask "
        "for an offer with both deposits."
    ),
    "DataExchange_AmountTooLarge": (
        "An amount of the offer is {amount:ether}, the most is {maximum:ether}. Check it."
    ),
    "DataExchange_RewardTooLarge": (
        "The reward of offer {index} of the batch is {reward:ether}, the most is {maximum:ether}. Check it."
    ),
    "DataExchange_OfferNotForConsent": (
        "Offer {index} of the batch is for consent {offered:hex}, but this consent is {computed:hex}. "
        "Take the consent and the offer that belong together."
    ),
    "DataExchange_InvalidOffer": (
        "Offer {index} of the batch ({exchangeId:hex}) was not signed by its custodian {custodian} for "
        "this contract and chain, or was changed since. Ask for the offer again."
    ),
    "DataExchange_OfferUsed": (
        "The offer of exchange {exchangeId:hex} is {state:exchange_state} already. Ask for a new one."
    ),
    "DataExchange_OfferExpired": (
        "The offer was valid until {validUntil:time}. Ask the custodian for a new one."
    ),
    "DataExchange_ConsentUnknown": (
        "Consent {consentId:hex} was never granted here. Submit it first: ape run consent grant-for."
    ),
    "DataExchange_ConsentEnded": (
        "Consent {consentId:hex} ended at {endedAt:time}. Ask the customer for a new one."
    ),
    "DataExchange_ConsentEndsTooSoon": (
        "The consent ends at {validUntil:time}, before the custodian has to deliver at {deliverBy:time}. "
        "Ask for an offer with a shorter deliver window, or for a new consent."
    ),
    "DataExchange_WrongState": (
        "Exchange {exchangeId:hex} is in state {state:exchange_state}, in which this is not possible. "
        "State None means that it was never opened: check that the file is the very offer that was."
    ),
    "DataExchange_TooEarly": (
        "Exchange {exchangeId:hex} has a window that runs until {deadline:time}. Try again after it."
    ),
    "DataExchange_TooLate": (
        "The window for this ended at {deadline:time}. See with `show` what exchange {exchangeId:hex} "
        "allows now."
    ),
    "DataExchange_GraceOver": (
        "Consent {consentId:hex} ended, and what was on its way then counted until {graceUntil:time}. "
        "Abort the exchange instead."
    ),
    "DataExchange_GraceNotOver": (
        "Until {graceUntil:time} only the custodian can abort, because consent {consentId:hex} ended just "
        "now. Try again after it."
    ),
    "DataExchange_ConsentActive": (
        "Consent {consentId:hex} is active, so the exchange cannot be aborted. Wait for the delivery, or "
        "cancel after the deliver window."
    ),
    "DataExchange_WrongWrappedKey": (
        "{wrappedKey:hex} is not what was delivered in exchange {exchangeId:hex}. Take it from the "
        "Delivered event."
    ),
    "DataExchange_WrongPad": (
        "The pad has SHA-256 {padHash:hex}, which is not the one in exchange {exchangeId:hex}. Take the "
        "pad that came with this offer."
    ),
    "DataExchange_KeyIsRight": (
        "The key of exchange {exchangeId:hex} is right, and the proof names no chunk. Name the wrong chunk."
    ),
    "DataExchange_ChunkTooLong": (
        "The chunk has {length} bytes, the most is {maximum}. Take it as it stands in the item."
    ),
    "DataExchange_ChunkIndexTooLarge": (
        "No item has a chunk {index}, the last one possible is {maximum}. Check its position."
    ),
    "DataExchange_ChunkNotInItem": (
        "Chunk {index} is not part of the offer's item: its path leads to {computedRoot:hex}, not to "
        "{itemRoot:hex}. Take the item that this offer is for."
    ),
    "DataExchange_ChunkIsRight": (
        "Chunk {index} of exchange {exchangeId:hex} is exactly what the customer signed: no fault. Confirm."
    ),
    "ChaCha20_DataTooLong": "The chunk has {length} bytes, the most is {limit}. Take it from the item.",
    "ChaCha20_CounterOutOfRange": (
        "The chunk's position needs block {counter}, the last one is {limit}. Check its position."
    ),
}
