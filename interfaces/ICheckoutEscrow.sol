// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPayouts} from "./IPayouts.sol";

/// @title Escrow for carts over several sellers
/// @notice A buyer pays a cart of orders, one per seller, in one transaction in ether. Each order is held until
/// the buyer confirms, the seller refunds, both settle, an arbiter rules or a deadline decides; every state has
/// a timed way out.
///
/// | call | who | when | effect |
/// |---|---|---|---|
/// | checkout | buyer | quotes valid, value exact, digests unused | Funded |
/// | ship | seller | Funded, inside the ship window | Shipped |
/// | confirm | buyer | Funded, Shipped or Disputed | Completed: the seller is paid |
/// | refund | seller in any live state; anyone after the ship window of a Funded order | Refunded: the buyer is paid |
/// | claim | anyone | Shipped, after the confirm window | Completed: the seller is paid |
/// | dispute | buyer | Shipped, inside the confirm window | Disputed |
/// | rule | arbiter | Disputed, inside the arbitration window | Resolved: split |
/// | settle | buyer or seller, with the other's signature | any live state | Resolved: split |
/// | lapse | anyone | Disputed, after the arbitration window | Resolved: equal split, the odd wei to the buyer |
///
/// @dev Amounts are wei, times seconds since 1970 (UTC). A deadline's second still belongs to its window; the
/// next step becomes possible one second later. `confirm`, the seller's `refund` and `settle` only give up
/// claims of those who agree, so they have no deadline. The contract stores one slot per order; callers pass
/// the order again and the contract hashes it. A view call authenticates nobody.
interface ICheckoutEscrow is IPayouts {
    /// @notice Where an order stands. Funded, Shipped and Disputed are live: the contract holds the amount.
    /// The states after them are final.
    enum State {
        None,
        Funded,
        Shipped,
        Disputed,
        Completed,
        Refunded,
        Resolved,
        Voided
    }

    /// @notice The three windows of an order.
    enum Window {
        Ship,
        Confirm,
        Arbitration
    }

    /// @notice What resolved an order.
    enum Resolution {
        Ruling,
        Settlement,
        Lapse
    }

    /// @notice A seller's quote, which it signs. Its EIP-712 digest is the order's id.
    /// @param seller The account that is paid; it signs the order.
    /// @param buyer The only account that can pay the order.
    /// @param arbiter Rules if the buyer disputes: neither zero nor one of the two parties.
    /// @param amount Wei held in escrow, at most {MAX_AMOUNT}.
    /// @param orderHash Salted SHA-256 commitment to the order document.
    /// @param validUntil The quote's last second.
    /// @param shipWithin Seconds from checkout in which the seller can ship.
    /// @param confirmWithin Seconds from shipping in which the buyer can dispute; afterwards anyone can claim
    /// for the seller.
    /// @param arbitrationWithin Seconds from the dispute in which the arbiter can rule.
    /// @param salt Tells equal orders apart; not the document's salt.
    struct Order {
        address seller;
        address buyer;
        address arbiter;
        uint256 amount;
        bytes32 orderHash;
        uint64 validUntil;
        uint32 shipWithin;
        uint32 confirmWithin;
        uint32 arbitrationWithin;
        uint256 salt;
    }

    /// @notice One party's agreement to a split, which the other party submits.
    /// @param orderId The order.
    /// @param buyerAmount Wei for the buyer; the seller receives the rest of the order's amount.
    /// @param validUntil The last second in which the paper may be submitted.
    struct Settlement {
        bytes32 orderId;
        uint256 buyerAmount;
        uint64 validUntil;
    }

    /// @notice An order was paid.
    /// @param orderId The order.
    /// @param buyer Who paid.
    /// @param seller Who will be paid.
    /// @param amount Wei held.
    /// @param orderHash Salted commitment to the order document.
    /// @param shipBy The ship window's last second.
    event Funded(
        bytes32 indexed orderId,
        address indexed buyer,
        address indexed seller,
        uint256 amount,
        bytes32 orderHash,
        uint64 shipBy
    );

