// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IVRFSubscriptions
/// @notice Prepaid accounts of randomness, in native coin; the surface of Chainlink's IVRFSubscriptionV2Plus.
/// @dev Warning: any consumer of a subscription spends from it. While one has requests pending the subscription can
/// neither be cancelled nor lose a consumer; each request ends by its fulfilment or by the refund after its deadline.
interface IVRFSubscriptions {
    /// @notice A subscription was created.
    event SubscriptionCreated(uint256 indexed subId, address owner);
    /// @notice Native coin was added; balances in wei.
    event SubscriptionFundedWithNative(uint256 indexed subId, uint256 oldNativeBalance, uint256 newNativeBalance);
    /// @notice A consumer may now request from the subscription.
    event SubscriptionConsumerAdded(uint256 indexed subId, address consumer);
    /// @notice A consumer may no longer request from the subscription.
    event SubscriptionConsumerRemoved(uint256 indexed subId, address consumer);
    /// @notice The subscription ended and its balance was paid out; `amountLink` is always 0.
    event SubscriptionCanceled(uint256 indexed subId, address to, uint256 amountLink, uint256 amountNative);
    /// @notice The owner offered the subscription to another account.
    event SubscriptionOwnerTransferRequested(uint256 indexed subId, address from, address to);
    /// @notice The other account took the subscription.
    event SubscriptionOwnerTransferred(uint256 indexed subId, address from, address to);

    /// @notice The call comes from a callback or payment that another call has not finished.
    error ReentrantCall();
    /// @notice There is no such subscription.
    error InvalidSubscription(uint256 subId);
    /// @notice The account is no consumer of the subscription.
    error InvalidConsumer(uint256 subId, address consumer);
    /// @notice Only the subscription's owner may do this.
    error MustBeSubOwner(address caller, address owner);
    /// @notice Only the account that the subscription was offered to may take it.
    error MustBeRequestedOwner(address caller, address proposedOwner);
    /// @notice The subscription has requests pending.
    error PendingRequestExists(uint256 subId, uint256 pending);
    /// @notice The subscription has as many consumers as it can have.
    error TooManyConsumers(uint256 limit);
    /// @notice The account did not accept its payment, in wei.
    error FailedToSendNative(address to, uint256 amount);
    /// @notice The index is beyond the last subscription.
    error IndexOutOfRange(uint256 index, uint256 count);

    /// @notice Creates a subscription of the caller, without balance and consumers.
    function createSubscription() external returns (uint256 subId);

    /// @notice Adds the value sent to a subscription's balance. Anyone may.
    function fundSubscriptionWithNative(uint256 subId) external payable;

    /// @notice Lets a consumer request; no effect if it already may. Only the owner.
    function addConsumer(uint256 subId, address consumer) external;

    /// @notice Stops a consumer from requesting. Only the owner, and only while nothing is pending.
    function removeConsumer(uint256 subId, address consumer) external;

    /// @notice Ends a subscription and pays its balance to `to`. Only the owner, and only while nothing is pending.
    function cancelSubscription(uint256 subId, address to) external;

    /// @notice Offers the subscription to another account; zero withdraws an offer. Only the owner.
    function requestSubscriptionOwnerTransfer(uint256 subId, address newOwner) external;

    /// @notice Takes a subscription that was offered to the caller.
    function acceptSubscriptionOwnerTransfer(uint256 subId) external;

    /// @notice Whether any request of the subscription is pending.
    function pendingRequestExists(uint256 subId) external view returns (bool);

    /// @notice Number of the subscription's pending requests.
    function pendingRequests(uint256 subId) external view returns (uint256);

    /// @notice A subscription; reverts with InvalidSubscription.
    /// @return balance Always 0: there is no LINK.
    /// @return nativeBalance Wei that no pending request reserves.
    /// @return reqCount Requests made so far.
    /// @return owner Account that manages it.
    /// @return consumers Contracts that may request.
    function getSubscription(
        uint256 subId
    )
        external
        view
        returns (uint96 balance, uint96 nativeBalance, uint64 reqCount, address owner, address[] memory consumers);

    /// @notice Ids of subscriptions from an index on, in no lasting order; `maxCount` 0 means all.
    function getActiveSubscriptionIds(uint256 startIndex, uint256 maxCount) external view returns (uint256[] memory);
}
