// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IPayoutDistributor
/// @notice Pays what a cumulative Merkle tree says that each account ever earned, no faster than its limits allow.
/// @dev The tree has OpenZeppelin's standard format: a leaf is keccak256(keccak256(abi.encode(account, token,
/// cumulative))) with (address, address, uint256), pairs are hashed in sorted order. The native coin is address(0).
///
/// Warning: M approvers together can have any root approved. What they can take is bounded on chain, whatever the root
/// says: per token by the increase per epoch, by the limits per hour and per day, per account and day, and by the
/// deposits; and a watcher or the guardian can drop the proposal before it counts.
/// Warning: anyone may claim for an account; the money goes to that account, or to whom governance reassigned it.
/// Warning: tokens that take a fee of a transfer are refused on deposit; tokens that change balances by themselves
/// (rebasing) must not be listed.
interface IPayoutDistributor {
    /// @notice What became of a proposal.
    /// Unknown: never made. Proposed: collects approvals. Approved: has enough of them, the challenge window runs. Ready:
    /// the window has passed, anyone may activate it. Activated: its root is, or was, the one that pays. Disputed: dropped
    /// by a watcher or the guardian. Superseded: another proposal was activated for its epoch. Void: the approvers changed
    /// since. Expired: was not activated in time. The last four end a proposal; the same content can be proposed again,
    /// except for a past epoch.
    enum State {
        Unknown,
        Proposed,
        Approved,
        Ready,
        Activated,
        Disputed,
        Superseded,
        Void,
        Expired
    }

    /// @notice Why a push left a recipient out. NothingOwed: all of its leaf is paid. LimitReached: a limit allows nothing
    /// now. TransferFailed: the token or the recipient refused the transfer, or took more gas than a push grants.
    enum SkipReason {
        NothingOwed,
        LimitReached,
        TransferFailed
    }

    /// @notice Total of a token under a root: everything ever earned, everything paid included.
    struct Total {
        address token;
        uint96 amount;
    }

    /// @notice What is proposed. Approvers sign it as the EIP-712 type
    /// `Approval(uint256 epoch,uint256 attempt,bytes32 root,Total[] totals,bytes32 dataHash,string uri,uint256
    /// snapshotBlock)Total(address token,uint256 amount)` in the domain (name "Dodona Payouts", version "1", chain id,
    /// this contract); the attempt is 1 for the first proposal of a content, and grows by one with each repetition.
    /// @param epoch The active epoch plus one.
    /// @param root Root of the tree, not zero.
    /// @param totals Tokens in strictly ascending order, listed, at most 16. A token left out keeps its total.
    /// @param dataHash Hash of what the root was computed from.
    /// @param uri Where the tree is published, at most 256 bytes.
    /// @param snapshotBlock Block that the holdings were taken at. Not checked on chain.
    struct Proposal {
        uint32 epoch;
        bytes32 root;
        Total[] totals;
        bytes32 dataHash;
        string uri;
        uint64 snapshotBlock;
    }

    /// @notice State of a proposal.
    /// @param state State at the current block.
    /// @param epoch Epoch that it is for.
    /// @param attempt How often its content had been proposed, this time included.
    /// @param approvals Approvals given.
    /// @param proposedAt Time of the proposal, unix seconds.
    /// @param challengeEndsAt First time at which it can be activated, unix seconds; 0 before it has enough approvals.
    /// @param expiresAt First time at which it can no longer be activated, unix seconds.
    struct ProposalInfo {
        State state;
        uint32 epoch;
        uint32 attempt;
        uint8 approvals;
        uint64 proposedAt;
        uint64 challengeEndsAt;
        uint64 expiresAt;
        bytes32 root;
        bytes32 dataHash;
        Total[] totals;
    }

    /// @notice The epoch whose root pays.
    /// @param number Grows by one with each activation; 0 before the first.
    /// @param activatedAt Time of the activation, unix seconds.
    struct Epoch {
        uint32 number;
        uint64 activatedAt;
        bytes32 root;
        bytes32 proposalId;
    }

    /// @notice What holds for every epoch, fixed at deployment.
    /// @param challengeSeconds From the last approval that was needed to the first possible activation, 1 s to 30 days.
    /// @param lifetimeSeconds From the proposal to its expiry, more than the challenge, at most 90 days.
    /// @param epochSeconds Shortest time between two activations, 0 to 30 days.
    struct Config {
        uint32 challengeSeconds;
        uint32 lifetimeSeconds;
        uint32 epochSeconds;
    }

