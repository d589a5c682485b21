// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ChaCha20 stream cipher (RFC 8439), for pieces of up to 256 bytes
/// @notice Encryption and decryption are the same operation: XOR with the key stream.
/// @dev The cipher's state is a matrix of sixteen 32-bit words. Here one EVM word holds the *same* state word
/// of four consecutive blocks, each in a 64-bit lane:
///
///     bits 255..192   191..128   127..64    63..0
///          block 0    block 1    block 2    block 3
///
/// so that one pass of the rounds yields the key stream of four blocks, 256 bytes. A lane's upper 32 bits take
/// the carry of an addition or what a rotation shifts out, and are masked away before the next step. Blocks
/// differ only in their counter.
///
/// Measured with viaIR and 200 runs: see contracts/README.md. Optimisers are fickle here: after any edit,
/// measure again.
library ChaCha20 {
    /// @notice More data than four blocks of key stream cover.
    error ChaCha20_DataTooLong(uint256 length, uint256 limit);
    /// @notice The block counter is a 32-bit word: the four blocks from `counter` on would overflow it.
    error ChaCha20_CounterOutOfRange(uint256 counter, uint256 limit);

    /// @notice Bytes of key stream in four blocks.
    uint256 internal constant MAX_LENGTH = 256;
    /// @notice The last counter from which four blocks can follow.
    uint256 internal constant MAX_COUNTER = type(uint32).max - 3;

    /// @notice XORs `data` with the key stream that starts at block `counter`.
    /// @param key The 32 bytes of the key.
    /// @param nonce The 12 bytes of the nonce.
    /// @param counter Number of the first block.
    /// @param data At most `MAX_LENGTH` bytes.
    /// @return result As many bytes as `data`.
    function xor(bytes32 key, bytes12 nonce, uint256 counter, bytes calldata data)
        internal
        pure
        returns (bytes memory result)
    {
        if (data.length > MAX_LENGTH) revert ChaCha20_DataTooLong(data.length, MAX_LENGTH);
        if (counter > MAX_COUNTER) revert ChaCha20_CounterOutOfRange(counter, MAX_COUNTER);
        result = new bytes(MAX_LENGTH);
        _keyStream(key, nonce, counter, result);
        assembly ("memory-safe") {
            // `result` holds 256 bytes of key stream. The words of `data` are XORed over it; what the last word
            // reads beyond the end of `data` falls behind the length that is set at last.
            let size := data.length
            for { let i := 0 } lt(i, size) { i := add(i, 32) } {
                let at := add(add(result, 32), i)
                mstore(at, xor(mload(at), calldataload(add(data.offset, i))))
            }
            mstore(result, size)
        }
    }

    /// @dev Writes the 256 bytes of key stream of four blocks over the contents of `output`, which has that
    /// length.
    function _keyStream(bytes32 key, bytes12 nonce, uint256 counter, bytes memory output) private pure {
        assembly ("memory-safe") {
            // The value 1 in each lane: multiplying by it copies a 32-bit word into all four lanes.
            function ones() -> value {
                value := 0x0000000000000001000000000000000100000000000000010000000000000001
            }
            // The lower 32 bits of each lane. Kept in scratch space and read from there, because the optimiser
            // replaces the literal, all eight times that a quarter round needs it, by a dearer copy from the code.
            mstore(0x00, 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff)
            // Reverses the bytes of each 32-bit group: RFC 8439 reads and writes words in little-endian order.
            function swapBytes(x) -> y {
                y := or(
                    and(shr(8, x), 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff),
                    shl(8, and(x, 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff))
                )
                y := or(
                    and(shr(16, y), 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff),
                    shl(16, and(y, 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff))
                )
            }
            // RFC 8439 section 2.1, in four lanes, on the state words that lie at the four addresses. To rotate left
            // by n, a word is doubled into both halves of its lane (times 2^32 + 1) and the lane shifted right by
            // 32 - n.
            function quarterRound(atA, atB, atC, atD) {
                let mask := mload(0x00)
                let a := mload(atA)
                let b := mload(atB)
                let c := mload(atC)
                let d := mload(atD)
                a := and(add(a, b), mask)
                d := and(shr(16, mul(xor(d, a), 0x100000001)), mask)
                c := and(add(c, d), mask)
                b := and(shr(20, mul(xor(b, c), 0x100000001)), mask)
                a := and(add(a, b), mask)
                d := and(shr(24, mul(xor(d, a), 0x100000001)), mask)
                c := and(add(c, d), mask)
                b := and(shr(25, mul(xor(b, c), 0x100000001)), mask)
                mstore(atA, a)
                mstore(atB, b)
                mstore(atC, c)
                mstore(atD, d)
            }

            // Two copies of the state, in free memory: `start` stays as it is, `state` goes through the rounds.
            let start := mload(0x40)
            let state := add(start, 0x200)

            // Section 2.3: four constants, eight words of key, the counter, three words of nonce.
            mstore(start, mul(0x61707865, ones()))
            mstore(add(start, 0x20), mul(0x3320646e, ones()))
            mstore(add(start, 0x40), mul(0x79622d32, ones()))
            mstore(add(start, 0x60), mul(0x6b206574, ones()))
            let words := swapBytes(key)
            for { let i := 0 } lt(i, 8) { i := add(i, 1) } {
                mstore(
                    add(start, add(0x80, shl(5, i))),
                    mul(and(shr(sub(224, shl(5, i)), words), 0xffffffff), ones())
                )
            }
            mstore(
                add(start, 0x180),
                add(mul(counter, ones()), 0x0000000000000000000000000000000100000000000000020000000000000003)
            )
            words := swapBytes(nonce)
            mstore(add(start, 0x1a0), mul(shr(224, words), ones()))
            mstore(add(start, 0x1c0), mul(and(shr(192, words), 0xffffffff), ones()))
            mstore(add(start, 0x1e0), mul(and(shr(160, words), 0xffffffff), ones()))
            mcopy(state, start, 0x200)

            // Ten double rounds: the four columns, then the four diagonals of the matrix.
            for { let i := 0 } lt(i, 10) { i := add(i, 1) } {
                quarterRound(state, add(state, 0x80), add(state, 0x100), add(state, 0x180))
                quarterRound(add(state, 0x20), add(state, 0xa0), add(state, 0x120), add(state, 0x1a0))
                quarterRound(add(state, 0x40), add(state, 0xc0), add(state, 0x140), add(state, 0x1c0))
                quarterRound(add(state, 0x60), add(state, 0xe0), add(state, 0x160), add(state, 0x1e0))
                quarterRound(state, add(state, 0xa0), add(state, 0x140), add(state, 0x1e0))
                quarterRound(add(state, 0x20), add(state, 0xc0), add(state, 0x160), add(state, 0x180))
                quarterRound(add(state, 0x40), add(state, 0xe0), add(state, 0x100), add(state, 0x1a0))
                quarterRound(add(state, 0x60), add(state, 0x80), add(state, 0x120), add(state, 0x1c0))
            }

            // The key stream is the sum of both copies, word after word, in little-endian order. Eight state words
            // give half of each of the four blocks; word j goes to bits 255 - 32j .. 224 - 32j of its half.
            for { let half := 0 } lt(half, 2) { half := add(half, 1) } {
                let block0 := 0
                let block1 := 0
                let block2 := 0
                let block3 := 0
                for { let j := 0 } lt(j, 8) { j := add(j, 1) } {
                    let at := add(shl(8, half), shl(5, j))
                    let sum := swapBytes(and(add(mload(add(start, at)), mload(add(state, at))), mload(0x00)))
                    block0 := or(shl(32, block0), shr(192, sum))
                    block1 := or(shl(32, block1), and(shr(128, sum), 0xffffffff))
                    block2 := or(shl(32, block2), and(shr(64, sum), 0xffffffff))
                    block3 := or(shl(32, block3), and(sum, 0xffffffff))
                }
                let at := add(add(output, 32), shl(5, half))
                mstore(at, block0)
                mstore(add(at, 0x40), block1)
                mstore(add(at, 0x80), block2)
                mstore(add(at, 0xc0), block3)
            }
        }
    }
}
