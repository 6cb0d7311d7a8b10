import { setImmediate } from "node:timers/promises";

import { generateKeys, parseKeys, publicKeys } from "../signing/keys.ts";
import { combine, SigningSession, signingContext, verifyPartial } from "../signing/multisig.ts";
import { observationFault, observationRoot, signObservation } from "../signing/observation.ts";

const ROUNDS = 25;
const FEEDS = 10;

/**
 * Runs the arithmetic of a round on throw-away keys, so that tables are built and code is compiled before the first
 * real round: cold, it would take three times its time.
 */
export async function warmUp(): Promise<void> {
  const keys = parseKeys(generateKeys());
  const pub = publicKeys(keys);
  const domain = { chainId: 1n, priceFeeds: `0x${"00".repeat(20)}` };
  for (let slot = 0; slot < ROUNDS; slot++) {
    const pricesE8 = Array.from({ length: FEEDS }, (_, feed) => BigInt(feed + slot));
    const signed = signObservation({ setId: 0, slot, operator: 0, pricesE8 }, keys, domain);
    observationFault({ ...signed }, pub, FEEDS, domain);
    observationRoot([{ ...signed }], domain);
    const session = new SigningSession(0);
    const signer = { ...session.commitment, key: pub.secp256k1 };
    const context = signingContext(new Uint8Array(32), [signer]);
    const partial = session.sign(keys.secp256k1, context);
    verifyPartial(context, 0, partial);
    combine(context, new Map([[0, partial]]));
    await setImmediate();
  }
}