    /// @notice Limits of one token in its smallest unit. Hours and days are those of UTC.
    /// @dev Payments are counted against hour and day in units of 2^k, rounded up, where k is the smallest number for which
    /// `perDay`, and what was paid on the day that the limits change, fit 2^68 - 1 units: exact up to a day's limit of
    /// 2.9e20, else within a 2^-67th of it for each payment. Both limits are rounded down to that unit.
    /// @param perHour Most that is paid in an hour; at least one unit, at most `perDay`.
    /// @param perDay Most that is paid in a day.
    /// @param perAccount Most that is paid to an account in a day; at least 1, at most `perDay`.
    /// @param perEpoch Most that an epoch's total may be above the last one's; at least 1.
    struct Limits {
        uint96 perHour;
        uint96 perDay;
        uint96 perAccount;
        uint96 perEpoch;
    }

    /// @notice Amounts of one token in its smallest unit; paid ≤ approved ≤ deposited < 2^96.
    /// @param deposited Ever deposited, less what governance withdrew.
    /// @param approved Total under the active root.
    /// @param paid Ever paid.
    /// @param leftThisHour What the hour's limit still allows.
    /// @param leftToday What the day's limit still allows.
    struct TokenState {
        uint96 deposited;
        uint96 approved;
        uint96 paid;
        uint96 leftThisHour;
        uint96 leftToday;
    }

    /// @notice What an account got of a token, in its smallest unit.
    /// @param paid Ever paid for its leaf.
    /// @param paidToday Paid in the current day.
    /// @param beneficiary Who is paid: the account, unless governance reassigned its claims.
    struct AccountState {
        uint96 paid;
        uint96 paidToday;
        address beneficiary;
    }

    /// @notice A leaf of the token that is pushed.
    struct Payee {
        address account;
        uint256 cumulative;
    }

    /// @notice A root was proposed. `proposalId` is the EIP-712 digest that approvers sign.
    event EpochProposed(
        bytes32 indexed proposalId,
        uint32 indexed epoch,
        address indexed proposer,
        uint32 attempt,
        bytes32 root,
        Total[] totals,
        bytes32 dataHash,
        string uri,
        uint64 snapshotBlock
    );
    /// @notice An approver approved a proposal.
    /// @param approvals Approvals that it has now.
    event ProposalApproved(bytes32 indexed proposalId, address indexed approver, uint8 approvals);
    /// @notice A proposal has the approvals it needs: its challenge window runs until `challengeEndsAt`, unix seconds.
    event ChallengeStarted(bytes32 indexed proposalId, uint64 challengeEndsAt);
    /// @notice A watcher or the guardian dropped a proposal.
    event ProposalDisputed(bytes32 indexed proposalId, address indexed by, string reason);
    /// @notice A root became the one that pays.
    event EpochActivated(uint32 indexed epoch, bytes32 indexed proposalId, bytes32 root);
    /// @notice The approved total of a token changed with an activation.
    event TotalApproved(uint32 indexed epoch, address indexed token, uint96 total, uint96 previous);
    /// @notice The approvers changed: proposals that are open become void.
    event ApproversChanged(uint32 indexed version, address[] approvers, uint8 threshold);

    /// @notice A token was listed, or its limits changed.
    event LimitsChanged(address indexed token, Limits limits);
    /// @notice A deposit arrived. `deposited` is the new sum.
    event Deposited(address indexed token, address indexed from, uint96 amount, uint96 deposited);
    /// @notice Governance took back what no root lays claim to. `deposited` is the new sum.
    event Withdrawn(address indexed token, address indexed to, uint96 amount, uint96 deposited);

    /// @notice An account's earnings were paid, to itself or to `to`.
    /// @param amount Paid now, in the token's smallest unit; sums over an account and token to its `paid`.
    event Claimed(address indexed account, address indexed token, address to, uint256 amount);
    /// @notice A push left a recipient out; the others are unaffected.
    /// @param amount What could not be transferred; 0 unless the reason is TransferFailed.
    event PushSkipped(address indexed account, address indexed token, uint256 amount, SkipReason reason);
    /// @notice Governance directed an account's future claims of a token to another; to the account itself if undone.
    event ClaimsReassigned(address indexed account, address indexed token, address beneficiary);

    /// @notice A setting lies outside its bounds (see Config, Limits).
    error SettingOutOfRange(bytes32 name, uint256 given, uint256 min, uint256 max);
    /// @notice The token is not listed.
    error UnknownToken(address token);
    /// @notice The token has no code.
    error TokenWithoutCode(address token);
    /// @notice No more tokens can be listed.
    error TooManyTokens(uint256 limit);

