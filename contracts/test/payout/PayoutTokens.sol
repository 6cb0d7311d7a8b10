// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice An ordinary token that anyone may mint.
contract PayoutToken is ERC20("Token", "TOK") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Takes a hundredth of every transfer.
contract PayoutFeeToken is PayoutToken {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(0xFEE), amount / 100);
    }
}

/// @notice Misbehaves towards recipients that were marked: how is a number.
contract PayoutDefectiveToken is PayoutToken {
    uint256 public constant REVERTS = 1;
    uint256 public constant RETURNS_FALSE = 2;
    uint256 public constant RETURNS_TWO = 3;
    uint256 public constant BURNS_GAS = 4;
    uint256 public constant RETURNS_MUCH = 5;

    mapping(address recipient => uint256) public defectOf;

    error Refused(address recipient);

    function mark(address recipient, uint256 defect) external {
        defectOf[recipient] = defect;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        uint256 defect = defectOf[to];
        if (defect == REVERTS) revert Refused(to);
        if (defect == RETURNS_FALSE) return false;
        if (defect == BURNS_GAS) {
            for (;;) {} // solhint-disable-line no-empty-blocks
        }
        if (defect == RETURNS_TWO || defect == RETURNS_MUCH) {
            uint256 length = defect == RETURNS_TWO ? 0x20 : 200_000;
            // Memory-safe: ends the execution.
            assembly ("memory-safe") {
                mstore(0, 2)
                return(0, length)
            }
        }
        return super.transfer(to, amount);
    }
}

/// @notice Returns nothing, as some of the oldest tokens do.
contract PayoutSilentToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address account => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        (balanceOf[msg.sender], balanceOf[to]) = (balanceOf[msg.sender] - amount, balanceOf[to] + amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        (balanceOf[from], balanceOf[to]) = (balanceOf[from] - amount, balanceOf[to] + amount);
    }
}
