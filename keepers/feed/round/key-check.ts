import { existsSync } from "node:fs";

import type { Logger } from "../../shared/log.ts";
import type { OperatorKeys } from "../signing/keys.ts";
import { signerAddress } from "../signing/keys.ts";
import type { HeldKeys, KeyRing } from "./key-ring.ts";
import type { KeyFacts } from "./rotation.ts";
import { keyAdvice } from "./rotation.ts";
import type { ChainReader } from "./set.ts";

/** Compares the key files with the chain. */
export interface KeyCheck {
  /** Takes up the next key file if it has appeared, and says what is to be done if that has changed. */
  run(): Promise<void>;
}

/**
 * Creates the check. It sends nothing: announcing keys is the account's business.
 *
 * @param deps.hold Makes a key pair ready to sign with.
 * @param deps.readKeys Reads a key file; throws an error that says what is wrong with it.
 */
export function createKeyCheck(deps: {
  readonly account: string;
  readonly ring: KeyRing;
  readonly reader: Pick<ChainReader, "registeredKeys" | "announcedKeys">;
  readonly log: Logger;
  readonly files: KeyFacts["files"];
  readonly hold: (keys: OperatorKeys) => HeldKeys;
  readonly readKeys: (file: string) => OperatorKeys;
}): KeyCheck {
  const { account, files, log, reader, ring } = deps;
  let said = "";

  function takeUpNext(): void {
    if (files.nextKeyFile === null || !existsSync(files.nextKeyFile)) return;
    const keys = deps.readKeys(files.nextKeyFile);
    const signer = signerAddress(keys);
    if (ring.all().some((held) => signerAddress(held.keys) === signer)) return;
    ring.add(deps.hold(keys));
    log.info({ file: files.nextKeyFile }, "next keys are ready");
  }

  return {
    async run() {
      takeUpNext();
      const [registered, announced] = await Promise.all([
        reader.registeredKeys(account),
        reader.announcedKeys(account),
      ]);
      const own = ring.all().map(({ publicKeys }) => publicKeys);
      const advice = keyAdvice({ own, registered, announced, files });
      const text = advice?.text ?? "";
      if (text === said) return;
      said = text;
      if (advice !== null) log[advice.level](advice.text);
    },
  };
}
