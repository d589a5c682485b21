// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Signatures
/// @notice Whether an account signed a digest: tried as the account's own key first, then as ERC-1271.
/// @dev OpenZeppelin's SignatureChecker asks an account that has code for ERC-1271 only. That locks out an
/// EIP-7702 account whose delegate does not know ERC-1271 although its key signed, and costs every ordinary
/// account 2,600 gas for the look at its code.
library Signatures {
    /// @param signer The account that had to sign.
    /// @param digest The EIP-712 digest.
    /// @param signature 65 bytes of ECDSA with the lower `s`, or what the account's ERC-1271 accepts.
    /// @return Whether the account signed. Never true for the zero address.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == signer && recovered != address(0)) return true;

        // An account without code answers with no data, which does not count as a yes.
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }
}
