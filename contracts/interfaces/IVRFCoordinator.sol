// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPausable} from "./IPausable.sol";
import {IVRFSubscriptions} from "./IVRFSubscriptions.sol";

/// @title IVRFCoordinator
/// @notice Verifiable randomness behind Chainlink's VRF 2.5 consumer interface, paid in native coin.
/// @dev Warning: an operator that also produces the block of a request can choose among outputs by choosing among
/// blocks. An operator can withhold an output that it dislikes: the words never come, the request is refunded after its
/// deadline, and the operator pays the bond share of its terms to the subscription, as long as its bond lasts: a bond
/// covers only so many withheld requests at a time as it holds shares. Nobody can produce other words.
interface IVRFCoordinator is IVRFSubscriptions, IPausable {
    /// @notice What a consumer asks for; Chainlink's layout.
    /// @param keyHash Proving key, keccak256(abi.encode(x, y)).
    /// @param subId Subscription that pays, and that lists the caller as a consumer.
    /// @param requestConfirmations Blocks between the request's block and the earliest that may hold its words.
    /// @param callbackGasLimit Gas for `rawFulfillRandomWords`.
    /// @param numWords Number of words, at most 500.
    /// @param extraArgs Empty, or Chainlink's ExtraArgsV1. Either payment flag is charged in native coin.
    struct RandomWordsRequest {
        bytes32 keyHash;
        uint256 subId;
        uint16 requestConfirmations;
        uint32 callbackGasLimit;
        uint32 numWords;
        bytes extraArgs;
    }

    /// @notice A pending request, repeated by whoever ends it: the chain keeps only a commitment to it.
    /// @param subId Subscription that pays.
    /// @param sender Consumer that is called back.
    /// @param terms `preSeed` of the request's RandomWordsRequested event: reserve (bits 0–71), premium (72–135) and bond
    /// share (136–207) in wei, index of the proving key (208–217), place in the subscription's ring (218–222), whether the
    /// request is kept outside it (223), its number in the subscription (224–255).
    /// @param details Number of the request's block (bits 0–63), confirmations (64–79), callback gas limit (80–111) and
    /// number of words (112–143). Words are accepted from block number + confirmations on.
    struct Request {
        uint256 subId;
        address sender;
        uint256 terms;
        uint256 details;
    }

    /// @notice What holds for every request, fixed at deployment.
    /// @param minConfirmations Fewest confirmations that a request may ask for, at least 1.
    /// @param maxConfirmations Most confirmations, below `deadlineBlocks`.
    /// @param maxCallbackGas Largest callback gas.
    /// @param deadlineBlocks Last block of a fulfilment, counted from the request's; inside the window of block hashes.
    /// @param overheadGas Gas that a request reserves beside callback and words; at least what a fulfilment takes.
    /// @param tipCap Largest tip in wei per gas that a fulfilment is paid for, above the base fee.
    /// @param l1DataFee IL1DataFee of a rollup, zero where there is no data fee.
    struct Config {
        uint16 minConfirmations;
        uint16 maxConfirmations;
        uint32 maxCallbackGas;
        uint32 deadlineBlocks;
        uint32 overheadGas;
        uint64 tipCap;
        address l1DataFee;
    }

    /// @notice Terms of a proving key; a request keeps those it was made under.
    /// @param maxGasPrice Ceiling in wei per gas that a request reserves at.
    /// @param premium Fee in wei per request beside the gas.
    /// @param bondShare Wei that a refund takes from the key's bond for the subscription.
    struct KeyTerms {
        uint64 maxGasPrice;
        uint64 premium;
        uint72 bondShare;
    }

