// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @title The EIP-712 domain that every FairCart contract signs in
/// @notice Name `FairCart`, version `1`, the chain id and the contract's own address. A paper signed for one
/// contract or chain is therefore worth nothing on another.
interface IFairCartDomain is IERC5267 {
    /// @notice The EIP-712 domain separator on the chain that executes the call.
    /// @return The 32-byte separator; it changes with the chain id if the chain forks.
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}
