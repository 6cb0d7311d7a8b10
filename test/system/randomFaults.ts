import { setTimeout as delay } from "node:timers/promises";

import { parseEther, toQuantity, Transaction } from "ethers";

import { rpc } from "../../deploy/stack/chain.ts";
import type { ProxyRule } from "../helpers/proxy.ts";
import type { KeeperConfig, KeeperName, Rig } from "./rig.ts";

const gwei = 1_000_000_000n;
const slotMs = 1_000;
/** More than a block, so that requests, answers and confirmations all fall into it. */
const faultMs = 4_000;
const waitSeconds = 30;
const clockOffsetMs = 120_000;
const rpcTimeoutMs = 5_000;
const requestGas = 500_000;

/** What may go wrong on the way of random words. */
export interface RandomFault {
  readonly name: string;
  /** Does the harm, and ends it where it does not end by itself: nothing of what the keepers must repair. */
  readonly strike: (rig: Rig) => Promise<void>;
}

/** What the chain takes back. */
export type Taken = "pending" | "fulfilled" | "both";

const words: Record<Taken, string> = {
  pending: "while requests are pending",
  fulfilled: "after requests were fulfilled",
  both: "while some requests are pending and some fulfilled",
};

/** kill -9 of keeper and relayer in turns, at random moments under load. */
export function kills(times: number): RandomFault {
  return {
    name: `keeper and relayer are killed ${times} times`,
    strike: (rig) =>
      rig.underLoad(async () => {
        const longestPauseMs = 1_500;
        for (let i = 0; i < times; i++) {
          await delay(rig.dice.real() * longestPauseMs);
          const names: KeeperName[] = [rig.dice.pick(["vrf", "relayer"])];
          if (rig.dice.real() < 0.2) names.push(names[0] === "vrf" ? "relayer" : "vrf");
          await rig.restart(names);
        }
      }),
  };
}

/**
 * The chain goes back while requests wait in the blocks that it takes back, or were answered there, or both. Of the
 * requests that it takes back some are gone and some come again in other blocks.
 */
export function reorg(depth: number, taken: Taken): RandomFault {
  return {
    name: `the chain goes back by ${depth} ${words[taken]}`,
    strike: async (rig) => {
      const { dapp } = rig;
      const answered = async (): Promise<void> => {
        const first = await dapp.provider.getBlockNumber();
        await rig.send(2);
        await rig.network.until("answers", waitSeconds, async () => {
          const logs = await dapp.answered(first);
          return logs.length >= 2 || `${logs.length} answers`;
        });
      };
      const asked = async (): Promise<void> => {
        const first = await dapp.provider.getBlockNumber();
        // They wait for some blocks more when the chain goes back.
        await rig.send(2, 3);
        await rig.network.until("requests", waitSeconds, async () => {
          const logs = await dapp.made(first);
          return logs.length >= 2 || `${logs.length} requests`;
        });
      };
      await rig.untilDeep(depth);
      if (taken !== "pending") await answered();
      if (taken !== "fulfilled") await asked();
      const head = await dapp.provider.getBlockNumber();
      const gone = await dapp.made(head - depth + 1);
      const again = { ...(await dapp.transaction(1)), gas: toQuantity(requestGas) };
      const moved = gone
        .filter(() => rig.dice.real() < 0.5)
        .map((): [object, number] => [again, rig.dice.from(0, depth - 1)]);
      await rig.reorg(depth, moved);
      await rig.send(2);
    },
  };
}

/** The node behind the proxy misbehaves for a while, under load. */
function lying(name: string, begin: (rig: Rig) => (method: string) => ProxyRule): RandomFault {
  return {
    name,
    strike: (rig) =>
      rig.underLoad(async () => {
        const { proxy } = rig;
        proxy.rule = begin(rig);
        await proxy.dropConnections();
        await delay(faultMs);
        proxy.rule = () => "pass";
        await proxy.dropConnections();
      }),
  };
}

/** The node says that it took the bytes of each account's first nonce, and loses them. */
function gap(name: string, change: (config: KeeperConfig) => KeeperConfig): RandomFault {
  const isFull = name.includes("every slot");
  return {
    name,
    strike: (rig) =>
      rig.withConfig("relayer", change, () =>
        rig.underLoad(async () => {
          const { accounts, network, proxy } = rig;
          const first = new Map<string, number>();
          proxy.rule = (method, [raw]) => {
            if (method !== "eth_sendRawTransaction") return "pass";
            const { from, hash, nonce } = Transaction.from(raw as string);
            if (!first.has(from!)) first.set(from!, nonce);
            return first.get(from!) === nonce ? { result: hash } : "pass";
          };
          const workers = (await accounts.addresses()).length - 1;
          await network.until("the gap", waitSeconds, async () => {
            // However many accounts there are, there is one request more than they have sent.
            await rig.send(1);
            const open = [...(await accounts.pending()).values()].map((nonces) => nonces.length);
            const full = open.filter((count) => count >= slotsOfGap).length;
            if (full >= (isFull ? workers : 1)) return true;
            return `open: ${open.join(", ")}; ${await accounts.backlog()}`;
          });
          proxy.rule = () => "pass";
        }),
      ),
  };
}

