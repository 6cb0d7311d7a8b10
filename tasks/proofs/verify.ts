import {
  Contract,
  decodeBytes32String,
  isError,
  toBeHex,
  verifyTypedData,
  type Provider,
} from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { tagField } from "../../circuits/model/field.ts";
import { readJson } from "../../deploy/files.ts";
import { revertOf } from "../../deploy/reverts.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatBps, formatPrice, formatTable, formatTime } from "../shared/format.ts";
import { openToRead, type Opened } from "../shared/open.ts";
import { feedKey } from "../feeds/state.ts";
import { parseProofFile, type ProofFile } from "./file.ts";
import { proofContractsOf, type ProofContracts } from "./open.ts";

const VERIFIER_ABI = ["function verify(bytes proof, bytes32[] publicInputs) view returns (bool)"];

/** Checks a proof's file with the deployed verifier, or says what the chain has attested of a slot. */
export async function verifyProof(
  { file, json, slot }: { file: string; slot: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const proofs = proofContractsOf(opened);
  if (file === "") return await showSlot(opened, proofs, slot, json);
  if (slot !== undefined) throw new TaskError("Give a file or --slot, not both.");
  const content = parseProofFile(await readJson(file, file), file);
  if (content.chainId !== opened.deployment.chainId) {
    throw new TaskError(
      `${file} is of chain ${content.chainId}, and this is chain ${opened.deployment.chainId}.`,
    );
  }
  const { provider } = opened.connection.ethers;
  const findings =
    content.circuit === "price_batch"
      ? await checkPrices(content, proofs, provider)
      : await checkPeriods(content, proofs, provider);
  const isValid = findings.every(({ holds }) => holds);
  if (json) printJson({ file, circuit: content.circuit, isValid, findings });
  else {
    for (const { holds, what } of findings) print(`${holds ? "✓" : "✗"} ${what}`);
  }
  if (!isValid) throw new TaskError(`${file} does not hold.`);
}

interface Finding {
  what: string;
  holds: boolean;
}

async function checkPrices(
  { proofs, slot, prices }: Extract<ProofFile, { circuit: "price_batch" }>,
  { attestations }: ProofContracts,
  provider: Provider,
): Promise<Finding[]> {
  const verifier = await attestations.verifier();
  const results = await Promise.all(
    proofs.map(async ({ chunk, proof, publicInputs }) => ({
      what: `proof of chunk ${chunk} of slot ${slot}, by ${verifier}`,
      holds: await isProof(verifier, { proof, publicInputs }, provider),
    })),
  );
  const stated = new Set(
    proofs.flatMap(({ publicInputs }) => publicInputs.slice(ENTRIES_FROM, ENTRIES_TO)),
  );
  const answers = prices.map(({ answer, feed, values }) => ({
    what: `${feed} ${formatPrice(BigInt(answer), feed.split("/")[1] ?? "")}, median of ${values}`,
    holds: stated.has(toBeHex((BigInt(values) << 96n) + BigInt(answer), 32)),
  }));
  return [...results, ...answers];
}

/** Places of the ten entries among the public inputs of `price_batch`. */
const ENTRIES_FROM = 9;
const ENTRIES_TO = 19;

async function checkPeriods(
  { account, instrument, periods }: Extract<ProofFile, { circuit: "performance" }>,
  { registry }: ProofContracts,
  provider: Provider,
): Promise<Finding[]> {
  const [verifier, service, { chainId }, verifyingContract] = await Promise.all([
    registry.verifier(),
    registry.service(),
    provider.getNetwork(),
    registry.getAddress(),
  ]);
  const domain = { name: "Dodona", version: "1", chainId, verifyingContract };
  const types = { Fills: [{ name: "commitment", type: "bytes32" }] };
  const findings: Finding[] = [];
  let previous: string | null = null;
  for (const period of periods) {
    const { closes, count, drawdownBps, end, index, profitBps, publicInputs, start, wins } = period;
    const words = publicInputs.map(BigInt);
    const profit = words[PROFIT_AT] ?? 0n;
    const stated = [BigInt(account), tagField(instrument), BigInt(period.capital), BigInt(start)];
    stated.push(BigInt(end), BigInt(count), BigInt(profitBps), BigInt(wins), BigInt(closes));
    const given = [...words.slice(3, PROFIT_AT), profit > HALF ? profit - MODULUS : profit];
    given.push(...words.slice(PROFIT_AT + 1, PROFIT_AT + 3));
    const isStated = stated.join() === given.join() && words[PROFIT_AT + 3] === BigInt(drawdownBps);
    findings.push(
      {
        what: `period ${index}: proof, by ${verifier}`,
        holds: await isProof(verifier, period, provider),
      },
      {
        what: `period ${index}: ${count} fills, profit ${formatBps(Number(profitBps))}, ${wins} of ${closes} won, drawdown ${formatBps(drawdownBps)}`,
        holds: isStated,
      },
      {
        what: `period ${index}: fills signed by ${service}`,
        holds: signerOf(domain, types, publicInputs[2] ?? "", period.signature) === service,
      },
    );
    if (previous !== null) {
      findings.push({
        what: `period ${index}: starts where period ${index - 1} ended`,
        holds: publicInputs[0] === previous,
      });
    }
    previous = publicInputs[1] ?? null;
  }
  return findings;
}

const PROFIT_AT = 9;
const MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const HALF = MODULUS / 2n;

function signerOf(
  domain: Parameters<typeof verifyTypedData>[0],
  types: Parameters<typeof verifyTypedData>[1],
  commitment: string,
  signature: string,
): string | null {
  try {
    return verifyTypedData(domain, types, { commitment }, signature);
  } catch {
    return null;
  }
}

/** A verifier reverts where a proof is wrong. */
async function isProof(
  verifier: string,
  { proof, publicInputs }: { proof: string; publicInputs: readonly string[] },
  provider: Provider,
): Promise<boolean> {
  try {
    const contract = new Contract(verifier, VERIFIER_ABI, provider);
    return Boolean(await contract.getFunction("verify")(proof, [...publicInputs]));
  } catch (error) {
    const refused = isError(error, "CALL_EXCEPTION") || isError(error, "BAD_DATA");
    if (refused || (error as Error).message.includes("revert")) return false;
    throw error;
  }
}

async function showSlot(
  { contracts, connection }: Opened,
  { attestations }: ProofContracts,
  given: string | undefined,
  json: boolean,
): Promise<void> {
  if (given !== undefined && !/^\d{1,10}$/.test(given)) {
    throw new TaskError(`"${given}" is not a slot: slots are unix seconds.`);
  }
  const ids = (await contracts.priceFeeds.feedIds()).map(decodeBytes32String);
  const rows = await Promise.all(
    ids.map(async (feed) => {
      const slot = given === undefined ? await latestOf(attestations, feed) : Number(given);
      if (slot === null) return [];
      // By position: `values` of ethers' Result is the array's own method.
      const [answer, values, setId, signers, included, attestedAt] = await attestations.attestedAt(
        feedKey(feed),
        slot,
      );
      if (answer === 0n) return [];
      const count = (bits: bigint): number => bits.toString(2).replaceAll("0", "").length;
      return [
        {
          ...{ feed, slot, answer, values: Number(values) },
          ...{ setId: Number(setId), attestedAt: Number(attestedAt) },
          ...{ signers: count(signers), included: count(included) },
        },
      ];
    }),
  );
  const found = rows.flat();
  if (json) return printJson(found);
  if (found.length === 0) {
    const what = given === undefined ? "Nothing" : `Nothing of slot ${given}`;
    throw new TaskError(`${what} is attested. Prove it with: npx hardhat proofs attest`);
  }
  const right = (title: string) => ({ title, align: "right" as const });
  formatTable(
    [
      { title: "FEED", align: "left" },
      ...["ANSWER", "SLOT", "OF OPERATORS", "SIGNERS"].map(right),
      { title: "ATTESTED", align: "left" },
    ],
    found.map(({ answer, attestedAt, feed, signers, slot, values }) => [
      feed,
      formatPrice(answer, feed.split("/")[1] ?? ""),
      String(slot),
      String(values),
      String(signers),
      formatTime(attestedAt),
    ]),
  ).forEach(print);
  const now = (await connection.ethers.provider.getBlock("latest"))?.timestamp ?? 0;
  note(`The newest is ${Math.max(0, now - Math.max(...found.map(({ slot }) => slot)))} s old.`);
}

async function latestOf(
  attestations: ProofContracts["attestations"],
  feed: string,
): Promise<number | null> {
  try {
    const { updatedAt } = await attestations.latestAttested(feedKey(feed));
    return Number(updatedAt);
  } catch (error) {
    if (revertOf(attestations.interface, error)?.name === "NotAttested") return null;
    throw error;
  }
}
