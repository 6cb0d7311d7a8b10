// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOperators} from "../interfaces/IOperators.sol";
import {Curves, GRUMPKIN_P, SECP_N, SECP_P} from "../libraries/Curves.sol";
import {Schnorr} from "../libraries/Schnorr.sol";

/// @title OperatorKeys
/// @notice Who has registered, with which keys and endpoint.
/// @dev A secp256k1 key belongs to the account that proved it first, for ever. The grumpkin key has no proof of possession
/// and may repeat: it never enters a sum, and whoever copies one cannot sign by it.
abstract contract OperatorKeys is IOperators {
    uint256 internal constant MAX_ENDPOINT_BYTES = 256;
    bytes32 internal constant POSSESSION_TAG = "Dodona proof of possession v1";

    mapping(address account => Keys) internal _keys;
    /// @dev What replaces an active operator's keys, until it does.
    mapping(address account => Keys) internal _announced;
    mapping(address account => string) internal _endpoints;
    /// @inheritdoc IOperators
    mapping(uint256 keyX => address) public accountOf;

    /// @inheritdoc IOperators
    function register(Keys calldata keys, Possession calldata possession, string calldata endpoint) external {
        if (_isRegistered(msg.sender)) revert AlreadyRegistered(msg.sender);
        _reserve(keys, possession);
        _keys[msg.sender] = keys;
        _setEndpoint(endpoint);
        emit OperatorRegistered(msg.sender, keys, endpoint);
    }

    /// @inheritdoc IOperators
    function setEndpoint(string calldata endpoint) external {
        _requireRegistered(msg.sender);
        _setEndpoint(endpoint);
        emit EndpointChanged(msg.sender, endpoint);
    }

    /// @inheritdoc IOperators
    function operator(address account) external view returns (Keys memory keys, string memory endpoint) {
        _requireRegistered(account);
        return (_keys[account], _endpoints[account]);
    }

    /// @inheritdoc IOperators
    function possessionDigest(address account) public view returns (bytes32) {
        return keccak256(abi.encode(POSSESSION_TAG, block.chainid, address(this), account));
    }

    /// @dev Makes a key the caller's if it is a key, the caller's to use, and nobody's yet.
    function _reserve(Keys calldata keys, Possession calldata possession) internal {
        _checkKeys(keys);
        // The negative of a key has the same x.
        address holder = accountOf[keys.x];
        if (holder != address(0)) revert KeyAlreadyRegistered(keys.x, holder);
        bytes32 digest = possessionDigest(msg.sender);
        if (!Schnorr.verify(keys.x, keys.y & 1, digest, possession.s, possession.commitment)) {
            revert InvalidPossession(msg.sender);
        }
        accountOf[keys.x] = msg.sender;
    }

    /// @dev Puts an account's announced keys into use.
    function _rotate(address account) internal {
        Keys memory keys = _announced[account];
        _keys[account] = keys;
        delete _announced[account];
        emit KeysRotated(account, keys);
    }

    function _setEndpoint(string calldata endpoint) internal {
        uint256 length = bytes(endpoint).length;
        if (length == 0 || length > MAX_ENDPOINT_BYTES) revert EndpointLength(length, MAX_ENDPOINT_BYTES);
        _endpoints[msg.sender] = endpoint;
    }

    function _isRegistered(address account) internal view returns (bool) {
        // No registered key has x = 0.
        return _keys[account].x != 0;
    }

    function _requireRegistered(address account) internal view {
        if (!_isRegistered(account)) revert NotRegistered(account);
    }

    function _checkKeys(Keys calldata keys) internal pure {
        // x is bounded by the order, not the field: ecrecover takes it for a scalar.
        _checkCoordinate(keys.x, SECP_N);
        _checkCoordinate(keys.y, SECP_P);
        if (!Curves.isOnSecp256k1(keys.x, keys.y)) revert KeyNotOnCurve(keys.x, keys.y);
        _checkCoordinate(keys.proofX, GRUMPKIN_P);
        _checkCoordinate(keys.proofY, GRUMPKIN_P);
        if (!Curves.isOnGrumpkin(keys.proofX, keys.proofY)) revert KeyNotOnCurve(keys.proofX, keys.proofY);
    }

    function _checkCoordinate(uint256 coordinate, uint256 bound) internal pure {
        if (coordinate == 0 || coordinate >= bound) revert KeyOutOfRange(coordinate, bound);
    }
}
