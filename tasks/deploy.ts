import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { GovernanceAddresses } from "../deploy/deployments.ts";

/** `npx hardhat deploy`: contracts, roles, feeds, and on a local chain its operators. */
export function deployTask(): TaskDefinition {
  return task(
    "deploy",
    "Deploy the contracts, or bring a deployment to what the files say, e.g. npx hardhat deploy --network local",
  )
    .addOption({
      name: "deploymentId",
      description: "Folder under deploy/deployments (default chain-<id>)",
      type: ArgumentType.STRING_WITHOUT_DEFAULT,
      defaultValue: undefined,
    })
    .addOption({
      name: "parameters",
      description:
        "File with governance (or admin and guardian), feeds, vrf and payouts (default deploy/parameters/local.json or chain-<id>.json)",
      type: ArgumentType.STRING_WITHOUT_DEFAULT,
      defaultValue: undefined,
    })
    .addOption({
      name: "operators",
      description:
        "File with operators to register and activate: [{accountKeyFile, keyFile, vrfKeyFile?, endpoint}] (local chains)",
      type: ArgumentType.STRING_WITHOUT_DEFAULT,
      defaultValue: undefined,
    })
    .addOption({
      name: "rpcUrl",
      description: "Node to use instead of the network's own",
      type: ArgumentType.STRING_WITHOUT_DEFAULT,
      defaultValue: undefined,
    })
    .addFlag({ name: "fresh", description: "Forget an earlier deployment (local chains)" })
    .addFlag({
      name: "noCompile",
      description: "Do not compile first: for callers that have just done so",
    })
    .addFlag({ name: "json", description: "Print the result as one JSON object" })
    .setInlineAction(async (args, hre) => {
      const [{ deploy }, { connect }, { note, print, printJson, runAction }] = await Promise.all([
        import("../deploy/deploy.ts"),
        import("./shared/network.ts"),
        import("./shared/action.ts"),
      ]);
      return await runAction(async () => {
        const connection = await connect(hre, { rpcUrl: args.rpcUrl });
        const result = await deploy(
          hre,
          connection,
          {
            deploymentId: args.deploymentId,
            parametersFile: args.parameters,
            operatorsFile: args.operators,
            fresh: args.fresh,
            noCompile: args.noCompile,
          },
          note,
        );
        for (const warning of result.warnings) note(`Warning: ${warning}`);
        if (args.json) return printJson(result);
        const { accessManager, governance, operators, priceFeeds, proxies, vrfCoordinator } =
          result.addresses;
        print(`AccessManager  ${accessManager}`);
        print(`Operators      ${operators}`);
        print(`PriceFeeds     ${priceFeeds}`);
        if (vrfCoordinator !== null) print(`VRFCoordinator ${vrfCoordinator}`);
        const { payoutDistributor, priceAttestations, traderRegistry } = result.addresses;
        if (payoutDistributor !== null) print(`Payouts        ${payoutDistributor}`);
        if (priceAttestations !== null) print(`Attestations   ${priceAttestations}`);
        if (traderRegistry !== null) print(`TraderRegistry ${traderRegistry}`);
        for (const [name, address] of governanceLines(governance)) {
          print(`${name.padEnd(14)} ${address}`);
        }
        for (const [feedId, proxy] of Object.entries(proxies)) {
          print(`${feedId.padEnd(14)} ${proxy}`);
        }
        print(`Set ${result.setId}, from block ${result.startBlock} of chain ${result.chainId}`);
      });
    })
    .build();
}

function governanceLines(addresses: GovernanceAddresses | null): [name: string, address: string][] {
  if (addresses === null) return [];
  return [
    ["DodonaToken", addresses.token],
    ["DodonaGovernor", addresses.governor],
    ["Timelock", addresses.timelock],
    ["Guardian", addresses.guardian],
    ["OperatorStake", addresses.operatorStake],
    ["Slashing", addresses.slashing],
    ["Rewards", addresses.operatorRewards],
  ];
}
