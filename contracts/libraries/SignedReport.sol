// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {IReportErrors} from "../interfaces/IReportErrors.sol";
import {SetId} from "../types/SetId.sol";
import {Schnorr} from "./Schnorr.sol";

/// @title SignedReport
/// @notice Judges reports of any set that ever was, by what PriceFeeds keeps of it.
library SignedReport {
    /// @notice Reverts with SlotOutsideSet unless the slot belongs to the set's time. A key that leaks after its set has
    /// ended signs for nobody's present.
    function requireSlotOfSet(IPriceFeeds priceFeeds, uint32 setId, uint32 slot) internal view {
        (, uint32 since, ) = priceFeeds.setOf(SetId.wrap(setId));
        (SetId current, , , ) = priceFeeds.currentSet();
        uint256 until = type(uint256).max;
        if (setId != SetId.unwrap(current)) (, until, ) = priceFeeds.setOf(SetId.wrap(setId + 1));
        if (slot < since || slot >= until) revert IReportErrors.SlotOutsideSet(slot, since, until);
    }

    /// @notice The check of PriceFeeds, with the keys of any set: reverts unless a quorum of them signed the digest.
    /// @param keys Rows of `IPriceFeeds.describeSet`; the first two columns are the keys.
    /// @param digest `IPriceFeeds.reportDigest` of the report.
    /// @return quorum The set's.
    function requireSigned(
        IPriceFeeds priceFeeds,
        uint256[4][] memory keys,
        uint32 setId,
        uint256 signers,
        bytes32 digest,
        IPriceFeeds.Signature calldata signature
    ) internal view returns (uint8 quorum) {
        if (signers >> keys.length != 0) revert IReportErrors.SignerBeyondSet(signers, keys.length);
        (, , quorum) = priceFeeds.setOf(SetId.wrap(setId));
        uint256 count = Schnorr.popCount(signers);
        if (count < quorum) revert IReportErrors.TooFewSigners(count, quorum);
        bytes memory points;
        for (uint256 i = 0; i < keys.length; ++i) points = abi.encodePacked(points, keys[i][0], keys[i][1]);
        (uint256 x, uint256 y, uint256 z) = Schnorr.sum(points, signers);
        if (!Schnorr.isInverse(z, signature.zInverse)) revert IReportErrors.WrongInverse(signature.zInverse);
        uint256 parity;
        (x, parity) = Schnorr.toAffine(x, y, signature.zInverse);
        if (!Schnorr.verify(x, parity, digest, signature.s, signature.commitment))
            revert IReportErrors.InvalidSignature();
    }
}
