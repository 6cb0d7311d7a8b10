// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {GuardedPause} from "../governance/GuardedPause.sol";
import {IPayoutDistributor} from "../interfaces/IPayoutDistributor.sol";
import {PayoutTransfer} from "../libraries/PayoutTransfer.sol";
import {AccountWord, LimitsWord, PayoutWords, TokenWord} from "../libraries/PayoutWords.sol";

/// @title PayoutLedger
/// @notice Tokens, their limits and deposits, and what each account got.
/// @dev Whatever moves money or writes a word here is refused while a transfer runs: a push puts words back where a
/// transfer fails, and a deposit compares balances.
abstract contract PayoutLedger is IPayoutDistributor, GuardedPause, ReentrancyGuardTransient {
    using PayoutWords for AccountWord;
    using PayoutWords for LimitsWord;
    using PayoutWords for TokenWord;

    /// @dev `approved` less what remains in `word` is what was paid.
    struct Token {
        TokenWord word;
        LimitsWord limits;
        uint96 deposited;
        uint96 approved;
        uint96 perEpoch;
    }

    uint256 internal constant MAX_TOKENS = 64;

    mapping(address token => Token) internal _tokens;
    mapping(address account => mapping(address token => AccountWord)) internal _accounts;
    /// @dev Who is paid instead, where the account's word says that there is one.
    mapping(address account => mapping(address token => address)) internal _beneficiaries;
    address[] internal _listed;

    /// @inheritdoc IPayoutDistributor
    function deposit(address token, uint96 amount) external payable nonReentrant {
        Token storage entry = _requireListed(token);
        uint96 max = type(uint96).max - entry.deposited;
        if (amount == 0 || amount > max) revert InvalidAmount(amount, max);
        uint256 value = token == address(0) ? amount : 0;
        if (msg.value != value) revert WrongValue(msg.value, value);
        uint96 deposited = entry.deposited + amount;
        entry.deposited = deposited;
        emit Deposited(token, msg.sender, amount, deposited);
        if (token == address(0)) return;
        uint256 before = IERC20(token).balanceOf(address(this));
        SafeERC20.safeTransferFrom(IERC20(token), msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert WrongAmountReceived(token, received, amount);
    }

    /// @inheritdoc IPayoutDistributor
    function withdraw(address token, address to, uint96 amount) external restricted nonReentrant {
        _requireRecipient(to);
        Token storage entry = _requireListed(token);
        uint96 free = entry.deposited - entry.approved;
        if (amount > free) revert MoreThanFree(token, amount, free);
        uint96 deposited = entry.deposited - amount;
        entry.deposited = deposited;
        emit Withdrawn(token, to, amount, deposited);
        PayoutTransfer.send(token, to, amount);
    }

    /// @inheritdoc IPayoutDistributor
    function setLimits(address token, Limits calldata limits) external restricted nonReentrant {
        (uint96 perDay, uint96 perHour) = (limits.perDay, limits.perHour);
        _checkSetting("perDay", perDay, 1, type(uint96).max);
        _checkSetting("perAccount", limits.perAccount, 1, perDay);
        _checkSetting("perEpoch", limits.perEpoch, 1, type(uint96).max);

        Token storage entry = _tokens[token];
        if (!entry.limits.isListed()) {
            if (_listed.length == MAX_TOKENS) revert TooManyTokens(MAX_TOKENS);
            if (token != address(0) && token.code.length == 0) revert TokenWithoutCode(token);
            _listed.push(token);
        }
        (TokenWord word, LimitsWord former) = (entry.word, entry.limits);
        uint256 hour = block.timestamp / 1 hours;
        LimitsWord packed = PayoutWords.pack(perHour, perDay, limits.perAccount, word.usedToday(former, hour));
        _checkSetting("perHour", perHour, 1 << packed.exponent(), perDay);
        entry.word = word.rescaled(former, packed, hour);
        entry.limits = packed;
        entry.perEpoch = limits.perEpoch;
        emit LimitsChanged(token, limits);
    }

    /// @inheritdoc IPayoutDistributor
    function reassign(address account, address token, address beneficiary) external restricted nonReentrant {
        if (beneficiary == address(0)) beneficiary = account;
        if (beneficiary == address(this)) revert InvalidRecipient(beneficiary);
        _accounts[account][token] = _accounts[account][token].withReassigned(beneficiary != account);
        _beneficiaries[account][token] = beneficiary;
        emit ClaimsReassigned(account, token, beneficiary);
    }

    /// @inheritdoc IPayoutDistributor
    function tokens() external view returns (address[] memory) {
        return _listed;
    }

    /// @inheritdoc IPayoutDistributor
    function limitsOf(address token) external view returns (Limits memory) {
        Token storage entry = _requireListed(token);
        LimitsWord limits = entry.limits;
        return
            Limits({
                perHour: uint96(limits.perHour()),
                perDay: uint96(limits.perDay()),
                perAccount: uint96(limits.perAccount()),
                perEpoch: entry.perEpoch
            });
    }

    /// @inheritdoc IPayoutDistributor
    function tokenState(address token) external view returns (TokenState memory) {
        Token storage entry = _requireListed(token);
        (uint256 thisHour, uint256 today) = entry.word.left(entry.limits, block.timestamp / 1 hours);
        return
            TokenState({
                deposited: entry.deposited,
                approved: entry.approved,
                paid: _paidOf(entry),
                leftThisHour: uint96(thisHour),
                leftToday: uint96(today)
            });
    }

    /// @inheritdoc IPayoutDistributor
    function accountState(address account, address token) external view returns (AccountState memory) {
        AccountWord word = _accounts[account][token];
        return
            AccountState({
                paid: uint96(word.paid()),
                paidToday: uint96(word.paidToday(block.timestamp / 1 days)),
                beneficiary: _beneficiaryOf(account, token, word)
            });
    }

    /// @inheritdoc IPayoutDistributor
    function claimable(address account, address token, uint256 cumulative) external view returns (uint256 amount) {
        Token storage entry = _tokens[token];
        (amount, , ) = _accounts[account][token].settle(entry.word, entry.limits, cumulative, block.timestamp);
    }

    /// @dev Books what an account is owed and limits allow, to be transferred by the caller.
    /// @return amount Zero where nothing is owed or allowed; then nothing was written.
    function _book(
        address account,
        address token,
        uint256 cumulative
    ) internal returns (uint256 amount, AccountWord before, TokenWord tokenBefore) {
        Token storage entry = _tokens[token];
        (before, tokenBefore) = (_accounts[account][token], entry.word);
        AccountWord next;
        TokenWord tokenNext;
        (amount, next, tokenNext) = before.settle(tokenBefore, entry.limits, cumulative, block.timestamp);
        if (amount != 0) (_accounts[account][token], entry.word) = (next, tokenNext);
    }

    /// @dev Puts back what `_book` changed.
    function _unbook(address account, address token, AccountWord before, TokenWord tokenBefore) internal {
        _accounts[account][token] = before;
        _tokens[token].word = tokenBefore;
    }

    /// @dev Says why `_book` found nothing to pay.
    function _refuse(address account, address token, uint256 cumulative) internal view {
        Token storage entry = _requireListed(token);
        AccountWord word = _accounts[account][token];
        if (cumulative <= word.paid()) revert NothingOwed(account, token, uint96(word.paid()));
        if (entry.word.remaining() == 0) revert LimitReached(account, token, 0);
        (, uint256 today) = entry.word.left(entry.limits, block.timestamp / 1 hours);
        uint256 accountPaid = word.paidToday(block.timestamp / 1 days);
        bool waitsForDay = today == 0 || accountPaid >= entry.limits.perAccount();
        uint256 window = waitsForDay ? 1 days : 1 hours;
        revert LimitReached(account, token, (block.timestamp / window + 1) * window);
    }

    function _beneficiaryOf(address account, address token, AccountWord word) internal view returns (address) {
        return word.isReassigned() ? _beneficiaries[account][token] : account;
    }

    function _requireListed(address token) internal view returns (Token storage entry) {
        entry = _tokens[token];
        if (!entry.limits.isListed()) revert UnknownToken(token);
    }

    function _requireRecipient(address to) internal view {
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
    }

    function _paidOf(Token storage entry) internal view returns (uint96) {
        return entry.approved - uint96(entry.word.remaining());
    }

    function _checkSetting(bytes32 name, uint256 given, uint256 min, uint256 max) internal pure {
        if (given < min || given > max) revert SettingOutOfRange(name, given, min, max);
    }
}
