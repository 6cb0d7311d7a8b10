// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttested} from "../../../contracts/interfaces/IAttested.sol";
import {IPriceAttestations} from "../../../contracts/interfaces/IPriceAttestations.sol";
import {IPriceFeeds} from "../../../contracts/interfaces/IPriceFeeds.sol";
import {deploy} from "../../contracts/support/Deploy.sol";
import {World} from "../../contracts/support/World.sol";
import {AttestationsHandler} from "./AttestationsHandler.sol";

/// @notice Numbered in README.md. Each campaign drives the same handler.
contract AttestationsInvariants {
    AttestationsHandler internal _handler;

    function setUp() public {
        World world = World(deploy("World", ""));
        _handler = AttestationsHandler(deploy("AttestationsHandler", abi.encode(world)));
        world.start(_handler.FEEDS(), IPriceFeeds.Params(10, 20, 50, 1_000, 3_600, 20, 2, 5_000, 3, 0));
        _handler.start();
        _handler.make(2, false);
        require(_handler.attested() + _handler.madeCount() != 0, "nothing happens");
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice 1. Nothing is attested but what a quorum signed and is proved, and all of that is.
    function invariant_1_attestedIsSignedAndProved() public view {
        require(!_handler.acceptedForgery(), "forgery");
        require(!_handler.refusedTruth(), "refused");
    }

    /// @notice 2. A slot's price is the first that was attested for it.
    function invariant_2_pricesStay() public view {
        for (uint256 i = 0; i < _handler.slotsCount(); ++i) {
            uint256 slot = _handler.slots(i);
            for (uint256 feed = 0; feed < _handler.FEEDS(); ++feed) {
                IAttested.AttestedPrice memory price = _handler.attestations().attestedAt(
                    _handler.idOf(feed),
                    uint32(slot)
                );
                require(price.answer == _handler.answerAt(feed, slot), "answer");
            }
        }
    }

    /// @notice 3. A feed's latest attested price is that of the latest slot, never goes back, and is numbered without gaps.
    function invariant_3_latestIsMonotone() public view {
        require(!_handler.wentBack(), "back");
        for (uint256 feed = 0; feed < _handler.FEEDS(); ++feed) {
            uint256 slot = _handler.latestSlot(feed);
            if (slot == 0) continue;
            (int256 answer, uint256 updatedAt, uint80 round) = _handler.attestations().latestAttested(
                _handler.idOf(feed)
            );
            require(updatedAt == slot && round == _handler.rounds(feed), "latest");
            require(uint256(answer) == _handler.answerAt(feed, slot), "answer");
        }
    }

    /// @notice 4. A report is attested when all its chunks are proved, each once.
    function invariant_4_reportsAreCompleteWhenProved() public view {
        for (uint256 i = 0; i < _handler.madeCount(); ++i) {
            (bytes32 digest, uint256 chunks, uint256 proven) = _handler.expectationAt(i);
            IPriceAttestations.Attestation memory known = _handler.attestations().attestation(digest);
            require(known.proven == proven, "proven");
            require(known.chunks == (proven == 0 ? 0 : chunks), "chunks");
            require((known.attestedAt != 0) == (proven == chunks), "complete");
        }
    }

    /// @notice 5. A proof has the signers of a report slashed exactly when the report says otherwise, and once.
    function invariant_5_proofsStrikeLiarsOnly() public view {
        require(!_handler.slashedHonest(), "honest");
        require(!_handler.sparedLiar(), "liar");
    }
}
