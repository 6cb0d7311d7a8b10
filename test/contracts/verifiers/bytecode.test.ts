import { expect } from "chai";
import hre from "hardhat";

import { CIRCUITS } from "../../../circuits/build/circuits.ts";
import { readCommitted } from "../../../circuits/build/check.ts";
import { verifierBytecode } from "../../../circuits/build/verifier-bytecode.ts";

/** Code without the compiler's note of its sources' names and hashes, whose length its last two bytes tell. */
function withoutMetadata(code: string): string {
  const length = Number.parseInt(code.slice(-4), 16);
  return code.slice(0, -2 * (length + 2));
}

describe("verifiers of development points", function () {
  this.timeout(60_000);

  for (const { verifier } of CIRCUITS) {
    it(`are compiled as the committed ${verifier} is`, async () => {
      const { bytecode } = await hre.artifacts.readArtifact(verifier);
      const source = readCommitted().verifiers[verifier]!;
      const own = verifierBytecode(verifier, source);
      expect(withoutMetadata(own).length).to.be.greaterThan(20_000);
      expect(withoutMetadata(own)).to.equal(withoutMetadata(bytecode));
    });
  }
});
