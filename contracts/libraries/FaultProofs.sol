// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDataExchange} from "../../interfaces/IDataExchange.sol";
import {ChaCha20} from "./ChaCha20.sol";
import {Items} from "./Items.sol";

/// @title FaultProofs
/// @notice Whether a proof shows that a custodian did not deliver what it had committed to.
/// @dev An honest custodian cannot be convicted: whoever opens the item's root at a position has to show the
/// very ciphertext and data leaf that the custodian hashed there, and those belong together under the right
/// key. A cheating one always can be: the consumer had the whole item, and with it every leaf and path, before
/// it paid.
library FaultProofs {
    /// @notice Bytes of every ciphertext chunk but the last.
    uint256 internal constant CHUNK_SIZE = ChaCha20.MAX_LENGTH;

    /// @notice The last position that a chunk can have. Block 0 of the key stream makes the key of the item's
    /// tag; chunk i takes the four blocks from 1 + 4 * i on.
    uint256 internal constant MAX_CHUNK_INDEX = (ChaCha20.MAX_COUNTER - 1) / 4;

    /// @notice What is stored of a wrapped key. 208 bits are beyond any search for a second key of the same
    /// hash.
    /// @param wrappedKey The wrapped key.
    /// @return The lower 208 bits of its hash.
    function commitment(bytes32 wrappedKey) internal pure returns (uint208) {
        return uint208(uint256(keccak256(abi.encode(wrappedKey))));
    }

    /// @notice Finds the fault that a proof shows. Reverts if it shows none.
    /// @param id The exchange.
    /// @param keyCommitment The {commitment} of the wrapped key that was delivered.
    /// @param sealing What the custodian committed to.
    /// @param proof The proof.
    /// @return The fault.
    function judge(
        bytes32 id,
        uint208 keyCommitment,
        IDataExchange.Sealing calldata sealing,
        IDataExchange.FaultProof calldata proof
    ) internal view returns (IDataExchange.Fault) {
        if (commitment(proof.wrappedKey) != keyCommitment) {
            revert IDataExchange.DataExchange_WrongWrappedKey(id, proof.wrappedKey);
        }
        bytes32 padHash = sha256(abi.encode(proof.pad));
        if (padHash != sealing.padHash) revert IDataExchange.DataExchange_WrongPad(id, padHash);

        bytes32 key = proof.wrappedKey ^ proof.pad;
        if (sha256(abi.encode(key)) != sealing.keyHash) return IDataExchange.Fault.WrongKey;

        uint32 index = proof.index;
        if (proof.ciphertext.length == 0) revert IDataExchange.DataExchange_KeyIsRight(id);
        if (proof.ciphertext.length > CHUNK_SIZE) {
            revert IDataExchange.DataExchange_ChunkTooLong(proof.ciphertext.length, CHUNK_SIZE);
        }
        if (index > MAX_CHUNK_INDEX) revert IDataExchange.DataExchange_ChunkIndexTooLarge(index, MAX_CHUNK_INDEX);
        bytes32 root = Items.root(proof.path, Items.itemLeaf(index, proof.ciphertext, proof.dataLeaf));
        if (root != sealing.itemRoot) {
            revert IDataExchange.DataExchange_ChunkNotInItem(index, root, sealing.itemRoot);
        }

        bytes memory plain = ChaCha20.xor(key, 0, 1 + 4 * uint256(index), proof.ciphertext);
        if (Items.dataLeaf(index, plain) == proof.dataLeaf) {
            revert IDataExchange.DataExchange_ChunkIsRight(id, index);
        }
        return IDataExchange.Fault.WrongChunk;
    }
}
