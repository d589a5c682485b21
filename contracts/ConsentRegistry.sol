// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {FairCartDomain} from "./FairCartDomain.sol";
import {Papers} from "./libraries/Papers.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title ConsentRegistry
/// @dev Holds no ether, calls nobody but signing contracts (by staticcall), has no owner, no upgrade, no pause.
contract ConsentRegistry is FairCartDomain, IConsentRegistry {
    using Papers for Consent;
    using Papers for RevocationOfAll;

    /* CONSTANTS */

    /// @inheritdoc IConsentRegistry
    /// @dev `validUntil + 1`, the first second in which it is not active, still fits 32 bits.
    uint256 public constant MAX_VALID_UNTIL = type(uint32).max - 1;

    /// @dev Where the fields of a packed record begin, in bits; the customer begins at 0.
    uint256 private constant _VALID_UNTIL = 160;
    uint256 private constant _REVOKED_AT = 192;
    uint256 private constant _EPOCH = 224;

    /* STORAGE */

    /// @dev Each record packed into one slot: customer (160 bits), validUntil, revokedAt, epoch (32 bits each).
    mapping(bytes32 id => uint256 packed) private _records;

    mapping(address customer => uint32 epoch) private _epochs;

    mapping(address customer => mapping(uint32 epoch => uint32 second)) private _epochEnds;

    /* VIEWS */

    /// @inheritdoc IConsentRegistry
    function consentId(Consent calldata consent) external view returns (bytes32) {
        return _consentId(consent);
    }

    /// @inheritdoc IConsentRegistry
    function revocationDigest(Revocation calldata revocation) external view returns (bytes32) {
        return _revocationDigest(revocation.consentId);
    }

    /// @inheritdoc IConsentRegistry
    function revocationOfAllDigest(RevocationOfAll calldata revocation) external view returns (bytes32) {
        return _hashTypedDataV4(revocation.hash());
    }

    /// @inheritdoc IConsentRegistry
    function recordOf(bytes32 id) external view returns (Record memory) {
        return _unpack(_records[id]);
    }

    /// @inheritdoc IConsentRegistry
    function endedAt(bytes32 id) external view returns (uint64) {
        uint256 packed = _recorded(id);

        // A withdrawal and an epoch's end are never in the future; only the consent's own end can be.
        uint256 end = uint256(uint32(packed >> _VALID_UNTIL)) + 1;
        uint256 revokedAt = uint32(packed >> _REVOKED_AT);
        if (revokedAt != 0 && revokedAt < end) end = revokedAt;
        uint256 epochEnd = _epochEnds[_customerOf(packed)][uint32(packed >> _EPOCH)];
        if (epochEnd != 0 && epochEnd < end) end = epochEnd;

        // Fits: it is at most 2**32 - 1.
        return end <= block.timestamp ? uint64(end) : 0;
    }

    /// @inheritdoc IConsentRegistry
    function epochOf(address customer) external view returns (uint32) {
        return _epochs[customer];
    }

    /// @inheritdoc IConsentRegistry
    function epochEndedAt(address customer, uint32 epoch) external view returns (uint32) {
        return _epochEnds[customer][epoch];
    }

    /* GRANTING */

    /// @inheritdoc IConsentRegistry
    function grant(Consent calldata consent) external {
        _requireCustomer(consent.customer);
        _grant(consent, _consentId(consent));
    }

    /// @inheritdoc IConsentRegistry
    function grantFor(Consent calldata consent, bytes calldata signature) external {
        bytes32 id = _consentId(consent);
        _requireSignature(consent.customer, id, signature);
        _grant(consent, id);
    }

    /// @dev A customer may be its own custodian, or its own consumer.
    function _grant(Consent calldata consent, bytes32 id) private {
        address customer = consent.customer;
        address consumer = consent.consumer;
        address custodian = consent.custodian;
        uint64 validUntil = consent.validUntil;
        uint32 epoch = consent.epoch;
        uint32 current = _epochs[customer];
        if (consumer == address(0)) revert ConsentRegistry_ZeroConsumer();
        if (custodian == address(0)) revert ConsentRegistry_ZeroCustodian();
        if (consumer == custodian) revert ConsentRegistry_ConsumerIsCustodian(consumer);
        if (validUntil > MAX_VALID_UNTIL) revert ConsentRegistry_ValidTooLong(validUntil, MAX_VALID_UNTIL);
        if (block.timestamp > validUntil) revert ConsentRegistry_Expired(validUntil, block.timestamp);
        if (epoch != current) revert ConsentRegistry_WrongEpoch(customer, epoch, current);
        if (_records[id] != 0) revert ConsentRegistry_AlreadyRecorded(id);

        // validUntil fits: checked against MAX_VALID_UNTIL above.
        _records[id] = _pack(customer, uint32(validUntil), epoch);

        emit Granted(
            id, customer, consumer, custodian, consent.dataRoot, consent.terms, consent.reward, validUntil
        );
    }

    /* WITHDRAWING ONE CONSENT */

    /// @inheritdoc IConsentRegistry
    function revoke(Consent calldata consent) external {
        _requireCustomer(consent.customer);
        _revoke(consent, _consentId(consent));
    }

    /// @inheritdoc IConsentRegistry
    function revokeFor(Consent calldata consent, bytes calldata signature) external {
        bytes32 id = _consentId(consent);
        _requireSignature(consent.customer, _revocationDigest(id), signature);
        _revoke(consent, id);
    }

    /// @inheritdoc IConsentRegistry
    function revokeById(bytes32 id) external {
        uint256 packed = _recorded(id);
        _requireCustomer(_customerOf(packed));
        _markRevoked(id, packed);
    }

    /// @inheritdoc IConsentRegistry
    function revokeByIdFor(bytes32 id, bytes calldata signature) external {
        uint256 packed = _recorded(id);
        _requireSignature(_customerOf(packed), _revocationDigest(id), signature);
        _markRevoked(id, packed);
    }

    /// @dev A consent that was never submitted is put on record as withdrawn, so that it never can be granted.
    /// Its other fields need no check: whatever they are, it is not active.
    function _revoke(Consent calldata consent, bytes32 id) private {
        uint256 packed = _records[id];
        if (packed == 0) {
            uint64 validUntil = consent.validUntil;
            if (validUntil > MAX_VALID_UNTIL) revert ConsentRegistry_ValidTooLong(validUntil, MAX_VALID_UNTIL);
            // Fits: checked in the line above.
            packed = _pack(consent.customer, uint32(validUntil), consent.epoch);
        }
        _markRevoked(id, packed);
    }

    /// @dev A withdrawal after the consent's end is recorded too: {endedAt} tells the earliest of all ends.
    function _markRevoked(bytes32 id, uint256 packed) private {
        Record memory record = _unpack(packed);
        if (record.revokedAt != 0) revert ConsentRegistry_AlreadyRevoked(id, record.revokedAt);

        // Fits until 2106, when MAX_VALID_UNTIL ends all consents.
        _records[id] = packed | (block.timestamp << _REVOKED_AT);

        emit Revoked(id, record.customer);
    }

    /* WITHDRAWING EVERYTHING */

    /// @inheritdoc IConsentRegistry
    function revokeAll(uint32 nextEpoch) external {
        _revokeAll(msg.sender, _epochs[msg.sender], nextEpoch);
    }

    /// @inheritdoc IConsentRegistry
    function revokeAllFor(RevocationOfAll calldata revocation, bytes calldata signature) external {
        address customer = revocation.customer;
        uint32 epoch = revocation.epoch;
        _requireSignature(customer, _hashTypedDataV4(revocation.hash()), signature);
        uint32 current = _epochs[customer];
        if (epoch != current) revert ConsentRegistry_WrongEpoch(customer, epoch, current);

        _revokeAll(customer, epoch, revocation.nextEpoch);
    }

    function _revokeAll(address customer, uint32 epoch, uint32 nextEpoch) private {
        if (nextEpoch == epoch || _epochEnds[customer][nextEpoch] != 0) {
            revert ConsentRegistry_EpochUsed(customer, nextEpoch);
        }

        _epochEnds[customer][epoch] = uint32(block.timestamp);
        _epochs[customer] = nextEpoch;

        emit RevokedAll(customer, epoch, nextEpoch);
    }

    /* HELPERS */

    function _consentId(Consent calldata consent) private view returns (bytes32) {
        return _hashTypedDataV4(consent.hash());
    }

    function _revocationDigest(bytes32 id) private view returns (bytes32) {
        return _hashTypedDataV4(Papers.hashRevocation(id));
    }

    function _recorded(bytes32 id) private view returns (uint256 packed) {
        packed = _records[id];
        if (packed == 0) revert ConsentRegistry_NotRecorded(id);
    }

    /// @dev A record that is not withdrawn. Never 0, as the customer is not.
    function _pack(address customer, uint32 validUntil, uint32 epoch) private pure returns (uint256) {
        return uint160(customer) | (uint256(validUntil) << _VALID_UNTIL) | (uint256(epoch) << _EPOCH);
    }

    function _unpack(uint256 packed) private pure returns (Record memory) {
        return Record({
            customer: _customerOf(packed),
            validUntil: uint32(packed >> _VALID_UNTIL),
            revokedAt: uint32(packed >> _REVOKED_AT),
            epoch: uint32(packed >> _EPOCH)
        });
    }

    function _customerOf(uint256 packed) private pure returns (address) {
        return address(uint160(packed));
    }

    /// @dev A zero customer neither calls nor signs; only the reason that is given has to be looked for.
    function _requireCustomer(address customer) private view {
        if (msg.sender != customer) {
            if (customer == address(0)) revert ConsentRegistry_ZeroCustomer();
            revert ConsentRegistry_NotTheCustomer(msg.sender, customer);
        }
    }

    function _requireSignature(address customer, bytes32 digest, bytes calldata signature) private view {
        if (!Signatures.isValid(customer, digest, signature)) {
            if (customer == address(0)) revert ConsentRegistry_ZeroCustomer();
            revert ConsentRegistry_InvalidSignature(digest, customer);
        }
    }
}
