// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "./IConsentRegistry.sol";
import {IPayouts} from "./IPayouts.sol";

/// @title A sale of data with two deposits, provably fair and without an arbiter
/// @notice A consumer buys from a custodian the document that a customer consented to. It gets exactly that
/// document, or its money and the custodian's deposit; the custodian and the customer are paid if and only if
/// it was delivered. Each side has one duty with one deadline. On the honest path nobody else can read the key.
///
/// | call | who | when | effect |
/// |---|---|---|---|
/// | fund, withdraw | anyone, for itself | any time | standing balance |
/// | open | consumer | offer valid and unused, consent active and valid to the deliver deadline | Open: both sides' money is locked |
/// | deliver | custodian | Open, inside the deliver window, consent active or ended at most GRACE ago | Delivered |
/// | confirm | consumer | Delivered, inside the respond window | Settled: everybody is paid |
/// | settle | anyone | Delivered, after the respond window | Settled: the consumer's deposit goes to the customer |
/// | concede | custodian | Delivered, inside the respond window | Conceded: all to the consumer |
/// | proveFault | consumer | Delivered, inside the respond window | Faulted: all to the consumer |
/// | abort | custodian once the consent has ended, anyone GRACE later | Open, inside the deliver window | Aborted: all as before |
/// | cancel | anyone | Open, after the deliver window | Cancelled: as before if the consent ended inside the window, else all to the consumer |
/// | voidOffer | custodian | never opened | Voided |
///
/// @dev Amounts are wei, times seconds since 1970 (UTC), hashes of the item SHA-256. A deadline's second still
/// belongs to its window; the next step becomes possible one second later. The contract stores one slot per
/// exchange; callers pass the offer again and the contract hashes it. A view call authenticates nobody.
///
/// The money: `open` takes the value sent and, for the rest, the caller's standing balance, and the custodian's
/// deposit from the custodian's. What comes back to consumer and custodian is added to their standing balances;
/// the customer is paid at once, or credited if it does not accept the payment ({IPayouts}). An account's
/// standing balance is at every moment the sum of its `Funded`, less its `Drawn` and `Withdrawn`, less the
/// custodian deposits of its `Opened`, plus what the closing events (`Confirmed`, `Settled`, `Conceded`,
/// `FaultProven`, `Aborted`, `Cancelled`) paid to it.
///
/// The item (made afresh for each offer): the document is cut into pieces of 240 bytes, the last one shorter;
/// plain chunk i is 16 random bytes and piece i. All chunks together are encrypted with ChaCha20-Poly1305 under
/// the key K and a zero nonce. `dataLeaf_i = sha256(0x00, uint32 i, plain chunk i)`, `itemLeaf_i = sha256(0x02,
/// uint32 i, ciphertext chunk i, dataLeaf_i)`; a Merkle node is `sha256(0x01, smaller child, larger child)`, an
/// odd node is carried up. The root over the data leaves is in the consent, the root over the item leaves in
/// the offer.
///
/// @dev Warning: not protected are that the data are true (only that they are what the customer signed); what a
/// consumer does with the plaintext; a custodian that passes data on outside the market; a custodian and a
/// consumer who agree to cheat the customer of its reward; invented customers; censorship up to a deadline.
/// Buyer, seller and amounts are visible.
///
/// @dev Warning: K is disclosed when `deliver` is broadcast, not when it is mined. Broadcast it only after
/// `open` is final, and well inside the window.
interface IDataExchange is IPayouts {
    /// @notice Where an exchange stands. Open and Delivered are live: the contract holds the money of both
    /// sides. The states after them are final.
    enum State {
        None,
        Open,
        Delivered,
        Settled,
        Conceded,
        Faulted,
        Aborted,
        Cancelled,
        Voided
    }

    /// @notice The two windows of an exchange.
    enum Window {
        Deliver,
        Respond
    }

    /// @notice The two deposits of an exchange.
    enum Deposit {
        Custodian,
        Consumer
    }

    /// @notice The two kinds of fault.
    enum Fault {
        WrongKey,
        WrongChunk
    }

