import { writeFile } from "node:fs/promises";

import { getAddress, HDNodeWallet, isAddress, toBeHex, Wallet, type BaseWallet } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { signedField, tagField } from "../../circuits/model/field.ts";
import { LOCAL_NETWORK } from "../../deploy/deployments.ts";
import { proveStatements, type Proofs } from "../../keepers/attest/prove.ts";
import { readSecretFile } from "../../keepers/shared/config.ts";
import type { ITraderRegistry } from "../../types/ethers-contracts/interfaces/ITraderRegistry.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatBps, formatTable, formatTime } from "../shared/format.ts";
import { accountsOf, openToSend, resolveAccount } from "../shared/open.ts";
import { sendCall, type Sent } from "../shared/send.ts";
import { encodeProofFile } from "./file.ts";
import type { Cut, History, PlannedPeriod, Recorded } from "./history.ts";
import { cutsOf, planPeriods } from "./history.ts";
import type { LedgerFile } from "./ledgerFile.ts";
import { readLedger, wholeAt } from "./ledgerFile.ts";
import { PROVE_MS, proofContractsOf } from "./open.ts";
import { readSecret } from "./secret.ts";

/** Account of the local network's mnemonic that is its ingestion service (deploy/parameters/local.json). */
const LOCAL_SERVICE_PATH = "m/44'/60'/0'/0/21";
const LOCAL_MNEMONIC = "test test test test test test test test test test test junk";

interface Args {
  ledger: string | undefined;
  instrument: string | undefined;
  capital: string | undefined;
  account: string | undefined;
  serviceKey: string | undefined;
  secret: string | undefined;
  out: string | undefined;
  from: string | undefined;
  json: boolean;
}

/**
 * Proves what an account made with an instrument, period after period, and records it or writes the proofs to a file. The
 * ledger holds all fills since the first: what the chain has recorded is computed again, and what follows is proved.
 */
export async function provePerformance(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const { ledger: file, out } = args;
  if (file === undefined) throw new TaskError("Name the file with the fills with --ledger FILE.");
  const ledger = await readLedger(file);
  const opened = await openToSend(hre, settings, args.from ?? null);
  const { connection, deployment } = opened;
  const { registry } = proofContractsOf(opened);
  const named = args.account ?? ledger.account ?? opened.account;
  const account = isAddress(named)
    ? getAddress(named)
    : resolveAccount(named, await accountsOf(connection));
  const history = await historyOf(args, ledger, account, file);
  const instrument = toBeHex(history.instrument, 32);
  const chain = await registry.chainOf(account, instrument);
  const recorded = await recordedOf(registry, account, instrument, chain);
  const done = recorded.periods.length;
  const recordedFills = recorded.periods.reduce((sum, { count }) => sum + count, 0);
  const cuts: readonly Cut[] = ledger.batches?.slice(done) ?? cutsOf(history, recordedFills, done);
  if (cuts.length === 0) throw new TaskError(`All ${recordedFills} fills are recorded already.`);
  const planned = planPeriods(history, recorded, cuts);
  const signatures =
    ledger.batches?.slice(done).map(({ signature }) => signature) ??
    (await signAll(args, registry, planned, deployment.chainId, connection.networkName));
  note(`Prove ${planned.length} periods of ${account} with ${textOf(args, ledger)}`);
  const verifier = await registry.verifier();
  const proofs = await proveStatements(
    "performance",
    planned.map(({ statement }) => statement.inputs),
    {
      ...{ chainId: deployment.chainId, timeoutMs: PROVE_MS },
      verifierCode: await connection.ethers.provider.getCode(verifier),
      signal: new AbortController().signal,
    },
  );
  const rows = planned.map((one, index) => ({
    ...figuresOf(one),
    signature: signatures[index]!,
    proof: proofs.proofs[index]!.proof,
    publicInputs: [...proofs.proofs[index]!.publicInputs],
  }));
  const sent: Sent[] = [];
  if (out === undefined) {
    for (const [index, one] of planned.entries()) {
      const call = [
        statementOf(one, account),
        signatures[index]!,
        proofs.proofs[index]!.proof,
      ] as const;
      const { sent: last } = await sendCall(opened, {
        what: `TraderRegistry.submit(period ${one.index})`,
        to: await registry.getAddress(),
        simulate: async () => await registry.submit.staticCall(...call),
        send: async () => await registry.submit(...call),
      });
      sent.push(last);
    }
  } else {
    const name = textOf(args, ledger);
    const { chainId } = deployment;
    const content = { circuit: "performance", chainId, account, instrument: name, periods: rows };
    await writeFile(out, encodeProofFile(content as Parameters<typeof encodeProofFile>[0]));
    note(`The proofs are in ${out}: npx hardhat proofs verify ${out}`);
  }
  show({ account, rows, sent, proofs, out }, args.json);
}

