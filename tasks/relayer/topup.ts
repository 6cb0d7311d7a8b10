import { parseEther } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { requestTopUp } from "../../keepers/relayer/treasury.ts";
import type { Balance } from "../../keepers/relayer/treasury.ts";
import { byWei } from "../../keepers/relayer/words.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { connect } from "../shared/network.ts";
import { accountNamed, withLedger } from "./ledger.ts";
import type { Ledger } from "./ledger.ts";

/** Asks the relayer for a transfer from its treasury to an account. */
export async function topUpAccount(
  args: { account: string | undefined; ether: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const given = args.ether === undefined ? null : amountOf(args.ether);
  await withLedger(hre, settings, async (ledger) => {
    const { db, chainId } = ledger;
    const rules = await rulesOf(ledger);
    const account = await accountOf(ledger, args.account);
    const balance = await balanceOf(hre, account);
    const valueWei = given ?? rules.targetWei - balance.wei;
    if (valueWei <= 0n)
      throw new TaskError(`${account} has ${byWei(balance.wei)}, which is the target or more.`);
    const { treasury, dailyCapWei } = rules;
    const topUp = await requestTopUp(
      db,
      chainId,
      treasury,
      account,
      valueWei,
      dailyCapWei,
      balance,
    );
    if (topUp.type === "underWay") throw new TaskError(`A top-up of ${account} is under way.`);
    if (topUp.type === "capped")
      throw new TaskError(
        `The daily cap of ${byWei(topUp.capWei)} does not allow ${byWei(valueWei)}: ${byWei(topUp.askedWei)} were asked for today.`,
      );
    if (args.json)
      return printJson({ account, treasury, valueWei, intent: topUp.intentId.toString() });
    print(`Intent ${topUp.intentId}: ${byWei(valueWei)} from treasury ${treasury} to ${account}.`);
  });
}

function amountOf(text: string): bigint {
  if (!/^\d+(\.\d{1,18})?$/.test(text))
    throw new TaskError(`--ether "${text}" is not an amount such as 1.5.`);
  return parseEther(text);
}

async function rulesOf({ db, chainId }: Ledger) {
  const found = await db.pool.query<{ address: string; target_wei: string; daily_cap_wei: string }>(
    "SELECT address, target_wei, daily_cap_wei FROM dodona.treasuries WHERE chain_id = $1",
    [chainId],
  );
  const row = found.rows[0];
  if (row === undefined)
    throw new TaskError(
      `The relayer of chain ${chainId} has no treasury. Name one in its configuration.`,
    );
  return {
    treasury: row.address,
    targetWei: BigInt(row.target_wei),
    dailyCapWei: BigInt(row.daily_cap_wei),
  };
}

async function accountOf({ db, chainId }: Ledger, given: string | undefined): Promise<string> {
  const found = await db.pool.query<{ address: string }>(
    `SELECT address FROM dodona.accounts a WHERE chain_id = $1
     AND NOT EXISTS (SELECT 1 FROM dodona.treasuries y WHERE y.chain_id = a.chain_id AND y.address = a.address)
     ORDER BY address`,
    [chainId],
  );
  const known = found.rows.map(({ address }) => address);
  const account = given === undefined ? known[0] : accountNamed(given);
  if (
    account === undefined ||
    !known.includes(account) ||
    (given === undefined && known.length > 1)
  )
    throw new TaskError(
      `Name an account of the relayer with --account. Accounts: ${known.join(", ") || "none"}.`,
    );
  return account;
}

async function balanceOf(hre: HardhatRuntimeEnvironment, account: string): Promise<Balance> {
  const { provider } = await connect(hre, { readOnly: true });
  const block = String(await provider.request({ method: "eth_blockNumber" }));
  const wei: unknown = await provider.request({
    method: "eth_getBalance",
    params: [account, block],
  });
  return { wei: BigInt(String(wei)), block: Number(block) };
}
