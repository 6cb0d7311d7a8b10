import { type PayoutView, renderPayouts } from "./payout-table.ts";
import { type ApiProposal, readKeepers, readPayouts, readProposals } from "./payouts.ts";
import type { Stack } from "./stack.ts";

/** Epochs that the table shows beside the next one. */
const epochsShown = 5;
const hourSeconds = 3_600;

/** What a person needs to go on: where things are and what to try. */
export function payoutIntroduction({ file, paths, ports }: Stack): string {
  const metrics = `http://127.0.0.1:${ports.payoutMetrics[0]}/metrics`;
  const move = `{"jsonrpc":"2.0","id":1,"method":"evm_increaseTime","params":[${hourSeconds}]}`;
  return [
    "",
    `  chain      ${file.rpcUrl}  (chain id ${file.chainId})`,
    `  API        ${file.apiUrl}/payouts   ${file.apiUrl}/graphql`,
    `  metrics    ${metrics}  (the proposer's)`,
    `  Payouts    ${file.addresses.payoutDistributor}`,
    `  program    ${file.program}`,
    `  published  ${paths.payouts}`,
    "",
    "  Try next, in another terminal:",
    "    npx hardhat payouts status --network local",
    `    npx hardhat payouts preview ${file.program} --network local`,
    "    npx hardhat access show --network local",
    `    curl ${file.rpcUrl} -H 'content-type: application/json' -d '${move}'   (an hour passes; the sample's days end with hours)`,
    "",
  ].join("\n");
}

/** Reads and draws payouts; null while the index has none. */
export async function payoutFrame(stack: Stack, color: boolean): Promise<string | null> {
  const { addresses, apiUrl } = stack.file;
  const [payouts, keepers] = await Promise.all([
    readPayouts(apiUrl, epochsShown).catch(() => null),
    readKeepers(stack),
  ]);
  if (payouts === null) return null;
  const epochs = [payouts.activeEpoch + 1, ...payouts.epochs.map(({ epoch }) => epoch)];
  const proposals = await Promise.all(
    epochs.map((epoch) => readProposals(apiUrl, epoch).catch((): ApiProposal[] => [])),
  );
  const names = new Map([[addresses.governance.token.toLowerCase(), "DODONA"]]);
  const view: PayoutView = { payouts, proposals: proposals.flat(), keepers, names };
  return renderPayouts(view, color);
}
