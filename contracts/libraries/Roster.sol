// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Seats of a set while they are being changed.
/// @param accounts The first `length` of them sit, governance's `governed` seats before those by stake.
struct Roster {
    address[] accounts;
    uint256 length;
    uint256 governed;
}

/// @title Rosters
/// @notice Rules of how many may sit, and changes that keep them.
library Rosters {
    /// @dev A report names its signers in 32 bits, a blob in a byte; 31 is what sets are dimensioned for.
    uint256 internal constant MOST = 31;
    /// @dev Of four, three are a quorum, whose median is decided by none alone. Of three it would be two, whose lower one
    /// is the median.
    uint256 internal constant LEAST = 4;

    /// @notice How many seats by stake there may be beside `governed` of governance's: s ≤ ⌊(n−1)/3⌋ where n = governed + s,
    /// which is s ≤ ⌊(governed − 1) / 2⌋, and n ≤ 31.
    function stakeLimit(uint256 governed) internal pure returns (uint256 limit) {
        if (governed == 0) return 0;
        limit = (governed - 1) / 2;
        if (limit > MOST - governed) limit = MOST - governed;
    }

    /// @notice A roster of these accounts with room for all seats. At most 31.
    function from(address[] memory accounts, uint256 governed) internal pure returns (Roster memory roster) {
        roster.accounts = new address[](MOST);
        for (uint256 i = 0; i < accounts.length; ++i) roster.accounts[i] = accounts[i];
        (roster.length, roster.governed) = (accounts.length, governed);
    }

    /// @notice Those chosen in governance's seats, and behind it those of `before` that sit by stake and may stay.
    function replaceGoverned(
        Roster memory before,
        address[] memory chosen
    ) internal pure returns (Roster memory roster) {
        roster = from(chosen, chosen.length);
        for (uint256 i = before.governed; i < before.length; ++i) {
            if (hasRoom(roster) && !has(roster, before.accounts[i])) push(roster, before.accounts[i]);
        }
    }

    /// @notice Seats one more by stake, for whom there is room.
    function push(Roster memory roster, address account) internal pure {
        roster.accounts[roster.length++] = account;
    }

    /// @notice Removes one, and as many of the latest by stake as then are too many.
    function removeAt(Roster memory roster, uint256 index) internal pure {
        --roster.length;
        for (uint256 i = index; i < roster.length; ++i) roster.accounts[i] = roster.accounts[i + 1];
        if (index >= roster.governed) return;
        --roster.governed;
        uint256 most = roster.governed + stakeLimit(roster.governed);
        if (roster.length > most) roster.length = most;
    }

    /// @notice Whether one more may sit by stake.
    function hasRoom(Roster memory roster) internal pure returns (bool) {
        return roster.length - roster.governed < stakeLimit(roster.governed);
    }

    /// @notice Whether an account sits.
    function has(Roster memory roster, address account) internal pure returns (bool) {
        for (uint256 i = 0; i < roster.length; ++i) {
            if (roster.accounts[i] == account) return true;
        }
        return false;
    }

    /// @notice Those who sit, in order.
    function list(Roster memory roster) internal pure returns (address[] memory accounts) {
        accounts = new address[](roster.length);
        for (uint256 i = 0; i < accounts.length; ++i) accounts[i] = roster.accounts[i];
    }
}
