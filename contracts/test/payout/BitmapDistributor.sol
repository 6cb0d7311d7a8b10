// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title BitmapDistributor
/// @notice The way an airdrop is claimed elsewhere: one root for good, a bit for each leaf, no limits. For comparison.
contract BitmapDistributor {
    address public immutable token;
    bytes32 public immutable merkleRoot;
    mapping(uint256 word => uint256) internal _claimed;

    event Claimed(uint256 index, address account, uint256 amount);

    error AlreadyClaimed();
    error InvalidProof();

    constructor(address token_, bytes32 merkleRoot_) {
        (token, merkleRoot) = (token_, merkleRoot_);
    }

    function claim(uint256 index, address account, uint256 amount, bytes32[] calldata merkleProof) external {
        if (isClaimed(index)) revert AlreadyClaimed();
        bytes32 node = keccak256(abi.encodePacked(index, account, amount));
        if (!MerkleProof.verifyCalldata(merkleProof, merkleRoot, node)) revert InvalidProof();
        _claimed[index / 256] |= 1 << (index % 256);
        SafeERC20.safeTransfer(IERC20(token), account, amount);
        emit Claimed(index, account, amount);
    }

    function isClaimed(uint256 index) public view returns (bool) {
        return (_claimed[index / 256] >> (index % 256)) & 1 != 0;
    }
}
