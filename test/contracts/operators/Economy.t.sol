// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Roster, Rosters} from "../../../contracts/libraries/Roster.sol";
import {SlashMath} from "../../../contracts/libraries/SlashMath.sol";

/// @notice Fuzzes how slashes are shared and how many may sit.
contract OperatorEconomyTest {
    using Rosters for Roster;

    /// hardhat-config: fuzz.runs = 1000
    function testFuzz_aSlashIsSharedWithoutRemainder(uint256 amount, bool hasReporter) public pure {
        (uint256 share, uint256 burned, uint256 rest) = SlashMath.split(amount, hasReporter);
        require(share <= amount && burned <= amount && rest <= amount, "bounds");
        require(amount - burned - share == rest, "sum");
        require(share <= amount / 10, "tenth");
        require(burned >= amount - burned, "half");
        require(hasReporter || share == 0, "nobody");
    }

    /// hardhat-config: fuzz.runs = 1000
    function testFuzz_aSlashTakesExactlyItsAmount(uint104 staked, uint104 unbonding, uint256 amount) public pure {
        uint256 total = uint256(staked) + unbonding;
        amount = amount % (total + 1);
        (uint256 stakedAfter, uint256 unbondingAfter) = SlashMath.remaining(staked, unbonding, amount);
        require(stakedAfter <= staked && unbondingAfter <= unbonding, "gains");
        require(total - stakedAfter - unbondingAfter == amount, "amount");
        // In proportion, to a unit, and never in the operator's favour.
        require((staked - stakedAfter) * total >= amount * staked, "favour");
        require((staked - stakedAfter) * total < amount * staked + (total == 0 ? 1 : total), "unit");
    }

    function test_seatsByStakeAreTheMostThatTheThirdHolds() public pure {
        for (uint256 governed = 0; governed <= 31; ++governed) {
            uint256 most = 0;
            for (uint256 s = 1; governed + s <= 31; ++s) {
                if (s <= (governed + s - 1) / 3) most = s;
            }
            require(Rosters.stakeLimit(governed) == most, "limit");
        }
    }

    /// @notice Whatever comes and goes, in any order, the third and the order of seats hold.
    /// hardhat-config: fuzz.runs = 500
    function testFuzz_rostersKeepTheThird(uint256 governed, uint256 seed) public pure {
        governed %= 32;
        address[] memory list = new address[](governed);
        for (uint256 i = 0; i < governed; ++i) list[i] = address(uint160(1 + i));
        Roster memory roster = Rosters.from(list, governed);
        for (uint256 step = 0; step < 60; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 2 == 0 && roster.hasRoom()) roster.push(address(uint160(100 + step)));
            else if (seed % 5 == 1 && roster.length != 0) roster.removeAt((seed >> 8) % roster.length);
            else if (seed % 11 == 1) roster = roster.replaceGoverned(_some(seed));
            uint256 byStake = roster.length - roster.governed;
            require(roster.length <= 31, "seats");
            require(byStake == 0 || byStake <= (roster.length - 1) / 3, "third");
            address[] memory accounts = roster.list();
            for (uint256 i = 0; i < accounts.length; ++i) {
                require((uint160(accounts[i]) < 100) == (i < roster.governed), "order");
                for (uint256 j = 0; j < i; ++j) require(accounts[i] != accounts[j], "twice");
            }
        }
    }

    function _some(uint256 seed) internal pure returns (address[] memory list) {
        list = new address[](seed % 32);
        for (uint256 i = 0; i < list.length; ++i) list[i] = address(uint160(1 + i));
    }
}
