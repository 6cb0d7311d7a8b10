// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {CHUNK_FEEDS, IMedianProofs} from "../interfaces/IMedianProofs.sol";
import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {ISlashableStake} from "../interfaces/ISlashableStake.sol";
import {ISlashing} from "../interfaces/ISlashing.sol";
import {ObservationHash} from "../libraries/ObservationHash.sol";
import {ObservationMedian} from "../libraries/ObservationMedian.sol";
import {Poseidon2} from "../libraries/Poseidon2.sol";
import {Report} from "../libraries/Report.sol";
import {SignedReport} from "../libraries/SignedReport.sol";
import {FeedId} from "../types/FeedId.sol";
import {SetId} from "../types/SetId.sol";

/// @title Slashing
/// @notice Takes proof that an operator lied, and has part of its stake taken away.
contract Slashing is ISlashing, AccessManaged {
    uint256 internal constant BPS = 10_000;
    /// @dev Where the root begins in a report: behind set id, slot and signers.
    uint256 internal constant ROOT_OFFSET = 12;
    uint16 internal constant LEAST_PENALTY_BPS = 100;
    uint16 internal constant MOST_PENALTY_BPS = 10_000;

    /// @inheritdoc ISlashing
    IPriceFeeds public immutable priceFeeds;
    /// @inheritdoc ISlashing
    ISlashableStake public immutable stake;
    /// @inheritdoc ISlashing
    uint256 public immutable evidencePeriod;

    /// @inheritdoc ISlashing
    IMedianProofs public medianProofs;
    /// @inheritdoc ISlashing
    uint16 public equivocationBps;
    /// @inheritdoc ISlashing
    uint16 public wrongMediansBps;
    /// @inheritdoc ISlashing
    mapping(address account => mapping(uint32 setId => mapping(uint32 slot => bool))) public isEquivocationPunished;
    /// @inheritdoc ISlashing
    mapping(bytes32 reportDigest => bool) public isReportPunished;

    /// @param evidencePeriod_ Seconds, above zero and below the stake's unbonding delay.
    constructor(
        address authority,
        IPriceFeeds priceFeeds_,
        ISlashableStake stake_,
        uint256 evidencePeriod_,
        uint16 equivocationBps_,
        uint16 wrongMediansBps_
    ) AccessManaged(authority) {
        uint256 unbonding = stake_.unbondingDelay();
        if (evidencePeriod_ == 0 || evidencePeriod_ >= unbonding) {
            revert EvidencePeriodOutOfRange(evidencePeriod_, unbonding);
        }
        priceFeeds = priceFeeds_;
        stake = stake_;
        evidencePeriod = evidencePeriod_;
        _setPenalties(equivocationBps_, wrongMediansBps_);
    }

    /// @inheritdoc ISlashing
    function slashEquivocation(
        Observation calldata first,
        bytes calldata firstSignature,
        Observation calldata second,
        bytes calldata secondSignature,
        address reporter
    ) external {
        (uint32 setId, uint32 slot) = (first.setId, first.slot);
        if (setId != second.setId) revert DifferentSets(setId, second.setId);
        if (slot != second.slot) revert DifferentSlots(slot, second.slot);
        if (first.operator != second.operator) revert DifferentOperators(first.operator, second.operator);
        if (keccak256(abi.encode(first.prices)) == keccak256(abi.encode(second.prices))) revert SamePrices();
        _checkEvidence(setId, slot, reporter);

        (address account, address signer) = _operatorAt(setId, first.operator);
        if (isEquivocationPunished[account][setId][slot]) revert EquivocationPunished(account, setId, slot);
        _checkSigner(first, firstSignature, signer);
        _checkSigner(second, secondSignature, signer);

        uint256 amount = _penalty(account, equivocationBps);
        if (amount == 0) revert NothingToSlash();
        isEquivocationPunished[account][setId][slot] = true;
        emit EquivocationSlashed(account, setId, slot, amount, reporter);
        stake.slash(account, amount, reporter);
    }

    /// @inheritdoc ISlashing
    function slashWrongMedians(
        bytes calldata report,
        IPriceFeeds.Signature calldata signature,
        Included[] calldata observations,
        address reporter
    ) external {
        if (!Report.isWellFormed(report)) revert ReportLength(report.length);
        (uint32 setId, uint32 slot, uint32 signers) = Report.head(report);
        _checkEvidence(setId, slot, reporter);
        bytes32 digest = priceFeeds.reportDigest(report);
        if (isReportPunished[digest]) revert ReportPunished(digest);

        (address[] memory accounts, uint256[4][] memory keys, FeedId[] memory feeds, ) = priceFeeds.describeSet(
            SetId.wrap(setId)
        );
        SignedReport.requireSigned(priceFeeds, keys, setId, signers, digest, signature);
        _checkRoot(report, setId, slot, observations, feeds.length);
        if (_followsFrom(report, observations)) revert MediansMatch();

        isReportPunished[digest] = true;
        _slashSigners(accounts, signers, digest, reporter);
    }

    /// @inheritdoc ISlashing
    function slashProvenMedians(
        bytes calldata report,
        IPriceFeeds.Signature calldata signature,
        IMedianProofs.MedianProof calldata proof,
        address reporter
    ) external {
        IMedianProofs proofs = medianProofs;
        if (address(proofs) == address(0)) revert NoMedianProofs();
        if (!Report.isWellFormed(report)) revert ReportLength(report.length);
        (uint32 setId, uint32 slot, uint32 signers) = Report.head(report);
        _checkEvidence(setId, slot, reporter);
        bytes32 digest = priceFeeds.reportDigest(report);
        if (isReportPunished[digest]) revert ReportPunished(digest);
        if (_states(report, proof)) revert MediansMatch();

        (address[] memory accounts, uint256[4][] memory keys, , ) = priceFeeds.describeSet(SetId.wrap(setId));
        SignedReport.requireSigned(priceFeeds, keys, setId, signers, digest, signature);
        proofs.requireProven(setId, slot, bytes32(report[ROOT_OFFSET:Report.HEAD_BYTES]), proof);

        isReportPunished[digest] = true;
        _slashSigners(accounts, signers, digest, reporter);
    }

    /// @inheritdoc ISlashing
    function setMedianProofs(IMedianProofs newProofs) external restricted {
        if (address(newProofs) != address(0)) {
            address others = address(newProofs.priceFeeds());
            if (others != address(priceFeeds)) revert MedianProofsOfAnother(newProofs, others);
        }
        medianProofs = newProofs;
        emit MedianProofsChanged(newProofs);
    }

    /// @inheritdoc ISlashing
    function setPenalties(uint16 equivocationBps_, uint16 wrongMediansBps_) external restricted {
        _setPenalties(equivocationBps_, wrongMediansBps_);
    }

    function _setPenalties(uint16 equivocationBps_, uint16 wrongMediansBps_) internal {
        _checkPenalty(equivocationBps_);
        _checkPenalty(wrongMediansBps_);
        (equivocationBps, wrongMediansBps) = (equivocationBps_, wrongMediansBps_);
        emit PenaltiesChanged(equivocationBps_, wrongMediansBps_);
    }

    function _slashSigners(address[] memory accounts, uint256 signers, bytes32 digest, address reporter) internal {
        bool any;
        for (uint256 i = 0; i < accounts.length; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            uint256 amount = _penalty(accounts[i], wrongMediansBps);
            if (amount == 0) continue;
            any = true;
            emit WrongMediansSlashed(accounts[i], digest, amount, reporter);
            stake.slash(accounts[i], amount, reporter);
        }
        if (!any) revert NothingToSlash();
    }

    /// @dev What a lie costs an account, rounded down.
    function _penalty(address account, uint256 bps) internal view returns (uint256) {
        return (stake.slashable(account) * bps) / BPS;
    }

    /// @dev Whether a slot belongs to a set's time and is young enough. A slot ahead of the block has no age: who signs
    /// for one has signed.
    function _checkEvidence(uint32 setId, uint32 slot, address reporter) internal view {
        if (reporter == address(0)) revert ZeroReporter();
        SignedReport.requireSlotOfSet(priceFeeds, setId, slot);
        if (block.timestamp > slot + evidencePeriod) revert EvidenceExpired(slot, slot + evidencePeriod);
    }

    /// @dev Account of an operator and address of the key that it had in the set.
    function _operatorAt(uint32 setId, uint8 index) internal view returns (address account, address signer) {
        (address[] memory accounts, uint256[4][] memory keys, , ) = priceFeeds.describeSet(SetId.wrap(setId));
        if (index >= accounts.length) revert OperatorBeyondSet(index, accounts.length);
        signer = address(uint160(uint256(keccak256(abi.encode(keys[index][0], keys[index][1])))));
        account = accounts[index];
    }

    function _checkSigner(Observation calldata observation, bytes calldata signature, address expected) internal view {
        bytes32 hash = ObservationHash.typed(
            address(priceFeeds),
            observation.setId,
            observation.slot,
            observation.operator,
            observation.prices,
            observation.digest
        );
        address recovered = ECDSA.recoverCalldata(hash, signature);
        if (recovered != expected) revert WrongSigner(recovered, expected);
    }

    /// @dev Recomputes digests and root.
    function _checkRoot(
        bytes calldata report,
        uint32 setId,
        uint32 slot,
        Included[] calldata observations,
        uint256 feeds
    ) internal view {
        bytes memory table = Poseidon2.table();
        uint256[] memory leaves = new uint256[](2 * observations.length);
        for (uint256 i = 0; i < observations.length; ++i) {
            uint96[] calldata prices = observations[i].prices;
            if (prices.length != feeds) revert PricesLength(prices.length, feeds);
            leaves[2 * i] = observations[i].operator;
            leaves[2 * i + 1] = ObservationHash.digest(table, address(priceFeeds), setId, slot, prices);
        }
        bytes32 root = bytes32(Poseidon2.hash(table, leaves));
        bytes32 given = bytes32(report[ROOT_OFFSET:Report.HEAD_BYTES]);
        if (given != root) revert WrongRoot(given, root);
    }

    function _checkPenalty(uint16 bps) internal pure {
        if (bps < LEAST_PENALTY_BPS || bps > MOST_PENALTY_BPS) {
            revert PenaltyOutOfRange(bps, LEAST_PENALTY_BPS, MOST_PENALTY_BPS);
        }
    }

    /// @dev Whether every entry of a report has the lower median of the observations' prices and their number.
    function _followsFrom(bytes calldata report, Included[] calldata observations) internal pure returns (bool) {
        uint256[] memory prices = new uint256[](observations.length);
        for (uint256 entry = Report.HEAD_BYTES; entry < report.length; entry += Report.ENTRY_BYTES) {
            uint256 feed = uint8(report[entry]);
            uint256 count = 0;
            for (uint256 i = 0; i < observations.length; ++i) {
                uint96[] calldata row = observations[i].prices;
                uint256 price = feed < row.length ? row[feed] : 0;
                if (price != 0) prices[count++] = price;
            }
            if (count != uint8(report[entry + 1])) return false;
            if (ObservationMedian.lower(prices, count) != uint96(bytes12(report[entry + 2:entry + Report.ENTRY_BYTES])))
                return false;
        }
        return true;
    }

    /// @dev Whether a report says what is stated, where both speak of a feed.
    function _states(bytes calldata report, IMedianProofs.MedianProof calldata proof) internal pure returns (bool) {
        for (uint256 entry = Report.HEAD_BYTES; entry < report.length; entry += Report.ENTRY_BYTES) {
            uint256 feed = uint8(report[entry]);
            if (feed / CHUNK_FEEDS != proof.chunk) continue;
            uint256 stated = proof.entries[feed % CHUNK_FEEDS];
            // An entry is a feed index, and then the number of prices and the median as the circuit packs them.
            uint256 said = uint104(bytes13(report[entry + 1:entry + Report.ENTRY_BYTES]));
            if (stated != 0 && stated != said) return false;
        }
        return true;
    }
}