    /// @notice State of a proving key.
    /// @param operator Account that withdraws rewards and bond; zero if the key was never registered.
    /// @param active Whether it takes requests.
    /// @param terms Terms of its next request.
    /// @param rewards Collected and not withdrawn, in wei.
    /// @param bond Deposited and not lost, in wei.
    /// @param withdrawing Part of the bond whose withdrawal is announced, in wei. It admits no request.
    /// @param withdrawableFrom First block in which that part can be withdrawn; zero if there is none.
    struct ProvingKey {
        address operator;
        bool active;
        KeyTerms terms;
        uint96 rewards;
        uint80 bond;
        uint80 withdrawing;
        uint64 withdrawableFrom;
    }

    /// @notice A consumer requested random words; Chainlink's event. The request's block is the log's.
    /// @param preSeed Terms of the request, packed as in `Request.terms`.
    event RandomWordsRequested(
        bytes32 indexed keyHash,
        uint256 requestId,
        uint256 preSeed,
        uint256 indexed subId,
        uint16 minimumRequestConfirmations,
        uint32 callbackGasLimit,
        uint32 numWords,
        bytes extraArgs,
        address indexed sender
    );

    /// @notice A request was answered; Chainlink's event.
    /// @param outputSeed VRF output (beta); word i is keccak256(abi.encode(outputSeed, i)).
    /// @param payment Wei charged to the subscription.
    /// @param nativePayment Always true.
    /// @param success Whether the callback returned; if not, `outputOf` keeps the output.
    /// @param onlyPremium Always false.
    event RandomWordsFulfilled(
        uint256 indexed requestId,
        uint256 outputSeed,
        uint256 indexed subId,
        uint96 payment,
        bool nativePayment,
        bool success,
        bool onlyPremium
    );

    /// @notice An item of a batch was left out; the others are unaffected and the request stays as it was.
    /// @param reason What its own `fulfillRandomWords` would revert with.
    event FulfillmentSkipped(uint256 indexed requestId, bytes reason);

    /// @notice A request passed its deadline and was ended: reserve and bond share went to the subscription.
    event RequestRefunded(uint256 indexed requestId, uint256 indexed subId, uint96 reserve, uint96 bond);

    /// @notice A block's hash was kept for good.
    event BlockhashStored(uint256 indexed blockNumber, bytes32 blockHash);

    /// @notice Governance registered a proving key, or activated it again.
    event ProvingKeyRegistered(
        bytes32 indexed keyHash,
        address indexed operator,
        uint256 x,
        uint256 y,
        uint64 maxGasPrice,
        uint64 premium,
        uint72 bondShare
    );

    /// @notice Governance changed the terms of a proving key for requests to come.
    event ProvingKeyTermsChanged(bytes32 indexed keyHash, uint64 maxGasPrice, uint64 premium, uint72 bondShare);

    /// @notice The key takes no more requests. Pending ones can still be answered, and refunded from its bond.
    event ProvingKeyDeregistered(bytes32 indexed keyHash, address indexed operator);

    /// @notice What a subscription owed to a key's operator became rewards of that key, in wei.
    event RewardsCollected(bytes32 indexed keyHash, uint256 indexed subId, uint256 amount);

    /// @notice An operator took rewards of a key, in wei.
    event RewardsWithdrawn(bytes32 indexed keyHash, address indexed operator, address indexed to, uint256 amount);

    /// @notice A key's bond grew; `bond` is what it now is, in wei.
    event BondDeposited(bytes32 indexed keyHash, address indexed from, uint256 amount, uint256 bond);

    /// @notice An operator will take bond of a key from that block on; zero ends an earlier announcement.
    event BondWithdrawalAnnounced(
        bytes32 indexed keyHash,
        address indexed operator,
        uint256 amount,
        uint256 withdrawableFrom
    );

    /// @notice An operator took announced bond of a key; `bond` is what is left, in wei.
    event BondWithdrawn(
        bytes32 indexed keyHash,
        address indexed operator,
        address indexed to,
        uint256 amount,
        uint256 bond
    );