    /// @notice Why a member of a batch was skipped.
    enum SkipReason {
        None,
        OfferUsed,
        OfferExpired,
        ConsentUnknown,
        ConsentEnded,
        ConsentEndsTooSoon,
        CustodianBalanceTooLow,
        NotOpen,
        NotDelivered,
        WindowOver,
        GraceOver
    }

    /// @notice What consumer and custodian agree on; one `Terms` can serve any number of offers.
    /// @param consumer The buyer, the only account that can open.
    /// @param custodian The seller, which signs the offer.
    /// @param fee Wei that the custodian earns.
    /// @param custodianDeposit Wei that the custodian loses to the consumer unless it delivers what was agreed.
    /// @param consumerDeposit Wei that the consumer loses to the customer unless it responds.
    /// @param deliverWithin Seconds from opening in which the custodian can deliver.
    /// @param respondWithin Seconds from delivery in which the consumer can confirm or prove a fault.
    /// @param validUntil The offer's last second.
    struct Terms {
        address consumer;
        address custodian;
        uint256 fee;
        uint256 custodianDeposit;
        uint256 consumerDeposit;
        uint32 deliverWithin;
        uint32 respondWithin;
        uint64 validUntil;
    }

    /// @notice What the custodian commits to about the sealed item.
    /// @param itemRoot Root over the item leaves.
    /// @param keyHash SHA-256 of the key K.
    /// @param padHash SHA-256 of the pad that hides K in `deliver`; the consumer has the pad.
    struct Sealing {
        bytes32 itemRoot;
        bytes32 keyHash;
        bytes32 padHash;
    }

    /// @notice A custodian's offer, which it signs. Its EIP-712 digest is the exchange's id.
    /// @param consentId The consent that allows the sale.
    /// @param customer Whose data it is.
    /// @param reward Wei that the customer is paid.
    /// @param terms What consumer and custodian agree on.
    /// @param sealing What the custodian commits to about the item.
    struct Offer {
        bytes32 consentId;
        address customer;
        uint256 reward;
        Terms terms;
        Sealing sealing;
    }

    /// @notice An offer as most calls take it: without its terms, which stand beside it (once for a whole
    /// batch), and with its sealing by its hash, as nothing but a fault proof needs to look inside.
    /// @param consentId The consent that allows the sale.
    /// @param customer Whose data it is.
    /// @param reward Wei that the customer is paid.
    /// @param sealingHash {sealingHash} of the offer's sealing.
    struct Sale {
        bytes32 consentId;
        address customer;
        uint256 reward;
        bytes32 sealingHash;
    }

    /// @notice A consent as `open` takes it: what the offer does not repeat of it. Customer and reward are the
    /// sale's, consumer and custodian the terms'.
    /// @param dataRoot Root over the leaves of the document that the customer was shown.
    /// @param terms Salted SHA-256 commitment to the consent record.
    /// @param validUntil The consent's last second.
    /// @param epoch The customer's epoch in which it was given.
    struct Scope {
        bytes32 dataRoot;
        bytes32 terms;
        uint64 validUntil;
        uint32 epoch;
    }

    /// @notice What shows a fault. With K = wrappedKey xor pad, either SHA-256 of K is not the offer's keyHash,
    /// and the last four members are left empty; or one ciphertext chunk is part of the item and does not
    /// decrypt to what its data leaf commits to.
    /// @param wrappedKey What the custodian delivered.
    /// @param pad The pad that came with the offer.
    /// @param index The chunk's position, from 0.
    /// @param ciphertext The ciphertext chunk, 1 to 256 bytes; empty to show a wrong key.
    /// @param dataLeaf The chunk's data leaf.
    /// @param path Merkle path from the chunk's item leaf to the item's root.
    struct FaultProof {
        bytes32 wrappedKey;
        bytes32 pad;
        uint32 index;
        bytes ciphertext;
        bytes32 dataLeaf;
        bytes32[] path;
    }

    /// @notice Ether was added to a standing balance, by `fund` or because more was sent to `open` than needed.
    /// @param account Whose balance.
    /// @param amount Wei added.
    event Funded(address indexed account, uint256 amount);

    /// @notice A consumer's standing balance paid what the value sent to `open` did not.
    /// @param account Whose balance.
    /// @param amount Wei taken.
    event Drawn(address indexed account, uint256 amount);