    /// @notice The seller shipped.
    /// @param orderId The order.
    /// @param confirmBy The last second in which the buyer can dispute; the seller can be paid from the next on.
    event Shipped(bytes32 indexed orderId, uint64 confirmBy);

    /// @notice The buyer disputes.
    /// @param orderId The order.
    /// @param arbiter Who is called to rule.
    /// @param evidenceHash Salted commitment to the evidence.
    /// @param ruleBy The last second in which the arbiter can rule; anyone can let it lapse from the next on.
    event Disputed(bytes32 indexed orderId, address indexed arbiter, bytes32 evidenceHash, uint64 ruleBy);

    /// @notice The seller is paid in full.
    /// @param orderId The order.
    /// @param sellerAmount Wei for the seller.
    event Completed(bytes32 indexed orderId, uint256 sellerAmount);

    /// @notice The buyer is paid back in full.
    /// @param orderId The order.
    /// @param buyerAmount Wei for the buyer.
    event Refunded(bytes32 indexed orderId, uint256 buyerAmount);

    /// @notice The amount is split.
    /// @param orderId The order.
    /// @param how What decided the split.
    /// @param buyerAmount Wei for the buyer.
    /// @param sellerAmount Wei for the seller.
    event Resolved(bytes32 indexed orderId, Resolution how, uint256 buyerAmount, uint256 sellerAmount);

    /// @notice The seller withdrew a quote before it was used.
    /// @param orderId The order that can never be paid now.
    /// @param seller The seller.
    event OrderVoided(bytes32 indexed orderId, address indexed seller);

    /// @notice A party withdrew a settlement that it may have signed.
    /// @param orderId The order that the settlement names.
    /// @param party Who withdrew it.
    /// @param digest The settlement's EIP-712 digest.
    event SettlementVoided(bytes32 indexed orderId, address indexed party, bytes32 digest);

    /// @notice The cart holds no order.
    error CheckoutEscrow_EmptyCart();

    /// @notice Every order needs exactly one signature.
    /// @param orders Number of orders in the cart.
    /// @param signatures Number of signatures in the cart.
    error CheckoutEscrow_UnequalLists(uint256 orders, uint256 signatures);

    /// @notice The order is made out to another buyer.
    /// @param index Position of the order in the cart, from 0.
    /// @param caller Who called.
    /// @param buyer Who may pay this order.
    error CheckoutEscrow_NotTheOrdersBuyer(uint256 index, address caller, address buyer);

    /// @notice The order names no seller.
    /// @param index Position of the order in the cart, from 0.
    error CheckoutEscrow_ZeroSeller(uint256 index);

    /// @notice The order names no arbiter.
    /// @param index Position of the order in the cart, from 0.
    error CheckoutEscrow_ZeroArbiter(uint256 index);

    /// @notice Nobody can buy from itself.
    /// @param index Position of the order in the cart, from 0.
    /// @param account The account named as buyer and as seller.
    error CheckoutEscrow_SellerIsBuyer(uint256 index, address account);

    /// @notice Nobody can rule on its own order.
    /// @param index Position of the order in the cart, from 0.
    /// @param arbiter The account named as arbiter and as a party.
    error CheckoutEscrow_ArbiterIsParty(uint256 index, address arbiter);

    /// @notice The order's amount is out of range.
    /// @param index Position of the order in the cart, from 0.
    /// @param amount The order's amount in wei.
    /// @param maximum {MAX_AMOUNT} in wei.
    error CheckoutEscrow_AmountTooLarge(uint256 index, uint256 amount, uint256 maximum);

    /// @notice A window of the order is shorter or longer than the contract allows.
    /// @param index Position of the order in the cart, from 0.
    /// @param window Which window.
    /// @param length Its length in seconds.
    /// @param minimum {MIN_WINDOW} in seconds.
    /// @param maximum {MAX_WINDOW} in seconds.
    error CheckoutEscrow_WindowOutOfRange(
        uint256 index, Window window, uint256 length, uint256 minimum, uint256 maximum
    );

