// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOperatorStake} from "./IOperatorStake.sol";

/// @title IOperators
/// @notice Registry of the operators' keys and of who is active: the seats of a set.
/// @dev Registration is open to anyone and gives no power. Governance chooses who sits; beside its seats anyone with the
/// minimum stake may take one of at most ⌊(n−1)/3⌋ of all n seats. Changes are announced, become due at the first epoch
/// boundary after a delay, and are applied, all that are due at once, by `advance`, which anyone may call; a consumer
/// takes them over when it syncs. A dismissal alone waits for no boundary.
///
/// Neither leaving nor dismissal brings the seats below four, the fewest of which one may lie without deciding a median:
/// who is held back by that stays, is judged as before, and goes as soon as another has come. Only governance can choose
/// fewer. Governance's seats need no stake: whom it trusts without one has only its seat to lose.
///
/// Warning: whoever calls `advance` late delays changes, so operators watch it themselves. Governance decides about two
/// thirds of the seats at once, after the delay, and which contract says what is staked.
interface IOperators {
    /// @notice Public keys of one operator.
    /// @param x Affine x of the secp256k1 key, 0 < x < n.
    /// @param y Affine y of the secp256k1 key.
    /// @param proofX Affine x of the grumpkin key, which signs what circuits verify.
    /// @param proofY Affine y of the grumpkin key.
    struct Keys {
        uint256 x;
        uint256 y;
        uint256 proofX;
        uint256 proofY;
    }

    /// @notice Schnorr signature that shows possession of the secp256k1 key.
    /// @param s Response scalar, 0 < s < n.
    /// @param commitment Ethereum address of the nonce point R.
    struct Possession {
        uint256 s;
        address commitment;
    }

    /// @notice Why an account is active.
    enum Seat {
        None,
        Governance,
        Stake
    }

    /// @notice Why a request for a seat was turned down when it was due.
    enum Denial {
        NoSeatLeft,
        StakeTooLow,
        SeatedByGovernance
    }

    /// @notice Where an account stands. Times are unix seconds, 0 for none.
    /// @param seat Why it is active, if it is.
    /// @param requestedFor When its request for a seat is due.
    /// @param leavesAt When it leaves its seat, at the earliest: in the past where the lowest number of seats holds it.
    /// @param isDismissed Whether it leaves because of its stake.
    /// @param keysChangeAt When announced keys replace those in use.
    /// @param mayJoinAt Before then it cannot request a seat.
    struct Standing {
        Seat seat;
        uint48 requestedFor;
        uint48 leavesAt;
        bool isDismissed;
        uint48 keysChangeAt;
        uint48 mayJoinAt;
    }

    /// @notice An operator registered its keys.
    event OperatorRegistered(address indexed account, Keys keys, string endpoint);

    /// @notice An operator changed where its peers reach it.
    event EndpointChanged(address indexed account, string endpoint);

    /// @notice The active operators or their keys changed; index in `accounts` is the signer's bit. Governance's seats come
    /// first, then those by stake in the order of their joining.
    event ActiveOperatorsChanged(uint32 indexed version, address[] accounts);

    /// @notice Governance chose who takes its seats from `dueAt` on, in place of any list that still waited.
    event ActiveOperatorsScheduled(uint48 indexed dueAt, address[] accounts);

    /// @notice An operator asked for a seat by its stake.
    event SeatRequested(address indexed account, uint48 dueAt);

    /// @notice An operator took its request back.
    event SeatRequestWithdrawn(address indexed account);

    /// @notice A request was due and could not be met.
    event SeatDenied(address indexed account, Denial reason);

    /// @notice An operator took a seat, or holds its seat for another reason than before.
    event SeatTaken(address indexed account, Seat seat);

    /// @notice An operator left its seat.
    event SeatLeft(address indexed account, Seat seat);

    /// @notice An operator announced that it will leave its seat.
    event LeaveAnnounced(address indexed account, uint48 dueAt);

