// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICheckoutEscrow} from "../../interfaces/ICheckoutEscrow.sol";
import {IConsentRegistry} from "../../interfaces/IConsentRegistry.sol";
import {IDataExchange} from "../../interfaces/IDataExchange.sol";
import {IPayouts} from "../../interfaces/IPayouts.sol";

/// @title Papers
/// @notice The EIP-712 struct hashes of the signed papers.
/// @dev Every struct here is static: in calldata it lies as one run of 32-byte words, which is exactly what
/// EIP-712 hashes after the type hash. Copying the run costs about 1,000 gas less than encoding it field by
/// field. A field with dirty upper bits only gives a digest that nobody signed, and reading the field reverts.
library Papers {
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "Order(address seller,address buyer,address arbiter,uint256 amount,bytes32 orderHash,uint64 validUntil,uint32 shipWithin,uint32 confirmWithin,uint32 arbitrationWithin,uint256 salt)"
    );
    bytes32 internal constant SETTLEMENT_TYPEHASH =
        keccak256("Settlement(bytes32 orderId,uint256 buyerAmount,uint64 validUntil)");
    bytes32 internal constant CREDIT_WITHDRAWAL_TYPEHASH =
        keccak256("CreditWithdrawal(address owner,address to,uint256 amount,uint256 nonce,uint64 validUntil)");
    bytes32 internal constant CONSENT_TYPEHASH = keccak256(
        "Consent(address customer,address consumer,address custodian,bytes32 dataRoot,bytes32 terms,uint256 reward,uint64 validUntil,uint32 epoch)"
    );
    bytes32 internal constant REVOCATION_TYPEHASH = keccak256("Revocation(bytes32 consentId)");
    bytes32 internal constant REVOCATION_OF_ALL_TYPEHASH =
        keccak256("RevocationOfAll(address customer,uint32 epoch,uint32 nextEpoch)");
    bytes32 internal constant TERMS_TYPEHASH = keccak256(
        "Terms(address consumer,address custodian,uint256 fee,uint256 custodianDeposit,uint256 consumerDeposit,uint32 deliverWithin,uint32 respondWithin,uint64 validUntil)"
    );
    bytes32 internal constant SEALING_TYPEHASH =
        keccak256("Sealing(bytes32 itemRoot,bytes32 keyHash,bytes32 padHash)");
    bytes32 internal constant OFFER_TYPEHASH = keccak256(
        "Offer(bytes32 consentId,address customer,uint256 reward,Terms terms,Sealing sealing)Sealing(bytes32 itemRoot,bytes32 keyHash,bytes32 padHash)Terms(address consumer,address custodian,uint256 fee,uint256 custodianDeposit,uint256 consumerDeposit,uint32 deliverWithin,uint32 respondWithin,uint64 validUntil)"
    );

    /// @param order The order.
    /// @return Its EIP-712 struct hash.
    function hash(ICheckoutEscrow.Order calldata order) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := order // where the struct begins in calldata
        }
        return _hashWords(ORDER_TYPEHASH, start, 10);
    }

    /// @param settlement The settlement.
    /// @return Its EIP-712 struct hash.
    function hash(ICheckoutEscrow.Settlement calldata settlement) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := settlement
        }
        return _hashWords(SETTLEMENT_TYPEHASH, start, 3);
    }

    /// @param withdrawal The withdrawal of a credit.
    /// @return Its EIP-712 struct hash.
    function hash(IPayouts.CreditWithdrawal calldata withdrawal) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := withdrawal
        }
        return _hashWords(CREDIT_WITHDRAWAL_TYPEHASH, start, 5);
    }

    /// @param consent The consent.
    /// @return Its EIP-712 struct hash.
    function hash(IConsentRegistry.Consent calldata consent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := consent
        }
        return _hashWords(CONSENT_TYPEHASH, start, 8);
    }

    /// @param revocation The withdrawal of everything.
    /// @return Its EIP-712 struct hash.
    function hash(IConsentRegistry.RevocationOfAll calldata revocation) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := revocation
        }
        return _hashWords(REVOCATION_OF_ALL_TYPEHASH, start, 3);
    }

    /// @param consentId The consent that a Revocation names, its only field.
    /// @return The Revocation's EIP-712 struct hash.
    function hashRevocation(bytes32 consentId) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVOCATION_TYPEHASH, consentId));
    }

    /// @param terms The terms of an offer.
    /// @return Their EIP-712 struct hash.
    function hash(IDataExchange.Terms calldata terms) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := terms
        }
        return _hashWords(TERMS_TYPEHASH, start, 8);
    }

    /// @param sealing The sealing of an offer.
    /// @return Its EIP-712 struct hash.
    function hash(IDataExchange.Sealing calldata sealing) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := sealing
        }
        return _hashWords(SEALING_TYPEHASH, start, 3);
    }

    /// @param offer The offer.
    /// @return Its EIP-712 struct hash.
    function hash(IDataExchange.Offer calldata offer) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := offer
        }
        return _hashOffer(start, hash(offer.terms), hash(offer.sealing));
    }

    /// @param sale An offer without its terms, and with its sealing by its hash.
    /// @param termsHash The struct hash of its terms.
    /// @return The offer's EIP-712 struct hash.
    function hash(IDataExchange.Sale calldata sale, bytes32 termsHash) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := sale
        }
        return _hashOffer(start, termsHash, sale.sealingHash);
    }

    /// @param scope What a consent says beyond what the offer repeats.
    /// @param terms The offer's terms, with the consent's consumer and custodian.
    /// @param sale The rest of the offer, with the consent's customer and reward.
    /// @return result The consent's EIP-712 struct hash.
    function hash(
        IDataExchange.Scope calldata scope,
        IDataExchange.Terms calldata terms,
        IDataExchange.Sale calldata sale
    ) internal pure returns (bytes32 result) {
        bytes32 typeHash = CONSENT_TYPEHASH;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, typeHash)
            calldatacopy(add(buffer, 0x20), add(sale, 0x20), 0x20) // customer
            calldatacopy(add(buffer, 0x40), terms, 0x40) // consumer, custodian
            calldatacopy(add(buffer, 0x80), scope, 0x40) // dataRoot, terms
            calldatacopy(add(buffer, 0xc0), add(sale, 0x40), 0x20) // reward
            calldatacopy(add(buffer, 0xe0), add(scope, 0x40), 0x40) // validUntil, epoch
            result := keccak256(buffer, 0x120)
        }
    }

    /// @dev An Offer and a Sale begin with the same three words of calldata: consentId, customer, reward. The
    /// two nested structs stand behind them by their hashes.
    function _hashOffer(uint256 start, bytes32 termsHash, bytes32 sealingHash)
        private
        pure
        returns (bytes32 result)
    {
        bytes32 typeHash = OFFER_TYPEHASH;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, typeHash)
            calldatacopy(add(buffer, 0x20), start, 0x60)
            mstore(add(buffer, 0x80), termsHash)
            mstore(add(buffer, 0xa0), sealingHash)
            result := keccak256(buffer, 0xc0)
        }
    }

    /// @dev keccak256 of the type hash and `words` 32-byte words of calldata from `start` on. They are laid out
    /// behind the free memory pointer, which stays where it is: nothing reads them after the hash.
    function _hashWords(bytes32 typeHash, uint256 start, uint256 words) private pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let size := shl(5, words)
            mstore(buffer, typeHash)
            calldatacopy(add(buffer, 0x20), start, size)
            result := keccak256(buffer, add(size, 0x20))
        }
    }
}
