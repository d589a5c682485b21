// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFairCartDomain} from "./IFairCartDomain.sol";

/// @title Customers' consent to pass exactly one document to exactly one consumer
/// @notice A consent is granted by its customer or by anyone who submits the customer's signature, and withdrawn
/// in the same two ways. Records are dated and never erased; what has ended stays ended.
/// @dev Times are seconds since 1970 (UTC). Nothing here holds ether. Nothing identifies the customer but its
/// account; purpose and category are inside the committed terms. A view call authenticates nobody.
///
/// Epochs: every consent names the customer's epoch (0 at first). `revokeAll` ends the current epoch and with it
/// everything granted or signed in it, and names the next one, which the customer's client draws at random and
/// which that customer never used before. So nothing that was signed before a withdrawal comes back after it.
interface IConsentRegistry is IFairCartDomain {
    /// @notice A customer's consent. Its EIP-712 digest is the consent's id.
    /// @param customer Whose data it is; signs the paper.
    /// @param consumer Who may receive the document.
    /// @param custodian Who holds the document and hands it over; not the consumer.
    /// @param dataRoot Root over the salted leaves of the very document that the customer was shown.
    /// @param terms Salted SHA-256 commitment to the consent record (category, purpose, notice version).
    /// @param reward Wei that the customer is paid for each exchange.
    /// @param validUntil The last second in which the consent is active; below 2^32 - 1.
    /// @param epoch The customer's epoch in which it is given.
    struct Consent {
        address customer;
        address consumer;
        address custodian;
        bytes32 dataRoot;
        bytes32 terms;
        uint256 reward;
        uint64 validUntil;
        uint32 epoch;
    }

    /// @notice A customer's withdrawal of one consent, for others to submit. It never expires.
    /// @param consentId The consent.
    struct Revocation {
        bytes32 consentId;
    }

    /// @notice A customer's withdrawal of everything, for others to submit. It never expires.
    /// @param customer The customer; signs the paper.
    /// @param epoch The epoch that ends; the customer's current one.
    /// @param nextEpoch The epoch that begins; never used by this customer before, drawn at random.
    struct RevocationOfAll {
        address customer;
        uint32 epoch;
        uint32 nextEpoch;
    }

    /// @notice What is on record about a consent; one storage slot.
    /// @param customer Whose consent it is.
    /// @param validUntil The consent's last second.
    /// @param revokedAt The second in which it was withdrawn; 0 if it was not.
    /// @param epoch The customer's epoch in which it was given.
    struct Record {
        address customer;
        uint32 validUntil;
        uint32 revokedAt;
        uint32 epoch;
    }

    /// @notice A consent became active. Its epoch is the one that the customer's last {RevokedAll} began, 0 if
    /// there is none.
    /// @param consentId The consent.
    /// @param customer Whose data it is.
    /// @param consumer Who may receive the document.
    /// @param custodian Who holds the document.
    /// @param dataRoot Root of the document's version.
    /// @param terms Salted commitment to the consent record.
    /// @param reward Wei per exchange.
    /// @param validUntil The consent's last second.
    event Granted(
        bytes32 indexed consentId,
        address indexed customer,
        address indexed consumer,
        address custodian,
        bytes32 dataRoot,
        bytes32 terms,
        uint256 reward,
        uint64 validUntil
    );

    /// @notice A consent was withdrawn, from this block's second on.
    /// @param consentId The consent; it may never have been granted, and never can be now.
    /// @param customer Whose consent it was.
    event Revoked(bytes32 indexed consentId, address indexed customer);

    /// @notice A customer withdrew everything, from this block's second on.
    /// @param customer The customer.
    /// @param epoch The epoch that ended, and with it all consents that name it.
    /// @param nextEpoch The epoch that began.
    event RevokedAll(address indexed customer, uint32 epoch, uint32 nextEpoch);

    /// @notice Only the customer can do this without a signature.
    /// @param caller Who called.
    /// @param customer The customer.
    error ConsentRegistry_NotTheCustomer(address caller, address customer);

    /// @notice The consent names no customer.
    error ConsentRegistry_ZeroCustomer();

    /// @notice The consent names no consumer.
    error ConsentRegistry_ZeroConsumer();

    /// @notice The consent names no custodian.
    error ConsentRegistry_ZeroCustodian();

    /// @notice A consumer that holds the data already needs no exchange.
    /// @param account The account named as consumer and as custodian.
    error ConsentRegistry_ConsumerIsCustodian(address account);

    /// @notice The consent's last second has passed.
    /// @param validUntil The consent's last second.
    /// @param timestamp The second of the block that executes the call.
    error ConsentRegistry_Expired(uint64 validUntil, uint256 timestamp);

    /// @notice The consent would end later than the registry can record.
    /// @param validUntil The consent's last second.
    /// @param maximum {MAX_VALID_UNTIL}.
    error ConsentRegistry_ValidTooLong(uint64 validUntil, uint256 maximum);

