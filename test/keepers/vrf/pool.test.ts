import { getBytes, keccak256, toBeHex } from "ethers";
import { expect } from "chai";

import { createLogger } from "../../../keepers/shared/log.ts";
import { ecvrf } from "../../../keepers/vrf/ecvrf.ts";
import { openProofPool, type PoolOptions, type ProofPool } from "../../../keepers/vrf/pool.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { provingKey, secret } from "./harness.ts";

const bytes = getBytes(secret);
const alphaAt = (i: number): Uint8Array => getBytes(keccak256(toBeHex(i, 32)));

describe("threads that prove", function () {
  this.timeout(30_000);
  let lines = "";
  const log = createLogger({
    ...{ name: "test", level: "debug" },
    destination: { write: (line: string) => void (lines += line) },
  });
  let pool: ProofPool | null = null;
  const open = async (threads: number, options: Partial<PoolOptions> = {}): Promise<ProofPool> =>
    (pool = await openProofPool(provingKey, bytes, { threads, log, ...options }));
  beforeEach(() => (lines = ""));
  afterEach(async () => {
    await pool?.close();
    pool = null;
  });

  it("make the proofs that one thread makes, each for the one who asked", async () => {
    const { prove } = await open(2);
    const made = await Promise.all(Array.from({ length: 12 }, (_, i) => prove(alphaAt(i), null)));
    made.forEach(({ pi, output, calldata, seconds }, i) => {
      const expected = provingKey.prove(alphaAt(i));
      expect({ pi, output, calldata }).to.deep.equal(expected);
      expect(seconds).to.be.greaterThan(0);
    });
  });

  it("give the witnesses of a proof that was made before, and refuse one that is not right", async () => {
    const { prove } = await open(1);
    const { pi, calldata } = provingKey.prove(alphaAt(1));
    expect((await prove(alphaAt(1), pi)).calldata).to.deep.equal(calldata);
    const refused = await prove(alphaAt(2), pi).catch((error: Error) => error);
    expect(refused).to.be.instanceOf(RangeError);
    expect((await prove(alphaAt(3), null)).pi).to.deep.equal(ecvrf.prove(bytes, alphaAt(3)).pi);
  });

  it("are replaced when they end; only the proof that ended two of them is not made", async () => {
    const script = new URL("./mortalProver.ts", import.meta.url);
    const { prove, threads } = await open(2, { script });
    await waitFor("both threads", () => threads().length === 2);
    const before = threads();
    const deadly = prove(new Uint8Array(32), null).then(() => "made", String);
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => prove(alphaAt(i), null)));
    expect(made.map(({ pi }) => pi)).to.deep.equal(
      made.map((_, i) => provingKey.prove(alphaAt(i)).pi),
    );
    expect(await deadly).to.include("2 threads ended over it");
    await waitFor("other threads", () => threads().length === 2);
    expect(threads().some((id) => before.includes(id))).to.equal(false);
    expect(lines).to.include("another takes its place");
    expect(lines.toLowerCase()).to.not.include(secret.slice(2, 14));
  });

  it("are ended when a proof does not come in time; the next is proved by another", async () => {
    const { prove, threads } = await open(1, { timeoutMs: 1 });
    const late = await Promise.allSettled([prove(alphaAt(1), null), prove(alphaAt(2), null)]);
    expect(late.map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
    expect(String((late[0] as PromiseRejectedResult).reason)).to.include("no proof within");
    await waitFor("another thread", () => threads().length === 1);
  });

  it("reject what is asked when they are closed", async () => {
    const opened = await open(1);
    const asked = Promise.allSettled([opened.prove(alphaAt(1), null)]);
    await opened.close();
    const later = Promise.allSettled([opened.prove(alphaAt(2), null)]);
    const ends = [...(await asked), ...(await later)];
    expect(ends.map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
  });

  it("are not there when none can start", async () => {
    const broken = openProofPool(provingKey, bytes.subarray(1), { threads: 2, log });
    const error = await broken.then(() => "opened", String);
    expect(error).to.include("no thread can prove: secret must be 32 bytes");
  });
});
