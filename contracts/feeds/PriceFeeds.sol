// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
contract PriceFeeds { uint256 public x; }