    /// @notice The configuration cannot work: the named value is out of its bounds.
    error InvalidConfig(bytes32 name, uint256 given, uint256 min, uint256 max);
    /// @notice Confirmations out of bounds.
    error InvalidRequestConfirmations(uint16 have, uint16 min, uint16 max);
    /// @notice More callback gas than allowed.
    error GasLimitTooBig(uint32 have, uint32 max);
    /// @notice More words than allowed.
    error NumWordsTooBig(uint32 have, uint32 max);
    /// @notice The extra arguments are neither empty nor Chainlink's ExtraArgsV1.
    error InvalidExtraArgs();
    /// @notice The subscription cannot reserve what the request may cost, in wei.
    error InsufficientBalance(uint256 balance, uint256 reserve);
    /// @notice No such key takes requests.
    error NoSuchProvingKey(bytes32 keyHash);
    /// @notice No more keys can be registered.
    error TooManyKeys(uint256 limit);
    /// @notice The key is active, or belongs to another operator.
    error ProvingKeyAlreadyRegistered(bytes32 keyHash, address operator);
    /// @notice An operator's account cannot be zero.
    error ZeroOperator();
    /// @notice The key's bond does not cover the amount, in wei.
    error BondExhausted(bytes32 keyHash, uint256 available, uint256 required);
    /// @notice A bond cannot grow beyond what its field holds, in wei.
    error BondTooBig(uint256 bond, uint256 max);
    /// @notice Only the key's operator may do this.
    error NotOperator(address caller, address operator);
    /// @notice There is nothing to withdraw.
    error NothingToWithdraw(bytes32 keyHash);
    /// @notice The announced bond is not withdrawable yet.
    error BondNotWithdrawable(uint256 blockNumber, uint256 withdrawableFrom);
    /// @notice The request is not pending: it never was, or it has ended.
    error NoCorrespondingRequest(uint256 subId, uint256 number);
    /// @notice The fields, or the proof's key, differ from those of the pending request.
    error IncorrectCommitment(bytes32 given, bytes32 expected);
    /// @notice The proof is too short to hold a public key.
    error ProofTooShort(uint256 length, uint256 min);
    /// @notice The request's confirmations are not reached.
    error NotConfirmed(uint256 blockNumber, uint256 earliest);
    /// @notice The last block for a fulfilment has passed.
    error DeadlinePassed(uint256 blockNumber, uint256 deadline);
    /// @notice The request can still be fulfilled.
    error DeadlineNotPassed(uint256 blockNumber, uint256 deadline);
    /// @notice The chain no longer offers the hash of this block, or not yet, and nobody stored it.
    error BlockhashNotAvailable(uint256 blockNumber);
    /// @notice The hash of this block is stored already.
    error BlockhashAlreadyStored(uint256 blockNumber);
    /// @notice The two lists differ in length.
    error LengthMismatch(uint256 proofs, uint256 requests);

    /// @notice Requests random words. Reserves maxGasPrice × (callback gas + overhead + words) + premium from the
    /// subscription. Refused when the key's bond does not hold a bond share, and while paused, which stops nothing else.
    /// @return requestId Id that comes back with the words.
    function requestRandomWords(RandomWordsRequest calldata req) external returns (uint256 requestId);

    /// @notice Delivers the words of one request. Anyone may: the proof decides, and the key's operator is paid.
    /// @dev Reverts only where nothing was delivered. A callback that fails ends the request all the same.
    /// @param proof x ‖ y ‖ proof: the public key, 64 bytes, and its ECVRF proof with witnesses over the 32 bytes of
    /// `alphaOf(request)`, as libraries/ECVRF.sol lays it out.
    function fulfillRandomWords(bytes calldata proof, Request calldata request) external;

    /// @notice Delivers the words of several requests. An item that cannot be fulfilled is left out with an event.
    /// @dev Warning: give it gas by sum, not by estimate: an estimate finds what suffices to leave every item out. An item
    /// is tried with overheadGas + 150 per word + callback gas · 64/63; what remains must hold that by 64/63, and 10,000
    /// for each item from it on.
    /// @return fulfilled Number of items that were not left out.
    function fulfillMany(bytes[] calldata proofs, Request[] calldata requests) external returns (uint256 fulfilled);

