// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICheckoutEscrow} from "../interfaces/ICheckoutEscrow.sol";
import {Payouts} from "./Payouts.sol";
import {Papers} from "./libraries/Papers.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title CheckoutEscrow
/// @dev Each call reads: checks, effects, event, payment. Everything that changes state refuses to be entered
/// while a payment is being pushed; only what pushes payments needs the full guard, the rest just looks whether it
/// is set. No owner, no upgrade, no pause; ether enters by {checkout} only.
contract CheckoutEscrow is Payouts, ICheckoutEscrow {
    using Papers for Order;
    using Papers for Settlement;

    /* CONSTANTS */

    /// @inheritdoc ICheckoutEscrow
    uint256 public constant MIN_WINDOW = 1 hours;

    /// @inheritdoc ICheckoutEscrow
    uint256 public constant MAX_WINDOW = 180 days;

    /// @inheritdoc ICheckoutEscrow
    uint256 public constant MAX_AMOUNT = type(uint128).max;

    /* STORAGE */

    /// @dev All that is stored of an order, as the id commits to the rest: its state in the lowest 8 bits, above
    /// them the last second of the window that runs, 0 where none does. Written and read whole.
    mapping(bytes32 id => uint256 packed) private _slots;

    mapping(address party => mapping(bytes32 digest => bool)) private _voidSettlements;

    /* VIEWS */

    /// @inheritdoc ICheckoutEscrow
    function orderId(Order calldata order) external view returns (bytes32) {
        return _orderId(order);
    }

    /// @inheritdoc ICheckoutEscrow
    function settlementDigest(Settlement calldata settlement) external view returns (bytes32) {
        return _hashTypedDataV4(settlement.hash());
    }

    /// @inheritdoc ICheckoutEscrow
    function stateOf(bytes32 id) external view returns (State state, uint64 deadline) {
        return _load(id);
    }

    /// @inheritdoc ICheckoutEscrow
    function isSettlementVoid(address party, bytes32 digest) external view returns (bool) {
        return _voidSettlements[party][digest];
    }

    /* CHECKOUT */

    /// @inheritdoc ICheckoutEscrow
    function checkout(Order[] calldata orders, bytes[] calldata signatures)
        external
        payable
        nonReentrantView
    {
        uint256 count = orders.length;
        if (count == 0) revert CheckoutEscrow_EmptyCart();
        if (count != signatures.length) revert CheckoutEscrow_UnequalLists(count, signatures.length);

        uint256 required;
        for (uint256 i; i < count; ++i) {
            // Cannot overflow: each amount is below 2**128, and no transaction holds 2**128 orders.
            unchecked {
                required += _fund(i, orders[i], signatures[i]);
            }
        }
        if (msg.value != required) revert CheckoutEscrow_WrongValue(msg.value, required);
    }

    /// @dev Returns the order's amount in wei.
    function _fund(uint256 index, Order calldata order, bytes calldata signature) private returns (uint256 amount) {
        address seller = order.seller;
        address buyer = order.buyer;
        address arbiter = order.arbiter;
        amount = order.amount;
        if (msg.sender != buyer) revert CheckoutEscrow_NotTheOrdersBuyer(index, msg.sender, buyer);
        if (seller == address(0)) revert CheckoutEscrow_ZeroSeller(index);
        if (arbiter == address(0)) revert CheckoutEscrow_ZeroArbiter(index);
        if (seller == buyer) revert CheckoutEscrow_SellerIsBuyer(index, seller);
        if (arbiter == buyer || arbiter == seller) revert CheckoutEscrow_ArbiterIsParty(index, arbiter);
        if (amount > MAX_AMOUNT) revert CheckoutEscrow_AmountTooLarge(index, amount, MAX_AMOUNT);
        uint32 shipWithin = order.shipWithin;
        _requireWindow(index, Window.Ship, shipWithin);
        _requireWindow(index, Window.Confirm, order.confirmWithin);
        _requireWindow(index, Window.Arbitration, order.arbitrationWithin);
        uint64 validUntil = order.validUntil;
        if (block.timestamp > validUntil) revert CheckoutEscrow_QuoteExpired(index, validUntil, block.timestamp);
        bytes32 id = _orderId(order);
        _requireUnused(index, id);
        if (!Signatures.isValid(seller, id, signature)) revert CheckoutEscrow_InvalidQuote(index, id, seller);

        uint64 shipBy = _deadline(shipWithin);
        _store(id, State.Funded, shipBy);

        emit Funded(id, buyer, seller, amount, order.orderHash, shipBy);
    }

    /// @inheritdoc ICheckoutEscrow
    function voidOrder(Order calldata order) external nonReentrantView {
        _requireSeller(order);
        bytes32 id = _orderId(order);
        _requireState(id, State.None);

        _store(id, State.Voided, 0);

        emit OrderVoided(id, msg.sender);
    }

    /* FULFILMENT */

    /// @inheritdoc ICheckoutEscrow
    function ship(Order calldata order) external nonReentrantView {
        _requireSeller(order);
        bytes32 id = _orderId(order);
        _requireBefore(id, _requireState(id, State.Funded));

        uint64 confirmBy = _deadline(order.confirmWithin);
        _store(id, State.Shipped, confirmBy);

        emit Shipped(id, confirmBy);
    }

    /// @inheritdoc ICheckoutEscrow
    function confirm(Order calldata order) external nonReentrant {
        _requireBuyer(order);
        bytes32 id = _orderId(order);
        _requireLive(id);

        _complete(id, order);
    }

    /// @inheritdoc ICheckoutEscrow
    function claim(Order calldata order) external nonReentrant {
        bytes32 id = _orderId(order);
        _requireAfter(id, _requireState(id, State.Shipped));

        _complete(id, order);
    }

    /// @inheritdoc ICheckoutEscrow
    function refund(Order calldata order) external nonReentrant {
        bytes32 id = _orderId(order);
        if (msg.sender == order.seller) _requireLive(id);
        else _requireAfter(id, _requireState(id, State.Funded));

        _store(id, State.Refunded, 0);

        emit Refunded(id, order.amount);

        _pay(order.buyer, order.amount);
    }

    function _complete(bytes32 id, Order calldata order) private {
        _store(id, State.Completed, 0);

        emit Completed(id, order.amount);

        _pay(order.seller, order.amount);
    }

    /* DISPUTE AND SETTLEMENT */

    /// @inheritdoc ICheckoutEscrow
    function dispute(Order calldata order, bytes32 evidenceHash) external nonReentrantView {
        _requireBuyer(order);
        bytes32 id = _orderId(order);
        _requireBefore(id, _requireState(id, State.Shipped));

        uint64 ruleBy = _deadline(order.arbitrationWithin);
        _store(id, State.Disputed, ruleBy);

        emit Disputed(id, order.arbiter, evidenceHash, ruleBy);
    }

    /// @inheritdoc ICheckoutEscrow
    function rule(Order calldata order, uint256 buyerAmount) external nonReentrant {
        if (msg.sender != order.arbiter) revert CheckoutEscrow_NotTheArbiter(msg.sender, order.arbiter);
        bytes32 id = _orderId(order);
        _requireBefore(id, _requireState(id, State.Disputed));
        _requireSplit(id, buyerAmount, order.amount);

        _resolve(id, order, Resolution.Ruling, buyerAmount);
    }

    /// @inheritdoc ICheckoutEscrow
    function settle(Order calldata order, Settlement calldata settlement, bytes calldata signature)
        external
        nonReentrant
    {
        bytes32 id = _orderId(order);
        uint256 buyerAmount = settlement.buyerAmount;
        address other = _otherParty(id, order);
        _requireLive(id);
        if (settlement.orderId != id) revert CheckoutEscrow_OtherOrder(id, settlement.orderId);
        uint64 validUntil = settlement.validUntil;
        if (block.timestamp > validUntil) {
            revert CheckoutEscrow_SettlementExpired(id, validUntil, block.timestamp);
        }
        _requireSplit(id, buyerAmount, order.amount);
        bytes32 digest = _hashTypedDataV4(settlement.hash());
        if (_voidSettlements[other][digest]) revert CheckoutEscrow_SettlementVoid(other, digest);
        if (!Signatures.isValid(other, digest, signature)) revert CheckoutEscrow_InvalidSettlement(digest, other);

        // No need to mark the settlement as used: the order's state is final now.
        _resolve(id, order, Resolution.Settlement, buyerAmount);
    }

    /// @inheritdoc ICheckoutEscrow
    function lapse(Order calldata order) external nonReentrant {
        bytes32 id = _orderId(order);
        _requireAfter(id, _requireState(id, State.Disputed));

        _resolve(id, order, Resolution.Lapse, order.amount - order.amount / 2);
    }

    /// @inheritdoc ICheckoutEscrow
    function voidSettlement(Settlement calldata settlement) external nonReentrantView {
        bytes32 digest = _hashTypedDataV4(settlement.hash());
        if (_voidSettlements[msg.sender][digest]) revert CheckoutEscrow_SettlementVoid(msg.sender, digest);

        _voidSettlements[msg.sender][digest] = true;

        emit SettlementVoided(settlement.orderId, msg.sender, digest);
    }

    /// @dev `buyerAmount` is at most the order's amount: callers checked or computed it.
    function _resolve(bytes32 id, Order calldata order, Resolution how, uint256 buyerAmount) private {
        uint256 sellerAmount = order.amount - buyerAmount;
        _store(id, State.Resolved, 0);

        emit Resolved(id, how, buyerAmount, sellerAmount);

        _pay(order.buyer, buyerAmount);
        _pay(order.seller, sellerAmount);
    }

    /* SLOTS */

    function _load(bytes32 id) private view returns (State state, uint64 deadline) {
        uint256 packed = _slots[id];
        // Fits: only {_store} writes a slot.
        return (State(uint8(packed)), uint64(packed >> 8));
    }

    function _store(bytes32 id, State state, uint64 deadline) private {
        _slots[id] = (uint256(deadline) << 8) | uint256(state);
    }

    /* CHECKS */

    function _orderId(Order calldata order) private view returns (bytes32) {
        return _hashTypedDataV4(order.hash());
    }

    /// @dev The last second of a window that starts now.
    function _deadline(uint32 window) private view returns (uint64) {
        return uint64(block.timestamp) + window;
    }

    function _requireUnused(uint256 index, bytes32 id) private view {
        if (_slots[id] != 0) {
            (State state,) = _load(id);
            revert CheckoutEscrow_OrderUsed(index, id, state);
        }
    }

    function _requireWindow(uint256 index, Window window, uint256 length) private pure {
        if (length < MIN_WINDOW || length > MAX_WINDOW) {
            revert CheckoutEscrow_WindowOutOfRange(index, window, length, MIN_WINDOW, MAX_WINDOW);
        }
    }

    function _requireSeller(Order calldata order) private view {
        if (msg.sender != order.seller) revert CheckoutEscrow_NotTheSeller(msg.sender, order.seller);
    }

    function _requireBuyer(Order calldata order) private view {
        if (msg.sender != order.buyer) revert CheckoutEscrow_NotTheBuyer(msg.sender, order.buyer);
    }

    /// @dev Returns the party that is not the caller. They differ: {checkout} refuses a seller that buys.
    function _otherParty(bytes32 id, Order calldata order) private view returns (address) {
        if (msg.sender == order.buyer) return order.seller;
        if (msg.sender == order.seller) return order.buyer;
        revert CheckoutEscrow_NotAParty(msg.sender, id);
    }

    function _requireState(bytes32 id, State required) private view returns (uint64 deadline) {
        State state;
        (state, deadline) = _load(id);
        if (state != required) revert CheckoutEscrow_WrongState(id, state);
    }

    function _requireLive(bytes32 id) private view {
        (State state,) = _load(id);
        if (state != State.Funded && state != State.Shipped && state != State.Disputed) {
            revert CheckoutEscrow_WrongState(id, state);
        }
    }

    function _requireBefore(bytes32 id, uint64 deadline) private view {
        if (block.timestamp > deadline) revert CheckoutEscrow_TooLate(id, deadline, block.timestamp);
    }

    function _requireAfter(bytes32 id, uint64 deadline) private view {
        if (block.timestamp <= deadline) revert CheckoutEscrow_TooEarly(id, deadline, block.timestamp);
    }

    function _requireSplit(bytes32 id, uint256 buyerAmount, uint256 amount) private pure {
        if (buyerAmount > amount) revert CheckoutEscrow_SplitTooLarge(id, buyerAmount, amount);
    }
}
