// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IFairCartDomain} from "../interfaces/IFairCartDomain.sol";

/// @title FairCartDomain
/// @dev The one place where the domain's name and version stand.
abstract contract FairCartDomain is EIP712, IFairCartDomain {
    constructor() EIP712("FairCart", "1") {}

    /// @inheritdoc IFairCartDomain
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
