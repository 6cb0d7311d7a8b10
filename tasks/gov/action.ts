import { getAddress, isAddress } from "ethers";

import type { Known } from "../../deploy/catalog.ts";
import type { ParamOptions } from "../feeds/create.ts";
import { TaskError } from "../shared/error.ts";
import type { Call } from "./calls.ts";
import type { Governed } from "./open.ts";

/** What a person wants a proposal to do, as typed; several wishes make one proposal. */
export interface Wishes {
  setFeed: string | undefined;
  createFeed: string | undefined;
  like: string | undefined;
  resetFeed: string | undefined;
  /** Parameters for `setFeed` and `createFeed`. */
  params: ParamOptions;
  setOperators: string | undefined;
  registerKey: string | undefined;
  operator: string | undefined;
  setKey: string | undefined;
  deregisterKey: string | undefined;
  maxGasPriceGwei: string | undefined;
  premiumEther: string | undefined;
  bondShareEther: string | undefined;
  minStake: string | undefined;
  equivocationBps: string | undefined;
  wrongMediansBps: string | undefined;
  epochBudget: string | undefined;
  send: string | undefined;
  to: string | undefined;
  token: string | undefined;
  appointGuardian: string | undefined;
  dismissGuardian: boolean;
  renewGuardian: boolean;
  /** Token whose limits of payouts change. */
  setLimits: string | undefined;
  perHour: string | undefined;
  perDay: string | undefined;
  perAccount: string | undefined;
  perEpoch: string | undefined;
  setApprovers: string | undefined;
  threshold: string | undefined;
  /** Amount of deposits for payouts to take back. */
  withdraw: string | undefined;
  /** Account whose claims go to another. */
  reassign: string | undefined;
  unpause: string | undefined;
  call: string | undefined;
  value: string | undefined;
}

/** One call of a proposal and what people call it. */
export interface Action {
  title: string;
  call: Call;
}

/** Turns the wishes that it knows into calls; none where there are none of these. */
export type Build = (wishes: Wishes, governed: Governed) => Promise<Action[]>;

/**
 * A call of one of the network's contracts.
 *
 * @param name The contract's name.
 * @throws {TaskError} when it is not deployed or has no such method.
 */
export function action(
  { catalog }: Governed,
  name: string,
  method: string,
  args: readonly unknown[],
  title: string,
): Action {
  const { address, interface: contract } = find(catalog, name);
  if (contract.getFunction(method) === null)
    throw new TaskError(`${name} has no function ${method}.`);
  const data = contract.encodeFunctionData(method, args);
  return { title, call: { target: address, value: 0n, data } };
}

/**
 * The contract that a person names, by name or address.
 *
 * @throws {TaskError} that lists the contracts there are.
 */
export function find(catalog: readonly Known[], given: string): Known {
  const wanted = given.toLowerCase();
  const known = catalog.find(({ address, name }) =>
    [name.toLowerCase(), address.toLowerCase()].includes(wanted),
  );
  if (known === undefined) {
    throw new TaskError(
      `There is no contract "${given}". Contracts: ${catalog.map(({ name }) => name).join(", ")}.`,
    );
  }
  return known;
}

/** @throws {TaskError} when the text is no address. */
export function addressAt(given: string, name: string): string {
  const isGiven: boolean = isAddress(given);
  if (!isGiven) throw new TaskError(`${name} "${given}" is no address.`);
  return getAddress(given);
}