    /// @notice Ends a request past its deadline: its reserve and the operator's bond share go to the subscription.
    function refund(Request calldata request) external;

    /// @notice Keeps the hash of a block that the chain still offers.
    function storeBlockhash(uint256 blockNumber) external;

    /// @notice Registers a key, or activates a deregistered one for the same operator.
    /// @dev Restricted to governance.
    function registerProvingKey(uint256 x, uint256 y, address operator, KeyTerms calldata terms) external;

    /// @notice Changes the terms that requests to come are made under. Restricted to governance.
    function setProvingKeyTerms(bytes32 keyHash, KeyTerms calldata terms) external;

    /// @notice Ends a key: no more requests. Restricted to governance.
    function deregisterProvingKey(bytes32 keyHash) external;

    /// @notice Adds to a key's bond. Anyone may.
    function depositBond(bytes32 keyHash) external payable;

    /// @notice Announces how much of a key's bond will be withdrawn, replacing an earlier announcement. Only its operator.
    /// @dev The wait is twice `deadlineBlocks` and a block: as long for the requests made before to be answered or to
    /// expire as for whoever refunds them.
    function announceBondWithdrawal(bytes32 keyHash, uint256 amount) external;

    /// @notice Takes the announced bond, or what refunds left of it, once its wait is over. Only the key's operator.
    function withdrawBond(bytes32 keyHash, address to) external returns (uint256 amount);

    /// @notice Makes what subscriptions owe rewards of the keys that they owe it to. Anyone may.
    /// @dev A fulfilment books its payment in the subscription, in the slot that it writes anyway. It becomes rewards by
    /// this call, when another key fulfils for the subscription, or when the subscription is cancelled.
    function collect(uint256[] calldata subIds) external;

    /// @notice Takes all collected rewards of a key. Only the key's operator.
    function withdrawRewards(bytes32 keyHash, address to) external returns (uint256 amount);

    /// @notice The configuration.
    function config() external view returns (Config memory);

    /// @notice State of a key; zero if it was never registered.
    function provingKey(bytes32 keyHash) external view returns (ProvingKey memory);

    /// @notice Wei that a request would reserve now; reverts with NoSuchProvingKey.
    function reserveOf(bytes32 keyHash, uint32 callbackGasLimit, uint32 numWords) external view returns (uint256);

    /// @notice Key hash of a key's index; zero if there is none. Indices start at 1.
    function keyHashAt(uint256 index) external view returns (bytes32);

    /// @notice What a subscription owes to a key's operator and nobody has collected yet, in wei.
    function owedBy(uint256 subId) external view returns (bytes32 keyHash, uint256 amount);

    /// @notice Whether the request is pending with exactly these fields.
    function isPending(Request calldata request) external view returns (bool);

    /// @notice Id that the consumer of a request got: keccak256(abi.encode(keyHash, sender, subId, number)).
    function requestIdOf(Request calldata request) external view returns (uint256);

    /// @notice VRF output of a request whose callback failed; zero for every other.
    function outputOf(uint256 requestId) external view returns (uint256);

    /// @notice Words of an output: word i is keccak256(abi.encode(output, i)).
    function wordsOf(uint256 output, uint32 numWords) external pure returns (uint256[] memory);

    /// @notice What the proof of a request is over:
    /// keccak256(abi.encode(chain id, this contract, keyHash, requestId, sender, hash of the request's block)).
    /// @dev Reverts with BlockhashNotAvailable.
    function alphaOf(Request calldata request) external view returns (bytes32);

    /// @notice Hash of a block, from the chain or stored; reverts with BlockhashNotAvailable.
    function blockhashOf(uint256 blockNumber) external view returns (bytes32);

    /// @notice Whether the hash of a block is stored for good.
    function isBlockhashStored(uint256 blockNumber) external view returns (bool);
}
