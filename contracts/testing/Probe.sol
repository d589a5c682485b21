// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Many views in one call, for tests that compare a whole state after every step
/// @dev Never deployed with the product.
contract Probe {
    /// @notice What one view answered.
    /// @param success Whether it returned.
    /// @param first The first word that it returned or reverted with.
    /// @param second The second one, 0 if there is none.
    struct Answer {
        bool success;
        uint256 first;
        uint256 second;
    }

    /// @notice Reads balances and calls views.
    /// @param accounts Whose balances.
    /// @param targets Who is called.
    /// @param calls With which data.
    /// @return balances The balance of each account, in wei.
    /// @return answers What each call answered.
    function look(address[] calldata accounts, address[] calldata targets, bytes[] calldata calls)
        external
        view
        returns (uint256[] memory balances, Answer[] memory answers)
    {
        balances = new uint256[](accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            balances[i] = accounts[i].balance;
        }
        answers = new Answer[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            (bool success, bytes memory result) = targets[i].staticcall(calls[i]);
            answers[i] = Answer(success, _word(result, 0), _word(result, 1));
        }
    }

    function _word(bytes memory data, uint256 position) private pure returns (uint256 word) {
        if (data.length < 32 * (position + 1)) return 0;
        assembly ("memory-safe") {
            word := mload(add(data, mul(32, add(position, 1))))
        }
    }
}