    /// @notice The paper names an epoch that is not the customer's current one.
    /// @param customer The customer.
    /// @param epoch The epoch that the paper names.
    /// @param current The customer's current epoch.
    error ConsentRegistry_WrongEpoch(address customer, uint32 epoch, uint32 current);

    /// @notice The customer used this epoch before; draw another one.
    /// @param customer The customer.
    /// @param nextEpoch The epoch that was to begin.
    error ConsentRegistry_EpochUsed(address customer, uint32 nextEpoch);

    /// @notice The consent was granted or withdrawn before. A renewal is a new consent.
    /// @param consentId The consent.
    error ConsentRegistry_AlreadyRecorded(bytes32 consentId);

    /// @notice The consent was withdrawn before.
    /// @param consentId The consent.
    /// @param revokedAt The second in which it was withdrawn.
    error ConsentRegistry_AlreadyRevoked(bytes32 consentId, uint32 revokedAt);

    /// @notice The consent was never granted nor withdrawn.
    /// @param consentId The consent.
    error ConsentRegistry_NotRecorded(bytes32 consentId);

    /// @notice The signature is neither the customer's own nor accepted by the customer's contract.
    /// @param digest The digest that had to be signed.
    /// @param customer Who had to sign it.
    error ConsentRegistry_InvalidSignature(bytes32 digest, address customer);

    /// @notice The largest `validUntil` that can be recorded.
    /// @return Seconds since 1970.
    function MAX_VALID_UNTIL() external view returns (uint256);

    /// @notice A consent's id: the EIP-712 digest that its customer signs to grant it.
    /// @param consent The consent.
    /// @return The id (32 bytes).
    function consentId(Consent calldata consent) external view returns (bytes32);

    /// @notice The EIP-712 digest that the customer signs to withdraw a consent.
    /// @param revocation The withdrawal.
    /// @return The digest (32 bytes).
    function revocationDigest(Revocation calldata revocation) external view returns (bytes32);

    /// @notice The EIP-712 digest that the customer signs to withdraw everything.
    /// @param revocation The withdrawal.
    /// @return The digest (32 bytes).
    function revocationOfAllDigest(RevocationOfAll calldata revocation) external view returns (bytes32);

    /// @notice What is on record about a consent. All members are 0 if nothing is.
    /// @param id The consent's id.
    /// @return The record.
    function recordOf(bytes32 id) external view returns (Record memory);

    /// @notice The first second in which a consent is not active.
    /// @dev The earliest of validUntil + 1, its withdrawal and the end of its epoch. Once it is not 0 it never
    /// changes. Reverts for an id that was never granted nor withdrawn.
    /// @param id The consent's id.
    /// @return Seconds since 1970; 0 while the consent is active.
    function endedAt(bytes32 id) external view returns (uint64);

    /// @notice A customer's current epoch, which its next consent has to name.
    /// @param customer The customer.
    /// @return The epoch; 0 until the first {revokeAll}.
    function epochOf(address customer) external view returns (uint32);

    /// @notice When an epoch of a customer ended.
    /// @param customer The customer.
    /// @param epoch The epoch.
    /// @return Seconds since 1970; 0 if it has not ended or never began.
    function epochEndedAt(address customer, uint32 epoch) external view returns (uint32);

    /// @notice The customer grants a consent itself.
    /// @param consent The consent.
    function grant(Consent calldata consent) external;

    /// @notice Grants a consent that the customer signed; anyone may submit it and pays the gas.
    /// @param consent The consent.
    /// @param signature The customer's signature over {consentId}: ECDSA (65 bytes) or ERC-1271.
    function grantFor(Consent calldata consent, bytes calldata signature) external;

    /// @notice The customer withdraws a consent, also one that was never submitted. Final.
    /// @param consent The consent.
    function revoke(Consent calldata consent) external;

    /// @notice As {revoke}, for a customer that signed a withdrawal; anyone may submit it and pays the gas.
    /// @param consent The consent.
    /// @param signature The customer's signature over {revocationDigest}: ECDSA (65 bytes) or ERC-1271.
    function revokeFor(Consent calldata consent, bytes calldata signature) external;

    /// @notice As {revoke}, for a consent that is on record: needs its id only, and less gas.
    /// @param id The consent's id.
    function revokeById(bytes32 id) external;

    /// @notice As {revokeFor}, for a consent that is on record: needs its id only, and less gas.
    /// @param id The consent's id.
    /// @param signature The customer's signature over {revocationDigest}: ECDSA (65 bytes) or ERC-1271.
    function revokeByIdFor(bytes32 id, bytes calldata signature) external;

    /// @notice The customer withdraws everything and begins a new epoch.
    /// @param nextEpoch The epoch that begins; never used by the caller before, drawn at random.
    function revokeAll(uint32 nextEpoch) external;

    /// @notice As {revokeAll}, for a customer that signed; anyone may submit it and pays the gas.
    /// @param revocation The withdrawal.
    /// @param signature The customer's signature over {revocationOfAllDigest}: ECDSA (65 bytes) or ERC-1271.
    function revokeAllFor(RevocationOfAll calldata revocation, bytes calldata signature) external;
}
