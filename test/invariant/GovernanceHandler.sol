// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorStorage} from "@openzeppelin/contracts/governance/extensions/GovernorStorage.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IGuardian} from "../../contracts/interfaces/IGuardian.sol";
import {IPausable} from "../../contracts/interfaces/IPausable.sol";
import {VM} from "../contracts/support/Vm.sol";
import {GovernanceWorld} from "./GovernanceWorld.sol";

/// @title GovernanceHandler
/// @notice What may happen to governance, with bounded inputs, and a record of what did.
contract GovernanceHandler is GovernanceWorld {
    enum Kind {
        Mark,
        Pay,
        Appoint,
        Dismiss,
        Renew,
        Unpause,
        MarkAndDismiss,
        ChangeDelay
    }

    struct Made {
        uint256 id;
        Kind kind;
        address beneficiary;
        uint256 amount;
        uint256 queuedAt;
        bool isExecuted;
        bool isVetoed;
        uint256 marks;
    }

    uint256 internal constant MAX_PROPOSALS = 60;
    uint256 internal constant KINDS = 8;

    Made[] internal _made;
    uint256[] internal _vetoTimes;
    uint256[] internal _pauseTimes;

    /// @notice The record: what is burned and spent, who holds the guardian and until when, how long the pause holds.
    uint256 public burned;
    uint256 public treasury = SHARE * (ACTORS + 1);
    address public holder = actor(0);
    uint256 public termEnds = block.timestamp - 1 + 180 days;
    uint256 public pausedUntil;
    uint256 public executions;

    /// @notice Somebody did what only governance may.
    bool public breached;
    bool public rolesChanged;
    bool public guardianExceeded;
    bool public pausesExceeded;
    bool public executedEarly;

    // Tokens and votes.

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        address receiver = to % (ACTORS + 1) == ACTORS ? address(timelock) : actor(to);
        amount %= token.balanceOf(actor(from)) + 1;
        VM.prank(actor(from));
        token.transfer(receiver, amount);
        if (receiver == address(timelock)) treasury += amount;
    }

    function delegate(uint256 from, uint256 to) external {
        VM.prank(actor(from));
        token.delegate(to % 7 == 6 ? address(0) : actor(to));
    }

    function burn(uint256 from, uint256 amount) external {
        // Little, or nothing would be left to vote with.
        amount %= token.balanceOf(actor(from)) / 50 + 1;
        VM.prank(actor(from));
        token.burn(amount);
        burned += amount;
    }

    // Proposals.

    function propose(uint256 by, uint256 kind, uint256 seed) external {
        if (_made.length == MAX_PROPOSALS) return;
        Made memory made;
        (made.kind, made.beneficiary, made.amount) = (Kind(kind % KINDS), actor(seed >> 8), (seed >> 16) % 10e18);
        (address[] memory targets, bytes[] memory calldatas) = _actions(made);
        uint256[] memory values = new uint256[](targets.length);
        string memory description = string(abi.encodePacked("proposal ", uint8(_made.length)));
        VM.prank(actor(by));
        try governor.propose(targets, values, calldatas, description) returns (uint256 id) {
            made.id = id;
            _made.push(made);
        } catch {}
    }

    function vote(uint256 pick, uint256 by, uint8 support) external {
        if (_made.length == 0) return;
        VM.prank(actor(by));
        try governor.castVote(_pick(pick).id, support % 3) {} catch {}
    }

    function queue(uint256 pick) public {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        try governor.queue(made.id) {
            made.queuedAt = block.timestamp;
        } catch {}
    }

    /// @notice Executes by the governor, or past it.
    function execute(uint256 pick, bool isDirect) public {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        if (isDirect) {
            (
                address[] memory targets,
                uint256[] memory values,
                bytes[] memory calldatas,
                bytes32 descriptionHash
            ) = governor.proposalDetails(made.id);
            bytes32 salt = bytes20(address(governor)) ^ descriptionHash;
            try timelock.executeBatch(targets, values, calldatas, 0, salt) {
                _executed(made);
            } catch {}
        } else {
            try governor.execute(made.id) {
                _executed(made);
            } catch {}
        }
    }

    function cancel(uint256 pick, uint256 by) external {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        bool isPending = governor.state(made.id) == IGovernor.ProposalState.Pending;
        VM.prank(actor(by));
        try governor.cancel(made.id) {
            if (!isPending || governor.proposalProposer(made.id) != actor(by)) breached = true;
        } catch {}
    }

    /// @notice Takes a proposal to its next state, everybody voting for it.
    function conduct(uint256 pick) external {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        IGovernor.ProposalState state = governor.state(made.id);
        if (state == IGovernor.ProposalState.Pending) {
            VM.warp(governor.proposalSnapshot(made.id) + 1);
        } else if (state == IGovernor.ProposalState.Active) {
            for (uint256 i = 0; i < ACTORS; ++i) {
                VM.prank(actor(i));
                try governor.castVote(made.id, 1) {} catch {}
            }
            VM.warp(governor.proposalDeadline(made.id) + 1);
        } else if (state == IGovernor.ProposalState.Succeeded) {
            queue(pick);
        } else if (state == IGovernor.ProposalState.Queued) {
            uint256 eta = governor.proposalEta(made.id);
            if (block.timestamp < eta) VM.warp(eta);
            execute(pick, false);
        }
    }

    // The guardian.

    function veto(uint256 pick, uint256 by, bool isHolder) external {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        address caller = isHolder && holder != address(0) ? holder : actor(by);
        VM.prank(caller);
        try guardian.veto(made.id) {
            bool isProtected = made.kind == Kind.Appoint || made.kind == Kind.Dismiss;
            if (isProtected || made.isExecuted) guardianExceeded = true;
            _acted(caller);
            if (_isBeyondRate(_vetoTimes, 3)) guardianExceeded = true;
            _vetoTimes.push(block.timestamp);
            made.isVetoed = true;
        } catch {}
    }

    function pause(uint256 by, bool isHolder) external {
        address caller = isHolder && holder != address(0) ? holder : actor(by);
        VM.prank(caller);
        try guardian.pause(address(pausable)) {
            _acted(caller);
            if (_isBeyondRate(_pauseTimes, 2)) pausesExceeded = true;
            _pauseTimes.push(block.timestamp);
            pausedUntil = block.timestamp + 72 hours;
        } catch {}
    }

    // Time, and whoever wants more than is theirs.

    function wait_(uint256 dt) external {
        VM.warp(block.timestamp + (dt % 4 == 0 ? dt % 20 days : dt % 2 hours));
    }

    /// @notice An account, the guardian's holder among them, tries what only governance may.
    function attack(uint256 by, uint256 which, uint256 seed) external {
        address target;
        bytes memory data;
        (target, data) = _attack(which, actor(seed), uint64(seed >> 8) % 6);
        VM.prank(actor(by));
        (bool success, ) = target.call(data);
        if (success) breached = true;
        // Whoever tried, and who stands by.
        if (!hasListedRoles(actor(by)) || !hasListedRoles(_bystander(seed >> 16))) rolesChanged = true;
    }

    /// @notice What a proposal does here. Only the timelock may.
    function mark(uint256 index) external {
        require(msg.sender == address(timelock), "caller");
        ++_made[index].marks;
    }

    /// @notice Whether every proposal did what it says once if it is executed, and nothing otherwise.
    function isConsistent() external view returns (bool) {
        for (uint256 i = 0; i < _made.length; ++i) {
            Made storage made = _made[i];
            bool isMarking = made.kind == Kind.Mark || made.kind == Kind.MarkAndDismiss;
            if (made.marks != (made.isExecuted && isMarking ? 1 : 0)) return false;
            if (made.isExecuted && made.isVetoed) return false;
            bool isDone = governor.state(made.id) == IGovernor.ProposalState.Executed;
            if (isDone != made.isExecuted) return false;
        }
        return true;
    }

    /// @notice Whether no more was voted on the latest proposals than there were votes.
    function isVotedWithinSupply() external view returns (bool) {
        for (uint256 i = _made.length < 4 ? 0 : _made.length - 4; i < _made.length; ++i) {
            uint256 snapshot = governor.proposalSnapshot(_made[i].id);
            if (snapshot >= block.timestamp) continue;
            (uint256 no, uint256 yes, uint256 abstained) = governor.proposalVotes(_made[i].id);
            if (no + yes + abstained > token.getPastTotalSupply(snapshot)) return false;
        }
        return true;
    }

    function proposals() external view returns (uint256) {
        return _made.length;
    }

    function vetoes() external view returns (uint256) {
        return _vetoTimes.length;
    }

    function pauses() external view returns (uint256) {
        return _pauseTimes.length;
    }

    function _executed(Made storage made) internal {
        (uint256 no, uint256 yes, ) = governor.proposalVotes(made.id);
        if (made.queuedAt == 0 || block.timestamp < made.queuedAt + DELAY || yes <= no) executedEarly = true;
        if (made.isExecuted) executedEarly = true;
        made.isExecuted = true;
        ++executions;
        if (made.kind == Kind.Pay) treasury -= made.amount;
        if (made.kind == Kind.Appoint) holder = made.beneficiary;
        if (made.kind == Kind.Appoint || made.kind == Kind.Renew) termEnds = block.timestamp + 180 days;
        if (made.kind == Kind.Dismiss || made.kind == Kind.MarkAndDismiss) (holder, termEnds) = (address(0), 0);
        if (made.kind == Kind.Unpause) pausedUntil = 0;
    }

    /// @dev The guardian obeyed this account.
    function _acted(address caller) internal {
        if (caller != holder || block.timestamp >= termEnds) guardianExceeded = true;
    }

    function _isBeyondRate(uint256[] storage times, uint256 most) internal view returns (bool) {
        return times.length >= most && block.timestamp < times[times.length - most] + 30 days;
    }

    function _pick(uint256 pick) internal view returns (Made storage) {
        // The latest, mostly: the older ones are done.
        uint256 window = pick % 3 == 0 || _made.length < 4 ? _made.length : 4;
        return _made[_made.length - 1 - ((pick >> 8) % window)];
    }

    function _bystander(uint256 i) internal view returns (address) {
        address[6] memory accounts = [
            address(timelock),
            address(guardian),
            address(governor),
            address(this),
            address(0),
            actor(i >> 8)
        ];
        return accounts[i % 6];
    }

    function _actions(Made memory made) internal view returns (address[] memory targets, bytes[] memory calldatas) {
        bool isTwo = made.kind == Kind.MarkAndDismiss;
        (targets, calldatas) = (new address[](isTwo ? 2 : 1), new bytes[](isTwo ? 2 : 1));
        (targets[0], calldatas[0]) = (address(this), abi.encodeCall(this.mark, (_made.length)));
        if (isTwo) (targets[1], calldatas[1]) = (address(guardian), abi.encodeCall(IGuardian.dismiss, ()));
        if (made.kind == Kind.Pay) {
            (targets[0], calldatas[0]) = (
                address(token),
                abi.encodeCall(IERC20.transfer, (made.beneficiary, made.amount))
            );
        } else if (made.kind == Kind.Appoint) {
            (targets[0], calldatas[0]) = (address(guardian), abi.encodeCall(IGuardian.appoint, (made.beneficiary)));
        } else if (made.kind == Kind.Dismiss) {
            (targets[0], calldatas[0]) = (address(guardian), abi.encodeCall(IGuardian.dismiss, ()));
        } else if (made.kind == Kind.Renew) {
            (targets[0], calldatas[0]) = (address(guardian), abi.encodeCall(IGuardian.renew, ()));
        } else if (made.kind == Kind.Unpause) {
            (targets[0], calldatas[0]) = (address(pausable), abi.encodeCall(IPausable.unpause, ()));
        } else if (made.kind == Kind.ChangeDelay) {
            uint48 delay = uint48(made.amount % 2 hours);
            (targets[0], calldatas[0]) = (address(governor), abi.encodeCall(GovernorSettings.setVotingDelay, (delay)));
        }
    }

    function _attack(uint256 which, address account, uint64 role) internal view returns (address, bytes memory) {
        which %= 16;
        bytes32[3] memory roles = [bytes32(0), PROPOSER, CANCELLER];
        bytes32 timelockRole = roles[role % 3];
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IPausable.unpause.selector;
        if (which == 0) return (address(manager), abi.encodeCall(IAccessManager.grantRole, (role, account, 0)));
        if (which == 1) {
            // The holders of roles: all others have none that could be taken.
            address member = role % 2 == 0 ? address(timelock) : address(guardian);
            return (address(manager), abi.encodeCall(IAccessManager.revokeRole, (role % 2, member)));
        }
        if (which == 2) return (address(manager), abi.encodeCall(IAccessManager.setRoleAdmin, (role, role + 1)));
        if (which == 3) return (address(manager), abi.encodeCall(IAccessManager.setRoleGuardian, (role, role + 1)));
        if (which == 4) {
            return (
                address(manager),
                abi.encodeCall(IAccessManager.setTargetFunctionRole, (address(pausable), selectors, role))
            );
        }
        if (which == 5) {
            return (address(manager), abi.encodeCall(IAccessManager.updateAuthority, (address(guardian), account)));
        }
        if (which == 6) return (address(timelock), abi.encodeCall(IAccessControl.grantRole, (timelockRole, account)));
        if (which == 7) {
            bytes memory paid = abi.encodeCall(IERC20.transfer, (account, 1));
            return (
                address(timelock),
                abi.encodeCall(TimelockController.schedule, (address(token), 0, paid, 0, bytes32(uint256(role)), DELAY))
            );
        }
        if (which == 8) {
            bytes memory paid = abi.encodeCall(IERC20.transfer, (account, 1));
            return (
                address(timelock),
                abi.encodeCall(TimelockController.execute, (address(token), 0, paid, 0, bytes32(uint256(role))))
            );
        }
        if (which == 9) return (address(timelock), abi.encodeCall(TimelockController.updateDelay, (0)));
        if (which == 10) return (address(governor), abi.encodeCall(GovernorSettings.setVotingPeriod, (1)));
        if (which == 11) return (address(governor), abi.encodeCall(Governor.relay, (address(token), 0, "")));
        if (which == 12) return (address(guardian), abi.encodeCall(IGuardian.appoint, (account)));
        if (which == 13) return (address(guardian), abi.encodeCall(IGuardian.renew, ()));
        if (which == 14) return (address(pausable), abi.encodeCall(IPausable.unpause, ()));
        return (address(pausable), abi.encodeCall(IPausable.pause, ()));
    }
}
