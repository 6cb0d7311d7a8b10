// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Small trees in OpenZeppelin's layout, written apart from what is tested: root at 0, children of i at 2i + 1 and
/// 2i + 2, leaf i of n at 2n - 2 - i.
library PayoutsTree {
    function leaf(address account, address token, uint256 cumulative) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account, token, cumulative))));
    }

    function build(bytes32[] memory leaves) internal pure returns (bytes32[] memory nodes) {
        uint256 count = 2 * leaves.length - 1;
        nodes = new bytes32[](count);
        for (uint256 i = 0; i < leaves.length; ++i) nodes[count - 1 - i] = leaves[i];
        for (uint256 i = count - leaves.length; i > 0; --i) nodes[i - 1] = _pair(nodes[2 * i - 1], nodes[2 * i]);
    }

    function proof(bytes32[] memory nodes, uint256 place) internal pure returns (bytes32[] memory path) {
        uint256 depth;
        for (uint256 i = place; i > 0; i = (i - 1) / 2) ++depth;
        path = new bytes32[](depth);
        for ((uint256 i, uint256 step) = (place, 0); i > 0; (i, step) = ((i - 1) / 2, step + 1))
            path[step] = nodes[_sibling(i)];
    }

    /// @param places Of the leaves, the highest first.
    function multiProof(
        bytes32[] memory nodes,
        uint256[] memory places
    ) internal pure returns (bytes32[] memory path, bool[] memory flags) {
        uint256[] memory queue = new uint256[](nodes.length + places.length);
        bytes32[] memory hashes = new bytes32[](nodes.length);
        bool[] memory given = new bool[](nodes.length);
        (uint256 first, uint256 end, uint256 used, uint256 steps) = (0, places.length, 0, 0);
        for (uint256 i = 0; i < places.length; ++i) queue[i] = places[i];
        while (queue[first] > 0) {
            uint256 i = queue[first++];
            if (first < end && queue[first] == _sibling(i)) {
                given[steps] = true;
                ++first;
            } else {
                hashes[used++] = nodes[_sibling(i)];
            }
            ++steps;
            queue[end++] = (i - 1) / 2;
        }
        (path, flags) = (new bytes32[](used), new bool[](steps));
        for (uint256 i = 0; i < used; ++i) path[i] = hashes[i];
        for (uint256 i = 0; i < steps; ++i) flags[i] = given[i];
    }

    function _sibling(uint256 i) private pure returns (uint256) {
        return i % 2 == 0 ? i - 1 : i + 1;
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return keccak256(a < b ? abi.encode(a, b) : abi.encode(b, a));
    }
}