    /// @notice The root is zero.
    error ZeroRoot();
    /// @notice The proposal is for another epoch than the next.
    error WrongEpoch(uint32 given, uint32 expected);
    /// @notice The URI is longer than it may be, in bytes.
    error UriTooLong(uint256 given, uint256 limit);
    /// @notice The proposal names more tokens than it may.
    error TooManyTotals(uint256 given, uint256 limit);
    /// @notice Tokens must be strictly ascending, so that none stands twice.
    error TokensNotAscending(address token, address previous);
    /// @notice The content is proposed already, or was activated.
    error ProposalExists(bytes32 proposalId, State state);
    /// @notice The total is below what has been paid of the token.
    error TotalBelowPaid(address token, uint96 total, uint96 paid);
    /// @notice The total rises by more than an epoch's may.
    error IncreaseTooBig(address token, uint96 increase, uint96 limit);
    /// @notice The total is more than what was deposited.
    error NotFunded(address token, uint96 total, uint96 deposited);
    /// @notice The proposal is in another state than the call needs.
    error WrongState(bytes32 proposalId, State state);
    /// @notice The last activation is too recent; times in unix seconds.
    error EpochTooEarly(uint256 time, uint256 earliest);
    /// @notice The account is not an approver.
    error NotApprover(address account);
    /// @notice The account has approved the proposal already.
    error AlreadyApproved(bytes32 proposalId, address approver);
    /// @notice The signature is not the account's over this digest.
    error InvalidSignature(address account, bytes32 digest);
    /// @notice The caller of `dispute` or `guardianDispute` has used up its budget until then, unix seconds.
    error DisputesExhausted(uint256 nextAllowed);
    /// @notice An approver is zero, or stands twice.
    error InvalidApprover(address account);

    /// @notice The amount is zero, or sums beyond what can be counted.
    error InvalidAmount(uint256 given, uint256 max);
    /// @notice The native coin sent differs from the amount, in wei.
    error WrongValue(uint256 given, uint256 expected);
    /// @notice A deposit brought something else than its amount: the token takes a fee.
    error WrongAmountReceived(address token, uint256 received, uint256 expected);
    /// @notice More than what no root lays claim to.
    error MoreThanFree(address token, uint96 given, uint96 free);

    /// @notice The leaf, or the list of leaves, is not in the active tree.
    error InvalidProof(bytes32 root);
    /// @notice All of the leaf is paid.
    error NothingOwed(address account, address token, uint96 paid);
    /// @notice A limit allows nothing before that time, unix seconds; 0 if the active root's total is used up.
    error LimitReached(address account, address token, uint256 nextAllowed);
    /// @notice The signature's deadline has passed; times in unix seconds.
    error SignatureExpired(uint256 time, uint256 deadline);
    /// @notice The recipient is zero or this contract.
    error InvalidRecipient(address to);
    /// @notice No recipient of the push was paid.
    error NothingPushed();
    /// @notice The push has less gas left than a transfer is granted.
    error InsufficientGas(uint256 given, uint256 required);
    /// @notice The native coin could not be sent.
    error SendFailed(address to, uint256 amount);

    /// @notice Adds to what roots can pay. Anyone may call.
    /// @param amount Has to arrive undiminished; for the native coin it has to be sent along.
    function deposit(address token, uint96 amount) external payable;

    /// @notice Proposes the next epoch's root. Restricted to the proposer role.
    /// @return proposalId EIP-712 digest that approvers sign.
    function propose(Proposal calldata proposed) external returns (bytes32 proposalId);

    /// @notice Approves a proposal that is Proposed, Approved or Ready, as an approver.
    function approve(bytes32 proposalId) external;

    /// @notice Approves by an approver's signature over `proposalId`; contracts sign by ERC-1271. Anyone may call.
    function approveBySig(bytes32 proposalId, address approver, bytes calldata signature) external;

    /// @notice Drops a proposal that is Proposed, Approved or Ready. Restricted to the watcher role; at most 5 in 24 h.
    function dispute(bytes32 proposalId, string calldata reason) external;

    /// @notice The same for the guardian role, out of a budget of its own.
    function guardianDispute(bytes32 proposalId, string calldata reason) external;

    /// @notice Makes a proposal that is Ready the active epoch. Anyone may call; not while paused.
    function activate(bytes32 proposalId) external;

