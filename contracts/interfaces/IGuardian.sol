// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId} from "../types/FeedId.sol";

/// @title IGuardian
/// @notice The account that can stop things at once and start nothing: it trips feeds, pauses contracts, drops proposed
/// roots of payouts and vetoes proposals, each within a rate, for a term.
/// @dev Warning: the holder can delay every proposal but those that replace or remove it, three times in 30 days, stop
/// what is pausable for two times 72 hours in 30 days, and drop five proposed payouts a day, which delays payments that
/// no root covers yet. It cannot unpause, spend, grant or change anything.
interface IGuardian {
    /// @notice Governance made an account the holder until `termEnds`, unix seconds.
    event HolderAppointed(address indexed holder, uint64 termEnds);
    /// @notice Governance removed the holder.
    event HolderDismissed(address indexed holder);
    /// @notice Governance gave the holder a new term, until `termEnds`, unix seconds.
    event TermRenewed(address indexed holder, uint64 termEnds);
    /// @notice Governance named the governor whose proposals can be vetoed.
    event GovernorChanged(address indexed governor);
    /// @notice The holder tripped a feed; PriceFeeds says until when.
    event TripOrdered(FeedId indexed feedId, address indexed holder);
    /// @notice The holder paused a contract until `until`, unix seconds.
    event PauseOrdered(address indexed target, address indexed holder, uint64 until);
    /// @notice The holder had a proposed root of payouts dropped.
    event PayoutDisputeOrdered(
        address indexed distributor,
        bytes32 indexed proposalId,
        address indexed holder,
        string reason
    );
    /// @notice The holder vetoed a proposal: it is cancelled for good.
    event ProposalVetoed(uint256 indexed proposalId, address indexed holder);

    /// @notice The caller does not hold the guardian.
    error NotHolder(address caller, address holder);
    /// @notice The holder's term ended, unix seconds.
    error TermEnded(uint64 termEnds);
    /// @notice Nobody holds the guardian.
    error NoHolder();
    /// @notice The holder cannot be the zero address.
    error ZeroHolder();
    /// @notice There is no contract at the governor's address.
    error NoGovernor(address governor);
    /// @notice Three vetoes fell within 30 days; the next is allowed at `nextAllowed`, unix seconds.
    error VetoesExhausted(uint64 nextAllowed);
    /// @notice The proposal does nothing but replace or remove the guardian.
    error ProposalProtected(uint256 proposalId);

    /// @notice Stops a feed for 72 hours, within the feed's budget. Only the holder.
    function trip(FeedId feedId) external;

    /// @notice Stops a pausable contract for 72 hours, within the contract's budget. Only the holder.
    function pause(address target) external;

    /// @notice Drops a proposed root of payouts before it pays, within the distributor's budget of the guardian. Only the
    /// holder.
    /// @param distributor PayoutDistributor that it was proposed to.
    function disputePayout(address distributor, bytes32 proposalId, string calldata reason) external;

    /// @notice Cancels a proposal in whatever state it is, unless it is protected. At most three in 30 days. Only the
    /// holder.
    function veto(uint256 proposalId) external;

    /// @notice Makes an account the holder, in place of the present one, for a term of 180 days. Restricted to governance.
    function appoint(address newHolder) external;

    /// @notice Removes the holder. Restricted to governance.
    function dismiss() external;

    /// @notice Starts the holder's term of 180 days anew, also when it has ended. Restricted to governance.
    function renew() external;

    /// @notice Names the governor whose proposals can be vetoed. Restricted to governance.
    function setGovernor(address newGovernor) external;

    /// @notice Who holds the guardian; zero if nobody does.
    function holder() external view returns (address);

    /// @notice When the holder's term ends, unix seconds; 0 if there is no holder.
    function termEnds() external view returns (uint64);

    /// @notice The governor whose proposals can be vetoed; zero until one is named.
    function governor() external view returns (address);

    /// @notice The feeds that can be tripped.
    function priceFeeds() external view returns (address);

    /// @notice Earliest time of the next veto, unix seconds; not after now if one is allowed.
    function nextVetoAt() external view returns (uint64);

    /// @notice Whether every action of a proposal only replaces or removes the guardian: `appoint` or `dismiss` here,
    /// `setProposalGuardian` of the governor, or `revokeRole` of this contract's own guardian role.
    function isProtected(uint256 proposalId) external view returns (bool);
}