    /// @notice Ether was withdrawn from a standing balance.
    /// @param account Whose balance.
    /// @param to The account that received the ether.
    /// @param amount Wei taken.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice An exchange was opened. Locked are the consent's reward, fee and consumerDeposit of the
    /// consumer, and custodianDeposit from the custodian's standing balance. Later events do not repeat these
    /// amounts.
    /// @param exchangeId The exchange: digest of the offer.
    /// @param consentId The consent that allows it; the registry's `Granted` names its customer and reward.
    /// @param custodian Who sells.
    /// @param consumer Who buys.
    /// @param fee Wei for the custodian.
    /// @param custodianDeposit Wei locked by the custodian.
    /// @param consumerDeposit Wei locked by the consumer as its deposit.
    /// @param deliverBy The last second in which the custodian can deliver.
    event Opened(
        bytes32 indexed exchangeId,
        bytes32 indexed consentId,
        address indexed custodian,
        address consumer,
        uint256 fee,
        uint256 custodianDeposit,
        uint256 consumerDeposit,
        uint64 deliverBy
    );

    /// @notice The custodian delivered the key.
    /// @param exchangeId The exchange.
    /// @param wrappedKey K xor pad.
    /// @param respondBy The last second in which the consumer can confirm or prove a fault.
    event Delivered(bytes32 indexed exchangeId, bytes32 wrappedKey, uint64 respondBy);

    /// @notice The consumer confirmed: the customer is paid the reward; fee and custodianDeposit are added to
    /// the custodian's balance, consumerDeposit to the consumer's.
    /// @param exchangeId The exchange.
    event Confirmed(bytes32 indexed exchangeId);

    /// @notice The consumer kept silent: the customer is paid the reward and consumerDeposit; fee and
    /// custodianDeposit are added to the custodian's balance.
    /// @param exchangeId The exchange.
    event Settled(bytes32 indexed exchangeId);

    /// @notice The custodian admitted a fault: reward, fee and both deposits are added to the consumer's
    /// balance.
    /// @param exchangeId The exchange.
    event Conceded(bytes32 indexed exchangeId);

    /// @notice The consumer proved a fault: reward, fee and both deposits are added to its balance.
    /// @param exchangeId The exchange.
    /// @param fault What was wrong.
    /// @param index The wrong chunk's position; 0 if the key was wrong.
    event FaultProven(bytes32 indexed exchangeId, Fault fault, uint32 index);

    /// @notice The consent ended before the delivery: reward, fee and consumerDeposit are added to the
    /// consumer's balance, custodianDeposit to the custodian's.
    /// @param exchangeId The exchange.
    event Aborted(bytes32 indexed exchangeId);

    /// @notice The deliver window passed without a delivery: reward, fee and consumerDeposit are added to the
    /// consumer's balance, and so is custodianDeposit unless the consent ended.
    /// @param exchangeId The exchange.
    /// @param consentEnded Whether the consent ended inside the window; custodianDeposit then went to the
    /// custodian's balance.
    event Cancelled(bytes32 indexed exchangeId, bool consentEnded);

    /// @notice The custodian withdrew an offer before it was used.
    /// @param exchangeId The exchange that can never be opened now.
    /// @param custodian The custodian.
    event OfferVoided(bytes32 indexed exchangeId, address indexed custodian);

    /// @notice A member of a batch could no longer be done and was left out; the others were done.
    /// @param exchangeId The exchange.
    /// @param reason Why.
    event Skipped(bytes32 indexed exchangeId, SkipReason reason);

    /// @notice The address given as consent registry has no code.
    /// @param registry The address.
    error DataExchange_NoRegistry(address registry);

    /// @notice Less is in the standing balance (and in the value sent) than the call needs.
    /// @param account Whose balance.
    /// @param available Wei in the balance, with the value sent.
    /// @param needed Wei needed.
    error DataExchange_BalanceTooLow(address account, uint256 available, uint256 needed);

    /// @notice The batch is empty.
    error DataExchange_EmptyBatch();

    /// @notice The lists of a batch differ in length.
    /// @param sales Number of sales.
    /// @param others Number of members of the first list that differs.
    error DataExchange_UnequalLists(uint256 sales, uint256 others);

