// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GovernorStorage} from "@openzeppelin/contracts/governance/extensions/GovernorStorage.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {DodonaGovernor} from "../governance/DodonaGovernor.sol";
import {DodonaToken} from "../governance/DodonaToken.sol";

/// @title ReenteringTarget
/// @notice Takes a payment of the treasury and executes the proposal that pays it again.
contract ReenteringTarget {
    enum Way {
        Governor,
        GovernorCaught,
        Timelock
    }

    GovernorStorage internal immutable _governor;
    Way internal immutable _way;
    uint256 internal _proposalId;
    uint256 public payments;

    constructor(GovernorStorage governor, Way way) {
        _governor = governor;
        _way = way;
    }

    function aim(uint256 proposalId) external {
        _proposalId = proposalId;
    }

    receive() external payable {
        if (++payments > 1) return;
        if (_way == Way.Governor) {
            _governor.execute(_proposalId);
        } else if (_way == Way.GovernorCaught) {
            try _governor.execute(_proposalId) {
                assert(false);
            } catch {
                return;
            }
        } else {
            (
                address[] memory targets,
                uint256[] memory values,
                bytes[] memory calldatas,
                bytes32 descriptionHash
            ) = _governor.proposalDetails(_proposalId);
            address timelock = DodonaGovernor(payable(address(_governor))).timelock();
            bytes32 salt = bytes20(address(_governor)) ^ descriptionHash;
            TimelockController(payable(timelock)).executeBatch(targets, values, calldatas, 0, salt);
        }
    }
}

/// @title CostlyTarget
/// @notice Work that takes much gas.
contract CostlyTarget {
    mapping(uint256 i => uint256) public done;
    uint256 public runs;

    function work(uint256 slots) external {
        for (uint256 i = 0; i < slots; ++i) done[i] = runs + 1;
        ++runs;
    }
}

/// @title FlashVoter
/// @notice Votes and proposes with tokens that it holds for one transaction.
contract FlashVoter {
    DodonaToken internal immutable _token;
    DodonaGovernor internal immutable _governor;

    constructor(DodonaToken token, DodonaGovernor governor) {
        _token = token;
        _governor = governor;
    }

    /// @notice Takes the lender's tokens, delegates them to itself, votes, and gives them back.
    /// @return weight Votes that counted.
    function borrowAndVote(address lender, uint256 amount, uint256 proposalId) external returns (uint256 weight) {
        _borrow(lender, amount);
        weight = vote(proposalId);
        _token.transfer(lender, amount);
    }

    /// @notice Takes the lender's tokens, delegates them to itself, proposes, and gives them back.
    function borrowAndPropose(address lender, uint256 amount, address target, bytes calldata data) external {
        _borrow(lender, amount);
        (address[] memory targets, bytes[] memory calldatas) = (new address[](1), new bytes[](1));
        (targets[0], calldatas[0]) = (target, data);
        _governor.propose(targets, new uint256[](1), calldatas, "with borrowed votes");
        _token.transfer(lender, amount);
    }

    /// @notice Takes the lender's tokens, delegates them to itself, and gives them back.
    function borrow(address lender, uint256 amount) external {
        _borrow(lender, amount);
        _token.transfer(lender, amount);
    }

    function vote(uint256 proposalId) public returns (uint256 weight) {
        return _governor.castVote(proposalId, 1);
    }

    function _borrow(address lender, uint256 amount) internal {
        _token.transferFrom(lender, address(this), amount);
        _token.delegate(address(this));
        assert(_token.getVotes(address(this)) == amount);
    }
}
