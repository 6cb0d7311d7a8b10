// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {DodonaGovernor} from "../../contracts/governance/DodonaGovernor.sol";
import {DodonaToken} from "../../contracts/governance/DodonaToken.sol";
import {ADMIN_ROLE, GUARDIAN_ROLE, SCORER_ROLE} from "../../contracts/governance/Roles.sol";
import {IGuardian} from "../../contracts/interfaces/IGuardian.sol";
import {IPausable} from "../../contracts/interfaces/IPausable.sol";
import {deploy} from "../contracts/support/Deploy.sol";
import {VM} from "../contracts/support/Vm.sol";

/// @title GovernanceWorld
/// @notice Governance as a deployment leaves it, among a few token holders. This contract keeps no power.
abstract contract GovernanceWorld {
    uint256 public constant ACTORS = 5;
    uint256 public constant SHARE = 1_000e18;
    uint256 internal constant DELAY = 2 days;
    uint256 internal constant THRESHOLD = 10e18;
    bytes32 internal constant PROPOSER = keccak256("PROPOSER_ROLE");
    bytes32 internal constant CANCELLER = keccak256("CANCELLER_ROLE");
    bytes32 internal constant EXECUTOR = keccak256("EXECUTOR_ROLE");

    AccessManager public immutable manager;
    TimelockController public immutable timelock;
    DodonaToken public immutable token;
    DodonaGovernor public immutable governor;
    IGuardian public immutable guardian;
    IPausable public immutable pausable;

    constructor() {
        VM.warp(1_700_000_000);
        (address[] memory holders, uint256[] memory amounts) = (new address[](ACTORS + 1), new uint256[](ACTORS + 1));
        address[] memory anyone = new address[](1);
        manager = new AccessManager(address(this));
        timelock = new TimelockController(DELAY, new address[](0), anyone, address(this));
        for (uint256 i = 0; i <= ACTORS; ++i) {
            (holders[i], amounts[i]) = (i == ACTORS ? address(timelock) : actor(i), SHARE * (i + 1));
        }
        token = DodonaToken(deploy("DodonaToken", abi.encode(holders, amounts)));
        guardian = IGuardian(deploy("Guardian", abi.encode(manager, address(token), actor(0))));
        DodonaGovernor.Settings memory settings = DodonaGovernor.Settings(1 hours, 1 days, THRESHOLD, 4, 6 hours);
        governor = DodonaGovernor(payable(deploy("DodonaGovernor", abi.encode(token, timelock, guardian, settings))));
        pausable = IPausable(deploy("PausableHarness", abi.encode(manager)));

        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IPausable.pause.selector;
        manager.setTargetFunctionRole(address(pausable), selectors, GUARDIAN_ROLE);
        manager.grantRole(GUARDIAN_ROLE, address(guardian), 0);
        guardian.setGovernor(address(governor));
        timelock.grantRole(PROPOSER, address(governor));
        timelock.grantRole(CANCELLER, address(governor));
        timelock.renounceRole(bytes32(0), address(this));
        manager.grantRole(ADMIN_ROLE, address(timelock), 0);
        manager.renounceRole(ADMIN_ROLE, address(this));
        for (uint256 i = 0; i < ACTORS; ++i) {
            VM.prank(actor(i));
            token.delegate(actor(i));
        }
        VM.warp(block.timestamp + 1);
    }

    /// @notice Address of a token holder; the first holds the guardian at the start.
    function actor(uint256 i) public pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("actor", i % ACTORS)))));
    }

    /// @notice Votes of all, and the balances of all who delegated: they are the same.
    function power() external view returns (uint256 votes, uint256 delegated) {
        for (uint256 i = 0; i < ACTORS; ++i) {
            votes += token.getVotes(actor(i));
            if (token.delegates(actor(i)) != address(0)) delegated += token.balanceOf(actor(i));
        }
    }

    /// @notice Balances of all.
    function balances() external view returns (uint256 sum) {
        for (uint256 i = 0; i < ACTORS; ++i) sum += token.balanceOf(actor(i));
        sum += token.balanceOf(address(timelock));
    }

    /// @notice Whether an account has exactly the roles that the deployment gave it.
    function hasListedRoles(address account) public view returns (bool) {
        // One role more than there are.
        for (uint64 role = ADMIN_ROLE; role <= SCORER_ROLE + 1; ++role) {
            (bool isMember, uint32 delay) = manager.hasRole(role, account);
            bool isListed =
                (role == ADMIN_ROLE && account == address(timelock)) ||
                    (role == GUARDIAN_ROLE && account == address(guardian));
            if (isMember != isListed || delay != 0) return false;
        }
        bool isGovernor = account == address(governor);
        return
            timelock.hasRole(bytes32(0), account) == (account == address(timelock)) &&
            timelock.hasRole(PROPOSER, account) == isGovernor &&
            timelock.hasRole(CANCELLER, account) == isGovernor &&
            timelock.hasRole(EXECUTOR, account) == (account == address(0));
    }
}
