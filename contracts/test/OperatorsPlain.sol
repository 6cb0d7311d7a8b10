// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Wrapper} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Wrapper.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title PlainWrapper
/// @notice OpenZeppelin's plainest custody of a token, to measure against.
contract PlainWrapper is ERC20Wrapper {
    constructor(IERC20 token) ERC20("Plain", "PLAIN") ERC20Wrapper(token) {}
}

/// @title PlainVault
/// @notice OpenZeppelin's vault, to measure against.
contract PlainVault is ERC4626 {
    constructor(IERC20 token) ERC20("Plain", "PLAIN") ERC4626(token) {}
}