function show(
  given: {
    account: string;
    rows: readonly (ReturnType<typeof figuresOf> & object)[];
    sent: readonly Sent[];
    proofs: Proofs;
    out: string | undefined;
  },
  json: boolean,
): void {
  const { account, out, proofs, rows, sent } = given;
  const periods = rows.map(
    ({ capital, closes, count, drawdownBps, end, index, profitBps, start, wins }, i) => ({
      ...{ index, start, end, count, profitBps, wins, closes, drawdownBps, capital },
      witnessMs: Math.round(proofs.proofs[i]!.witnessMs),
      proofMs: Math.round(proofs.proofs[i]!.proofMs),
      ...(sent[i] ?? {}),
    }),
  );
  if (json) return printJson({ account, points: proofs.points, file: out ?? null, periods });
  const right = (title: string) => ({ title, align: "right" as const });
  formatTable(
    [
      right("PERIOD"),
      { title: "END", align: "left" },
      ...["FILLS", "PROFIT", "WINS", "CLOSES", "DRAWDOWN", "PROOF"].map(right),
      { title: sent.length === 0 ? "" : "TRANSACTION", align: "left" },
    ],
    periods.map((one, index) => [
      String(one.index),
      formatTime(Math.floor(one.end / 1_000)),
      String(one.count),
      formatBps(Number(one.profitBps)),
      String(one.wins),
      String(one.closes),
      formatBps(one.drawdownBps),
      `${one.witnessMs + one.proofMs} ms`,
      sent[index]?.transaction ?? "",
    ]),
  ).forEach(print);
}

async function historyOf(
  args: Args,
  ledger: LedgerFile,
  account: string,
  file: string,
): Promise<History> {
  const [first] = ledger.fills;
  if (first === undefined) throw new TaskError(`${file} has no fill.`);
  const capital = args.capital === undefined ? ledger.capital : wholeAt(args.capital, "--capital");
  if (capital === null) throw new TaskError("Say what profit is measured by with --capital.");
  return {
    account: BigInt(account),
    instrument: instrumentOf(textOf(args, ledger)),
    capital,
    startMs: ledger.startMs ?? first.timeMs,
    fills: ledger.fills,
    secret: await readSecret(args.secret ?? `${file}.secret`),
  };
}

function textOf(args: Args, ledger: LedgerFile): string {
  const text = args.instrument ?? ledger.instrument;
  if (text === null) throw new TaskError("Name what was traded with --instrument, e.g. BTC-USD.");
  return text;
}

function instrumentOf(text: string): bigint {
  try {
    return tagField(text);
  } catch {
    throw new TaskError(`"${text}" is no instrument: it is 1 to 31 ASCII characters.`);
  }
}

async function recordedOf(
  registry: ITraderRegistry,
  account: string,
  instrument: string,
  chain: ITraderRegistry.ChainStructOutput,
): Promise<Recorded> {
  const indexes = Array.from({ length: Number(chain.periods) }, (_, index) => index);
  const periods = await Promise.all(
    indexes.map(async (index) => {
      const { count, end } = await registry.recordAt(account, instrument, index);
      return { count: Number(count), endMs: Number(end) };
    }),
  );
  return { commitment: BigInt(chain.commitment), periods };
}

/** Signs as the ingestion service, for whoever is it. */
async function signAll(
  { serviceKey }: Args,
  registry: ITraderRegistry,
  planned: readonly PlannedPeriod[],
  chainId: number,
  network: string,
): Promise<string[]> {
  const service = await registry.service();
  const wallet = walletOf(serviceKey, network);
  if (wallet === null || wallet.address !== service) {
    throw new TaskError(
      `The fills must be signed by the ingestion service ${service}: put its batches into the ledger (.json), or give its key with --service-key FILE.`,
    );
  }
  const domain = {
    ...{ name: "Dodona", version: "1", chainId },
    verifyingContract: await registry.getAddress(),
  };
  const types = { Fills: [{ name: "commitment", type: "bytes32" }] };
  return await Promise.all(
    planned.map(async ({ statement }) => {
      const commitment = toBeHex(statement.fillsCommitment, 32);
      return await wallet.signTypedData(domain, types, { commitment });
    }),
  );
}

function walletOf(serviceKey: string | undefined, network: string): BaseWallet | null {
  if (serviceKey !== undefined) return new Wallet(readSecretFile(serviceKey));
  if (network !== LOCAL_NETWORK) return null;
  return HDNodeWallet.fromPhrase(LOCAL_MNEMONIC, "", LOCAL_SERVICE_PATH);
}

function figuresOf({ index, period, statement }: PlannedPeriod) {
  const { closes, count, drawdownBps, profitBps, wins } = statement.figures;
  return {
    ...{ index, start: period.startMs, end: period.endMs, count, wins, closes, drawdownBps },
    ...{ profitBps: profitBps.toString(), capital: period.capital.toString() },
  };
}

/** The statement as the registry takes it. */
function statementOf({ period, statement }: PlannedPeriod, account: string) {
  const { closes, count, drawdownBps, profitBps, wins } = statement.figures;
  const word = (value: bigint): string => toBeHex(signedField(value), 32);
  return {
    startCommitment: word(statement.startCommitment),
    endCommitment: word(statement.endCommitment),
    fillsCommitment: word(statement.fillsCommitment),
    ...{ account, instrument: word(period.instrument), capital: period.capital },
    ...{ start: period.startMs, end: period.endMs, count, profitBps, wins, closes, drawdownBps },
  };
}
