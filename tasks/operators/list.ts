import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { deploymentFolder } from "../../deploy/deployments.ts";
import { firstBlock } from "../../deploy/journal.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { formatTable, shortHex } from "../shared/format.ts";
import type { Opened } from "../shared/open.ts";
import { openToRead } from "../shared/open.ts";
import { formatTokens } from "../shared/tokens.ts";

const SEATS = ["none", "governance", "stake"] as const;

/** An operator as the chain has it; keys as 32-byte hex. */
interface OperatorView {
  /** Signer bit in the active set, null while not active. */
  index: number | null;
  account: string;
  endpoint: string;
  active: boolean;
  /** By whose decision it is active. */
  seat: (typeof SEATS)[number];
  /** Tokens with 18 decimals; null where there is no stake. */
  staked: bigint | null;
  keys: { secp256k1: { x: string; y: string }; grumpkin: { x: string; y: string } };
}

/** Prints the active operators by signer bit, then the registered ones that are not active. */
export async function listOperators(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const { governance, operators: registry, priceFeeds } = opened.contracts;
  const [{ accounts: active, version }, { setId }] = await Promise.all([
    registry.active(),
    priceFeeds.currentSet(),
  ]);
  const registered = await registeredAccounts(hre, opened);
  const accounts = [...active, ...registered.filter((account) => !active.includes(account))];
  const operators = await Promise.all(
    accounts.map(async (account, position): Promise<OperatorView> => {
      const [[keys, endpoint], { seat }, staked] = await Promise.all([
        registry.operator(account),
        registry.standingOf(account),
        governance === null ? null : governance.operatorStake.stakeOf(account),
      ]);
      const isActive = position < active.length;
      return {
        index: isActive ? position : null,
        account,
        endpoint,
        active: isActive,
        seat: SEATS[Number(seat)] ?? "none",
        staked,
        keys: {
          secp256k1: { x: hex(keys.x), y: hex(keys.y) },
          grumpkin: { x: hex(keys.proofX), y: hex(keys.proofY) },
        },
      };
    }),
  );
  if (json) return printJson(operators);
  if (operators.length === 0) {
    return print("No operator is registered. Register one with: npx hardhat operators register");
  }
  formatTable(
    [
      { title: "INDEX", align: "right" },
      { title: "ACCOUNT", align: "left" },
      { title: "ENDPOINT", align: "left" },
      { title: "ACTIVE", align: "left" },
      { title: "SEAT", align: "left" },
      { title: "STAKED", align: "right" },
      { title: "SECP256K1 X", align: "left" },
      { title: "GRUMPKIN X", align: "left" },
    ],
    operators.map(({ account, active: isActive, endpoint, index, keys, seat, staked }) => [
      index?.toString() ?? "–",
      account,
      endpoint,
      isActive ? "yes" : "no",
      seat,
      staked === null ? "–" : formatTokens(staked),
      shortHex(keys.secp256k1.x),
      shortHex(keys.grumpkin.x),
    ]),
  ).forEach(print);
  note(`Version ${version} of the active operators; PriceFeeds uses set ${setId}.`);
}

async function registeredAccounts(
  hre: HardhatRuntimeEnvironment,
  { contracts, deployment }: Opened,
): Promise<string[]> {
  try {
    const folder = deploymentFolder(hre.config.paths.ignition, deployment.deploymentId);
    const registry = contracts.operators;
    const events = await registry.queryFilter(
      registry.filters.OperatorRegistered(),
      await firstBlock(folder),
    );
    return events.map(({ args }) => args.account);
  } catch (error) {
    // Public nodes limit how far back logs may be asked for.
    note(`Only active operators are listed: ${(error as Error).message}`);
    return [];
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16).padStart(64, "0")}`;
}
