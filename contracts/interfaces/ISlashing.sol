// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMedianProofs} from "./IMedianProofs.sol";
import {IPriceFeeds} from "./IPriceFeeds.sol";
import {IReportErrors} from "./IReportErrors.sol";
import {ISlashableStake} from "./ISlashableStake.sol";

/// @title ISlashing
/// @notice Takes proof that an operator lied, and has part of its stake taken away. Anyone may bring it.
/// @dev Operators are judged by the keys of the set that they signed for, also when they have rotated them since or
/// left. What counts is a slot of that set's own time: a key that leaks after its set has ended frames nobody later.
///
/// Warning: evidence that waits for a block is public. Whoever copies it and pays more is first and gets the reporter's
/// share; the operator is slashed all the same, and only that is the purpose. A reporter that minds sends it through a
/// private relay. Since the reporter's share is at most a tenth, an operator that reports itself loses the rest.
interface ISlashing is IReportErrors {
    /// @notice One operator's prices at a slot, as it signs them (EIP-712; the domain is PriceFeeds').
    /// @param setId Set that the operator belongs to.
    /// @param slot Unix seconds.
    /// @param operator Index in the set.
    /// @param prices By feed index, 8 decimals, 0 is "no price".
    /// @param digest Whatever the operator signed as the Poseidon2 digest of the prices.
    struct Observation {
        uint32 setId;
        uint32 slot;
        uint8 operator;
        uint96[] prices;
        uint256 digest;
    }

    /// @notice One observation under a report's root.
    /// @param operator Index in the report's set.
    /// @param prices As in Observation. The digest is recomputed from them: an operator could sign other prices over the
    /// same digest later.
    struct Included {
        uint8 operator;
        uint96[] prices;
    }

    /// @notice An operator was slashed for two observations of one slot.
    event EquivocationSlashed(
        address indexed account,
        uint32 indexed setId,
        uint32 indexed slot,
        uint256 amount,
        address reporter
    );

    /// @notice A signer of a report was slashed because the report does not follow from its observations.
    /// @param reportDigest What the signers signed (`IPriceFeeds.reportDigest`).
    event WrongMediansSlashed(address indexed account, bytes32 indexed reportDigest, uint256 amount, address reporter);

    /// @notice Governance changed what a lie costs, in basis points of the stake that can be slashed.
    event PenaltiesChanged(uint16 equivocationBps, uint16 wrongMediansBps);

    /// @notice Governance changed which contract judges proofs of medians; the zero address is none.
    event MedianProofsChanged(IMedianProofs medianProofs);

    /// @notice Evidence must stay valid for a time, and for less than stake takes to leave.
    error EvidencePeriodOutOfRange(uint256 given, uint256 unbonding);
    /// @notice A penalty lies outside its bounds.
    error PenaltyOutOfRange(uint16 given, uint16 least, uint16 most);
    /// @notice There must be somebody to reward.
    error ZeroReporter();
    /// @notice The observations are of different sets.
    error DifferentSets(uint32 first, uint32 second);
    /// @notice The observations are of different slots.
    error DifferentSlots(uint32 first, uint32 second);
    /// @notice The observations are of different operators.
    error DifferentOperators(uint8 first, uint8 second);
    /// @notice The observations say the same: signing twice is no lie.
    error SamePrices();
    /// @notice The evidence is too old.
    error EvidenceExpired(uint32 slot, uint256 validUntil);
    /// @notice The set has no such operator.
    error OperatorBeyondSet(uint256 operator, uint256 operators);
    /// @notice The signature is not by the key that the operator had in the set.
    error WrongSigner(address recovered, address expected);
    /// @notice The operator was slashed for this slot already.
    error EquivocationPunished(address account, uint32 setId, uint32 slot);
    /// @notice The report's signers were slashed for it already.
    error ReportPunished(bytes32 reportDigest);
    /// @notice An observation has another number of prices than the set has feeds.
    error PricesLength(uint256 given, uint256 feeds);
    /// @notice The observations are not those under the report's root.
    error WrongRoot(bytes32 given, bytes32 recomputed);
    /// @notice Every answer is the median of the observations, or what is proved.
    error MediansMatch();
    /// @notice No contract judges proofs of medians.
    error NoMedianProofs();
    /// @notice The contract judges proofs about another network's feeds.
    error MedianProofsOfAnother(IMedianProofs medianProofs, address priceFeeds);
    /// @notice There is no stake left that could be taken.
    error NothingToSlash();

