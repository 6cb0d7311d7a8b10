import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { findBbBinary } from "@aztec/bb.js";
import { expect } from "chai";

import { openBackend } from "../../circuits/build/backend.ts";

/** More than the library waits for its process. */
const slowSeconds = 7;

describe("the proving library", function () {
  this.timeout(60_000);
  let folder: string;
  const starts = (): number => readFileSync(path.join(folder, "starts"), "utf8").length;

  /** Puts a program in the place of the library's process; each of its starts leaves a mark. */
  const replace = (lines: string): void => {
    const program = path.join(folder, "bb");
    const text = `#!/bin/sh\nprintf x >> ${folder}/starts\n${lines}\n`;
    writeFileSync(program, text, { mode: 0o755 });
    process.env["BB_BINARY_PATH"] = program;
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "dodona-library-"));
  });
  afterEach(() => {
    delete process.env["BB_BINARY_PATH"];
    rmSync(folder, { recursive: true });
  });

  it("is started again when its process listens too late", async () => {
    const real = findBbBinary();
    replace(`[ "$(cat ${folder}/starts)" = x ] && sleep ${slowSeconds} && exit\nexec ${real} "$@"`);
    const backend = await openBackend(null);
    await backend.close();
    expect(starts()).to.equal(2);
  });

  it("is not started again for anything else", async () => {
    replace("exit 3");
    const error: unknown = await openBackend(null).catch((reason: unknown) => reason);
    expect((error as Error).message).to.equal("Native backend process exited with code 3");
    expect(starts()).to.equal(1);
  });
});
