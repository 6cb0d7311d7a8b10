// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IPausable} from "../interfaces/IPausable.sol";
import {PauseBudget} from "../libraries/PauseBudget.sol";

/// @title GuardedPause
/// @notice Gives a contract a pause that its guardian may begin, that governance may end, and that lapses by itself.
/// @dev The AccessManager gives `pause` to the guardian's role and `unpause` to the admin's, which is also its default.
abstract contract GuardedPause is IPausable, AccessManaged {
    using PauseBudget for PauseBudget.Record;

    PauseBudget.Record private _pause;

    /// @dev For what a pause stops. Reads one slot.
    modifier whenNotPaused() {
        _requireNotPaused();
        _;
    }

    /// @inheritdoc IPausable
    function pause() external restricted returns (uint64 until) {
        until = _pause.begin();
        _pauseBegan();
        emit Paused(until);
    }

    /// @inheritdoc IPausable
    function unpause() external restricted {
        _pause.end();
        emit Unpaused();
    }

    /// @inheritdoc IPausable
    function pausedUntil() external view returns (uint64) {
        return _pause.until;
    }

    /// @dev For what a contract has to do itself when a pause begins.
    // solhint-disable-next-line no-empty-blocks
    function _pauseBegan() internal virtual {}

    function _requireNotPaused() internal view {
        if (_pause.holds()) revert ContractPaused(_pause.until);
    }

    function _isPaused() internal view returns (bool) {
        return _pause.holds();
    }
}
