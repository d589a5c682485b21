// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDataExchange} from "../interfaces/IDataExchange.sol";
import {Payouts} from "./Payouts.sol";

/// @title StandingBalances
/// @dev The part of the exchange that keeps what consumers and custodians have put in and not locked.
abstract contract StandingBalances is Payouts, IDataExchange {
    /* STORAGE */

    mapping(address account => uint256 amount) private _balances;

    /* VIEWS */

    /// @inheritdoc IDataExchange
    function balanceOf(address account) external view returns (uint256) {
        return _balanceOf(account);
    }

    /* FUNDING AND WITHDRAWING */

    /// @inheritdoc IDataExchange
    function fund() external payable nonReentrantView {
        _add(msg.sender, msg.value);

        emit Funded(msg.sender, msg.value);
    }

    /// @inheritdoc IDataExchange
    function withdraw(address to, uint256 amount) external nonReentrant {
        if (to == address(0)) revert Payouts_ZeroReceiver();
        uint256 balance = _balances[msg.sender];
        if (amount > balance) revert DataExchange_BalanceTooLow(msg.sender, balance, amount);

        // Cannot underflow: checked above.
        unchecked {
            _balances[msg.sender] = balance - amount;
        }

        emit Withdrawn(msg.sender, to, amount);

        _send(to, amount);
    }

    /* INTERNALS */

    function _balanceOf(address account) internal view returns (uint256) {
        return _balances[account];
    }

    function _setBalance(address account, uint256 amount) internal {
        _balances[account] = amount;
    }

    /// @dev Reads and writes at once, so that two roles on one account lose nothing.
    function _add(address account, uint256 amount) internal {
        // Cannot overflow: it is ether that the contract holds.
        unchecked {
            _balances[account] += amount;
        }
    }

    /// @dev Takes `needed` wei from the value sent, which is counted here and nowhere else, and from the
    /// standing balance; what is left of the value is added to the balance. An exact value touches no storage.
    function _charge(uint256 needed) internal {
        if (msg.value == needed) return;
        uint256 balance = _balances[msg.sender];
        // Cannot overflow: there is less ether than 2**128 wei.
        unchecked {
            uint256 available = balance + msg.value;
            if (available < needed) revert DataExchange_BalanceTooLow(msg.sender, available, needed);

            _balances[msg.sender] = available - needed;

            if (msg.value > needed) emit Funded(msg.sender, msg.value - needed);
            else emit Drawn(msg.sender, needed - msg.value);
        }
    }
}