    /// @notice An operator loses its seat at the next `advance`, since its stake is below the minimum.
    event OperatorDismissed(address indexed account);

    /// @notice An active operator announced the keys that replace its own.
    event KeysAnnounced(address indexed account, Keys keys, uint48 dueAt);

    /// @notice An operator's keys changed.
    event KeysRotated(address indexed account, Keys keys);

    /// @notice Governance named the contract that says what is staked; zero for none.
    event StakeChanged(IOperatorStake indexed stake);

    /// @notice The coordinate is zero or not below the order of the group or field it belongs to.
    error KeyOutOfRange(uint256 coordinate, uint256 bound);
    /// @notice The point does not satisfy its curve's equation.
    error KeyNotOnCurve(uint256 x, uint256 y);
    /// @notice The key, or its negative, is registered already.
    error KeyAlreadyRegistered(uint256 x, address account);
    /// @notice The account is registered already.
    error AlreadyRegistered(address account);
    /// @notice The account is not registered.
    error NotRegistered(address account);
    /// @notice The proof of possession does not verify for this key, account, chain and contract.
    error InvalidPossession(address account);
    /// @notice The endpoint is empty or longer than the limit, in bytes.
    error EndpointLength(uint256 given, uint256 limit);
    /// @notice More operators than a set can hold.
    error TooManyOperators(uint256 given, uint256 limit);
    /// @notice An operator stands twice in a list.
    error OperatorRepeated(address account);
    /// @notice An epoch's length or the changes' delay lies outside its bounds, in seconds.
    error ScheduleOutOfRange(uint256 epochSeconds, uint256 changeDelay);
    /// @notice There is no stake by which to take a seat.
    error NoStakeContract();
    /// @notice The stake contract was made for another registry.
    error StakeOfAnother(IOperatorStake stake, address registry);
    /// @notice The account has a seat, or a request for one.
    error AlreadySeated(address account);
    /// @notice The account has neither a seat nor a request for one.
    error NotSeated(address account);
    /// @notice The account leaves already.
    error AlreadyLeaving(address account, uint48 leavesAt);
    /// @notice The account gave up a seat or a request and waits until `mayJoinAt`, unix seconds.
    error JoinTooEarly(address account, uint48 mayJoinAt);
    /// @notice The account's stake is below the minimum.
    error StakeTooLow(uint256 stake, uint256 minimum);
    /// @notice All seats by stake are taken or requested.
    error NoSeatLeft(uint256 limit);
    /// @notice The operator's stake is high enough, or governance seated it without asking for one.
    error NotDismissible(address account);
    /// @notice No change is due before `nextChangeAt`, unix seconds; 0 if none waits.
    error NothingDue(uint48 nextChangeAt);

    /// @notice Registers the caller with its keys.
    /// @param keys secp256k1 and grumpkin keys, both checked to lie on their curves.
    /// @param possession Signature by the secp256k1 key over `possessionDigest(account)`.
    /// @param endpoint URL where peers reach the operator, 1 to 256 bytes.
    function register(Keys calldata keys, Possession calldata possession, string calldata endpoint) external;

    /// @notice Changes the caller's endpoint.
    function setEndpoint(string calldata endpoint) external;

    /// @notice Chooses who takes governance's seats, in the order of their signer bits. At most 31.
    /// @dev Restricted to governance. At once while nobody is active, else at the first epoch boundary after the delay, when
    /// someone calls `advance`. Replaces a list that still waits. Operators that sit by stake stay, latest to go first, as
    /// far as the third and the 31 seats allow. Takes effect in a consumer when that consumer syncs.
    function setActive(address[] calldata accounts) external;

    /// @notice Asks for a seat by the caller's stake, which is bound from now on. Stops while the contract is paused.
    /// @dev Reverts if the seats by stake would exceed ⌊(n−1)/3⌋, with NoSeatLeft. If they do when the request is due, or
    /// if the stake is below the minimum then, the request ends with SeatDenied.
    function join() external;

