// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPayoutDistributor} from "../interfaces/IPayoutDistributor.sol";

/// @title PayoutProposal
/// @notice Bounds of a proposal, and what its approvers sign (EIP-712).
library PayoutProposal {
    /// @dev The words of the type's encodeData, arrays and strings hashed.
    struct Approval {
        bytes32 typeHash;
        uint256 epoch;
        uint256 attempt;
        bytes32 root;
        bytes32 totals;
        bytes32 dataHash;
        bytes32 uri;
        uint256 snapshotBlock;
    }

    uint256 internal constant MAX_TOTALS = 16;
    uint256 internal constant MAX_URI_BYTES = 256;

    bytes32 internal constant TOTAL_TYPEHASH = keccak256("Total(address token,uint256 amount)");
    bytes32 internal constant APPROVAL_TYPEHASH = keccak256(
        "Approval(uint256 epoch,uint256 attempt,bytes32 root,Total[] totals,bytes32 dataHash,string uri,uint256 snapshotBlock)Total(address token,uint256 amount)"
    );

    /// @notice Reverts unless root, URI and the list of tokens are within their bounds.
    function check(IPayoutDistributor.Proposal calldata proposed) internal pure {
        if (proposed.root == 0) revert IPayoutDistributor.ZeroRoot();
        uint256 length = bytes(proposed.uri).length;
        if (length > MAX_URI_BYTES) revert IPayoutDistributor.UriTooLong(length, MAX_URI_BYTES);
        uint256 count = proposed.totals.length;
        if (count > MAX_TOTALS) revert IPayoutDistributor.TooManyTotals(count, MAX_TOTALS);
        for (uint256 i = 1; i < count; ++i) {
            (address token, address previous) = (proposed.totals[i].token, proposed.totals[i - 1].token);
            if (token <= previous) revert IPayoutDistributor.TokensNotAscending(token, previous);
        }
    }

    /// @notice What is hashed for a proposal's content, as attempt 0.
    function approvalOf(IPayoutDistributor.Proposal calldata proposed) internal pure returns (Approval memory) {
        bytes32[] memory totals = new bytes32[](proposed.totals.length);
        for (uint256 i = 0; i < totals.length; ++i) {
            IPayoutDistributor.Total calldata total = proposed.totals[i];
            totals[i] = keccak256(abi.encode(TOTAL_TYPEHASH, total.token, total.amount));
        }
        return
            Approval({
                typeHash: APPROVAL_TYPEHASH,
                epoch: proposed.epoch,
                attempt: 0,
                root: proposed.root,
                totals: keccak256(abi.encodePacked(totals)),
                dataHash: proposed.dataHash,
                uri: keccak256(bytes(proposed.uri)),
                snapshotBlock: proposed.snapshotBlock
            });
    }

    /// @notice hashStruct of an attempt at the content.
    function hash(Approval memory approval, uint256 attempt) internal pure returns (bytes32) {
        approval.attempt = attempt;
        return keccak256(abi.encode(approval));
    }
}
