// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {GovernorProposalGuardian} from "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorStorage} from "@openzeppelin/contracts/governance/extensions/GovernorStorage.sol";

import {IGuardian} from "../interfaces/IGuardian.sol";
import {IPausable} from "../interfaces/IPausable.sol";
import {IPayoutDistributor} from "../interfaces/IPayoutDistributor.sol";
import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {FeedId} from "../types/FeedId.sol";
import {GUARDIAN_ROLE} from "./Roles.sol";

/// @title Guardian
/// @notice The one holder of the guardian's role and of the governor's veto, and the limits of both.
/// @dev Holds nothing and answers only to its holder and to governance, so whatever it calls gets no power from it.
contract Guardian is IGuardian, AccessManaged {
    uint64 internal constant TERM = 180 days;
    uint256 internal constant MAX_VETOES = 3;
    uint64 internal constant VETO_WINDOW = 30 days;

    /// @inheritdoc IGuardian
    address public immutable priceFeeds;

    /// @inheritdoc IGuardian
    address public holder;
    /// @inheritdoc IGuardian
    uint64 public termEnds;
    /// @inheritdoc IGuardian
    address public governor;
    /// @dev Times of the latest vetoes; number i of all is at i mod MAX_VETOES.
    uint64[MAX_VETOES] internal _vetoTimes;
    uint256 internal _vetoes;

    modifier onlyHolder() {
        _checkHolder();
        _;
    }

    constructor(address authority, address priceFeeds_, address firstHolder) AccessManaged(authority) {
        priceFeeds = priceFeeds_;
        _appoint(firstHolder);
    }

    /// @inheritdoc IGuardian
    function trip(FeedId feedId) external onlyHolder {
        emit TripOrdered(feedId, msg.sender);
        IPriceFeeds(priceFeeds).trip(feedId);
    }

    /// @inheritdoc IGuardian
    function pause(address target) external onlyHolder {
        uint64 until = IPausable(target).pause();
        emit PauseOrdered(target, msg.sender, until);
    }

    /// @inheritdoc IGuardian
    function disputePayout(address distributor, bytes32 proposalId, string calldata reason) external onlyHolder {
        emit PayoutDisputeOrdered(distributor, proposalId, msg.sender, reason);
        IPayoutDistributor(distributor).guardianDispute(proposalId, reason);
    }

    /// @inheritdoc IGuardian
    function veto(uint256 proposalId) external onlyHolder {
        uint64 nextAllowed = nextVetoAt();
        if (block.timestamp < nextAllowed) revert VetoesExhausted(nextAllowed);
        if (isProtected(proposalId)) revert ProposalProtected(proposalId);
        _vetoTimes[_vetoes++ % MAX_VETOES] = uint64(block.timestamp);
        emit ProposalVetoed(proposalId, msg.sender);
        GovernorStorage(payable(governor)).cancel(proposalId);
    }

    /// @inheritdoc IGuardian
    function appoint(address newHolder) external restricted {
        _appoint(newHolder);
    }

    /// @inheritdoc IGuardian
    function dismiss() external restricted {
        address dismissed = _requireHolder();
        (holder, termEnds) = (address(0), 0);
        emit HolderDismissed(dismissed);
    }

    /// @inheritdoc IGuardian
    function renew() external restricted {
        address renewed = _requireHolder();
        termEnds = uint64(block.timestamp) + TERM;
        emit TermRenewed(renewed, termEnds);
    }

    /// @inheritdoc IGuardian
    function setGovernor(address newGovernor) external restricted {
        if (newGovernor.code.length == 0) revert NoGovernor(newGovernor);
        governor = newGovernor;
        emit GovernorChanged(newGovernor);
    }

    /// @inheritdoc IGuardian
    function nextVetoAt() public view returns (uint64) {
        uint64 oldest = _vetoTimes[_vetoes % MAX_VETOES];
        return oldest == 0 ? 0 : oldest + VETO_WINDOW;
    }

    /// @inheritdoc IGuardian
    function isProtected(uint256 proposalId) public view returns (bool) {
        if (governor == address(0)) revert NoGovernor(governor);
        (address[] memory targets, , bytes[] memory calldatas, ) = GovernorStorage(payable(governor)).proposalDetails(
            proposalId
        );
        for (uint256 i = 0; i < targets.length; ++i) {
            if (!_isProtected(targets[i], calldatas[i])) return false;
        }
        return true;
    }

    function _appoint(address newHolder) internal {
        if (newHolder == address(0)) revert ZeroHolder();
        (holder, termEnds) = (newHolder, uint64(block.timestamp) + TERM);
        emit HolderAppointed(newHolder, termEnds);
    }

    function _checkHolder() internal view {
        if (msg.sender != holder) revert NotHolder(msg.sender, holder);
        if (block.timestamp >= termEnds) revert TermEnded(termEnds);
    }

    function _requireHolder() internal view returns (address present) {
        present = holder;
        if (present == address(0)) revert NoHolder();
    }

    /// @dev Whether one action of a proposal only replaces or removes the guardian. An action that merely begins like one
    /// and cannot be executed protects nothing, since it takes its whole proposal along.
    function _isProtected(address target, bytes memory data) internal view returns (bool) {
        // Shorter calldata is padded with zeros: no selector here has any.
        bytes4 selector = bytes4(data);
        if (target == address(this)) return selector == this.appoint.selector || selector == this.dismiss.selector;
        if (target == governor) return selector == GovernorProposalGuardian.setProposalGuardian.selector;
        if (target != authority()) return false;
        bytes memory removal = abi.encodeCall(IAccessManager.revokeRole, (GUARDIAN_ROLE, address(this)));
        return keccak256(data) == keccak256(removal);
    }
}
