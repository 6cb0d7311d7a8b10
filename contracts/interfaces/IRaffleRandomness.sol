// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IRaffleRandomness
/// @notice Asks once a day for the random word that a raffle among payouts is drawn with. Anyone may have it asked.
/// @dev A VRF 2.5 consumer. A raffle is drawn with the words of this contract's first answered request after the epoch's
/// snapshot block; the contract refuses to ask before a day has ended, so none of its requests counts too early.
///
/// Warning: whoever asks chooses the block of the request, not the words: those follow from that block's hash and the
/// operator's secret key. An operator that also produces that block can discard it (see SECURITY.md).
/// Warning: the contract must be a consumer of the subscription, and the subscription must hold what a request reserves.
interface IRaffleRandomness {
    /// @notice What every request asks for, fixed at deployment.
    /// @param keyHash Proving key of the coordinator.
    /// @param subId Subscription that pays.
    /// @param confirmations Blocks between a request and its answer.
    /// @param firstEnd When the first day that is paid ends, unix seconds: `startDay` plus one day, at `epochHour`.
    struct Terms {
        bytes32 keyHash;
        uint256 subId;
        uint16 confirmations;
        uint64 firstEnd;
    }

    /// @notice The latest request.
    /// @param day Day that it was made for, 1 for the first; 0 before the first request.
    /// @param blockNumber Block of the request.
    /// @param isAnswered Whether its word was delivered.
    /// @param requestId The coordinator's number of it.
    struct Asked {
        uint32 day;
        uint64 blockNumber;
        bool isAnswered;
        uint256 requestId;
    }

    /// @notice A word was asked for.
    event WordAsked(uint32 indexed day, uint256 indexed requestId, address indexed by);

    /// @notice The first day has not ended: asking is possible from `earliest` on, unix seconds.
    error DayNotOver(uint256 time, uint256 earliest);
    /// @notice The day's word was asked for and answered.
    error AlreadyAnswered(uint32 day, uint256 requestId);
    /// @notice The day's word was asked for and can be answered until block `deadline`.
    error StillPending(uint256 requestId, uint256 blockNumber, uint256 deadline);
    /// @notice Only the coordinator brings words.
    error OnlyCoordinator(address caller);
    /// @notice The end of the first day is zero.
    error ZeroFirstEnd();

    /// @notice Asks for the word of the latest day that has ended: once a day, and again when a request was not answered
    /// within the coordinator's deadline. Anyone may call.
    function ask() external returns (uint256 requestId);

    /// @notice What every request asks for.
    function terms() external view returns (Terms memory);

    /// @notice The coordinator that is asked.
    function coordinator() external view returns (address);

    /// @notice The latest request.
    function asked() external view returns (Asked memory);
}
