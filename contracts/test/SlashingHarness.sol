// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOperators} from "../interfaces/IOperators.sol";
import {ISlashableStake} from "../interfaces/ISlashableStake.sol";
import {ISlashing} from "../interfaces/ISlashing.sol";
import {ObservationHash} from "../libraries/ObservationHash.sol";
import {ObservationMedian} from "../libraries/ObservationMedian.sol";
import {Poseidon2} from "../libraries/Poseidon2.sol";

/// @title SlashingHarness
/// @notice Shows the libraries of evidence to tests.
contract SlashingHarness {
    function permute(uint256[4] memory state) external pure returns (uint256[4] memory) {
        Poseidon2.permute(Poseidon2.table(), state);
        return state;
    }

    function hash(uint256[] memory inputs) external pure returns (uint256) {
        return Poseidon2.hash(Poseidon2.table(), inputs);
    }

    function digest(
        address verifyingContract,
        uint32 setId,
        uint32 slot,
        uint96[] calldata prices
    ) external view returns (uint256) {
        return ObservationHash.digest(Poseidon2.table(), verifyingContract, setId, slot, prices);
    }

    function typed(
        address verifyingContract,
        ISlashing.Observation calldata observation
    ) external view returns (bytes32) {
        return
            ObservationHash.typed(
                verifyingContract,
                observation.setId,
                observation.slot,
                observation.operator,
                observation.prices,
                observation.digest
            );
    }

    function lowerMedian(uint256[] memory values, uint256 count) external pure returns (uint256) {
        return ObservationMedian.lower(values, count);
    }
}

/// @title SlashingStake
/// @notice A custody that only keeps accounts, for tests.
contract SlashingStake is ISlashableStake {
    event Slashed(address account, uint256 amount, address reporter);

    uint256 public immutable unbondingDelay;
    uint256 public minimumStake;
    mapping(address account => uint256) public slashable;

    constructor(uint256 unbondingDelay_) {
        unbondingDelay = unbondingDelay_;
    }

    function set(address account, uint256 amount) external {
        slashable[account] = amount;
    }

    function setMinimum(uint256 minimum) external {
        minimumStake = minimum;
    }

    function slash(address account, uint256 amount, address reporter) external {
        slashable[account] -= amount;
        emit Slashed(account, amount, reporter);
    }

    function stakeOf(address account) external view returns (uint256) {
        return slashable[account];
    }
}

/// @title SlashingRegistry
/// @notice A registry without rules, for tests: whoever is set is active at once.
contract SlashingRegistry {
    uint32 public activeVersion;
    uint48 public nextChangeAt;
    /// @dev As if it were a pausable contract and the guardian too.
    uint64 public pausedUntil;
    uint64 public termEnds;
    address[] internal _active;
    mapping(address account => IOperators.Keys) internal _keys;
    mapping(address account => string) internal _endpoints;

    function set(address[] calldata accounts, IOperators.Keys[] calldata keys, string[] calldata endpoints) external {
        _active = accounts;
        for (uint256 i = 0; i < accounts.length; ++i) {
            _keys[accounts[i]] = keys[i];
            _endpoints[accounts[i]] = endpoints[i];
        }
        ++activeVersion;
    }

    function setTimes(uint48 nextChangeAt_, uint64 pausedUntil_, uint64 termEnds_) external {
        (nextChangeAt, pausedUntil, termEnds) = (nextChangeAt_, pausedUntil_, termEnds_);
    }

    function active() external view returns (uint32 version, address[] memory accounts, IOperators.Keys[] memory keys) {
        version = activeVersion;
        accounts = _active;
        keys = new IOperators.Keys[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) keys[i] = _keys[accounts[i]];
    }

    function operator(address account) external view returns (IOperators.Keys memory keys, string memory endpoint) {
        return (_keys[account], _endpoints[account]);
    }
}
