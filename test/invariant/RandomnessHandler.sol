// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVRFCoordinator} from "../../contracts/interfaces/IVRFCoordinator.sol";
import {Authority} from "../contracts/support/Authority.sol";
import {deploy} from "../contracts/support/Deploy.sol";
import {VM, Vm} from "../contracts/support/Vm.sol";
import {VrfProver} from "../contracts/support/VrfProver.sol";

/// @notice Cheat codes about blocks.
interface VmBlocks {
    function roll(uint256 number) external;
    function setBlockhash(uint256 number, bytes32 hash) external;
    function txGasPrice(uint256 price) external;
}

/// @title RandomnessHandler
/// @notice A coordinator and everyone around it: authority, operator, owner and consumer. Its calls are the campaigns'.
contract RandomnessHandler is Authority {
    struct Made {
        IVRFCoordinator.Request request;
        uint256 requestId;
        uint256 reserve;
        uint256 bondShare;
        uint256 secret;
        bool isFulfilled;
        bool isRefunded;
    }

    uint256 internal constant SUBSCRIPTIONS = 3;
    uint256 internal constant DEADLINE = 60;
    uint256[2] internal SECRETS = [uint256(54_321), 9_876_543];

    IVRFCoordinator public coordinator;
    VmBlocks internal constant BLOCKS = VmBlocks(address(VM));

    Made[] internal _made;
    bytes32[2] internal _keyHashes;
    uint256[] internal _subIds;
    mapping(uint256 requestId => uint256) internal _placeOf;
    mapping(uint256 requestId => uint256) public deliveries;
    uint256 internal _number = 1_000;
    uint256 internal _misbehaviour;

    bool public endedTwice;
    bool public forgeryAccepted;
    bool public wrongWords;
    uint256 public fulfilments;
    uint256 public refunds;
    uint256 public failedCallbacks;

    constructor() payable {
        _roll(1);
        IVRFCoordinator.Config memory config = IVRFCoordinator.Config({
            minConfirmations: 1,
            maxConfirmations: 10,
            maxCallbackGas: 1_000_000,
            deadlineBlocks: uint32(DEADLINE),
            overheadGas: 120_000,
            tipCap: 1 gwei,
            l1DataFee: address(0)
        });
        coordinator = IVRFCoordinator(deploy("VRFCoordinator", abi.encode(this, config)));
    }

    receive() external payable {}

    /// @notice Registers keys and makes subscriptions. Not in the constructor: an authority must have code to answer.
    function start() external {
        BLOCKS.txGasPrice(2 gwei);
        for (uint256 i = 0; i < 2; ++i) {
            VrfProver.Point memory key = VrfProver.multiply(
                VrfProver.Point(
                    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
                    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8
                ),
                SECRETS[i]
            );
            coordinator.registerProvingKey(
                key.x,
                key.y,
                address(this),
                IVRFCoordinator.KeyTerms(20 gwei, 0.0001 ether, 0.01 ether)
            );
            _keyHashes[i] = coordinator.keyHashAt(i + 1);
            coordinator.depositBond{value: 0.1 ether}(_keyHashes[i]);
        }
        for (uint256 i = 0; i < SUBSCRIPTIONS; ++i) {
            uint256 subId = coordinator.createSubscription();
            _subIds.push(subId);
            coordinator.addConsumer(subId, address(this));
            coordinator.fundSubscriptionWithNative{value: 1 ether}(subId);
        }
    }

    /// @notice The callback: counts, compares, and misbehaves as the last call to `misbehave` says.
    function rawFulfillRandomWords(uint256 requestId, uint256[] calldata words) external {
        require(msg.sender == address(coordinator), "caller");
        ++deliveries[requestId];
        Made storage made = _made[_placeOf[requestId]];
        (, uint256 output) = _prove(made);
        for (uint256 i = 0; i < words.length; ++i) {
            if (words[i] != uint256(keccak256(abi.encode(output, i)))) wrongWords = true;
        }
        if (_misbehaviour == 1) revert("misbehaviour");
        if (_misbehaviour == 2) coordinator.refund(made.request);
        if (_misbehaviour == 3) coordinator.createSubscription();
    }

    function request(uint256 sub, uint256 key, uint256 confirmations, uint256 callbackGas, uint256 words) external {
        key %= 2;
        IVRFCoordinator.RandomWordsRequest memory req = IVRFCoordinator.RandomWordsRequest({
            keyHash: _keyHashes[key],
            subId: _subIds[sub % SUBSCRIPTIONS],
            requestConfirmations: uint16(1 + (confirmations % 5)),
            callbackGasLimit: uint32(callbackGas % 1_000_000),
            numWords: uint32(words % 4),
            extraArgs: ""
        });
        IVRFCoordinator.KeyTerms memory terms = coordinator.provingKey(req.keyHash).terms;
        uint256 reserve;
        try coordinator.reserveOf(req.keyHash, req.callbackGasLimit, req.numWords) returns (uint256 quoted) {
            reserve = quoted;
        } catch {
            return;
        }
        (, uint96 balance, uint64 number, , ) = coordinator.getSubscription(req.subId);
        if (balance < reserve) return;
        uint256 packed = _terms(req.subId, reserve, terms, key, number);
        uint256 requestId = coordinator.requestRandomWords(req);
        _placeOf[requestId] = _made.length;
        _made.push(
            Made({
                request: IVRFCoordinator.Request({
                    subId: req.subId,
                    sender: address(this),
                    terms: packed,
                    details: _number |
                        (uint256(req.requestConfirmations) << 64) |
                        (uint256(req.callbackGasLimit) << 80) |
                        (uint256(req.numWords) << 112)
                }),
                requestId: requestId,
                reserve: reserve,
                bondShare: terms.bondShare,
                secret: SECRETS[key],
                isFulfilled: false,
                isRefunded: false
            })
        );
        require(coordinator.isPending(_made[_made.length - 1].request), "pending");
    }

    /// @notice Makes several requests at once, which fills a ring and what lies beyond.
    function requestMany(uint256 sub, uint256 count) external {
        count %= 20;
        for (uint256 i = 0; i < count; ++i) this.request(sub, i, i, i * 1_000, i);
    }

    function fulfill(uint256 pick) external {
        if (_made.length == 0) return;
        Made storage made = _made[pick % _made.length];
        if (_isHashGone(made)) return;
        (bytes memory proof, ) = _prove(made);
        uint256 delivered = deliveries[made.requestId];
        try coordinator.fulfillRandomWords(proof, made.request) {
            _ended(made, true);
            if (deliveries[made.requestId] == delivered) ++failedCallbacks;
        } catch {}
    }

    /// @notice A request, its confirmations and its fulfilment: what random calls alone put together too seldom.
    function serve(uint256 sub, uint256 key, uint256 callbackGas, uint256 words) external {
        this.request(sub, key, 0, callbackGas, words);
        if (_made.length == 0) return;
        _roll(1);
        this.fulfill(_made.length - 1);
    }

    /// @notice A request that nobody answers in time.
    function neglect(uint256 sub, uint256 key) external {
        this.request(sub, key, 0, 0, 0);
        if (_made.length == 0) return;
        _roll(DEADLINE + 1);
        this.refund(_made.length - 1);
    }

    function fulfillMany(uint256 pick, uint256 count) external {
        count %= 6;
        if (_made.length == 0) return;
        bytes[] memory proofs = new bytes[](count);
        IVRFCoordinator.Request[] memory items = new IVRFCoordinator.Request[](count);
        bool[] memory before = new bool[](count);
        for (uint256 i = 0; i < count; ++i) {
            Made storage made = _made[((pick % _made.length) + i) % _made.length];
            if (_isHashGone(made)) return;
            (proofs[i], ) = _prove(made);
            items[i] = made.request;
            before[i] = coordinator.isPending(made.request);
        }
        uint256 fulfilled = coordinator.fulfillMany(proofs, items);
        uint256 ended;
        for (uint256 i = 0; i < count; ++i) {
            Made storage made = _made[((pick % _made.length) + i) % _made.length];
            if (before[i] && !made.isFulfilled && !coordinator.isPending(made.request)) {
                _ended(made, true);
                ++ended;
            }
        }
        if (ended != fulfilled) endedTwice = true;
    }

    /// @notice Tries a proof that is altered, or of another key, nonce-reuse, seed or request.
    function forge(uint256 pick, uint256 kind, uint256 seed) external {
        if (_made.length == 0) return;
        Made storage made = _made[pick % _made.length];
        if (_isHashGone(made)) return;
        Made memory other = made;
        bytes memory proof;
        kind %= 4;
        if (kind == 0) {
            (proof, ) = _prove(made);
            proof[seed % proof.length] ^= bytes1(uint8(1 + ((seed >> 128) % 255)));
        } else if (kind == 1) {
            other.secret = other.secret == SECRETS[0] ? SECRETS[1] : SECRETS[0];
            (proof, ) = _prove(other);
        } else if (kind == 2) {
            (proof, ) = VrfProver.prove(made.secret, 77, keccak256(abi.encode(seed)));
        } else {
            Made storage second = _made[seed % _made.length];
            if (_isHashGone(second) || second.requestId == made.requestId) return;
            (proof, ) = _prove(second);
        }
        try coordinator.fulfillRandomWords(proof, made.request) {
            // Roots serve with either sign; only an increment's root can be altered into another one, by one bit never.
            forgeryAccepted = true;
        } catch {}
    }

    /// @notice Tries to end a request whose fields are altered.
    function alter(uint256 pick, uint256 field, uint256 bit, bool isRefund) external {
        if (_made.length == 0) return;
        Made memory made = _made[pick % _made.length];
        if (_isHashGone(made)) return;
        (bytes memory proof, ) = _prove(made);
        IVRFCoordinator.Request memory altered = made.request;
        uint256 mask = 1 << (bit % 256);
        if (field % 4 == 0) altered.subId ^= mask;
        else if (field % 4 == 1) altered.terms ^= mask;
        else if (field % 4 == 2) altered.details ^= mask;
        else altered.sender = address(uint160(altered.sender) ^ uint160(1 << (bit % 160)));
        if (isRefund) {
            try coordinator.refund(altered) {
                forgeryAccepted = true;
            } catch {}
        } else {
            try coordinator.fulfillRandomWords(proof, altered) {
                forgeryAccepted = true;
            } catch {}
        }
    }

    function refund(uint256 pick) external {
        if (_made.length == 0) return;
        Made storage made = _made[pick % _made.length];
        try coordinator.refund(made.request) {
            _ended(made, false);
        } catch {}
    }

    function wait_(uint256 blocks) external {
        _roll(blocks % 25);
    }

    function misbehave(uint256 how) external {
        _misbehaviour = how % 4;
    }

    function fund(uint256 sub, uint256 amount) external {
        coordinator.fundSubscriptionWithNative{value: amount % 0.1 ether}(_subIds[sub % SUBSCRIPTIONS]);
    }

    function cancelAndReplace(uint256 sub) external {
        sub %= SUBSCRIPTIONS;
        try coordinator.cancelSubscription(_subIds[sub], address(this)) {
            _subIds[sub] = coordinator.createSubscription();
            coordinator.addConsumer(_subIds[sub], address(this));
            coordinator.fundSubscriptionWithNative{value: 0.5 ether}(_subIds[sub]);
        } catch {}
    }

    function collect() external {
        coordinator.collect(_subIds);
    }

    function withdraw(uint256 key) external {
        try coordinator.withdrawRewards(_keyHashes[key % 2], address(this)) {} catch {}
        try coordinator.withdrawBond(_keyHashes[key % 2], address(this)) {} catch {}
    }

    function announce(uint256 key, uint256 amount) external {
        uint256 bond = coordinator.provingKey(_keyHashes[key % 2]).bond;
        coordinator.announceBondWithdrawal(_keyHashes[key % 2], amount % (bond / 4 + 1));
    }

    function deposit(uint256 key, uint256 amount) external {
        coordinator.depositBond{value: amount % 0.05 ether}(_keyHashes[key % 2]);
    }

    function setTerms(uint256 key, uint256 price, uint256 share) external {
        coordinator.setProvingKeyTerms(
            _keyHashes[key % 2],
            IVRFCoordinator.KeyTerms(uint64(price % 30 gwei), 0.0001 ether, uint72(share % 0.05 ether))
        );
    }

    /// @notice What the coordinator owes to everyone, in wei.
    function liabilities() external view returns (uint256 sum) {
        for (uint256 i = 0; i < SUBSCRIPTIONS; ++i) {
            (, uint96 balance, , , ) = coordinator.getSubscription(_subIds[i]);
            (, uint256 owed) = coordinator.owedBy(_subIds[i]);
            sum += balance + owed;
        }
        for (uint256 i = 0; i < 2; ++i) {
            IVRFCoordinator.ProvingKey memory key = coordinator.provingKey(_keyHashes[i]);
            sum += key.rewards + key.bond;
        }
        for (uint256 i = 0; i < _made.length; ++i) {
            if (coordinator.isPending(_made[i].request)) sum += _made[i].reserve;
        }
    }

    /// @notice Whether pending requests are exactly those that nobody saw ending, and deliveries those fulfilled.
    function isConsistent() external view returns (bool) {
        uint256[SUBSCRIPTIONS] memory pending;
        for (uint256 i = 0; i < _made.length; ++i) {
            Made storage made = _made[i];
            if (coordinator.isPending(made.request) == (made.isFulfilled || made.isRefunded)) return false;
            if (made.isFulfilled && made.isRefunded) return false;
            if (deliveries[made.requestId] > (made.isFulfilled ? 1 : 0)) return false;
            // A callback that reverted took its count back, and left its output.
            bool isKept = coordinator.outputOf(made.requestId) != 0;
            if (made.isFulfilled && isKept == (deliveries[made.requestId] == 1)) return false;
            if (!made.isFulfilled && isKept) return false;
            for (uint256 j = 0; j < SUBSCRIPTIONS; ++j) {
                if (made.request.subId == _subIds[j] && !made.isFulfilled && !made.isRefunded) ++pending[j];
            }
        }
        for (uint256 j = 0; j < SUBSCRIPTIONS; ++j) {
            if (coordinator.pendingRequests(_subIds[j]) != pending[j]) return false;
        }
        return true;
    }

    function requests() external view returns (uint256) {
        return _made.length;
    }

    function _ended(Made storage made, bool isFulfilment) internal {
        if (made.isFulfilled || made.isRefunded) endedTwice = true;
        if (isFulfilment) (made.isFulfilled, fulfilments) = (true, fulfilments + 1);
        else (made.isRefunded, refunds) = (true, refunds + 1);
    }

    function _terms(
        uint256 subId,
        uint256 reserve,
        IVRFCoordinator.KeyTerms memory terms,
        uint256 key,
        uint256 number
    ) internal view returns (uint256 packed) {
        packed =
            reserve |
            (uint256(terms.premium) << 72) |
            (uint256(terms.bondShare) << 136) |
            ((key + 1) << 208) |
            (number << 224);
        bool[33] memory taken;
        for (uint256 i = 0; i < _made.length; ++i) {
            IVRFCoordinator.Request storage other = _made[i].request;
            if (other.subId != subId || _made[i].isFulfilled || _made[i].isRefunded) continue;
            taken[(other.terms >> 218) & 0x3F] = true;
        }
        uint256 place = 0;
        while (place < 32 && taken[place]) ++place;
        packed |= place << 218;
    }

    /// @dev The alpha is computed here and not by the contract.
    function _prove(Made memory made) internal view returns (bytes memory proof, uint256 output) {
        uint256 key = made.secret == SECRETS[0] ? 0 : 1;
        bytes32 alpha = keccak256(
            abi.encode(
                block.chainid,
                coordinator,
                _keyHashes[key],
                made.requestId,
                address(this),
                _hashOf(uint64(made.request.details))
            )
        );
        return VrfProver.prove(made.secret, uint256(keccak256(abi.encode(alpha, "nonce"))) >> 200, alpha);
    }

    /// @dev The chain offers it no more, and neither does this handler compute proofs over it.
    function _isHashGone(Made memory made) internal view returns (bool) {
        return block.number > uint64(made.request.details) + 255 || block.number <= uint64(made.request.details);
    }

    function _hashOf(uint256 number) internal pure returns (bytes32) {
        return keccak256(abi.encode("block", number));
    }

    /// @dev Moves on, and gives the blocks passed their hashes.
    function _roll(uint256 blocks) internal {
        for (uint256 i = 0; i < blocks; ++i) {
            BLOCKS.roll(++_number);
            BLOCKS.setBlockhash(_number - 1, _hashOf(_number - 1));
        }
    }
}