    /// @notice Pays the caller what it is owed and limits allow; reverts where that is nothing.
    /// @param cumulative Amount of the caller's leaf for this token.
    /// @param proof Of the leaf under the active root.
    /// @return amount Paid now.
    function claim(address token, uint256 cumulative, bytes32[] calldata proof) external returns (uint256 amount);

    /// @notice Pays an account as `claim` does. Anyone may call.
    function claimFor(
        address account,
        address token,
        uint256 cumulative,
        bytes32[] calldata proof
    ) external returns (uint256 amount);

    /// @notice Pays an account's earnings to `to`, by signature of the account or, where governance reassigned them, of
    /// the beneficiary; contracts sign by ERC-1271. The signer itself needs no signature when it calls. Uses up a nonce,
    /// even if limits allow less than what is owed.
    /// @param deadline Last time at which the signature counts, unix seconds.
    /// @param signature Of the EIP-712 type `ClaimTo(address account,address token,uint256 cumulative,address to,uint256
    /// nonce,uint256 deadline)` in this contract's domain, with the signer's next nonce.
    function claimTo(
        address account,
        address token,
        uint256 cumulative,
        bytes32[] calldata proof,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 amount);

    /// @notice Pays many accounts what each is owed and limits allow; reverts where that is nothing for all of them. One
    /// that cannot be paid is left out. A transfer is granted 300,000 gas, one of the native coin 50,000. Anyone may call.
    /// @param payees Leaves, in the order of the multiproof.
    /// @param proof Multiproof of the leaves (OpenZeppelin's `getMultiProof`).
    /// @param proofFlags Its flags.
    /// @return paid Number of accounts that were paid.
    function push(
        address token,
        Payee[] calldata payees,
        bytes32[] calldata proof,
        bool[] calldata proofFlags
    ) external returns (uint256 paid);

    /// @notice Replaces the approvers, which voids open proposals. Restricted to governance.
    /// @param threshold Approvals that a proposal needs, 1 to the number of approvers (at most 32).
    function setApprovers(address[] calldata accounts, uint8 threshold) external;

    /// @notice Lists a token or changes its limits, at once. Restricted to governance.
    function setLimits(address token, Limits calldata limits) external;

    /// @notice Directs an account's future claims of a token to another, for lost keys. Restricted to governance.
    /// @param beneficiary Zero or the account itself undoes it.
    function reassign(address account, address token, address beneficiary) external;

    /// @notice Takes back deposits that no root lays claim to. Restricted to governance.
    function withdraw(address token, address to, uint96 amount) external;

    /// @notice What was fixed at deployment.
    function config() external view returns (Config memory);

    /// @notice The epoch whose root pays.
    function activeEpoch() external view returns (Epoch memory);

    /// @notice State of a proposal; Unknown and zero for one that was never made.
    function proposal(bytes32 proposalId) external view returns (ProposalInfo memory);

    /// @notice State of a proposal alone.
    function stateOf(bytes32 proposalId) external view returns (State);

    /// @notice Identifier and attempt that a content has if it is proposed now: those of the last attempt while that one is
    /// open or activated, of the next one otherwise.
    function proposalIdOf(Proposal calldata proposed) external view returns (bytes32 proposalId, uint32 attempt);

    /// @notice Whether an account approved a proposal.
    function hasApproved(bytes32 proposalId, address account) external view returns (bool);

    /// @notice Who approves, and how many of them a proposal needs. The version grows with every change.
    function approvers() external view returns (uint32 version, address[] memory accounts, uint8 threshold);

    /// @notice Listed tokens, in the order of their listing.
    function tokens() external view returns (address[] memory);

    /// @notice Limits of a token as they are enforced; reverts with UnknownToken.
    function limitsOf(address token) external view returns (Limits memory);

    /// @notice Amounts of a token; reverts with UnknownToken.
    function tokenState(address token) external view returns (TokenState memory);

    /// @notice What an account got of a token.
    function accountState(address account, address token) external view returns (AccountState memory);

    /// @notice Next nonce of an account's signature for `claimTo`.
    function nonces(address account) external view returns (uint256);

    /// @notice What a claim of this leaf would pay at the current time, were it in the tree; pauses aside.
    function claimable(address account, address token, uint256 cumulative) external view returns (uint256);

    /// @notice Whether a leaf is in the active tree.
    function verify(
        address account,
        address token,
        uint256 cumulative,
        bytes32[] calldata proof
    ) external view returns (bool);
}
