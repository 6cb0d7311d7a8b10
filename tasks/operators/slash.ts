import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { isHexString } from "ethers";

import { objectAt, readJson, stringAt } from "../../deploy/files.ts";
import type { ISlashing } from "../../types/ethers-contracts/interfaces/ISlashing.ts";
import { openActing } from "../gov/open.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import type { BoundCall } from "../shared/send.ts";
import { sendCall, sentLines, withCheckpoints } from "../shared/send.ts";
import { formatTokens } from "../shared/tokens.ts";

/**
 * Brings evidence against an operator. The file holds the arguments of Slashing's functions: either two signed
 * observations of a slot, `{ first, firstSignature, second, secondSignature }`, or a signed report with the observations
 * under its root, `{ report, signature, observations }`.
 */
export async function slashOperator(
  args: {
    evidence: string | undefined;
    reporter: string | undefined;
    from: string | undefined;
    json: boolean;
  },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (args.evidence === undefined) {
    throw new TaskError("Name the file with the evidence with --evidence FILE.");
  }
  const evidence = objectAt(await readJson(args.evidence, args.evidence), args.evidence);
  const acting = await openActing(hre, settings, args.from);
  const { operatorStake, slashing } = acting.governance;
  const reporter =
    args.reporter === undefined
      ? acting.account
      : resolveAccount(args.reporter, await accountsOf(acting.connection));
  const { receipt, sent } = await sendCall(acting, {
    to: await slashing.getAddress(),
    ...("report" in evidence
      ? wrongMedians(evidence, args.evidence)
      : equivocation(evidence, args.evidence)),
  });
  const slashes = receipt.logs.flatMap((log) => {
    const parsed = operatorStake.interface.parseLog(log);
    if (parsed?.name !== "Slashed") return [];
    return [parsed.args.toObject() as Slash];
  });
  if (args.json) {
    const shares = slashes.map(({ account, amount, burned, reporterShare, treasuryShare }) => ({
      ...{ account, amount, reporterShare, burned, treasuryShare },
    }));
    return printJson({ reporter, slashes: shares, ...sent });
  }
  for (const { account, amount, burned, reporterShare, treasuryShare } of slashes) {
    print(
      `${account} lost ${formatTokens(amount)}: ${formatTokens(reporterShare)} to ${reporter}, ` +
        `${formatTokens(burned)} burned, ${formatTokens(treasuryShare)} to the treasury.`,
    );
  }
  sentLines(sent).forEach(print);

  function equivocation(fields: Record<string, unknown>, where: string): Omit<BoundCall, "to"> {
    const bound = [
      observationAt(fields["first"], `${where}: first`),
      bytesAt(fields["firstSignature"], `${where}: firstSignature`),
      observationAt(fields["second"], `${where}: second`),
      bytesAt(fields["secondSignature"], `${where}: secondSignature`),
      reporter,
    ] as const;
    const [{ operator, setId, slot }] = bound;
    return {
      what: `Slashing.slashEquivocation(operator ${operator} of set ${setId}, slot ${slot})`,
      simulate: async () => await slashing.slashEquivocation.staticCall(...bound),
      send: async () =>
        await slashing.slashEquivocation(
          ...bound,
          await withCheckpoints(slashing.slashEquivocation.estimateGas(...bound)),
        ),
    };
  }

  function wrongMedians(fields: Record<string, unknown>, where: string): Omit<BoundCall, "to"> {
    const signature = objectAt(fields["signature"], `${where}: signature`);
    const observations = listAt(fields["observations"], `${where}: observations`).map(
      (one, index) => {
        const at = `${where}: observations[${index}]`;
        const { operator, prices } = objectAt(one, at);
        return {
          operator: wholeAt(operator, `${at}.operator`),
          prices: listAt(prices, `${at}.prices`).map((price) => wholeAt(price, `${at}.prices`)),
        };
      },
    );
    const bound = [
      bytesAt(fields["report"], `${where}: report`),
      {
        s: wholeAt(signature["s"], `${where}: signature.s`),
        commitment: stringAt(signature["commitment"], `${where}: signature.commitment`),
        zInverse: wholeAt(signature["zInverse"], `${where}: signature.zInverse`),
      },
      observations,
      reporter,
    ] as const;
    return {
      what: `Slashing.slashWrongMedians(report of ${observations.length} observations)`,
      simulate: async () => await slashing.slashWrongMedians.staticCall(...bound),
      send: async () =>
        await slashing.slashWrongMedians(
          ...bound,
          await withCheckpoints(slashing.slashWrongMedians.estimateGas(...bound)),
        ),
    };
  }
}

interface Slash {
  account: string;
  amount: bigint;
  reporterShare: bigint;
  burned: bigint;
  treasuryShare: bigint;
}

function observationAt(given: unknown, where: string): ISlashing.ObservationStruct {
  const { digest, operator, prices, setId, slot } = objectAt(given, where);
  return {
    setId: wholeAt(setId, `${where}.setId`),
    slot: wholeAt(slot, `${where}.slot`),
    operator: wholeAt(operator, `${where}.operator`),
    prices: listAt(prices, `${where}.prices`).map((price) => wholeAt(price, `${where}.prices`)),
    digest: wholeAt(digest, `${where}.digest`),
  };
}

function listAt(given: unknown, where: string): unknown[] {
  if (!Array.isArray(given)) throw new TaskError(`${where} must be an array.`);
  return given;
}

/** A whole number: as a number, or in quotes in decimal or hexadecimal where it is large. */
function wholeAt(given: unknown, where: string): bigint {
  if (typeof given === "number" && Number.isSafeInteger(given) && given >= 0) return BigInt(given);
  if (typeof given === "string" && /^(\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(given)) {
    return BigInt(given);
  }
  throw new TaskError(`${where} must be a whole number; large ones in quotes.`);
}

function bytesAt(given: unknown, where: string): string {
  if (!isHexString(given)) throw new TaskError(`${where} must be bytes: 0x and hex digits.`);
  return given;
}