const slotsOfGap = 2;
const withSlots = (config: KeeperConfig): KeeperConfig => ({
  ...config,
  networks: (config.networks ?? []).map((one) => ({ ...one, maxPending: slotsOfGap })),
});

/** Every fault of the way that random words take but kills and reorgs, which have their numbers. */
export const randomFaults: readonly RandomFault[] = [
  {
    name: "two relayers and two keepers work at the same time, and the first ones die",
    strike: (rig) =>
      rig.underLoad(async () => {
        const extras = await Promise.all([rig.extra("relayer"), rig.extra("vrf")]);
        await delay(faultMs / 2);
        const { stack } = rig.network;
        await Promise.all([stack.kill("relayer"), stack.kill("vrf")]);
        await delay(faultMs);
        await Promise.all([stack.revive("relayer"), stack.revive("vrf")]);
        await delay(slotMs);
        await Promise.all(extras.map((extra) => extra.kill()));
      }),
  },
  lying("the node drops half its responses", ({ dice }) => () => {
    return dice.real() < 0.5 ? "pass" : dice.pick(["cut", "lose-answer"] as const);
  }),
  lying("the node answers late, now and then too late", ({ dice }) => () => {
    return { lateMs: dice.real() < 0.03 ? rpcTimeoutMs + 500 : 300 * dice.real() };
  }),
  lying("the node lies about nonces", (rig) => {
    let truth = 0;
    const learn = async (): Promise<void> => {
      const { stack } = rig.network;
      const [address] = await rig.accounts.addresses();
      truth = Number(await rpc(stack.file.rpcUrl, "eth_getTransactionCount", [address, "latest"]));
    };
    return (method) => {
      if (method !== "eth_getTransactionCount" || rig.dice.real() < 0.5) return "pass";
      void learn().catch(() => undefined);
      return { result: toQuantity(Math.max(0, truth + rig.dice.from(-3, 3))) };
    };
  }),
  lying("the node is one of another chain", () => (method) => {
    if (method === "net_version") return { result: "1" };
    return { result: method === "eth_chainId" ? "0x1" : "0x0" };
  }),
  {
    name: "the base fee rises tenfold in 20 blocks",
    strike: (rig) =>
      rig.underLoad(async () => {
        const { rpcUrl } = rig.network.stack.file;
        const blocks = 20;
        const [permille, factor] = [1_000n, 1_122n];
        let feeWei = gwei;
        for (let i = 0; i < blocks; i++) {
          const head = await rig.dapp.provider.getBlockNumber();
          await rpc(rpcUrl, "anvil_setNextBlockBaseFeePerGas", [toQuantity(feeWei)]);
          await rig.network.until("a block", waitSeconds, async () => {
            return (await rig.dapp.provider.getBlockNumber()) > head || `block ${head}`;
          });
          feeWei = (feeWei * factor) / permille;
        }
      }),
  },
  {
    name: "the relayer's accounts are drained, one and then all",
    strike: (rig) =>
      rig.underLoad(async () => {
        const treasury = rig.treasury;
        const workers = (await rig.accounts.addresses()).filter((one) => one !== treasury);
        const dustWei = parseEther("0.0001");
        await rig.accounts.drain(rig.dice.pick(workers), dustWei);
        await delay(faultMs / 2);
        for (const worker of workers) await rig.accounts.drain(worker, 0n);
        rig.markFloor((await rig.dapp.provider.getBlockNumber()) + 1);
        await delay(faultMs / 2);
      }),
  },
  gap("a nonce is missing while slots are free", (config) => config),
  gap("a nonce is missing with every slot full", withSlots),
  {
    name: "Postgres is restarted under requests",
    strike: (rig) =>
      rig.underLoad(async () => {
        const { stack } = rig.network;
        await delay(slotMs * rig.dice.real());
        await stack.kill("postgres", "SIGINT");
        await delay(slotMs * rig.dice.real());
        await stack.revive("postgres");
        await delay(slotMs);
      }),
  },
  {
    name: "the keepers' clocks are two minutes off, one ahead, one behind",
    strike: async (rig) => {
      const { stack } = rig.network;
      const sign = rig.dice.pick([1, -1]);
      const names = ["vrf", "relayer"] as const;
      await rig.underLoad(async () => {
        await Promise.all(names.map((name) => stack.kill(name)));
        const extras = await Promise.all([
          rig.extra("vrf", sign * clockOffsetMs),
          rig.extra("relayer", -sign * clockOffsetMs),
        ]);
        await delay(faultMs);
        // They have to do the work by themselves: the others come back when all is answered.
        const asked = await rig.dapp.made();
        const last = asked.at(-1)?.args.requestId;
        await rig.network.until("answers by wrong clocks", waitSeconds, async () => {
          const answered = await rig.dapp.answered();
          return answered.some(({ args }) => args.requestId === last) || "not answered";
        });
        await Promise.all(extras.map((extra) => extra.kill()));
        await rig.restart(names);
      });
    },
  },
];

/** Reorgs of each depth in each state. */
export function everyReorg(depths: readonly number[]): RandomFault[] {
  return depths.flatMap((depth) =>
    (["pending", "fulfilled", "both"] as const).map((taken) => reorg(depth, taken)),
  );
}
