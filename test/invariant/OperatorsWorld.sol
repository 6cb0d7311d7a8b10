// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IOperatorRewards} from "../../contracts/interfaces/IOperatorRewards.sol";
import {IOperators} from "../../contracts/interfaces/IOperators.sol";
import {IOperatorStake} from "../../contracts/interfaces/IOperatorStake.sol";
import {SECP_N} from "../../contracts/libraries/Curves.sol";
import {Authority} from "../contracts/support/Authority.sol";
import {deploy} from "../contracts/support/Deploy.sol";
import {Secp256k1} from "../contracts/support/Secp256k1.sol";
import {VM} from "../contracts/support/Vm.sol";

/// @title OperatorsWorld
/// @notice The operators' contracts, deployed and told whom to trust: this contract is governance, guardian, slasher and
/// scorer in one. Its accounts have registered and hold tokens.
abstract contract OperatorsWorld is Authority {
    uint256 public constant ACCOUNTS = 9;
    uint256 internal constant TREASURY = 0x7EA5;
    uint256 internal constant REPORTER = 0x4E90;
    uint256 internal constant EPOCH = 50;
    uint256 internal constant DELAY = 70;
    uint256 internal constant UNBONDING = 1_000;
    uint256 internal constant SUPPLY = 1_000_000e18;
    uint256 internal constant EACH = 50_000e18;
    /// @dev Keys beyond those that the accounts register, for rotations.
    uint256 internal constant SPARE_KEYS = 12;

    IERC20 public token;
    IOperators public operators;
    IOperatorStake public stake;
    IOperatorRewards public rewards;

    address[] internal _accounts;
    uint256[] internal _secrets;
    uint256[2][] internal _keys;

    constructor() {
        VM.warp(1_700_000_000);
        address[] memory holders = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (holders[0], amounts[0]) = (address(this), SUPPLY);
        token = IERC20(deploy("DodonaToken", abi.encode(holders, amounts)));
        operators = IOperators(deploy("Operators", abi.encode(this, EPOCH, DELAY)));
        stake = IOperatorStake(
            deploy("OperatorStake", abi.encode(this, token, operators, address(uint160(TREASURY)), UNBONDING, 10e18))
        );
        rewards = IOperatorRewards(deploy("OperatorRewards", abi.encode(this, token, operators, 7e18)));
        for (uint256 i = 0; i < ACCOUNTS + SPARE_KEYS; ++i) {
            uint256 secret = uint256(keccak256(abi.encode("key", i))) >> 1;
            (uint256 x, uint256 y) = Secp256k1.publicKey(secret);
            _secrets.push(secret);
            _keys.push([x, y]);
        }
    }

    /// @notice Registers and funds the accounts. Not in the constructor: an authority must have code to answer.
    function start() external {
        operators.setStake(stake);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = address(uint160(0xACC0 + i));
            _accounts.push(account);
            (IOperators.Keys memory keys, IOperators.Possession memory possession) = _prove(i, account);
            VM.prank(account);
            operators.register(keys, possession, "http://localhost");
            token.transfer(account, EACH);
            VM.prank(account);
            token.approve(address(stake), type(uint256).max);
        }
    }

    function accountAt(uint256 i) external view returns (address) {
        return _accounts[i];
    }

    /// @dev Key `i` and the proof that it belongs to the account. The generator of grumpkin serves everybody.
    function _prove(
        uint256 i,
        address account
    ) internal view returns (IOperators.Keys memory keys, IOperators.Possession memory possession) {
        uint256[2] memory key = _keys[i];
        keys = IOperators.Keys(key[0], key[1], 1, 17631683881184975370165255887551781615748388533673675138860);
        bytes32 digest = operators.possessionDigest(account);
        uint256 nonce = (uint256(keccak256(abi.encode(digest, i))) >> 1) + 1;
        possession.commitment = VM.addr(nonce);
        uint256 e =
            uint256(keccak256(abi.encodePacked(key[0], uint8(key[1] & 1), digest, possession.commitment))) % SECP_N;
        possession.s = addmod(nonce, mulmod(e, _secrets[i], SECP_N), SECP_N);
    }
}