    /// @notice Slashes an operator that signed two different observations for one chain, contract, set and slot.
    /// @param first One observation.
    /// @param firstSignature ECDSA by the operator's key of the set, 65 bytes r ‖ s ‖ v, low s; else the errors of
    /// OpenZeppelin's ECDSA.
    /// @param second Another one with other prices.
    /// @param secondSignature Likewise.
    /// @param reporter Who gets the reporter's share.
    function slashEquivocation(
        Observation calldata first,
        bytes calldata firstSignature,
        Observation calldata second,
        bytes calldata secondSignature,
        address reporter
    ) external;

    /// @notice Slashes every signer of a report of which an answer is not the lower median (element ⌊(n−1)/2⌋ of the
    /// sorted prices) of the observations under the report's own root, or that says another number of them.
    /// @dev The root binds operators and prices, so nobody can present other observations than those that the signers
    /// saw, and whether they were signed by whom they name is not asked: a signer that lets an invented observation
    /// pass shall not be out of reach for it. Costs about 130,000 gas an observation of ten feeds, 400,000 of a hundred:
    /// so that 31 operators with a hundred feeds fit into a transaction (EIP-7825).
    /// @param report Packed bytes as `IPriceFeeds.submit` takes them, accepted or not.
    /// @param signature Multisignature of a quorum or more over the report.
    /// @param observations All observations under the root, in the root's order.
    /// @param reporter Who gets the reporter's share.
    function slashWrongMedians(
        bytes calldata report,
        IPriceFeeds.Signature calldata signature,
        Included[] calldata observations,
        address reporter
    ) external;

    /// @notice Slashes every signer of a report like `slashWrongMedians`, by a proof that under the report's own root
    /// other medians follow, or another number of prices, of at least one feed of the report.
    /// @dev Costs about a million gas, whatever the number of feeds. Proofs are only of observations that the operators
    /// of the set signed: of others `slashWrongMedians` is the evidence. Reverts with the errors of
    /// `IMedianProofs.requireProven` for what is not proved.
    /// @param report Packed bytes as `IPriceFeeds.submit` takes them, accepted or not.
    /// @param signature Multisignature of a quorum or more over the report.
    /// @param proof What follows from the observations. A quorum of 1 states medians of any number of prices.
    /// @param reporter Who gets the reporter's share.
    function slashProvenMedians(
        bytes calldata report,
        IPriceFeeds.Signature calldata signature,
        IMedianProofs.MedianProof calldata proof,
        address reporter
    ) external;

    /// @notice Sets the contract that judges proofs of medians, of the same PriceFeeds; the zero address is none.
    /// Restricted to governance.
    /// @dev Warning: whoever sets this can have operators slashed for what they did not do, as whoever gives out the
    /// slasher's role can.
    function setMedianProofs(IMedianProofs newProofs) external;

    /// @notice Sets what a lie costs, 100 to 10,000 basis points each. Restricted to governance.
    function setPenalties(uint16 equivocationBps, uint16 wrongMediansBps) external;

    /// @notice Basis points of the stake that two observations of one slot cost.
    function equivocationBps() external view returns (uint16);

    /// @notice Basis points of the stake that a report with wrong medians costs each signer.
    function wrongMediansBps() external view returns (uint16);

    /// @notice For how long after its slot evidence is taken, in seconds.
    function evidencePeriod() external view returns (uint256);

    /// @notice The contract that keeps sets and their keys, and under which operators sign.
    function priceFeeds() external view returns (IPriceFeeds);

    /// @notice The contract that judges proofs of medians; zero if none does.
    function medianProofs() external view returns (IMedianProofs);

    /// @notice Custody of the operators' stakes.
    function stake() external view returns (ISlashableStake);

    /// @notice Whether an account was slashed for two observations of a slot.
    function isEquivocationPunished(address account, uint32 setId, uint32 slot) external view returns (bool);

    /// @notice Whether a report's signers were slashed.
    /// @param reportDigest What they signed.
    function isReportPunished(bytes32 reportDigest) external view returns (bool);
}
