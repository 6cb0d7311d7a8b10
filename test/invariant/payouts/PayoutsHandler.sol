// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPayoutDistributor} from "../../../contracts/interfaces/IPayoutDistributor.sol";
import {PayoutDistributor} from "../../../contracts/payouts/PayoutDistributor.sol";
import {PayoutRecipient} from "../../../contracts/test/payout/PayoutRecipients.sol";
import {PayoutToken} from "../../../contracts/test/payout/PayoutTokens.sol";
import {Authority} from "../../contracts/support/Authority.sol";
import {deploy} from "../../contracts/support/Deploy.sol";
import {VM} from "../../contracts/support/Vm.sol";
import {PayoutsTree} from "./PayoutsTree.sol";

/// @notice Drives a distributor with one token and the native coin, six accounts and three approvers, and keeps books of
/// its own. It holds every role, so that whatever a role may do is tried.
contract PayoutsHandler is Authority {
    uint256 public constant ACCOUNTS = 6;
    uint256 public constant TOKENS = 2;
    uint256 internal constant LEAVES = ACCOUNTS * TOKENS;
    uint256 internal constant APPROVERS = 3;
    uint256 internal constant CHALLENGE = 1 hours;
    uint256 internal constant LIFETIME = 3 days;
    uint256 internal constant BUDGET = 5;

    struct Made {
        bytes32 id;
        uint256[LEAVES] amounts;
        uint256 approvedBy;
        uint256 approvedAt;
        uint256 proposedAt;
        uint256 version;
        bool isDisputed;
    }

    PayoutDistributor public distributor;
    address[TOKENS] public tokens;
    address[ACCOUNTS] public accounts;
    PayoutRecipient public unruly;

    // What the contract must agree with.
    uint256[TOKENS] public deposited;
    mapping(address account => mapping(address token => uint256)) public paidTo;
    mapping(address account => mapping(address token => uint256)) public largestLeaf;
    mapping(address account => mapping(address token => address)) public beneficiaryOf;
    mapping(address receiver => mapping(address token => uint256)) public received;
    mapping(address token => uint256) public paid;
    uint256 public activations;

    // What must never happen.
    bool public exceededHour;
    bool public exceededDay;
    bool public exceededAccount;
    bool public exceededEpoch;
    bool public activatedWrongly;
    bool public acceptedForgery;
    bool public movedWhilePaused;
    bool public refusedWithoutReason;
    bool public paidOtherwise;
    bool public pushBlocked;
    bool public wentBack;
    bool public tooManyDisputes;

    // That something happened at all.
    uint256 public payments;
    uint256 public pushes;

    uint256 internal _time = 1_800_000_000;
    uint256 internal _salt;
    uint256 internal _version = 1;
    uint256 internal _threshold = 2;
    Made[] internal _made;
    uint256[LEAVES] internal _active;
    uint256[LEAVES] internal _honest;
    mapping(bytes32 window => uint256) internal _used;
    uint256[] internal _watcherTimes;
    uint256[] internal _guardianTimes;

    function start() external payable {
        require(address(distributor) == address(0), "started");
        VM.warp(_time);
        address[] memory approvers = new address[](APPROVERS);
        for (uint256 i = 0; i < APPROVERS; ++i) approvers[i] = _approver(i);
        IPayoutDistributor.Config memory config = IPayoutDistributor.Config(uint32(CHALLENGE), uint32(LIFETIME), 0);
        bytes memory arguments = abi.encode(this, config, approvers, uint8(_threshold));
        distributor = PayoutDistributor(deploy("PayoutDistributor", arguments));
        PayoutToken token = PayoutToken(deploy("PayoutToken", ""));
        tokens[1] = address(token);
        token.mint(address(this), type(uint96).max);
        token.approve(address(distributor), type(uint256).max);
        unruly = PayoutRecipient(payable(deploy("PayoutRecipient", "")));
        for (uint256 i = 0; i < ACCOUNTS - 1; ++i) accounts[i] = address(uint160(0xACC0000 + i));
        accounts[ACCOUNTS - 1] = address(unruly);
        for (uint256 i = 0; i < TOKENS; ++i) {
            distributor.setLimits(tokens[i], IPayoutDistributor.Limits(1e20, 1e21, 1e20, 1e22));
            this.deposit(i, 1e21 - 1);
        }
        this.advance(uint256(keccak256("first")));
    }

    receive() external payable {}

    function deposit(uint256 which, uint256 amount) external {
        which %= TOKENS;
        amount = 1 + (amount % 1e21);
        if (which == 0 && amount > address(this).balance) return;
        distributor.deposit{value: which == 0 ? amount : 0}(tokens[which], uint96(amount));
        deposited[which] += amount;
    }

    function withdraw(uint256 which, uint256 amount) external {
        which %= TOKENS;
        amount %= deposited[which] + 1;
        try distributor.withdraw(tokens[which], address(this), uint96(amount)) {
            deposited[which] -= amount;
        } catch {}
    }

    /// @notice Proposes a root: an honest one raises every leaf by what is funded, another is anything.
    function propose(uint256 seed, bool isHonest) external {
        Made storage made = _made.push();
        uint256[TOKENS] memory totals;
        for (uint256 i = 0; i < LEAVES; ++i) {
            uint256 funds = deposited[i % TOKENS];
            uint256 random = _random(seed, i);
            if (isHonest) {
                // A share of the deposits, or nothing.
                _honest[i] += random % 3 == 0 ? 0 : (random >> 8) % (funds / 200 + 2);
                made.amounts[i] = _honest[i];
            } else {
                made.amounts[i] = random % 5 == 0 ? type(uint256).max - i : random % (2 * funds + 1);
            }
            unchecked {
                totals[i % TOKENS] += made.amounts[i];
            }
        }
        for (uint256 t = 0; t < TOKENS; ++t) {
            uint256 already = distributor.tokenState(tokens[t]).paid;
            if (totals[t] < already) totals[t] = already;
            if (totals[t] > deposited[t]) totals[t] = deposited[t];
            if (!isHonest) totals[t] = _random(seed, 100 + t) % (deposited[t] + deposited[t] / 4 + 1);
        }
        IPayoutDistributor.Proposal memory content = _content(_rootOf(made.amounts), totals);
        try distributor.propose(content) returns (bytes32 id) {
            (made.id, made.proposedAt, made.version) = (id, _time, _version);
        } catch {
            _made.pop();
        }
    }

    function approve(uint256 pick, uint256 who) external {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        VM.prank(_approver(who % APPROVERS));
        try distributor.approve(made.id) {
            uint256 bit = 1 << (who % APPROVERS);
            if (made.approvedBy & bit != 0) acceptedForgery = true;
            made.approvedBy |= bit;
            if (made.approvedAt == 0 && _count(made.approvedBy) == _threshold) made.approvedAt = _time;
        } catch {}
    }

    /// @notice Approvals that must not count: of a stranger, or by a signature that nobody made.
    function approveWrongly(uint256 pick, uint256 who, bytes32 junk) external {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        VM.prank(address(uint160(0xBAD)));
        try distributor.approve(made.id) {
            acceptedForgery = true;
        } catch {}
        bytes memory signature = abi.encodePacked(junk, junk >> 1, uint8(27 + (uint256(junk) & 1)));
        try distributor.approveBySig(made.id, _approver(who % APPROVERS), signature) {
            acceptedForgery = true;
        } catch {}
    }

    function dispute(uint256 pick, bool byGuardian) external {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        uint256[] storage times = byGuardian ? _guardianTimes : _watcherTimes;
        if (byGuardian) {
            try distributor.guardianDispute(made.id, "") {
                (made.isDisputed, times) = (true, times);
                times.push(_time);
            } catch {}
        } else {
            try distributor.dispute(made.id, "") {
                made.isDisputed = true;
                times.push(_time);
            } catch {}
        }
        uint256 count = times.length;
        if (count > BUDGET && times[count - 1] - times[count - 1 - BUDGET] < 1 days) tooManyDisputes = true;
    }

    function activate(uint256 pick) external {
        if (_made.length == 0) return;
        Made storage made = _pick(pick);
        uint256[TOKENS] memory before;
        for (uint256 t = 0; t < TOKENS; ++t) before[t] = distributor.tokenState(tokens[t]).approved;
        bool isPaused = _time < distributor.pausedUntil();
        try distributor.activate(made.id) {
            if (isPaused) movedWhilePaused = true;
            ++activations;
            activatedWrongly =
                activatedWrongly ||
                made.isDisputed ||
                made.approvedAt == 0 ||
                _time < made.approvedAt + CHALLENGE ||
                _time >= made.proposedAt + LIFETIME ||
                made.version != _version;
            _active = made.amounts;
            for (uint256 i = 0; i < LEAVES; ++i) {
                mapping(address => uint256) storage largest = largestLeaf[accounts[i / TOKENS]];
                if (_active[i] > largest[tokens[i % TOKENS]]) largest[tokens[i % TOKENS]] = _active[i];
            }
            for (uint256 t = 0; t < TOKENS; ++t) {
                uint256 approved = distributor.tokenState(tokens[t]).approved;
                uint256 limit = distributor.limitsOf(tokens[t]).perEpoch;
                if (approved > before[t] && approved - before[t] > limit) exceededEpoch = true;
            }
        } catch {}
    }

    /// @notice An epoch from proposal to activation: what random calls alone put together too seldom.
    function advance(uint256 seed) external {
        uint256 count = _made.length;
        this.propose(seed, seed % 4 != 0);
        if (_made.length == count) return;
        this.approve(0, seed);
        this.approve(0, seed + 1);
        this.wait_(CHALLENGE);
        this.activate(0);
    }

    /// @notice An epoch whose approvers change, or that is disputed or left to expire, just before its activation.
    function interrupt(uint256 seed) external {
        uint256 count = _made.length;
        this.propose(seed, true);
        if (_made.length == count) return;
        for (uint256 i = 0; i < APPROVERS; ++i) this.approve(0, i);
        this.wait_(CHALLENGE);
        if (seed % 4 == 0) this.setApprovers(seed << 3);
        if (seed % 4 == 1) this.dispute(0, seed % 8 == 1);
        if (seed % 4 == 2) {
            this.wait_(LIFETIME / 2);
            this.wait_(LIFETIME / 2);
        }
        this.activate(0);
    }

    function claim(uint256 who, uint256 which, uint256 how, uint256 seed) external {
        (who, which) = (who % ACCOUNTS, which % TOKENS);
        (address account, address token) = (accounts[who], tokens[which]);
        uint256 leaf = _active[who * TOKENS + which];
        bytes32[] memory proof = _proof(who * TOKENS + which);
        uint256 expected = distributor.claimable(account, token, leaf);
        address to = _beneficiary(account, token);
        how %= 3;
        if (how == 2) to = address(uint160(0x7000 + (seed % 3)));
        bool isRefused =
            token == address(0) && to == address(unruly) && unruly.manner() != PayoutRecipient.Manner.Accept;
        bool isPaused = _time < distributor.pausedUntil();
        bool isPaid;
        address caller = how == 1 ? address(this) : (how == 0 ? account : _beneficiary(account, token));
        VM.prank(caller);
        if (how == 0) {
            try distributor.claim{gas: 2_000_000}(token, leaf, proof) returns (uint256 amount) {
                (isPaid, paidOtherwise) = (true, paidOtherwise || amount != expected);
            } catch {}
        } else if (how == 1) {
            try distributor.claimFor{gas: 2_000_000}(account, token, leaf, proof) returns (uint256 amount) {
                (isPaid, paidOtherwise) = (true, paidOtherwise || amount != expected);
            } catch {}
        } else {
            try distributor.claimTo{gas: 2_000_000}(account, token, leaf, proof, to, 0, "") returns (uint256 amount) {
                (isPaid, paidOtherwise) = (true, paidOtherwise || amount != expected);
            } catch {}
        }
        if (isPaid && isPaused) movedWhilePaused = true;
        if (isPaid != (expected != 0 && !isPaused && !isRefused)) refusedWithoutReason = true;
        _observe(account, token, to);
    }

    function push(uint256 which, uint256 mask) external {
        which %= TOKENS;
        address token = tokens[which];
        // All leaves of the tree, or one: the multiproof of either is simple.
        bool isWhole = mask % 3 != 0;
        if (isWhole) return _pushAccounts(token, which, mask);
        _pushOne(token, which, mask % ACCOUNTS);
    }

    /// @notice Claims that nobody may make.
    function forge(uint256 who, uint256 which, uint256 kind, uint256 seed) external {
        (who, which) = (who % ACCOUNTS, which % TOKENS);
        (address account, address token) = (accounts[who], tokens[which]);
        uint256 place = who * TOKENS + which;
        bytes32[] memory proof = _proof(place);
        uint256 leaf = _active[place];
        kind %= 4;
        if (kind == 0) leaf ^= 1 << (seed % 256);
        if (kind == 1) proof[seed % proof.length] ^= bytes32(uint256(1) << (seed % 251));
        if (kind == 2) (account, leaf) = (address(uint160(seed)), leaf | 1);
        if (kind == 2 && account == accounts[who]) return;
        if (kind == 3) {
            // A claim to another address that its owner did not sign.
            try distributor.claimTo(account, token, leaf, proof, address(this), type(uint256).max, "") {
                acceptedForgery = true;
            } catch {}
            return;
        }
        try distributor.claimFor(account, token, leaf, proof) {
            acceptedForgery = true;
        } catch {}
    }

    function setLimits(uint256 which, uint256 seed) external {
        which %= TOKENS;
        uint256 scale =
            seed % 4 == 0
                ? 1e3
                : seed % 4 == 1
                    ? 2 ** 88
                    : deposited[which] / 8 + 1e3;
        uint256 perDay = 1 + (_random(seed, 0) % scale);
        uint256 perHour = 1 + (_random(seed, 1) % perDay);
        uint256 perAccount = 1 + (_random(seed, 2) % perDay);
        uint256 perEpoch = seed % 8 == 7 ? 1 + (_random(seed, 3) % 1e6) : 1e24;
        IPayoutDistributor.Limits memory limits = IPayoutDistributor.Limits(
            uint96(perHour),
            uint96(perDay),
            uint96(perAccount),
            uint96(perEpoch)
        );
        try distributor.setLimits(tokens[which], limits) {} catch {}
    }

    function reassign(uint256 who, uint256 which, uint256 seed) external {
        (address account, address token) = (accounts[who % ACCOUNTS], tokens[which % TOKENS]);
        address to = seed % 3 == 0 ? address(0) : address(uint160(0x8000 + (seed % 4)));
        distributor.reassign(account, token, to);
        beneficiaryOf[account][token] = to;
    }

    function pause() external {
        try distributor.pause() {} catch {}
    }

    function unpause() external {
        try distributor.unpause() {} catch {}
    }

    function setApprovers(uint256 threshold) external {
        if (threshold % 8 != 0) return;
        _threshold = 1 + ((threshold / 8) % APPROVERS);
        address[] memory approvers = new address[](APPROVERS);
        for (uint256 i = 0; i < APPROVERS; ++i) approvers[i] = _approver(i);
        distributor.setApprovers(approvers, uint8(_threshold));
        ++_version;
    }

    function misbehave(uint256 how) external {
        unruly.behave(PayoutRecipient.Manner(how % 4));
    }

    function wait_(uint256 seconds_) external {
        _time += seconds_ % 2 days;
        VM.warp(_time);
    }

    /// @notice The start of the next day: every limit is fresh.
    function sleep() external {
        _time = (_time / 1 days + 1) * 1 days;
        VM.warp(_time);
    }

    /// @dev Pushes the leaf of one account alone.
    function _pushOne(address token, uint256 which, uint256 who) internal {
        uint256 place = who * TOKENS + which;
        IPayoutDistributor.Payee[] memory payees = new IPayoutDistributor.Payee[](1);
        payees[0] = IPayoutDistributor.Payee(accounts[who], _active[place]);
        bytes32[] memory proof = _proof(place);
        _push(token, payees, proof, new bool[](proof.length));
    }

    /// @dev Pushes all leaves of a token: their places alternate with the other token's, whose hashes are the proof.
    function _pushAccounts(address token, uint256 which, uint256) internal {
        IPayoutDistributor.Payee[] memory payees = new IPayoutDistributor.Payee[](ACCOUNTS);
        uint256[] memory places = new uint256[](ACCOUNTS);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            // Leaf i lies at place 2n - 2 - i of the tree; multiproofs begin with the highest.
            payees[i] = IPayoutDistributor.Payee(accounts[i], _active[i * TOKENS + which]);
            places[i] = 2 * LEAVES - 2 - (i * TOKENS + which);
        }
        (bytes32[] memory proof, bool[] memory flags) = PayoutsTree.multiProof(_nodes(_active), places);
        _push(token, payees, proof, flags);
    }

    function _push(
        address token,
        IPayoutDistributor.Payee[] memory payees,
        bytes32[] memory proof,
        bool[] memory flags
    ) internal {
        bool isPaused = _time < distributor.pausedUntil();
        uint256 owed;
        for (uint256 i = 0; i < payees.length; ++i) {
            address to = _beneficiary(payees[i].account, token);
            bool refuses =
                token == address(0) && to == address(unruly) && unruly.manner() != PayoutRecipient.Manner.Accept;
            if (!refuses) owed += distributor.claimable(payees[i].account, token, payees[i].cumulative);
        }
        uint256 before = distributor.tokenState(token).paid;
        try distributor.push{gas: 5_000_000}(token, payees, proof, flags) {
            ++pushes;
            if (isPaused) movedWhilePaused = true;
        } catch {
            // Whoever could be paid was not, though nothing but another recipient stood in the way.
            if (owed != 0 && !isPaused) pushBlocked = true;
        }
        if (distributor.tokenState(token).paid - before > owed) paidOtherwise = true;
        for (uint256 i = 0; i < payees.length; ++i) {
            _observe(payees[i].account, token, _beneficiary(payees[i].account, token));
        }
        // Whatever is still claimable afterwards was left out for no reason.
        if (isPaused) return;
        for (uint256 i = 0; i < payees.length; ++i) {
            address account = payees[i].account;
            bool mayFail = token == address(0) && _beneficiary(account, token) == address(unruly);
            if (!mayFail && distributor.claimable(account, token, payees[i].cumulative) != 0) pushBlocked = true;
        }
    }

    /// @dev Books what an account got since it was last looked at.
    function _observe(address account, address token, address to) internal {
        IPayoutDistributor.AccountState memory state = distributor.accountState(account, token);
        uint256 last = paidTo[account][token];
        if (state.paid < last) wentBack = true;
        if (state.paid <= last) return;
        uint256 amount = state.paid - last;
        paidTo[account][token] = state.paid;
        paid[token] += amount;
        received[to][token] += amount;
        ++payments;
        IPayoutDistributor.Limits memory limits = distributor.limitsOf(token);
        if (_add(abi.encode(token, "hour", _time / 1 hours), amount) > limits.perHour) exceededHour = true;
        if (_add(abi.encode(token, "day", _time / 1 days), amount) > limits.perDay) exceededDay = true;
        if (_add(abi.encode(token, account, _time / 1 days), amount) > limits.perAccount) exceededAccount = true;
    }

    function _add(bytes memory window, uint256 amount) internal returns (uint256) {
        return _used[keccak256(window)] += amount;
    }

    function _content(
        bytes32 root,
        uint256[TOKENS] memory amounts
    ) internal returns (IPayoutDistributor.Proposal memory content) {
        content.epoch = distributor.activeEpoch().number + 1;
        content.root = root;
        content.dataHash = bytes32(++_salt);
        content.totals = new IPayoutDistributor.Total[](TOKENS);
        for (uint256 t = 0; t < TOKENS; ++t) {
            content.totals[t] = IPayoutDistributor.Total(tokens[t], uint96(amounts[t]));
        }
    }

    /// @dev One of the latest four; 0 is the latest.
    function _pick(uint256 pick) internal view returns (Made storage) {
        uint256 count = _made.length;
        uint256 back = pick % 4;
        return _made[back < count ? count - 1 - back : count - 1];
    }

    function _nodes(uint256[LEAVES] memory amounts) internal view returns (bytes32[] memory) {
        bytes32[] memory leaves = new bytes32[](LEAVES);
        for (uint256 i = 0; i < LEAVES; ++i) {
            leaves[i] = PayoutsTree.leaf(accounts[i / TOKENS], tokens[i % TOKENS], amounts[i]);
        }
        return PayoutsTree.build(leaves);
    }

    function _rootOf(uint256[LEAVES] memory amounts) internal view returns (bytes32) {
        return _nodes(amounts)[0];
    }

    function _proof(uint256 i) internal view returns (bytes32[] memory) {
        return PayoutsTree.proof(_nodes(_active), 2 * LEAVES - 2 - i);
    }

    function _beneficiary(address account, address token) internal view returns (address) {
        address to = beneficiaryOf[account][token];
        return to == address(0) ? account : to;
    }

    function _approver(uint256 i) internal pure returns (address) {
        return address(uint160(0xA9900 + i));
    }

    function _random(uint256 seed, uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }

    function _count(uint256 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) ++count;
    }
}