    /// @notice The quote is no longer valid; ask the seller for a new one.
    /// @param index Position of the order in the cart, from 0.
    /// @param validUntil The quote's last second.
    /// @param timestamp The second of the block that executes the call.
    error CheckoutEscrow_QuoteExpired(uint256 index, uint64 validUntil, uint256 timestamp);

    /// @notice The order was paid before, or its seller voided it.
    /// @param index Position of the order in the cart, from 0.
    /// @param orderId The order.
    /// @param state Where it stands.
    error CheckoutEscrow_OrderUsed(uint256 index, bytes32 orderId, State state);

    /// @notice The signature is not the seller's.
    /// @param index Position of the order in the cart, from 0.
    /// @param orderId The digest that had to be signed.
    /// @param seller Who had to sign it.
    error CheckoutEscrow_InvalidQuote(uint256 index, bytes32 orderId, address seller);

    /// @notice The value sent is not the sum of the cart's amounts.
    /// @param sent Wei sent.
    /// @param required Wei required.
    error CheckoutEscrow_WrongValue(uint256 sent, uint256 required);

    /// @notice Only the seller can do this.
    /// @param caller Who called.
    /// @param seller The order's seller.
    error CheckoutEscrow_NotTheSeller(address caller, address seller);

    /// @notice Only the buyer can do this.
    /// @param caller Who called.
    /// @param buyer The order's buyer.
    error CheckoutEscrow_NotTheBuyer(address caller, address buyer);

    /// @notice Only the arbiter can do this.
    /// @param caller Who called.
    /// @param arbiter The order's arbiter.
    error CheckoutEscrow_NotTheArbiter(address caller, address arbiter);

    /// @notice Only the order's buyer or seller can do this.
    /// @param caller Who called.
    /// @param orderId The order.
    error CheckoutEscrow_NotAParty(address caller, bytes32 orderId);

    /// @notice The order's state does not allow this. State None: the order was never paid, or a field of the
    /// order that was passed differs from the one that was.
    /// @param orderId The order.
    /// @param state Where it stands.
    error CheckoutEscrow_WrongState(bytes32 orderId, State state);

    /// @notice The window that has to be over is still running.
    /// @param orderId The order.
    /// @param deadline The window's last second.
    /// @param timestamp The second of the block that executes the call.
    error CheckoutEscrow_TooEarly(bytes32 orderId, uint64 deadline, uint256 timestamp);

    /// @notice The window for this is over.
    /// @param orderId The order.
    /// @param deadline The window's last second.
    /// @param timestamp The second of the block that executes the call.
    error CheckoutEscrow_TooLate(bytes32 orderId, uint64 deadline, uint256 timestamp);

    /// @notice The buyer cannot receive more than the order holds.
    /// @param orderId The order.
    /// @param buyerAmount Wei asked for the buyer.
    /// @param amount Wei that the order holds.
    error CheckoutEscrow_SplitTooLarge(bytes32 orderId, uint256 buyerAmount, uint256 amount);

    /// @notice The settlement is about another order.
    /// @param orderId The order that was passed.
    /// @param settled The order that the settlement names.
    error CheckoutEscrow_OtherOrder(bytes32 orderId, bytes32 settled);

    /// @notice The settlement can no longer be submitted.
    /// @param orderId The order.
    /// @param validUntil The settlement's last second.
    /// @param timestamp The second of the block that executes the call.
    error CheckoutEscrow_SettlementExpired(bytes32 orderId, uint64 validUntil, uint256 timestamp);

    /// @notice The party voided this settlement.
    /// @param party Who voided it.
    /// @param digest The settlement's EIP-712 digest.
    error CheckoutEscrow_SettlementVoid(address party, bytes32 digest);

