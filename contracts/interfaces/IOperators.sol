// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IOperators
/// @notice Registry of the operators' keys and of who is active.
/// @dev Registration is open to anyone and gives no power: only governance makes an operator active.
interface IOperators {
    /// @notice Public keys of one operator.
    /// @param x Affine x of the secp256k1 key, 0 < x < n.
    /// @param y Affine y of the secp256k1 key.
    /// @param proofX Affine x of the grumpkin key, which signs what circuits verify.
    /// @param proofY Affine y of the grumpkin key.
    struct Keys {
        uint256 x;
        uint256 y;
        uint256 proofX;
        uint256 proofY;
    }

    /// @notice Schnorr signature that shows possession of the secp256k1 key.
    /// @param s Response scalar, 0 < s < n.
    /// @param commitment Ethereum address of the nonce point R.
    struct Possession {
        uint256 s;
        address commitment;
    }

    /// @notice An operator registered its keys.
    event OperatorRegistered(address indexed account, Keys keys, string endpoint);

    /// @notice An operator changed where its peers reach it.
    event EndpointChanged(address indexed account, string endpoint);

    /// @notice Governance chose the active operators; index in `accounts` is the signer's bit.
    event ActiveOperatorsChanged(uint32 indexed version, address[] accounts);

    /// @notice The coordinate is zero or not below the order of the group or field it belongs to.
    error KeyOutOfRange(uint256 coordinate, uint256 bound);
    /// @notice The point does not satisfy its curve's equation.
    error KeyNotOnCurve(uint256 x, uint256 y);
    /// @notice The key, or its negative, is registered already.
    error KeyAlreadyRegistered(uint256 x, address account);
    /// @notice The account is registered already.
    error AlreadyRegistered(address account);
    /// @notice The account is not registered.
    error NotRegistered(address account);
    /// @notice The proof of possession does not verify for this key, account, chain and contract.
    error InvalidPossession(address account);
    /// @notice The endpoint is empty or longer than the limit, in bytes.
    error EndpointLength(uint256 given, uint256 limit);
    /// @notice More operators than a set can hold.
    error TooManyOperators(uint256 given, uint256 limit);
    /// @notice An operator stands twice in a list.
    error OperatorRepeated(address account);

    /// @notice Registers the caller with its keys.
    /// @param keys secp256k1 and grumpkin keys, both checked to lie on their curves.
    /// @param possession Signature by the secp256k1 key over `possessionDigest(account)`.
    /// @param endpoint URL where peers reach the operator, 1 to 256 bytes.
    function register(Keys calldata keys, Possession calldata possession, string calldata endpoint) external;

    /// @notice Changes the caller's endpoint.
    function setEndpoint(string calldata endpoint) external;

    /// @notice Chooses the active operators, in the order of their signer bits. At most 31.
    /// @dev Restricted to governance. Takes effect in a consumer when that consumer syncs.
    function setActive(address[] calldata accounts) external;

    /// @notice Digest that a proof of possession signs:
    /// keccak256("Dodona proof of possession v1" ‖ chain id ‖ this contract ‖ account), each after the tag one
    /// 32-byte word. The key is bound by the Schnorr challenge.
    function possessionDigest(address account) external view returns (bytes32);

    /// @notice Number of the active set; grows by one with every change, 0 before the first.
    function activeVersion() external view returns (uint32);

    /// @notice The active operators and their keys, index by index.
    function active() external view returns (uint32 version, address[] memory accounts, Keys[] memory keys);

    /// @notice Keys and endpoint of a registered operator; reverts with NotRegistered.
    function operator(address account) external view returns (Keys memory keys, string memory endpoint);

    /// @notice Account that registered the secp256k1 key with this x, zero if none.
    function accountOf(uint256 keyX) external view returns (address);
}
