// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFairCartDomain} from "./IFairCartDomain.sol";

/// @title How FairCart contracts pay out
/// @notice A payment is pushed to its receiver at once. A receiver that refuses it, runs out of the gas it is
/// given or re-enters is credited instead, and withdraws the credit when and where it likes: nobody can block
/// the other parties of a payment, and nobody's money is lost.
/// @dev All amounts are wei, all times seconds since 1970 (UTC). Signed withdrawals count up OpenZeppelin's
/// `nonces(address owner)`, which refuses any other nonce with `InvalidAccountNonce(owner, currentNonce)`.
interface IPayouts is IFairCartDomain {
    /// @notice A credit's owner asks whoever submits this paper to send part of its credit to `to`.
    /// @param owner The account whose credit is drawn on; it signs the paper.
    /// @param to The account that receives the ether.
    /// @param amount Wei to send.
    /// @param nonce The owner's next nonce, as `nonces(owner)` tells it. Of two papers with one nonce only one can be
    /// used, and none once the owner has voided it: see {voidCreditWithdrawal}.
    /// @param validUntil The last second in which the paper may be submitted.
    struct CreditWithdrawal {
        address owner;
        address to;
        uint256 amount;
        uint256 nonce;
        uint64 validUntil;
    }

    /// @notice A payment was not accepted and became a credit.
    /// @param owner The account that was to be paid and now owns the credit.
    /// @param amount Wei added to its credit.
    event Credited(address indexed owner, uint256 amount);

    /// @notice A credit was withdrawn.
    /// @param owner The account whose credit was drawn on.
    /// @param to The account that received the ether.
    /// @param amount Wei sent.
    event CreditWithdrawn(address indexed owner, address indexed to, uint256 amount);

    /// @notice No paper of this nonce can be submitted any more.
    /// @param owner The account whose papers are void.
    /// @param nonce The nonce that it used up.
    event CreditWithdrawalVoided(address indexed owner, uint256 nonce);

    /// @notice The transaction has too little gas left to give a receiver what it is entitled to. Raise the
    /// gas limit; nothing was changed.
    /// @param available Gas left when the payment was about to be made.
    /// @param needed Gas that has to be left at that point.
    error Payouts_InsufficientGas(uint256 available, uint256 needed);

    /// @notice Less credit is there than was asked for.
    /// @param owner The account whose credit was to be drawn on.
    /// @param requested Wei asked for.
    /// @param credit Wei that the account has.
    error Payouts_InsufficientCredit(address owner, uint256 requested, uint256 credit);

    /// @notice The zero address cannot receive a withdrawal.
    error Payouts_ZeroReceiver();

    /// @notice The chosen receiver does not accept the ether. The credit is untouched; choose another one.
    /// @param to The account that refused.
    /// @param amount Wei that it refused.
    error Payouts_Refused(address to, uint256 amount);

    /// @notice The paper can no longer be submitted.
    /// @param validUntil The paper's last second.
    /// @param timestamp The second of the block that executes the call.
    error Payouts_WithdrawalExpired(uint64 validUntil, uint256 timestamp);

    /// @notice The signature is neither the owner's own nor accepted by the owner's contract.
    /// @param owner The account that had to sign.
    error Payouts_InvalidSignature(address owner);

    /// @notice Gas that every pushed payment gives its receiver.
    /// @return Gas units, without the 2,300 that the EVM adds to a call with value.
    function PUSH_GAS() external view returns (uint256);

    /// @notice What an account can withdraw.
    /// @param owner The account.
    /// @return Wei.
    function creditOf(address owner) external view returns (uint256);

    /// @notice The digest that a credit's owner signs.
    /// @param withdrawal The paper.
    /// @return The EIP-712 digest (32 bytes).
    function creditWithdrawalDigest(CreditWithdrawal calldata withdrawal) external view returns (bytes32);

    /// @notice Sends part of the caller's credit to an account of its choice.
    /// @dev All remaining gas is forwarded: the owner chose the receiver. Reverts if the receiver refuses.
    /// @param to The account that receives the ether.
    /// @param amount Wei to send.
    function withdrawCredit(address to, uint256 amount) external;

    /// @notice As {withdrawCredit}, for an owner that signed a paper; anyone may submit it and pays the gas.
    /// @param withdrawal The paper.
    /// @param signature The owner's signature over {creditWithdrawalDigest}: ECDSA (65 bytes) or ERC-1271.
    function withdrawCreditFor(CreditWithdrawal calldata withdrawal, bytes calldata signature) external;

    /// @notice Uses up the caller's current nonce, so that what it signed with it is worth nothing from now on.
    /// @dev Reverts with `InvalidAccountNonce(caller, currentNonce)` for any other nonce: a paper of a past one is
    /// used or void already, and a call that is late cannot void the next paper by mistake.
    /// @param nonce The nonce of the paper, which is the caller's current one.
    function voidCreditWithdrawal(uint256 nonce) external;
}
