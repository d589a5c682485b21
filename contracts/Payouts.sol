// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPayouts} from "../interfaces/IPayouts.sol";
import {FairCartDomain} from "./FairCartDomain.sol";
import {Papers} from "./libraries/Papers.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title Payouts
/// @dev Shared by the contracts that hold ether. An heir pays with {_pay}, after all its effects and inside
/// `nonReentrant`; what else changes state is `nonReentrantView`. It must have no `receive`, so that a payment to the contract itself is refused like any other.
abstract contract Payouts is FairCartDomain, Nonces, ReentrancyGuardTransient, IPayouts {
    using Papers for CreditWithdrawal;

    /* CONSTANTS */

    /// @inheritdoc IPayouts
    uint256 public constant PUSH_GAS = 50_000;

    /// @dev Gas that has to be left before a push so that the receiver really gets PUSH_GAS. The dearest call
    /// costs 39,200 before the receiver runs (cold account 2,600, value 9,000, new account 25,000, cold EIP-7702
    /// delegate 2,600), and of the rest only 63/64 can be passed on: 39,200 + 50,000 * 64/63 = 89,994.
    uint256 private constant _PUSH_RESERVE = 95_000;

    /* STORAGE */

    mapping(address owner => uint256 amount) private _credits;

    /* VIEWS */

    /// @inheritdoc IPayouts
    function creditOf(address owner) external view returns (uint256) {
        return _credits[owner];
    }

    /// @inheritdoc IPayouts
    function creditWithdrawalDigest(CreditWithdrawal calldata withdrawal) external view returns (bytes32) {
        return _hashTypedDataV4(withdrawal.hash());
    }

    /* WITHDRAWALS */

    /// @inheritdoc IPayouts
    function withdrawCredit(address to, uint256 amount) external nonReentrant {
        _withdrawCredit(msg.sender, to, amount);
    }

    /// @inheritdoc IPayouts
    function withdrawCreditFor(CreditWithdrawal calldata withdrawal, bytes calldata signature)
        external
        nonReentrant
    {
        address owner = withdrawal.owner;
        uint64 validUntil = withdrawal.validUntil;
        if (block.timestamp > validUntil) revert Payouts_WithdrawalExpired(validUntil, block.timestamp);
        if (!Signatures.isValid(owner, _hashTypedDataV4(withdrawal.hash()), signature)) {
            revert Payouts_InvalidSignature(owner);
        }

        _useCheckedNonce(owner, withdrawal.nonce);

        _withdrawCredit(owner, withdrawal.to, withdrawal.amount);
    }

    /// @inheritdoc IPayouts
    function voidCreditWithdrawal(uint256 nonce) external nonReentrantView {
        _useCheckedNonce(msg.sender, nonce);

        emit CreditWithdrawalVoided(msg.sender, nonce);
    }

    function _withdrawCredit(address owner, address to, uint256 amount) private {
        if (to == address(0)) revert Payouts_ZeroReceiver();
        uint256 credit = _credits[owner];
        if (amount > credit) revert Payouts_InsufficientCredit(owner, amount, credit);

        // Cannot underflow: checked above.
        unchecked {
            _credits[owner] = credit - amount;
        }

        emit CreditWithdrawn(owner, to, amount);

        _send(to, amount);
    }

    /* PAYMENTS */

    /// @dev Pushes `amount` wei to `to` with PUSH_GAS, copying no return data; credits what is not accepted.
    /// Reverts if so little gas is left that a failure could be the caller's doing. Paying nothing calls nobody.
    function _pay(address to, uint256 amount) internal {
        if (amount == 0) return;
        uint256 available = gasleft();
        if (available < _PUSH_RESERVE) revert Payouts_InsufficientGas(available, _PUSH_RESERVE);

        bool accepted;
        assembly ("memory-safe") {
            accepted := call(PUSH_GAS, to, amount, 0, 0, 0, 0)
        }
        if (accepted) return;

        // Read after the call and added to. Cannot overflow: the contract holds the ether.
        unchecked {
            _credits[to] += amount;
        }
        emit Credited(to, amount);
    }

    /// @dev Sends `amount` wei to a receiver that the ether's owner chose, with all gas, copying no return data.
    /// Reverts if it is not accepted.
    function _send(address to, uint256 amount) internal {
        if (!LowLevelCall.callNoReturn(to, amount, "")) revert Payouts_Refused(to, amount);
    }
}
