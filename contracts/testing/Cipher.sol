// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChaCha20} from "../libraries/ChaCha20.sol";

/// @title The ChaCha20 library alone, for its test vectors and its gas
/// @dev Never deployed with the product.
contract Cipher {
    /// @notice XORs data with the key stream, as the library does.
    /// @return result As many bytes as `data`.
    /// @return gasUsed Gas that the library took.
    function xor(bytes32 key, bytes12 nonce, uint256 counter, bytes calldata data)
        external
        view
        returns (bytes memory result, uint256 gasUsed)
    {
        gasUsed = gasleft();
        result = ChaCha20.xor(key, nonce, counter, data);
        gasUsed -= gasleft();
    }
}
