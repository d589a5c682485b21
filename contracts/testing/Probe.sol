// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Many views in one call, for tests that compare a whole state after every step
/// @dev Never deployed with the product.
contract Probe {
    /// @notice What one view answered.
    /// @param success Whether it returned.
    /// @param result What it returned or reverted with.
    struct Answer {
        bool success;
        bytes result;
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
            answers[i] = Answer(success, result);
        }
    }
}
