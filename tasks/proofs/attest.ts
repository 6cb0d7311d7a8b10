import { writeFile } from "node:fs/promises";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import {
  prepare,
  proveReport,
  UnattestableError,
  type AttestDeps,
} from "../../keepers/attest/attest.ts";
import { createAttestReader } from "../../keepers/attest/chain.ts";
import { feedKey, findFeed, readFeeds } from "../feeds/state.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields, formatPrice, formatTime } from "../shared/format.ts";
import { openToSend } from "../shared/open.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { encodeAttestationFile } from "./file.ts";
import { ASK_MS, PROVE_MS, proofContractsOf } from "./open.ts";
import { findSubmission } from "./round.ts";

/** Proves a round's report on this machine and has it attested, or writes the proof to a file. */
export async function attestRound(
  args: {
    round: string | undefined;
    feed: string | undefined;
    out: string | undefined;
    from: string | undefined;
    json: boolean;
  },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToSend(hre, settings, args.from ?? null);
  const { connection, contracts, deployment } = opened;
  const { attestations } = proofContractsOf(opened);
  const feeds = await readFeeds(opened);
  const feed = args.feed === undefined ? feeds[0] : findFeed(args.feed, feeds);
  if (feed === undefined) throw new TaskError("There is no feed.");
  const round = roundOf(args.round, feed.round);
  const { updatedAt } = await contracts.priceFeeds.getRoundData(feedKey(feed.id), round);
  const slot = Number(updatedAt);
  note(`Round ${round} of ${feed.id} is of slot ${slot}; ask the operators for its observations`);
  const { provider } = connection.ethers;
  const deps: AttestDeps = {
    reader: createAttestReader(provider, {
      priceAttestations: await attestations.getAddress(),
      operators: deployment.addresses.operators,
    }),
    domain: {
      chainId: deployment.chainId,
      priceFeeds: deployment.addresses.priceFeeds.toLowerCase(),
    },
    ...{ askMs: ASK_MS, proveMs: PROVE_MS, signal: new AbortController().signal },
  };
  const transaction = await findSubmission(provider, contracts.priceFeeds, slot);
  const prepared = await prepare(transaction, deps).catch((error: unknown) => {
    if (!(error instanceof UnattestableError)) throw error;
    throw new TaskError(
      `Round ${round} cannot be attested: ${error.message}. Operators show their last ten minutes.`,
    );
  });
  const digest = await contracts.priceFeeds.reportDigest(prepared.signed.bytes);
  const known = await attestations.attestation(digest);
  const isAttested = known.attestedAt > 0n;
  if (isAttested && args.out === undefined) {
    if (args.json)
      return printJson({ slot, round, feed: feed.id, reportDigest: digest, isAttested });
    return print(
      `Slot ${slot} was attested at ${formatTime(Number(known.attestedAt))}: npx hardhat proofs verify --slot ${slot}`,
    );
  }
  note(`Prove the medians of ${prepared.observations.length} observations`);
  const attestation = await proveReport(prepared, deps);
  const { included, proofs, report, set } = attestation;
  const [witnessMs, proofMs] = (["witnessMs", "proofMs"] as const).map((part) =>
    Math.round(proofs.proofs.reduce((sum, one) => sum + one[part], 0)),
  );
  const prices = report.entries.map(({ answerE8, count, feed: index }) => ({
    ...{ feed: set.feeds[index] ?? "", answer: answerE8, values: count },
  }));
  const summary = {
    ...{ slot, setId: report.setId, reportDigest: digest, included, prices },
    ...{ witnessMs, proofMs, points: proofs.points },
  };
  if (args.out !== undefined) {
    await writeFile(args.out, encodeAttestationFile(deployment.chainId, prepared, attestation));
    if (args.json) return printJson({ ...summary, file: args.out });
    note(`The proof is in ${args.out}: npx hardhat proofs verify ${args.out}`);
    return;
  }
  const { sent } = await sendCall(opened, {
    what: `PriceAttestations.attest(slot ${slot})`,
    to: await attestations.getAddress(),
    simulate: async () => await attestations.attest.staticCall(...attestation.call),
    send: async () => await attestations.attest(...attestation.call),
  });
  if (args.json) return printJson({ ...summary, ...sent });
  formatFields([
    ["Slot", `${slot} (${formatTime(slot)})`],
    ["Observations", `${included.length} of ${set.operators.length} operators`],
    ...prices.map(({ answer, feed: id }): [string, string] => [
      id,
      formatPrice(answer, id.split("/")[1] ?? ""),
    ]),
    ["Witness", `${witnessMs} ms`],
    ["Proof", `${proofMs} ms, ${proofs.points} points`],
  ]).forEach(print);
  sentLines(sent).forEach(print);
}

function roundOf(given: string | undefined, latest: number): bigint {
  if (given === undefined) {
    if (latest === 0) throw new TaskError("The feed has no round yet.");
    return BigInt(latest);
  }
  if (!/^[1-9]\d{0,17}$/.test(given)) throw new TaskError(`"${given}" is not a round.`);
  return BigInt(given);
}
