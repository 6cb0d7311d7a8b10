// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

import {IDodonaToken} from "../interfaces/IDodonaToken.sol";

/// @title DodonaToken
/// @notice Votes, stake and rewards of the network. The supply is minted once, here; it can only burn.
contract DodonaToken is IDodonaToken, ERC20, ERC20Burnable, ERC20Permit, ERC20Votes {
    /// @param accounts Who gets the supply.
    /// @param amounts How much each gets, 18 decimals; below 2^208 in all.
    constructor(address[] memory accounts, uint256[] memory amounts) ERC20("Dodona", "DODONA") ERC20Permit("Dodona") {
        if (accounts.length != amounts.length) revert LengthMismatch(accounts.length, amounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) _mint(accounts[i], amounts[i]);
    }

    /// @notice Unix seconds: governance waits in time, whatever the chain's blocks do.
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @notice ERC-6372: how `clock` counts.
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