    /// @notice The signature is not the other party's.
    /// @param digest The digest that had to be signed.
    /// @param party Who had to sign it.
    error CheckoutEscrow_InvalidSettlement(bytes32 digest, address party);

    /// @notice The shortest window that an order may have.
    /// @return Seconds.
    function MIN_WINDOW() external view returns (uint256);

    /// @notice The longest window that an order may have.
    /// @return Seconds.
    function MAX_WINDOW() external view returns (uint256);

    /// @notice The largest amount that an order may have, so that no sum of a cart overflows.
    /// @return Wei.
    function MAX_AMOUNT() external view returns (uint256);

    /// @notice An order's id: the EIP-712 digest that its seller signs.
    /// @param order The order.
    /// @return The id (32 bytes).
    function orderId(Order calldata order) external view returns (bytes32);

    /// @notice The EIP-712 digest that a party of a settlement signs.
    /// @param settlement The settlement.
    /// @return The digest (32 bytes).
    function settlementDigest(Settlement calldata settlement) external view returns (bytes32);

    /// @notice Where an order stands.
    /// @param id The order's id.
    /// @return state Its state; None if it was never paid nor voided.
    /// @return deadline The last second of the window that runs in this state; 0 where none runs.
    function stateOf(bytes32 id) external view returns (State state, uint64 deadline);

    /// @notice Whether a party voided a settlement.
    /// @param party The party.
    /// @param digest The settlement's EIP-712 digest.
    /// @return True if no settlement with this digest can be used against this party.
    function isSettlementVoid(address party, bytes32 digest) external view returns (bool);

    /// @notice Pays a cart. Either every order is funded or none.
    /// @param orders The orders, each made out to the caller; the value sent is exactly their sum.
    /// @param signatures The sellers' signatures over {orderId}, in the same order: ECDSA (65 bytes) or ERC-1271.
    function checkout(Order[] calldata orders, bytes[] calldata signatures) external payable;

    /// @notice The seller says that it shipped; the confirm window starts.
    /// @param order The order.
    function ship(Order calldata order) external;

    /// @notice The buyer releases the whole amount to the seller. Has no deadline.
    /// @param order The order.
    function confirm(Order calldata order) external;

    /// @notice The seller returns the whole amount to the buyer, without a deadline. Once the ship window is over
    /// and nothing was shipped, anyone can have it returned.
    /// @param order The order.
    function refund(Order calldata order) external;

    /// @notice Pays the seller after a confirm window that passed without a dispute.
    /// @param order The order.
    function claim(Order calldata order) external;

    /// @notice The buyer calls the arbiter; the arbitration window starts.
    /// @param order The order.
    /// @param evidenceHash Salted SHA-256 commitment to the evidence, which the parties hand to the arbiter.
    function dispute(Order calldata order, bytes32 evidenceHash) external;

    /// @notice The arbiter splits the amount.
    /// @param order The order.
    /// @param buyerAmount Wei for the buyer; the rest is the seller's.
    function rule(Order calldata order, uint256 buyerAmount) external;

    /// @notice Splits the amount as both parties agree: one calls, the other signed. Has no deadline of its own.
    /// @dev A buyer without gas releases by signing a settlement of zero, which the seller submits.
    /// @param order The order.
    /// @param settlement The split.
    /// @param signature The other party's signature over {settlementDigest}: ECDSA (65 bytes) or ERC-1271.
    function settle(Order calldata order, Settlement calldata settlement, bytes calldata signature) external;

    /// @notice Splits the amount equally after an arbitration window without a ruling; the odd wei is the buyer's.
    /// @param order The order.
    function lapse(Order calldata order) external;

    /// @notice The seller withdraws a quote that was not paid yet.
    /// @param order The order.
    function voidOrder(Order calldata order) external;

    /// @notice The caller withdraws a settlement that it signed or may have signed. It concerns only papers signed
    /// by the caller, so it needs no proof that there is one.
    /// @param settlement The settlement.
    function voidSettlement(Settlement calldata settlement) external;
}
