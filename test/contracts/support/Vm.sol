// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Vm
/// @notice The cheat codes that these tests use, declared by hand.
interface Vm {
    function addr(uint256 privateKey) external pure returns (address);
    function getCode(string calldata artifact) external view returns (bytes memory);
    function warp(uint256 time) external;
    function prank(address sender) external;
    function assume(bool condition) external pure;
}

/// @dev Address of the cheat codes: the last 20 bytes of keccak256("hevm cheat code").
Vm constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