    /// @notice Only the consumer can do this.
    /// @param caller Who called.
    /// @param consumer The terms' consumer.
    error DataExchange_NotTheConsumer(address caller, address consumer);

    /// @notice Only the custodian can do this.
    /// @param caller Who called.
    /// @param custodian The terms' custodian.
    error DataExchange_NotTheCustodian(address caller, address custodian);

    /// @notice A consumer cannot buy from itself.
    /// @param account The account named as consumer and as custodian.
    error DataExchange_ConsumerIsCustodian(address account);

    /// @notice A window is shorter or longer than the contract allows.
    /// @param window Which window.
    /// @param length Its length in seconds.
    /// @param minimum The shortest allowed, in seconds.
    /// @param maximum The longest allowed, in seconds.
    error DataExchange_WindowOutOfRange(Window window, uint256 length, uint256 minimum, uint256 maximum);

    /// @notice A deposit is zero: without both, honest play is not each side's best answer.
    /// @param deposit Which deposit.
    error DataExchange_ZeroDeposit(Deposit deposit);

    /// @notice The fee or a deposit is out of range.
    /// @param amount Wei.
    /// @param maximum {MAX_AMOUNT} in wei.
    error DataExchange_AmountTooLarge(uint256 amount, uint256 maximum);

    /// @notice An offer's reward is out of range.
    /// @param index Position in the batch, from 0.
    /// @param reward Wei.
    /// @param maximum {MAX_AMOUNT} in wei.
    error DataExchange_RewardTooLarge(uint256 index, uint256 reward, uint256 maximum);

    /// @notice The offer is not for this consent: the consent of the offer's customer, consumer, custodian and
    /// reward and of the scope passed has another id than the one that the offer names.
    /// @param index Position in the batch, from 0.
    /// @param offered The consent's id in the offer.
    /// @param computed The id that the fields give.
    error DataExchange_OfferNotForConsent(uint256 index, bytes32 offered, bytes32 computed);

    /// @notice The signature is not the custodian's.
    /// @param index Position in the batch, from 0.
    /// @param exchangeId The digest that had to be signed.
    /// @param custodian Who had to sign it.
    error DataExchange_InvalidOffer(uint256 index, bytes32 exchangeId, address custodian);

    /// @notice The offer was opened before, or its custodian voided it.
    /// @param exchangeId The exchange.
    /// @param state Where it stands.
    error DataExchange_OfferUsed(bytes32 exchangeId, State state);

    /// @notice The offer is no longer valid; ask the custodian for a new one.
    /// @param validUntil The offer's last second.
    /// @param timestamp The second of the block that executes the call.
    error DataExchange_OfferExpired(uint64 validUntil, uint256 timestamp);

    /// @notice The consent was never granted.
    /// @param consentId The consent.
    error DataExchange_ConsentUnknown(bytes32 consentId);

    /// @notice The consent is not active any more.
    /// @param consentId The consent.
    /// @param endedAt The first second in which it was not active.
    error DataExchange_ConsentEnded(bytes32 consentId, uint64 endedAt);

    /// @notice The consent would end before the custodian has to deliver.
    /// @param validUntil The consent's last second.
    /// @param deliverBy The deliver window's last second.
    error DataExchange_ConsentEndsTooSoon(uint64 validUntil, uint64 deliverBy);

    /// @notice The exchange's state does not allow this. State None: it was never opened, or a field of the
    /// offer that was passed differs from the one that was.
    /// @param exchangeId The exchange.
    /// @param state Where it stands.
    error DataExchange_WrongState(bytes32 exchangeId, State state);

    /// @notice The window that has to be over is still running.
    /// @param exchangeId The exchange.
    /// @param deadline The window's last second.
    /// @param timestamp The second of the block that executes the call.
    error DataExchange_TooEarly(bytes32 exchangeId, uint64 deadline, uint256 timestamp);

    /// @notice The window for this is over.
    /// @param exchangeId The exchange.
    /// @param deadline The window's last second.
    /// @param timestamp The second of the block that executes the call.
    error DataExchange_TooLate(bytes32 exchangeId, uint64 deadline, uint256 timestamp);

