import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";

import { createKeyCheck } from "../../../../keepers/feed/round/key-check.ts";
import type { HeldKeys } from "../../../../keepers/feed/round/key-ring.ts";
import { createKeyRing, keysIn } from "../../../../keepers/feed/round/key-ring.ts";
import type { Coordinates } from "../../../../keepers/feed/round/rotation.ts";
import { keyAdvice } from "../../../../keepers/feed/round/rotation.ts";
import type { ActiveSet } from "../../../../keepers/feed/round/set.ts";
import type { OperatorKeys } from "../../../../keepers/feed/signing/keys.ts";
import { publicKeys } from "../../../../keepers/feed/signing/keys.ts";
import { createLogger } from "../../../../keepers/shared/log.ts";
import { freshKeys } from "../signing/helpers.ts";
import { accountOf, memoryStore, RULES } from "./network.ts";

const ACCOUNT = accountOf(1);
const [first, second, other] = [freshKeys(), freshKeys(), freshKeys()];
const files = { keyFile: "keys.json", nextKeyFile: "next.json" };

const held = (keys: OperatorKeys): HeldKeys => ({
  ...{ keys, publicKeys: publicKeys(keys), store: memoryStore() },
  lock: { held: () => true },
});

function coordinates(keys: OperatorKeys): Coordinates {
  const { grumpkin, secp256k1 } = publicKeys(keys);
  const { x, y } = secp256k1.toAffine();
  const { x: proofX, y: proofY } = grumpkin.toAffine();
  return [x, y, proofX, proofY];
}

function setOf(id: number, keys: OperatorKeys): ActiveSet {
  return {
    ...{ id, since: 0, quorum: 2 },
    operators: [other, keys].map((own, index) => ({
      ...{ index, account: accountOf(index) },
      ...publicKeys(own),
    })),
    feeds: [{ feedId: "BTC/USD", minVenues: 1 }],
    rules: [RULES],
  };
}

describe("an operator's key pairs", () => {
  it("are used each in the sets that have it, before and after they change", () => {
    const ring = createKeyRing(ACCOUNT, held(first));
    const [before, after] = [setOf(1, first), setOf(2, second)];
    expect(ring.seatIn(after)).to.equal(null);
    expect(() => keysIn(ring, after)).to.throw("set 2 has none");
    ring.add(held(second));
    expect(ring.seatIn(before)).to.deep.include({ index: 1 });
    expect(keysIn(ring, before)).to.equal(first);
    expect(keysIn(ring, after)).to.equal(second);
  });

  it("are nothing to a set that has them under another account", () => {
    const ring = createKeyRing(accountOf(0), held(first));
    expect(ring.seatIn(setOf(1, first))).to.equal(null);
  });
});

describe("what to do about a change of keys", () => {
  const own = [first, second].map(publicKeys);
  const at = (keys: OperatorKeys) => ({ dueAt: 1_800_000_000, keys: coordinates(keys) });

  it("is nothing while one key pair is in use", () => {
    const facts = { own: own.slice(0, 1), registered: coordinates(first), announced: null, files };
    expect(keyAdvice(facts)).to.equal(null);
  });

  it("goes from announcing over waiting to moving the file", () => {
    const step = (registered: OperatorKeys, announced: OperatorKeys | null) =>
      keyAdvice({
        ...{ own, files, registered: coordinates(registered) },
        announced: announced === null ? null : at(announced),
      });
    expect(step(first, null)).to.deep.equal({
      level: "warn",
      text: "the keys of next.json are not announced yet: npx hardhat operators rotate",
    });
    const waiting = step(first, second);
    expect(waiting?.level).to.equal("info");
    expect(waiting?.text).to.include("2027-01-15T08:00:00.000Z");
    const done = step(second, null);
    expect(done?.level).to.equal("info");
    expect(done?.text).to.include("Move it over keys.json");
  });

  it("is said of the latest key file, whatever was changed before in the same process", () => {
    const three = [first, second, other].map(publicKeys);
    const of = (registered: OperatorKeys) =>
      keyAdvice({ own: three, files, registered: coordinates(registered), announced: null });
    expect(of(second)?.text).to.include("not announced yet");
    expect(of(other)?.text).to.include("are in use");
  });

  it("warns before keys take over that no file here has", () => {
    const facts = { own, registered: coordinates(first), announced: at(other), files };
    const advice = keyAdvice(facts);
    expect(advice?.level).to.equal("warn");
    expect(advice?.text).to.include("Put them into next.json before then");
  });
});

describe("the check of keys", () => {
  it("takes up a key file that appears, once, and says each thing once", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "dodona-rotation-"));
    try {
      const nextKeyFile = path.join(folder, "next.json");
      const said: string[] = [];
      const ring = createKeyRing(ACCOUNT, held(first));
      let read = 0;
      const check = createKeyCheck({
        ...{ account: ACCOUNT, ring, hold: held, files: { keyFile: "keys.json", nextKeyFile } },
        reader: {
          registeredKeys: () => Promise.resolve(coordinates(first)),
          announcedKeys: () => Promise.resolve(null),
        },
        readKeys: () => {
          read += 1;
          return second;
        },
        log: createLogger({
          ...{ name: "test", level: "info" },
          destination: { write: (line: string) => void said.push(line) },
        }),
      });
      await check.run();
      expect([ring.all().length, read, said.length]).to.deep.equal([1, 0, 0]);
      writeFileSync(nextKeyFile, "{}");
      for (let i = 0; i < 3; i++) await check.run();
      expect(ring.all().map(({ keys }) => keys)).to.deep.equal([first, second]);
      expect(said.filter((line) => line.includes("next keys are ready"))).to.have.length(1);
      expect(said.filter((line) => line.includes("operators rotate"))).to.have.length(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
