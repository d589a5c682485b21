// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Contract accounts for the tests, each with one owner key that signs for it by ERC-1271
/// @dev Never deployed with the product. They differ in what they do with ether that is sent to them.
abstract contract Wallet is IERC1271 {
    address private immutable _OWNER;

    constructor(address owner) {
        _OWNER = owner;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address recovered, ECDSA.RecoverError error,) = ECDSA.tryRecoverCalldata(digest, signature);
        bool valid = error == ECDSA.RecoverError.NoError && recovered == _OWNER;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    /// @dev The owner calls as this account; what the call reverts with is passed on.
    function execute(address target, uint256 value, bytes calldata data) external payable {
        require(msg.sender == _OWNER, "not the owner");
        _call(target, value, data);
    }

    /// @dev Several calls in one transaction, and so in one second.
    function executeAll(address[] calldata targets, bytes[] calldata calls) external {
        require(msg.sender == _OWNER, "not the owner");
        for (uint256 i; i < calls.length; ++i) {
            _call(targets[i], 0, calls[i]);
        }
    }

    function _call(address target, uint256 value, bytes calldata data) private {
        (bool success, bytes memory result) = target.call{value: value}(data);
        assembly ("memory-safe") {
            if iszero(success) { revert(add(result, 32), mload(result)) }
        }
    }
}

/// @dev Takes ether.
contract AcceptingWallet is Wallet {
    constructor(address owner) Wallet(owner) {}

    receive() external payable {}
}

/// @dev Refuses ether: it has no `receive`.
contract RefusingWallet is Wallet {
    constructor(address owner) Wallet(owner) {}
}

/// @dev Burns all gas that a payment gives it.
contract GasBurningWallet is Wallet {
    constructor(address owner) Wallet(owner) {}

    receive() external payable {
        assembly ("memory-safe") {
            invalid()
        }
    }
}

/// @dev Refuses ether with as much return data as its gas allows, which a careless caller would copy.
contract VerboseWallet is Wallet {
    constructor(address owner) Wallet(owner) {}

    receive() external payable {
        assembly ("memory-safe") {
            // Memory costs 3 gas a word and words^2 / 512: 4,000 words are 43,250.
            revert(0, 128000)
        }
    }
}

/// @dev Calls whatever its script says when it is paid. The script is the code of another address, because
/// the gas of a pushed payment does not suffice to read a whole order from storage.
contract ReenteringWallet is Wallet {
    /// @notice Code there: a byte that tells whether a failure makes it refuse the ether (1), does not (0), or does
    /// not and is logged with its reason (2); the 20 bytes of the address to call, and the data to call it with.
    /// No code: it just takes the ether.
    address private immutable _SCRIPT;

    constructor(address owner, address script) Wallet(owner) {
        _SCRIPT = script;
    }

    receive() external payable {
        address script = _SCRIPT;
        assembly ("memory-safe") {
            let size := extcodesize(script)
            if size {
                let buffer := mload(0x40)
                extcodecopy(script, buffer, 0, size)
                let target := shr(96, mload(add(buffer, 1)))
                let accepted := call(gas(), target, 0, add(buffer, 21), sub(size, 21), 0, 0)
                if iszero(accepted) {
                    let answer := byte(0, mload(buffer))
                    if eq(answer, 1) { revert(0, 0) }
                    if eq(answer, 2) {
                        returndatacopy(buffer, 0, returndatasize())
                        log0(buffer, returndatasize())
                    }
                }
            }
        }
    }
}

/// @dev Code that an EIP-7702 account delegates to. It knows no ERC-1271: only the account's own key signs.
contract AcceptingDelegate {
    receive() external payable {}
}

/// @dev As {AcceptingDelegate}, but it refuses ether. A call without any, such as the one that delegates, passes.
contract RefusingDelegate {
    receive() external payable {
        require(msg.value == 0, "no ether");
    }
}
