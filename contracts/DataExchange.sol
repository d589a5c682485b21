// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {IDataExchange} from "../interfaces/IDataExchange.sol";
import {StandingBalances} from "./StandingBalances.sol";
import {FaultProofs} from "./libraries/FaultProofs.sol";
import {Papers} from "./libraries/Papers.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title DataExchange
/// @dev No owner, no upgrade, no pause. Everything that changes state refuses to be entered while a payment is
/// being pushed; only what pushes payments needs the full guard, the rest just looks whether it is set.
contract DataExchange is StandingBalances {
    using Papers for Offer;
    using Papers for Sale;
    using Papers for Scope;
    using Papers for Sealing;
    using Papers for Terms;

    /* CONSTANTS */

    /// @inheritdoc IDataExchange
    uint256 public constant GRACE = 10 minutes;

    /// @inheritdoc IDataExchange
    uint256 public constant MIN_WINDOW = 10 minutes;

    /// @inheritdoc IDataExchange
    uint256 public constant MAX_DELIVER_WINDOW = 1 days;

    /// @inheritdoc IDataExchange
    uint256 public constant MAX_RESPOND_WINDOW = 7 days;

    /// @inheritdoc IDataExchange
    uint256 public constant MAX_AMOUNT = type(uint128).max;

    /// @inheritdoc IDataExchange
    uint256 public constant CHUNK_SIZE = FaultProofs.CHUNK_SIZE;

    /// @inheritdoc IDataExchange
    uint256 public constant MAX_CHUNK_INDEX = FaultProofs.MAX_CHUNK_INDEX;

    /* IMMUTABLES */

    /// @inheritdoc IDataExchange
    IConsentRegistry public immutable CONSENT_REGISTRY;

    uint256 private immutable _REGISTRY_CHAIN_ID;

    bytes32 private immutable _REGISTRY_DOMAIN;

    /* STORAGE */

    /// @dev All that is stored of an exchange, as the id commits to the rest: its state in the lowest 8 bits,
    /// above them 40 bits for the last second of the window that runs (0 where none does), and 208 bits for a
    /// hash of the wrapped key once there is one. A hash, and not a part of the key: of a part, the consumer
    /// could choose the rest and "prove" a wrong key. Written and read whole.
    mapping(bytes32 id => uint256 packed) private _slots;

    /* CONSTRUCTOR */

    /// @param registry The registry that is asked about consents.
    constructor(IConsentRegistry registry) {
        if (address(registry).code.length == 0) revert DataExchange_NoRegistry(address(registry));
        CONSENT_REGISTRY = registry;
        _REGISTRY_CHAIN_ID = block.chainid;
        _REGISTRY_DOMAIN = registry.DOMAIN_SEPARATOR();
    }

    /* VIEWS */

    /// @inheritdoc IDataExchange
    function offerDigest(Offer calldata offer) external view returns (bytes32) {
        return _hashTypedDataV4(offer.hash());
    }

    /// @inheritdoc IDataExchange
    function exchangeId(Terms calldata terms, Sale calldata sale) external view returns (bytes32) {
        return _exchangeId(sale, terms.hash());
    }

    /// @inheritdoc IDataExchange
    function sealingHash(Sealing calldata sealing) external pure returns (bytes32) {
        return sealing.hash();
    }

    /// @inheritdoc IDataExchange
    function stateOf(bytes32 id) external view returns (State state, uint64 deadline) {
        return _load(id);
    }

    /* OPENING */

    /// @inheritdoc IDataExchange
    function open(
        Scope calldata scope,
        Terms calldata terms,
        Sale calldata sale,
        bytes calldata signature
    ) external payable nonReentrantView {
        _requireSoundTerms(terms);
        bytes32 id = _exchangeId(sale, terms.hash());
        _requireSoundOffer(0, id, scope, terms, sale, signature);
        address custodian = terms.custodian;
        uint256 custodianBalance = _balanceOf(custodian);
        SkipReason obstacle = _obstacleToOpen(id, scope, terms, sale, custodianBalance);
        if (obstacle != SkipReason.None) _revertOpening(obstacle, id, scope, terms, sale, custodianBalance);

        _markOpen(id, terms, sale);
        // Cannot underflow: the obstacles include it. Cannot overflow: each amount is at most MAX_AMOUNT.
        unchecked {
            _setBalance(custodian, custodianBalance - terms.custodianDeposit);
            _charge(sale.reward + terms.fee + terms.consumerDeposit);
        }
    }

    /// @inheritdoc IDataExchange
    function openMany(
        Scope[] calldata scopes,
        Terms calldata terms,
        Sale[] calldata sales,
        bytes[] calldata signatures
    ) external payable nonReentrantView {
        _requireNotEmpty(sales);
        _requireSameLength(sales, scopes.length);
        _requireSameLength(sales, signatures.length);
        _requireSoundTerms(terms);
        bytes32 termsHash = terms.hash();
        uint256 initialBalance = _balanceOf(terms.custodian);
        uint256 custodianBalance = initialBalance;
        uint256 needed;

        for (uint256 i; i < sales.length; ++i) {
            Sale calldata sale = sales[i];
            bytes32 id = _exchangeId(sale, termsHash);
            _requireSoundOffer(i, id, scopes[i], terms, sale, signatures[i]);
            SkipReason obstacle = _obstacleToOpen(id, scopes[i], terms, sale, custodianBalance);
            if (obstacle != SkipReason.None) {
                emit Skipped(id, obstacle);
                continue;
            }
            _markOpen(id, terms, sale);
            // As in {open}; no batch that fits into a block overflows the sum.
            unchecked {
                custodianBalance -= terms.custodianDeposit;
                needed += sale.reward + terms.fee + terms.consumerDeposit;
            }
        }

        // Nothing above can have changed it: the registry and signing contracts are called statically, and the
        // consumer, who is charged next, is another account.
        if (custodianBalance != initialBalance) _setBalance(terms.custodian, custodianBalance);
        _charge(needed);
    }

    /// @dev What can be told from the caller and the terms alone.
    function _requireSoundTerms(Terms calldata terms) private view {
        _requireConsumer(terms);
        if (terms.custodian == msg.sender) revert DataExchange_ConsumerIsCustodian(msg.sender);
        _requireWindow(Window.Deliver, terms.deliverWithin, MAX_DELIVER_WINDOW);
        _requireWindow(Window.Respond, terms.respondWithin, MAX_RESPOND_WINDOW);
        if (terms.custodianDeposit == 0) revert DataExchange_ZeroDeposit(Deposit.Custodian);
        if (terms.consumerDeposit == 0) revert DataExchange_ZeroDeposit(Deposit.Consumer);
        _requireAmount(terms.fee);
        _requireAmount(terms.custodianDeposit);
        _requireAmount(terms.consumerDeposit);
    }

    function _requireWindow(Window window, uint256 length, uint256 maximum) private pure {
        if (length < MIN_WINDOW || length > maximum) {
            revert DataExchange_WindowOutOfRange(window, length, MIN_WINDOW, maximum);
        }
    }

    function _requireAmount(uint256 amount) private pure {
        if (amount > MAX_AMOUNT) revert DataExchange_AmountTooLarge(amount, MAX_AMOUNT);
    }

    /// @dev What can be told from the papers of one member. No need to check for zero addresses: the registry
    /// grants no consent that holds one.
    function _requireSoundOffer(
        uint256 index,
        bytes32 id,
        Scope calldata scope,
        Terms calldata terms,
        Sale calldata sale,
        bytes calldata signature
    ) private view {
        if (sale.reward > MAX_AMOUNT) revert DataExchange_RewardTooLarge(index, sale.reward, MAX_AMOUNT);
        bytes32 consentId = _consentId(scope, terms, sale);
        if (consentId != sale.consentId) {
            revert DataExchange_OfferNotForConsent(index, sale.consentId, consentId);
        }
        if (!Signatures.isValid(terms.custodian, id, signature)) {
            revert DataExchange_InvalidOffer(index, id, terms.custodian);
        }
    }

    /// @dev What depends on the state of the chain. A batch skips what has an obstacle, a single call names it.
    function _obstacleToOpen(
        bytes32 id,
        Scope calldata scope,
        Terms calldata terms,
        Sale calldata sale,
        uint256 custodianBalance
    ) private view returns (SkipReason) {
        if (_slots[id] != 0) return SkipReason.OfferUsed;
        if (block.timestamp > terms.validUntil) return SkipReason.OfferExpired;
        try CONSENT_REGISTRY.endedAt(sale.consentId) returns (uint64 endedAt) {
            if (endedAt != 0) return SkipReason.ConsentEnded;
        } catch {
            // The registry refuses nothing else. If it ran out of gas, the 1/64 left does not suffice to go on.
            return SkipReason.ConsentUnknown;
        }
        if (scope.validUntil < block.timestamp + terms.deliverWithin) return SkipReason.ConsentEndsTooSoon;
        if (custodianBalance < terms.custodianDeposit) return SkipReason.CustodianBalanceTooLow;
        return SkipReason.None;
    }

    function _revertOpening(
        SkipReason obstacle,
        bytes32 id,
        Scope calldata scope,
        Terms calldata terms,
        Sale calldata sale,
        uint256 custodianBalance
    ) private view {
        if (obstacle == SkipReason.OfferUsed) {
            (State state,) = _load(id);
            revert DataExchange_OfferUsed(id, state);
        }
        if (obstacle == SkipReason.OfferExpired) {
            revert DataExchange_OfferExpired(terms.validUntil, block.timestamp);
        }
        if (obstacle == SkipReason.ConsentUnknown) revert DataExchange_ConsentUnknown(sale.consentId);
        if (obstacle == SkipReason.ConsentEnded) {
            revert DataExchange_ConsentEnded(sale.consentId, CONSENT_REGISTRY.endedAt(sale.consentId));
        }
        if (obstacle == SkipReason.ConsentEndsTooSoon) {
            revert DataExchange_ConsentEndsTooSoon(scope.validUntil, _secondsFromNow(terms.deliverWithin));
        }
        revert DataExchange_BalanceTooLow(terms.custodian, custodianBalance, terms.custodianDeposit);
    }

    function _markOpen(bytes32 id, Terms calldata terms, Sale calldata sale) private {
        uint40 deliverBy = _secondsFromNow(terms.deliverWithin);
        _store(id, State.Open, deliverBy, 0);

        emit Opened(
            id,
            sale.consentId,
            terms.custodian,
            msg.sender,
            terms.fee,
            terms.custodianDeposit,
            terms.consumerDeposit,
            deliverBy
        );
    }

    /* DELIVERING */

    /// @inheritdoc IDataExchange
    function deliver(Terms calldata terms, Sale calldata sale, bytes32 wrappedKey) external nonReentrantView {
        _requireCustodian(terms);
        bytes32 id = _exchangeId(sale, terms.hash());
        SkipReason obstacle = _obstacleToDeliver(id, sale.consentId);
        if (obstacle != SkipReason.None) _revertDelivery(obstacle, id, sale.consentId);

        _markDelivered(id, terms, wrappedKey);
    }

    /// @inheritdoc IDataExchange
    function deliverMany(Terms calldata terms, Sale[] calldata sales, bytes32[] calldata wrappedKeys)
        external
        nonReentrantView
    {
        _requireNotEmpty(sales);
        _requireSameLength(sales, wrappedKeys.length);
        _requireCustodian(terms);
        bytes32 termsHash = terms.hash();

        for (uint256 i; i < sales.length; ++i) {
            Sale calldata sale = sales[i];
            bytes32 id = _exchangeId(sale, termsHash);
            SkipReason obstacle = _obstacleToDeliver(id, sale.consentId);
            if (obstacle == SkipReason.None) _markDelivered(id, terms, wrappedKeys[i]);
            else emit Skipped(id, obstacle);
        }
    }

    function _obstacleToDeliver(bytes32 id, bytes32 consentId) private view returns (SkipReason) {
        (State state, uint40 deadline) = _load(id);
        if (state != State.Open) return SkipReason.NotOpen;
        if (block.timestamp > deadline) return SkipReason.WindowOver;
        uint256 endedAt = CONSENT_REGISTRY.endedAt(consentId);
        if (endedAt != 0 && block.timestamp > endedAt + GRACE) return SkipReason.GraceOver;
        return SkipReason.None;
    }

    function _revertDelivery(SkipReason obstacle, bytes32 id, bytes32 consentId) private view {
        (State state, uint40 deadline) = _load(id);
        if (obstacle == SkipReason.NotOpen) revert DataExchange_WrongState(id, state);
        if (obstacle == SkipReason.WindowOver) revert DataExchange_TooLate(id, deadline, block.timestamp);
        uint64 graceUntil = CONSENT_REGISTRY.endedAt(consentId) + uint64(GRACE);
        revert DataExchange_GraceOver(consentId, graceUntil, block.timestamp);
    }

    function _markDelivered(bytes32 id, Terms calldata terms, bytes32 wrappedKey) private {
        uint40 respondBy = _secondsFromNow(terms.respondWithin);
        _store(id, State.Delivered, respondBy, FaultProofs.commitment(wrappedKey));

        emit Delivered(id, wrappedKey, respondBy);
    }

    /* CLOSING AFTER A DELIVERY */

    /// @inheritdoc IDataExchange
    function confirm(Terms calldata terms, Sale calldata sale) external nonReentrant {
        _requireConsumer(terms);
        bytes32 id = _exchangeId(sale, terms.hash());
        _requireInside(id, State.Delivered);

        _close(id, State.Settled);
        uint256 earned = _earned(terms);
        _add(msg.sender, terms.consumerDeposit);
        _add(terms.custodian, earned);

        emit Confirmed(id);

        _pay(sale.customer, sale.reward);
    }

    /// @inheritdoc IDataExchange
    function confirmMany(Terms calldata terms, Sale[] calldata sales) external nonReentrant {
        _requireNotEmpty(sales);
        _requireConsumer(terms);
        bytes32 termsHash = terms.hash();
        uint256 confirmed;
        bool[] memory isConfirmed = new bool[](sales.length);

        for (uint256 i; i < sales.length; ++i) {
            Sale calldata sale = sales[i];
            bytes32 id = _exchangeId(sale, termsHash);
            SkipReason obstacle = _obstacleToConfirm(id);
            if (obstacle != SkipReason.None) {
                emit Skipped(id, obstacle);
                continue;
            }
            _close(id, State.Settled);
            isConfirmed[i] = true;
            ++confirmed;
            emit Confirmed(id);
        }
        // Cannot overflow: it is ether that the contract holds.
        unchecked {
            _add(terms.consumer, confirmed * terms.consumerDeposit);
            _add(terms.custodian, confirmed * _earned(terms));
        }

        for (uint256 i; i < sales.length; ++i) {
            if (isConfirmed[i]) _pay(sales[i].customer, sales[i].reward);
        }
    }

    function _obstacleToConfirm(bytes32 id) private view returns (SkipReason) {
        (State state, uint40 deadline) = _load(id);
        if (state != State.Delivered) return SkipReason.NotDelivered;
        if (block.timestamp > deadline) return SkipReason.WindowOver;
        return SkipReason.None;
    }

    /// @inheritdoc IDataExchange
    function settle(Terms calldata terms, Sale calldata sale) external nonReentrant {
        bytes32 id = _exchangeId(sale, terms.hash());
        _requireOver(id, State.Delivered);

        _close(id, State.Settled);
        uint256 earned = _earned(terms);
        // Cannot overflow: it is ether that the contract holds.
        uint256 customerAmount;
        unchecked {
            customerAmount = sale.reward + terms.consumerDeposit;
        }
        _add(terms.custodian, earned);

        emit Settled(id);

        _pay(sale.customer, customerAmount);
    }

    /// @inheritdoc IDataExchange
    function concede(Terms calldata terms, Sale calldata sale) external nonReentrantView {
        _requireCustodian(terms);
        bytes32 id = _exchangeId(sale, terms.hash());
        _requireInside(id, State.Delivered);

        _close(id, State.Conceded);
        _add(terms.consumer, _paid(terms, sale.reward) + terms.custodianDeposit);

        emit Conceded(id);
    }

    /// @inheritdoc IDataExchange
    function proveFault(Offer calldata offer, FaultProof calldata proof) external nonReentrantView {
        _requireConsumer(offer.terms);
        bytes32 id = _hashTypedDataV4(offer.hash());
        _requireInside(id, State.Delivered);
        Fault fault = FaultProofs.judge(id, uint208(_slots[id] >> 48), offer.sealing, proof);

        _close(id, State.Faulted);
        _add(offer.terms.consumer, _paid(offer.terms, offer.reward) + offer.terms.custodianDeposit);

        emit FaultProven(id, fault, fault == Fault.WrongKey ? 0 : proof.index);
    }

    /* CLOSING WITHOUT A DELIVERY */

    /// @inheritdoc IDataExchange
    function abort(Terms calldata terms, Sale calldata sale) external nonReentrantView {
        bytes32 id = _exchangeId(sale, terms.hash());
        _requireInside(id, State.Open);
        uint64 endedAt = CONSENT_REGISTRY.endedAt(sale.consentId);
        if (endedAt == 0) revert DataExchange_ConsentActive(sale.consentId);
        uint64 graceUntil = endedAt + uint64(GRACE);
        if (block.timestamp <= graceUntil && msg.sender != terms.custodian) {
            revert DataExchange_GraceNotOver(sale.consentId, graceUntil, block.timestamp);
        }

        _close(id, State.Aborted);
        _add(terms.consumer, _paid(terms, sale.reward));
        _add(terms.custodian, terms.custodianDeposit);

        emit Aborted(id);
    }

    /// @inheritdoc IDataExchange
    function cancel(Terms calldata terms, Sale calldata sale) external nonReentrantView {
        bytes32 id = _exchangeId(sale, terms.hash());
        uint256 deliverBy = _requireOver(id, State.Open);
        uint256 endedAt = CONSENT_REGISTRY.endedAt(sale.consentId);

        _close(id, State.Cancelled);
        // The consent was active when the exchange was opened, so it cannot have ended before the window.
        bool consentEnded = endedAt != 0 && endedAt <= deliverBy;
        _add(terms.consumer, _paid(terms, sale.reward));
        _add(consentEnded ? terms.custodian : terms.consumer, terms.custodianDeposit);

        emit Cancelled(id, consentEnded);
    }

    /// @inheritdoc IDataExchange
    function voidOffer(Terms calldata terms, Sale calldata sale) external nonReentrantView {
        _requireCustodian(terms);
        bytes32 id = _exchangeId(sale, terms.hash());
        (State state,) = _load(id);
        if (state != State.None) revert DataExchange_OfferUsed(id, state);

        _close(id, State.Voided);

        emit OfferVoided(id, terms.custodian);
    }

    /* SLOTS */

    function _load(bytes32 id) private view returns (State state, uint40 deadline) {
        uint256 packed = _slots[id];
        // Fits: only {_store} writes a slot.
        return (State(uint8(packed)), uint40(packed >> 8));
    }

    function _store(bytes32 id, State state, uint40 deadline, uint208 keyCommitment) private {
        _slots[id] = (uint256(keyCommitment) << 48) | (uint256(deadline) << 8) | uint256(state);
    }

    /* SHARED */

    function _exchangeId(Sale calldata sale, bytes32 termsHash) private view returns (bytes32) {
        return _hashTypedDataV4(sale.hash(termsHash));
    }

    /// @dev The consent's digest in the registry's domain, which changes only if the chain forks.
    function _consentId(Scope calldata scope, Terms calldata terms, Sale calldata sale)
        private
        view
        returns (bytes32)
    {
        bytes32 domain =
            block.chainid == _REGISTRY_CHAIN_ID ? _REGISTRY_DOMAIN : CONSENT_REGISTRY.DOMAIN_SEPARATOR();
        return MessageHashUtils.toTypedDataHash(domain, scope.hash(terms, sale));
    }

    function _requireConsumer(Terms calldata terms) private view {
        if (msg.sender != terms.consumer) revert DataExchange_NotTheConsumer(msg.sender, terms.consumer);
    }

    function _requireCustodian(Terms calldata terms) private view {
        if (msg.sender != terms.custodian) revert DataExchange_NotTheCustodian(msg.sender, terms.custodian);
    }

    function _requireNotEmpty(Sale[] calldata sales) private pure {
        if (sales.length == 0) revert DataExchange_EmptyBatch();
    }

    function _requireSameLength(Sale[] calldata sales, uint256 length) private pure {
        if (sales.length != length) revert DataExchange_UnequalLists(sales.length, length);
    }

    /// @dev In this state and inside its window.
    function _requireInside(bytes32 id, State required) private view {
        (State state, uint40 deadline) = _load(id);
        if (state != required) revert DataExchange_WrongState(id, state);
        if (block.timestamp > deadline) revert DataExchange_TooLate(id, deadline, block.timestamp);
    }

    /// @dev In this state and after its window.
    function _requireOver(bytes32 id, State required) private view returns (uint40 deadline) {
        State state;
        (state, deadline) = _load(id);
        if (state != required) revert DataExchange_WrongState(id, state);
        if (block.timestamp <= deadline) revert DataExchange_TooEarly(id, deadline, block.timestamp);
    }

    /// @dev Final: nothing leads out of `state`, so no deadline runs and no commitment is needed.
    function _close(bytes32 id, State state) private {
        _store(id, state, 0, 0);
    }

    /// @dev All that the consumer put in.
    function _paid(Terms calldata terms, uint256 reward) private pure returns (uint256) {
        return reward + terms.fee + terms.consumerDeposit;
    }

    /// @dev What the custodian gets for a delivery. Cannot overflow under terms that something was opened with; under
    /// others nothing was, and {confirmMany} multiplies by zero.
    function _earned(Terms calldata terms) private pure returns (uint256) {
        unchecked {
            return terms.fee + terms.custodianDeposit;
        }
    }

    /// @dev Fits until the year 36812.
    function _secondsFromNow(uint256 duration) private view returns (uint40) {
        unchecked {
            return uint40(block.timestamp + duration);
        }
    }
}
