import { expect } from "chai";
import fc from "fast-check";
import { marketFees, replacementFees, worstCostWei } from "../../../keepers/relayer/fees.ts";

const gwei = 1_000_000_000n;
const settings = { baseFeeMultiplier: 2, maxFeeWei: 500n * gwei, bumpPercent: 12.5 };

describe("relayer: fees", () => {
  it("offers twice the base fee and the tip", () => {
    expect(marketFees(10n * gwei, 2n * gwei, settings)).to.deep.equal({
      maxFeeWei: 22n * gwei,
      tipWei: 2n * gwei,
    });
    expect(marketFees(7n, 1n, { ...settings, baseFeeMultiplier: 1.5 })).to.deep.equal({
      maxFeeWei: 11n,
      tipWei: 1n,
    });
  });

  it("never offers more than the hard cap, nor a tip above the fee", () => {
    expect(marketFees(400n * gwei, gwei, settings)).to.deep.equal({
      maxFeeWei: 500n * gwei,
      tipWei: gwei,
    });
    expect(marketFees(0n, 900n * gwei, settings)).to.deep.equal({
      maxFeeWei: 500n * gwei,
      tipWei: 500n * gwei,
    });
  });

  it("raises both fees by the given percentage, rounded up", () => {
    const market = { maxFeeWei: 1n, tipWei: 1n };
    expect(replacementFees({ maxFeeWei: 800n, tipWei: 8n }, market, settings)).to.deep.equal({
      maxFeeWei: 900n,
      tipWei: 9n,
    });
    expect(replacementFees({ maxFeeWei: 7n, tipWei: 1n }, market, settings)).to.deep.equal({
      maxFeeWei: 8n,
      tipWei: 2n,
    });
  });

  it("takes the market's fees where they are above the raise", () => {
    const market = { maxFeeWei: 2_000n, tipWei: 3n };
    expect(replacementFees({ maxFeeWei: 800n, tipWei: 8n }, market, settings)).to.deep.equal({
      maxFeeWei: 2_000n,
      tipWei: 9n,
    });
  });

  it("gives no replacement beyond the hard cap", () => {
    const former = { maxFeeWei: 450n * gwei, tipWei: gwei };
    expect(replacementFees(former, { maxFeeWei: 1n, tipWei: 1n }, settings)).to.equal(null);
  });

  it("raises both by at least a tenth, whatever the numbers", () => {
    const wei = fc.bigInt({ min: 1n, max: 10n ** 12n });
    fc.assert(
      fc.property(
        wei,
        wei,
        wei,
        wei,
        fc.integer({ min: 0, max: 50 }),
        (fee, tip, base, marketTip, bumpPercent) => {
          const bounded = { ...settings, bumpPercent, maxFeeWei: 10n ** 15n };
          const raised = replacementFees(
            { maxFeeWei: fee + tip, tipWei: tip },
            marketFees(base, marketTip, bounded),
            bounded,
          );
          expect(raised).to.not.equal(null);
          expect(raised!.maxFeeWei * 10n >= (fee + tip) * 11n).to.equal(true);
          expect(raised!.tipWei * 10n >= tip * 11n).to.equal(true);
          expect(raised!.maxFeeWei >= raised!.tipWei).to.equal(true);
        },
      ),
    );
  });

  it("counts gas at the highest fee and the value as what a transaction can cost", () => {
    expect(
      worstCostWei({ gasLimit: 21_000n, valueWei: 5n, fees: { maxFeeWei: 3n, tipWei: 1n } }),
    ).to.equal(63_005n);
  });
});
