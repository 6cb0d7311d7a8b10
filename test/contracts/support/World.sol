// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOperators} from "../../../contracts/interfaces/IOperators.sol";
import {IPriceFeeds} from "../../../contracts/interfaces/IPriceFeeds.sol";
import {SECP_N} from "../../../contracts/libraries/Curves.sol";
import {Schnorr} from "../../../contracts/libraries/Schnorr.sol";
import {FeedId} from "../../../contracts/types/FeedId.sol";
import {SetId} from "../../../contracts/types/SetId.sol";
import {Authority} from "./Authority.sol";
import {deploy} from "./Deploy.sol";
import {Secp256k1} from "./Secp256k1.sol";
import {VM} from "./Vm.sol";

/// @title World
/// @notice A whole network in one contract: it is governance, guardian, authority and every operator's signer.
contract World is Authority {
    uint256 internal constant OPERATORS = 5;
    uint256 internal constant QUORUM = 3;

    IOperators public immutable operators;
    IPriceFeeds public immutable feeds;
    address[] internal _accounts;
    uint256[] internal _secrets;
    bytes internal _keys;
    /// @dev Public keys by secret, since they are slow to compute here.
    mapping(uint256 secret => uint256[2]) internal _publicKeys;

    constructor() {
        VM.warp(1_700_000_000);
        operators = IOperators(deploy("Operators", abi.encode(this, 1, 0)));
        feeds = IPriceFeeds(deploy("PriceFeeds", abi.encode(this, operators)));
    }

    /// @notice Registers operators and creates feeds. Not in the constructor: an authority must have code to answer.
    function start(uint256 feedCount, IPriceFeeds.Params memory params) external {
        for (uint256 i = 0; i < OPERATORS; ++i) _register(uint256(keccak256(abi.encode("operator", i))) >> 1);
        operators.setActive(_accounts);
        feeds.sync();
        FeedId[] memory ids = new FeedId[](feedCount);
        IPriceFeeds.Params[] memory list = new IPriceFeeds.Params[](feedCount);
        for (uint256 i = 0; i < feedCount; ++i) (ids[i], list[i]) = (idOf(i), params);
        feeds.createFeeds(ids, list);
    }

    function idOf(uint256 index) public pure returns (FeedId) {
        return FeedId.wrap(bytes32(abi.encodePacked("FEED", uint8(65 + index))));
    }

    /// @notice Head of a report of the active set.
    function head(uint256 slot, uint256 signers) public view returns (bytes memory) {
        (SetId setId, , , ) = feeds.currentSet();
        return abi.encodePacked(SetId.unwrap(setId), uint32(slot), uint32(signers), keccak256("observations"));
    }

    /// @notice One entry, with exactly a quorum of values.
    function entry(uint256 index, uint256 answer) public pure returns (bytes memory) {
        return abi.encodePacked(uint8(index), uint8(QUORUM), uint96(answer));
    }

    /// @notice Signs any bytes as the operators of the bitmap would, by the sum of their secrets.
    function sign(bytes memory report, uint256 signers) public returns (IPriceFeeds.Signature memory signature) {
        uint256 secret = 0;
        for (uint256 i = 0; i < OPERATORS; ++i) {
            if ((signers >> i) & 1 == 1) secret = addmod(secret, _secrets[i], SECP_N);
        }
        bytes32 digest = keccak256(
            abi.encodePacked(bytes32("Dodona report v1"), block.chainid, uint256(uint160(address(feeds))), report)
        );
        (signature.s, signature.commitment) = signDigest(
            secret,
            uint256(keccak256(abi.encode(digest, secret))),
            digest
        );
        (, , uint256 z) = Schnorr.sum(_keys, signers);
        signature.zInverse = Secp256k1.invert(z);
    }

    /// @notice Plain Schnorr signature of a digest: s = k + e·x, R = kG.
    function signDigest(uint256 secret, uint256 nonce, bytes32 digest) public returns (uint256 s, address commitment) {
        uint256[2] memory key = publicKey(secret);
        nonce = (nonce % (SECP_N - 1)) + 1;
        commitment = VM.addr(nonce);
        uint256 e = uint256(keccak256(abi.encodePacked(key[0], uint8(key[1] & 1), digest, commitment))) % SECP_N;
        s = addmod(nonce, mulmod(e, secret, SECP_N), SECP_N);
    }

    function publicKey(uint256 secret) public returns (uint256[2] memory key) {
        key = _publicKeys[secret];
        if (key[0] == 0) {
            (key[0], key[1]) = Secp256k1.publicKey(secret);
            _publicKeys[secret] = key;
        }
    }

    /// @notice Signs and submits a report of one feed by operators 0 to 2. False if it is refused.
    function submit(uint256 index, uint256 answer, uint256 slot) public returns (bool accepted) {
        bytes memory packed = abi.encodePacked(head(slot, 7), entry(index, answer));
        IPriceFeeds.Signature memory signature = sign(packed, 7);
        try feeds.submit(packed, signature) {
            accepted = true;
        } catch {}
    }

    function trip(uint256 index) external returns (bool done) {
        try feeds.trip(idOf(index)) {
            done = true;
        } catch {}
    }

    function reset(uint256 index) external {
        feeds.reset(idOf(index));
    }

    function setParams(uint256 index, IPriceFeeds.Params calldata params) external {
        feeds.setParams(idOf(index), params);
    }

    /// @notice Takes the same operators into a new set.
    function renewSet() external {
        operators.setActive(_accounts);
        operators.advance();
        feeds.sync();
    }

    function _register(uint256 secret) internal {
        uint256[2] memory key = publicKey(secret);
        address account = VM.addr(secret);
        _accounts.push(account);
        _secrets.push(secret);
        _keys = abi.encodePacked(_keys, key[0], key[1]);
        (uint256 s, address commitment) = signDigest(secret, 1 + uint160(account), operators.possessionDigest(account));
        // The generator of grumpkin serves as everybody's key: nothing here is proved by it.
        IOperators.Keys memory keys = IOperators.Keys({
            x: key[0],
            y: key[1],
            proofX: 1,
            proofY: 17631683881184975370165255887551781615748388533673675138860
        });
        VM.prank(account);
        operators.register(keys, IOperators.Possession({s: s, commitment: commitment}), "http://localhost");
    }
}
