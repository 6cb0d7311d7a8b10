// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IOperators} from "../interfaces/IOperators.sol";
import {Curves, GRUMPKIN_P, SECP_N, SECP_P} from "../libraries/Curves.sol";
import {Schnorr} from "../libraries/Schnorr.sol";

/// @title Operators
/// @notice Registry of the operators' keys and of who is active.
/// @dev A key can be registered once and never changes: who needs another registers another account. The grumpkin
/// key has no proof of possession and may repeat: it never enters a sum, and whoever copies one cannot sign by it.
contract Operators is IOperators, AccessManaged {
    /// @dev A report names its signers in 32 bits, a blob in a byte; 31 is what sets are dimensioned for.
    uint256 internal constant MAX_ACTIVE = 31;
    uint256 internal constant MAX_ENDPOINT_BYTES = 256;
    bytes32 internal constant POSSESSION_TAG = "Dodona proof of possession v1";

    /// @inheritdoc IOperators
    uint32 public activeVersion;
    address[] internal _active;
    mapping(address account => Keys) internal _keys;
    mapping(address account => string) internal _endpoints;
    /// @inheritdoc IOperators
    mapping(uint256 keyX => address) public accountOf;

    constructor(address authority) AccessManaged(authority) {}

    /// @inheritdoc IOperators
    function register(Keys calldata keys, Possession calldata possession, string calldata endpoint) external {
        if (_isRegistered(msg.sender)) revert AlreadyRegistered(msg.sender);
        _checkKeys(keys);
        // The negative of a key has the same x.
        address holder = accountOf[keys.x];
        if (holder != address(0)) revert KeyAlreadyRegistered(keys.x, holder);
        bytes32 digest = possessionDigest(msg.sender);
        if (!Schnorr.verify(keys.x, keys.y & 1, digest, possession.s, possession.commitment)) {
            revert InvalidPossession(msg.sender);
        }

        accountOf[keys.x] = msg.sender;
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
    function setActive(address[] calldata accounts) external restricted {
        if (accounts.length > MAX_ACTIVE) revert TooManyOperators(accounts.length, MAX_ACTIVE);
        for (uint256 i = 0; i < accounts.length; ++i) {
            _requireRegistered(accounts[i]);
            for (uint256 j = 0; j < i; ++j) {
                if (accounts[j] == accounts[i]) revert OperatorRepeated(accounts[i]);
            }
        }
        _active = accounts;
        emit ActiveOperatorsChanged(++activeVersion, accounts);
    }

    /// @inheritdoc IOperators
    function active() external view returns (uint32 version, address[] memory accounts, Keys[] memory keys) {
        version = activeVersion;
        accounts = _active;
        keys = new Keys[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) keys[i] = _keys[accounts[i]];
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
