// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITraderRegistry} from "../../../contracts/interfaces/ITraderRegistry.sol";
import {deploy} from "../../contracts/support/Deploy.sol";
import {TradersHandler} from "./TradersHandler.sol";

/// @notice Numbered in README.md. Each campaign drives the same handler.
contract TradersInvariants {
    TradersHandler internal _handler;

    function setUp() public {
        _handler = TradersHandler(deploy("TradersHandler", ""));
        _handler.next(1);
        require(_handler.records() == 1, "nothing happens");
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice 6. Nothing is recorded but the next period of an account and instrument, proved and signed by the service of
    /// the time, and that always is.
    function invariant_6_onlyTheNextPeriodCounts() public view {
        require(!_handler.acceptedForgery(), "forgery");
        require(!_handler.refusedTruth(), "refused");
    }

    /// @notice 7. Periods of an account and instrument have no gap and no overlap, and the commitment is the last one's.
    function invariant_7_historiesAreChains() public view {
        for (uint256 a = 0; a < _handler.ACCOUNTS(); ++a) {
            for (uint256 i = 0; i < _handler.INSTRUMENTS(); ++i) {
                (address account, bytes32 instrument) = (_handler.accountAt(a), _handler.instrumentAt(i));
                ITraderRegistry.Chain memory chain = _handler.registry().chainOf(account, instrument);
                ITraderRegistry.Statement[] memory recorded = _handler.recorded(a, i);
                require(chain.periods == recorded.length, "periods");
                uint256 end = chain.start;
                for (uint256 n = 0; n < recorded.length; ++n) {
                    ITraderRegistry.Record memory record = _handler.registry().recordAt(account, instrument, n);
                    require(record.start == end && record.end >= record.start, "chain");
                    require(record.end == recorded[n].end && record.profitBps == recorded[n].profitBps, "record");
                    end = record.end;
                }
                require(chain.end == end, "end");
                if (recorded.length == 0) require(chain.commitment == 0, "commitment");
                else require(chain.commitment == recorded[recorded.length - 1].endCommitment, "commitment");
            }
        }
    }

    /// @notice 8. An account's reputation is what its records add up to.
    function invariant_8_reputationAddsUp() public view {
        for (uint256 a = 0; a < _handler.ACCOUNTS(); ++a) {
            ITraderRegistry.Reputation memory given = _handler.registry().reputationOf(_handler.accountAt(a));
            ITraderRegistry.Reputation memory sum;
            (sum.start, sum.provenUntil) = (type(uint64).max, type(uint64).max);
            int256 realized = 0;
            for (uint256 i = 0; i < _handler.INSTRUMENTS(); ++i) {
                ITraderRegistry.Statement[] memory recorded = _handler.recorded(a, i);
                if (recorded.length == 0) continue;
                ++sum.instruments;
                sum.capital += recorded[0].capital;
                sum.periods += uint32(recorded.length);
                for (uint256 n = 0; n < recorded.length; ++n) {
                    sum.fills += recorded[n].count;
                    sum.wins += recorded[n].wins;
                    sum.closes += recorded[n].closes;
                    realized += int256(recorded[n].profitBps) * int256(uint256(recorded[n].capital));
                    if (recorded[n].drawdownBps > sum.drawdownBps) sum.drawdownBps = recorded[n].drawdownBps;
                }
                if (recorded[0].start < sum.start) sum.start = recorded[0].start;
                uint64 end = recorded[recorded.length - 1].end;
                if (end < sum.provenUntil) sum.provenUntil = end;
            }
            if (sum.instruments == 0) {
                require(given.periods == 0 && given.start == 0, "none");
                continue;
            }
            int256 capital = int256(uint256(sum.capital));
            int256 quotient = realized / capital;
            if (realized < 0 && quotient * capital != realized) --quotient;
            sum.profitBps = int128(quotient);
            require(keccak256(abi.encode(given)) == keccak256(abi.encode(sum)), "reputation");
        }
    }
}
