// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IPayoutDistributor} from "../interfaces/IPayoutDistributor.sol";
import {PayoutLeaf} from "../libraries/PayoutLeaf.sol";
import {PayoutTransfer} from "../libraries/PayoutTransfer.sol";
import {AccountWord, PayoutWords, TokenWord} from "../libraries/PayoutWords.sol";
import {PayoutEpochs} from "./PayoutEpochs.sol";

/// @title PayoutDistributor
/// @notice Pays accounts what the active root says, by claim or by push.
contract PayoutDistributor is PayoutEpochs, Nonces {
    using PayoutWords for AccountWord;

    bytes32 internal constant CLAIM_TO_TYPEHASH = keccak256(
        "ClaimTo(address account,address token,uint256 cumulative,address to,uint256 nonce,uint256 deadline)"
    );
    /// @dev Kept back from a push beside what a transfer is granted, for booking it and saying what became of it.
    uint256 internal constant BOOKING_GAS = 60_000;

    constructor(
        address authority,
        Config memory config_,
        address[] memory approvers_,
        uint8 threshold
    ) AccessManaged(authority) PayoutEpochs(config_, approvers_, threshold) {}

    /// @inheritdoc IPayoutDistributor
    function claim(
        address token,
        uint256 cumulative,
        bytes32[] calldata proof
    ) external nonReentrant returns (uint256 amount) {
        return _claim(msg.sender, token, cumulative, proof, address(0));
    }

    /// @inheritdoc IPayoutDistributor
    function claimFor(
        address account,
        address token,
        uint256 cumulative,
        bytes32[] calldata proof
    ) external nonReentrant returns (uint256 amount) {
        return _claim(account, token, cumulative, proof, address(0));
    }

    /// @inheritdoc IPayoutDistributor
    function claimTo(
        address account,
        address token,
        uint256 cumulative,
        bytes32[] calldata proof,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant returns (uint256 amount) {
        _requireRecipient(to);
        address signer = _beneficiaryOf(account, token, _accounts[account][token]);
        if (msg.sender != signer) {
            if (block.timestamp > deadline) revert SignatureExpired(block.timestamp, deadline);
            bytes32 digest = _hashTypedDataV4(
                keccak256(abi.encode(CLAIM_TO_TYPEHASH, account, token, cumulative, to, _useNonce(signer), deadline))
            );
            if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) {
                revert InvalidSignature(signer, digest);
            }
        }
        return _claim(account, token, cumulative, proof, to);
    }

    /// @inheritdoc IPayoutDistributor
    function push(
        address token,
        Payee[] calldata payees,
        bytes32[] calldata proof,
        bool[] calldata proofFlags
    ) external nonReentrant returns (uint256 paid) {
        bytes32 root = _rootForClaims();
        bytes32[] memory leaves = new bytes32[](payees.length);
        for (uint256 i = 0; i < payees.length; ++i) {
            leaves[i] = PayoutLeaf.hash(payees[i].account, token, payees[i].cumulative);
        }
        if (!MerkleProof.multiProofVerifyCalldata(proof, proofFlags, root, leaves)) revert InvalidProof(root);
        _requireListed(token);
        for (uint256 i = 0; i < payees.length; ++i) {
            if (_pushOne(token, payees[i].account, payees[i].cumulative)) ++paid;
        }
        if (paid == 0) revert NothingPushed();
    }

    /// @inheritdoc IPayoutDistributor
    function verify(
        address account,
        address token,
        uint256 cumulative,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return PayoutLeaf.rootOf(PayoutLeaf.hash(account, token, cumulative), proof) == _epoch.root;
    }

    /// @inheritdoc IPayoutDistributor
    function nonces(address account) public view override(IPayoutDistributor, Nonces) returns (uint256) {
        return super.nonces(account);
    }

    /// @param to Zero for the account or whom its claims are reassigned to.
    function _claim(
        address account,
        address token,
        uint256 cumulative,
        bytes32[] calldata proof,
        address to
    ) internal returns (uint256 amount) {
        bytes32 root = _rootForClaims();
        if (PayoutLeaf.rootOf(PayoutLeaf.hash(account, token, cumulative), proof) != root) revert InvalidProof(root);
        AccountWord before;
        (amount, before, ) = _book(account, token, cumulative);
        if (amount == 0) _refuse(account, token, cumulative);
        if (to == address(0)) to = _beneficiaryOf(account, token, before);
        emit Claimed(account, token, to, amount);
        PayoutTransfer.send(token, to, amount);
    }

    function _pushOne(address token, address account, uint256 cumulative) internal returns (bool) {
        // A recipient shall not fail because the push came with too little gas.
        uint256 required = PayoutTransfer.grant(token) + BOOKING_GAS;
        if (gasleft() < required) revert InsufficientGas(gasleft(), required);
        (uint256 amount, AccountWord before, TokenWord tokenBefore) = _book(account, token, cumulative);
        if (amount == 0) {
            bool isPaid = cumulative <= before.paid();
            emit PushSkipped(account, token, 0, isPaid ? SkipReason.NothingOwed : SkipReason.LimitReached);
            return false;
        }
        address to = _beneficiaryOf(account, token, before);
        if (PayoutTransfer.trySend(token, to, amount)) {
            emit Claimed(account, token, to, amount);
            return true;
        }
        _unbook(account, token, before, tokenBefore);
        emit PushSkipped(account, token, amount, SkipReason.TransferFailed);
        return false;
    }
}
