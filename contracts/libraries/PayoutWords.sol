// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a payment changes of a token, in one slot.
type TokenWord is uint256;
/// @notice What a payment has to know of a token's limits, in one slot.
type LimitsWord is uint256;
/// @notice What an account got of a token, in one slot.
type AccountWord is uint256;

/// @title PayoutWords
/// @notice The three slots that a payment reads, two of which it writes.
/// @dev TokenWord: approved and not paid 0–95, used of the hour 96–163 and of the day 164–231 in units, hour 232–255.
/// LimitsWord: limit of an hour 0–67 and of a day 68–135 in units, of an account and day 136–231, k 232–239.
/// AccountWord: paid 0–95, paid in the day 96–191, day 192–215, whether claims are reassigned 216.
///
/// Amounts are below 2^96. A unit is 2^k with the smallest k for which the day's limit, and what was paid that day when
/// limits change, are below 2^68 units; what is used rounds up and limits round down, so that rounding never lets anything through. Hours and days count from 1970, UTC.
library PayoutWords {
    uint256 private constant AMOUNT_MASK = type(uint96).max;
    uint256 private constant UNITS_MASK = (1 << UNITS_BITS) - 1;
    uint256 private constant UNITS_BITS = 68;

    uint256 private constant HOUR_USED_SHIFT = 96;
    uint256 private constant DAY_USED_SHIFT = 164;
    uint256 private constant HOUR_SHIFT = 232;

    uint256 private constant DAY_LIMIT_SHIFT = 68;
    uint256 private constant ACCOUNT_LIMIT_SHIFT = 136;
    uint256 private constant K_SHIFT = 232;

    uint256 private constant TODAY_SHIFT = 96;
    uint256 private constant DAY_SHIFT = 192;
    uint256 private constant DAY_MASK = 0xFFFFFF;
    uint256 private constant REASSIGNED = 1 << 216;

    // ---- limits

    /// @notice Packs limits that are in their order; k is chosen here.
    /// @param used What was paid in this day, which has to fit its field too.
    function pack(uint256 hourly, uint256 daily, uint256 ofAccount, uint256 used) internal pure returns (LimitsWord) {
        uint256 largest = used > daily ? used : daily;
        uint256 k = 0;
        while (_unitsOf(largest, k) > UNITS_MASK) ++k;
        return
            LimitsWord.wrap(
                (hourly >> k) | ((daily >> k) << DAY_LIMIT_SHIFT) | (ofAccount << ACCOUNT_LIMIT_SHIFT) | (k << K_SHIFT)
            );
    }

    function perHour(LimitsWord limits) internal pure returns (uint256) {
        return (LimitsWord.unwrap(limits) & UNITS_MASK) << exponent(limits);
    }

    function perDay(LimitsWord limits) internal pure returns (uint256) {
        return ((LimitsWord.unwrap(limits) >> DAY_LIMIT_SHIFT) & UNITS_MASK) << exponent(limits);
    }

    function perAccount(LimitsWord limits) internal pure returns (uint256) {
        return (LimitsWord.unwrap(limits) >> ACCOUNT_LIMIT_SHIFT) & AMOUNT_MASK;
    }

    /// @notice k, where a unit is 2^k.
    function exponent(LimitsWord limits) internal pure returns (uint256) {
        return LimitsWord.unwrap(limits) >> K_SHIFT;
    }

    /// @notice Whether the token is listed: then its account's limit is not zero.
    function isListed(LimitsWord limits) internal pure returns (bool) {
        return LimitsWord.unwrap(limits) != 0;
    }

    // ---- token

    /// @notice What is approved and not paid.
    function remaining(TokenWord word) internal pure returns (uint256) {
        return TokenWord.unwrap(word) & AMOUNT_MASK;
    }

    function withRemaining(TokenWord word, uint256 amount) internal pure returns (TokenWord) {
        return TokenWord.wrap((TokenWord.unwrap(word) & ~AMOUNT_MASK) | amount);
    }

    /// @notice What the limits of hour and day still allow in this hour; the two separately, in the token's unit.
    function left(
        TokenWord word,
        LimitsWord limits,
        uint256 hour
    ) internal pure returns (uint256 thisHour, uint256 today) {
        (uint256 hourUsed, uint256 dayUsed) = _used(word, hour);
        uint256 raw = LimitsWord.unwrap(limits);
        uint256 k = raw >> K_SHIFT;
        unchecked {
            // Differences are taken only where they are positive. A limit that was lowered may be below what is used.
            uint256 limit = raw & UNITS_MASK;
            if (hourUsed < limit) thisHour = (limit - hourUsed) << k;
            limit = (raw >> DAY_LIMIT_SHIFT) & UNITS_MASK;
            if (dayUsed < limit) today = (limit - dayUsed) << k;
        }
    }

    /// @notice What counts as paid in this day, in the token's unit.
    function usedToday(TokenWord word, LimitsWord limits, uint256 hour) internal pure returns (uint256) {
        (, uint256 dayUsed) = _used(word, hour);
        return dayUsed << exponent(limits);
    }

    /// @notice The same use in units of other limits, which `pack` made for it.
    function rescaled(TokenWord word, LimitsWord from, LimitsWord to, uint256 hour) internal pure returns (TokenWord) {
        (uint256 hourUsed, uint256 dayUsed) = _used(word, hour);
        (uint256 fromK, uint256 toK) = (exponent(from), exponent(to));
        return
            TokenWord.wrap(
                remaining(word) |
                    (_unitsOf(hourUsed << fromK, toK) << HOUR_USED_SHIFT) |
                    (_unitsOf(dayUsed << fromK, toK) << DAY_USED_SHIFT) |
                    (hour << HOUR_SHIFT)
            );
    }

    function _used(TokenWord word, uint256 hour) private pure returns (uint256 hourUsed, uint256 dayUsed) {
        uint256 raw = TokenWord.unwrap(word);
        uint256 last = raw >> HOUR_SHIFT;
        if (last == hour) hourUsed = (raw >> HOUR_USED_SHIFT) & UNITS_MASK;
        if (last / 24 == hour / 24) dayUsed = (raw >> DAY_USED_SHIFT) & UNITS_MASK;
    }

    /// @dev Units of 2^k that hold an amount.
    function _unitsOf(uint256 amount, uint256 k) private pure returns (uint256) {
        unchecked {
            // Amounts are below 2^97, k is at most 29.
            return (amount + (1 << k) - 1) >> k;
        }
    }

    // ---- account

    function paid(AccountWord word) internal pure returns (uint256) {
        return AccountWord.unwrap(word) & AMOUNT_MASK;
    }

    /// @notice Paid in this day.
    function paidToday(AccountWord word, uint256 day) internal pure returns (uint256) {
        uint256 raw = AccountWord.unwrap(word);
        return (raw >> DAY_SHIFT) & DAY_MASK == day ? (raw >> TODAY_SHIFT) & AMOUNT_MASK : 0;
    }

    function isReassigned(AccountWord word) internal pure returns (bool) {
        return AccountWord.unwrap(word) & REASSIGNED != 0;
    }

    function withReassigned(AccountWord word, bool reassigned) internal pure returns (AccountWord) {
        uint256 raw = AccountWord.unwrap(word) & ~REASSIGNED;
        return AccountWord.wrap(reassigned ? raw | REASSIGNED : raw);
    }

    // ---- payment

    /// @notice What an account is paid of a leaf now: the smallest of what is owed and what each limit leaves.
    /// @param time Unix seconds, below 2^24 hours.
    /// @return amount Zero where nothing is owed or allowed; then the words are as they were.
    /// @return newAccount The account's word after the payment.
    /// @return newToken The token's word after it.
    /// @dev One pass over the words, since a claim spends its gas here. No sum overflows its field: what is paid is at most
    /// what remains of the token's total, what is used at most the limit. Differences are taken only where positive: a
    /// limit that was lowered may be below what is used.
    function settle(
        AccountWord account,
        TokenWord token,
        LimitsWord limits,
        uint256 cumulative,
        uint256 time
    ) internal pure returns (uint256 amount, AccountWord newAccount, TokenWord newToken) {
        unchecked {
            (newAccount, newToken) = (account, token);
            uint256 ofAccount = AccountWord.unwrap(account);
            amount = ofAccount & AMOUNT_MASK;
            if (cumulative <= amount) return (0, newAccount, newToken);
            amount = cumulative - amount;

            uint256 limit = LimitsWord.unwrap(limits);
            uint256 k = limit >> K_SHIFT;
            uint256 day = time / 1 days;
            uint256 today = 0;
            if ((ofAccount >> DAY_SHIFT) & DAY_MASK == day) today = (ofAccount >> TODAY_SHIFT) & AMOUNT_MASK;
            amount = _capped(amount, (limit >> ACCOUNT_LIMIT_SHIFT) & AMOUNT_MASK, today, 0);
            amount = _capped(amount, TokenWord.unwrap(token) & AMOUNT_MASK, 0, 0);
            (uint256 hourUsed, uint256 dayUsed) = _used(token, time / 1 hours);
            amount = _capped(amount, limit & UNITS_MASK, hourUsed, k);
            amount = _capped(amount, (limit >> DAY_LIMIT_SHIFT) & UNITS_MASK, dayUsed, k);
            if (amount == 0) return (0, newAccount, newToken);

            newAccount = AccountWord.wrap(
                ((ofAccount & (AMOUNT_MASK | REASSIGNED)) + amount) |
                    ((today + amount) << TODAY_SHIFT) |
                    (day << DAY_SHIFT)
            );
            uint256 units = _unitsOf(amount, k);
            newToken = TokenWord.wrap(
                ((TokenWord.unwrap(token) & AMOUNT_MASK) - amount) |
                    ((hourUsed + units) << HOUR_USED_SHIFT) |
                    ((dayUsed + units) << DAY_USED_SHIFT) |
                    ((time / 1 hours) << HOUR_SHIFT)
            );
        }
    }

    /// @dev The amount, or what is left of a limit where that is less. Limit and use are in units of 2^k.
    function _capped(uint256 amount, uint256 limit, uint256 used, uint256 k) private pure returns (uint256) {
        unchecked {
            uint256 rest = used < limit ? (limit - used) << k : 0;
            return rest < amount ? rest : amount;
        }
    }
}
