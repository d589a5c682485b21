// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title Items
/// @notice The hashes that commit to a document and to the item it is sealed in.
/// @dev SHA-256 throughout: it is quick off chain and a precompile on chain. The first byte says what was
/// hashed, so that a leaf can never pass for a node, nor one kind of leaf for the other; nodes are 65 bytes
/// long. A leaf holds its position, so that a chunk proves nothing about another one's.
library Items {
    /// @notice Commits to a plain chunk, which begins with 16 random bytes.
    /// @param index The chunk's position.
    /// @param plain The plain chunk.
    /// @return The leaf.
    function dataLeaf(uint32 index, bytes memory plain) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x00), index, plain));
    }

    /// @notice Commits to a ciphertext chunk and to what it has to decrypt to.
    /// @param index The chunk's position.
    /// @param ciphertext The ciphertext chunk.
    /// @param leaf The data leaf of the same position.
    /// @return The leaf.
    function itemLeaf(uint32 index, bytes calldata ciphertext, bytes32 leaf) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x02), index, ciphertext, leaf));
    }

    /// @notice Where a Merkle path leads from a leaf.
    /// @param path The siblings from the bottom up; a node without sibling is carried up and has none here.
    /// @param leaf The leaf.
    /// @return The root.
    function root(bytes32[] calldata path, bytes32 leaf) internal view returns (bytes32) {
        return MerkleProof.processProofCalldata(path, leaf, _node);
    }

    /// @dev The smaller child comes first, so that a path needs no directions.
    function _node(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? sha256(abi.encodePacked(bytes1(0x01), a, b)) : sha256(abi.encodePacked(bytes1(0x01), b, a));
    }
}