    /// @notice The consent ended too long ago to deliver.
    /// @param consentId The consent.
    /// @param graceUntil The last second in which it could still be delivered.
    /// @param timestamp The second of the block that executes the call.
    error DataExchange_GraceOver(bytes32 consentId, uint64 graceUntil, uint256 timestamp);

    /// @notice The custodian can still deliver; only itself can abort before the grace is over.
    /// @param consentId The consent.
    /// @param graceUntil The last second of the grace.
    /// @param timestamp The second of the block that executes the call.
    error DataExchange_GraceNotOver(bytes32 consentId, uint64 graceUntil, uint256 timestamp);

    /// @notice The consent is active, so the exchange cannot be aborted.
    /// @param consentId The consent.
    error DataExchange_ConsentActive(bytes32 consentId);

    /// @notice This is not the wrapped key that was delivered.
    /// @param exchangeId The exchange.
    /// @param wrappedKey The one in the proof.
    error DataExchange_WrongWrappedKey(bytes32 exchangeId, bytes32 wrappedKey);

    /// @notice This is not the pad of the offer.
    /// @param exchangeId The exchange.
    /// @param padHash SHA-256 of the pad in the proof.
    error DataExchange_WrongPad(bytes32 exchangeId, bytes32 padHash);

    /// @notice The key is right, and the proof names no chunk.
    /// @param exchangeId The exchange.
    error DataExchange_KeyIsRight(bytes32 exchangeId);

    /// @notice A chunk of ciphertext is never that long.
    /// @param length Bytes in the proof.
    /// @param maximum {CHUNK_SIZE} in bytes.
    error DataExchange_ChunkTooLong(uint256 length, uint256 maximum);

    /// @notice No item has a chunk at this position: ChaCha20 has 32 bits to count its blocks.
    /// @param index The position in the proof.
    /// @param maximum {MAX_CHUNK_INDEX}.
    error DataExchange_ChunkIndexTooLarge(uint256 index, uint256 maximum);

    /// @notice The chunk of the proof is not part of the offer's item.
    /// @param index The position in the proof.
    /// @param computedRoot Where the path leads.
    /// @param itemRoot Where it should lead.
    error DataExchange_ChunkNotInItem(uint32 index, bytes32 computedRoot, bytes32 itemRoot);

    /// @notice The chunk decrypts to exactly what its data leaf commits to.
    /// @param exchangeId The exchange.
    /// @param index The chunk's position.
    error DataExchange_ChunkIsRight(bytes32 exchangeId, uint32 index);

    /// @notice The registry that is asked about consents.
    /// @return Its address.
    function CONSENT_REGISTRY() external view returns (IConsentRegistry);

    /// @notice How long after the end of a consent a delivery that was on its way still counts.
    /// @return Seconds.
    function GRACE() external view returns (uint256);

    /// @notice The shortest deliver and respond window.
    /// @return Seconds.
    function MIN_WINDOW() external view returns (uint256);

    /// @notice The longest deliver window.
    /// @return Seconds.
    function MAX_DELIVER_WINDOW() external view returns (uint256);

    /// @notice The longest respond window.
    /// @return Seconds.
    function MAX_RESPOND_WINDOW() external view returns (uint256);

    /// @notice The largest fee, reward and deposit, so that no sum overflows.
    /// @return Wei.
    function MAX_AMOUNT() external view returns (uint256);

    /// @notice The length of every ciphertext chunk but the last.
    /// @return Bytes.
    function CHUNK_SIZE() external view returns (uint256);

    /// @notice The last position that a chunk can have.
    /// @return Position, from 0.
    function MAX_CHUNK_INDEX() external view returns (uint256);

    /// @notice An exchange's id: the EIP-712 digest that the custodian signs.
    /// @param offer The offer.
    /// @return The id (32 bytes).
    function offerDigest(Offer calldata offer) external view returns (bytes32);

    /// @notice As {offerDigest}, from the shape that most calls take.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    /// @return The id (32 bytes).
    function exchangeId(Terms calldata terms, Sale calldata sale) external view returns (bytes32);