    /// @notice Gives up the caller's seat, or takes back its request for one at once.
    /// @dev The account may ask for a seat again only four epochs after it went. Its stake is bound until then, and can be
    /// slashed until its unbonding has ended.
    function leave() external;

    /// @notice Makes an operator lose its seat at the next `advance`.
    /// @dev The stake contract calls it when a slash leaves less than the minimum, whoever seated the operator, and nothing
    /// happens if the account has no seat. Anyone may call it for an operator that sits by stake and has less than the
    /// minimum, for example because governance raised it.
    function dismiss(address account) external;

    /// @notice First step of a rotation: announces the keys that replace the caller's. The second is `advance` when it is
    /// due. Replaces keys announced before. Keys of an account without a seat change at once.
    /// @dev A key's x stays its account's for ever, used or not: no key comes back, to whomever.
    /// @param keys Checked as in `register`.
    /// @param possession Signature by the new secp256k1 key over `possessionDigest(account)`.
    function announceKeys(Keys calldata keys, Possession calldata possession) external;

    /// @notice Applies every change that is due: governance's list, joins, leaves and dismissals, new keys. Anyone.
    /// @dev Reverts with NothingDue.
    /// @return version Number of the active set now.
    function advance() external returns (uint32 version);

    /// @notice Names the contract that says what is staked, zero to end joins. Restricted to governance.
    /// @dev It must name this registry as its own. Operators that sit by stake keep their seats, but anyone may dismiss
    /// those that have less than the minimum in the new contract, which without one are all.
    function setStake(IOperatorStake newStake) external;

    /// @notice Digest that a proof of possession signs:
    /// keccak256("Dodona proof of possession v1" ‖ chain id ‖ this contract ‖ account), each after the tag one
    /// 32-byte word. The key is bound by the Schnorr challenge.
    function possessionDigest(address account) external view returns (bytes32);

    /// @notice Number of the active set; grows by one with every change, 0 before the first.
    function activeVersion() external view returns (uint32);

    /// @notice The active operators and their keys, index by index.
    function active() external view returns (uint32 version, address[] memory accounts, Keys[] memory keys);

    /// @notice Keys and endpoint of a registered operator; reverts with NotRegistered.
    function operator(address account) external view returns (Keys memory keys, string memory endpoint);

    /// @notice Account that registered the secp256k1 key with this x, zero if none.
    function accountOf(uint256 keyX) external view returns (address);

    /// @notice Length of an epoch in seconds; epoch k is the time from k · epochSeconds on, unix.
    function epochSeconds() external view returns (uint48);

    /// @notice Seconds that pass between an announcement and the boundary at which it is due, at least.
    function changeDelay() external view returns (uint48);

    /// @notice The epoch of this block.
    function currentEpoch() external view returns (uint48);

    /// @notice The contract that says what is staked, zero if there is none.
    function stake() external view returns (IOperatorStake);

    /// @notice Where an account stands; all zero for an unknown one.
    function standingOf(address account) external view returns (Standing memory);

    /// @notice Whether an account has a seat or a request for one: then its stake must not fall below the minimum.
    function isBound(address account) external view returns (bool);

    /// @notice Whether an account was active at any time of an epoch that has begun.
    function wasActive(address account, uint48 epoch) external view returns (bool);

    /// @notice Keys that an account announced, and when they are due, unix seconds; 0 if there are none.
    function announcedKeys(address account) external view returns (uint48 dueAt, Keys memory keys);

    /// @notice Governance's list that waits, and when it is due, unix seconds; 0 if there is none.
    function scheduledActive() external view returns (uint48 dueAt, address[] memory accounts);

    /// @notice Who asked for a seat, in the order of asking.
    function seatRequests() external view returns (address[] memory accounts);

    /// @notice Seats by stake: how many are taken, and how many there may be beside governance's present seats.
    function stakeSeats() external view returns (uint256 taken, uint256 limit);

    /// @notice When `advance` has something to do, unix seconds; in the past if it has now, 0 if nothing waits.
    function nextChangeAt() external view returns (uint48);
}
