// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Every role of the AccessManager. There are no others, and none has a holder beside those named.

/// @dev The timelock: whatever a proposal may do.
uint64 constant ADMIN_ROLE = 0;
/// @dev The Guardian contract: trip, pause, veto, dispute payouts.
uint64 constant GUARDIAN_ROLE = 1;
/// @dev The Slashing contract: takes stake on evidence.
uint64 constant SLASHER_ROLE = 2;
/// @dev The account that posts the operators' participation.
uint64 constant SCORER_ROLE = 3;
/// @dev The account that proposes the roots of payouts.
uint64 constant PROPOSER_ROLE = 4;
/// @dev The account that disputes proposed roots of payouts.
uint64 constant WATCHER_ROLE = 5;