    /// @notice The EIP-712 struct hash of a sealing, which stands for it in a {Sale}.
    /// @param sealing The sealing.
    /// @return The hash (32 bytes).
    function sealingHash(Sealing calldata sealing) external pure returns (bytes32);

    /// @notice Where an exchange stands.
    /// @param id The exchange's id.
    /// @return state Its state; None if it was never opened nor voided.
    /// @return deadline The last second of the window that runs in this state; 0 where none runs.
    function stateOf(bytes32 id) external view returns (State state, uint64 deadline);

    /// @notice An account's standing balance.
    /// @param account The account.
    /// @return Wei.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Adds the value sent to the caller's standing balance.
    function fund() external payable;

    /// @notice Sends part of the caller's standing balance to an account of its choice.
    /// @dev All remaining gas is forwarded: the owner chose the receiver. Reverts if the receiver refuses.
    /// @param to The account that receives the ether.
    /// @param amount Wei to send.
    function withdraw(address to, uint256 amount) external;

    /// @notice The consumer opens an exchange. The value sent counts first; the standing balance pays the rest,
    /// or takes what was sent too much.
    /// @param scope The rest of the customer's consent.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    /// @param signature The custodian's signature over {offerDigest}: ECDSA (65 bytes) or ERC-1271.
    function open(
        Scope calldata scope,
        Terms calldata terms,
        Sale calldata sale,
        bytes calldata signature
    ) external payable;

    /// @notice The consumer opens exchanges that share their terms. Refused whole is a batch with a malformed
    /// member; skipped is a member that can no longer be opened: used, voided or repeated, expired, consent
    /// unknown, ended or ending too soon, custodian's balance too low.
    /// @param scopes The rest of each consent.
    /// @param terms The terms of all offers.
    /// @param sales The rest of each offer.
    /// @param signatures The custodian's signatures.
    function openMany(
        Scope[] calldata scopes,
        Terms calldata terms,
        Sale[] calldata sales,
        bytes[] calldata signatures
    ) external payable;

    /// @notice The custodian delivers the key, hidden under the pad.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    /// @param wrappedKey K xor pad.
    function deliver(Terms calldata terms, Sale calldata sale, bytes32 wrappedKey) external;

    /// @notice The custodian delivers the keys of exchanges that share their terms. Skipped is a member that is
    /// not open (any more), whose deliver window is over, or whose consent ended more than GRACE ago.
    /// @dev Warning: the keys are disclosed also if the transaction fails. Simulate first.
    /// @param terms The terms of all offers.
    /// @param sales The rest of each offer.
    /// @param wrappedKeys K xor pad of each.
    function deliverMany(Terms calldata terms, Sale[] calldata sales, bytes32[] calldata wrappedKeys) external;

    /// @notice The consumer has what it bought.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    function confirm(Terms calldata terms, Sale calldata sale) external;

    /// @notice The consumer has what it bought in exchanges that share their terms. Skipped is a member that is
    /// not delivered or closed already, or whose respond window is over.
    /// @param terms The terms of all offers.
    /// @param sales The rest of each offer.
    function confirmMany(Terms calldata terms, Sale[] calldata sales) external;

    /// @notice Settles a sale after a respond window in which the consumer kept silent.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    function settle(Terms calldata terms, Sale calldata sale) external;

    /// @notice The custodian admits a fault, without anything being published about the item.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    function concede(Terms calldata terms, Sale calldata sale) external;

    /// @notice The consumer proves that the key is wrong, or one chunk. A proof that shows no fault reverts.
    /// @dev Warning: whoever holds the item can read it once the pad is published here, if the key is right.
    /// Ask the custodian to concede first.
    /// @param offer The offer.
    /// @param proof What shows the fault.
    function proveFault(Offer calldata offer, FaultProof calldata proof) external;

    /// @notice Undoes an exchange whose consent ended before the delivery.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    function abort(Terms calldata terms, Sale calldata sale) external;

    /// @notice Closes an exchange whose deliver window passed without a delivery.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    function cancel(Terms calldata terms, Sale calldata sale) external;

    /// @notice The custodian withdraws an offer that was not opened yet.
    /// @param terms The offer's terms.
    /// @param sale The rest of the offer.
    function voidOffer(Terms calldata terms, Sale calldata sale) external;
}
